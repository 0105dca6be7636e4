"""Start from params alone: the world is told how the game begins and sees no frame.

Each param is read as its kind says: an angle as (sin, cos), since a raw angle has a seam; a choice as one-hot; any
other number scaled to -1..1 over its range. Two layers turn that into ``start``. A param that is the same in every game
tells nothing and is not read.

    start = W_2 relu(W_1 r + b_1) + b_2          or W r + b, where r may end with all products of two numbers read:

a speed along an axis is the product of a speed and a cosine, which no linear function of both is.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.initializers.vector import length
from tickworld.models.parts import Initializer
from tickworld.simulator import Param, Spec


class ParamsConfig(Config):
    """Start from params."""

    kind: Literal["params"] = "params"
    size: int = Field(default=128, ge=0)
    """units of the hidden layer; 0: none, the start is linear in what is read"""
    products: bool = False
    """whether products of the numbers that are read of two params are read too"""

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> FromParams:
        """The initializer for the params of ``spec`` that differ from game to game, or for all where none does. Raises
        UserError when there are none to start from or the core starts from frames."""
        if not spec.params:
            raise UserError(f"{spec.name} has no params to start from; use --world.initializer.kind frames")
        return FromParams(self, spec, length(start_shape))


class FromParams(Initializer):
    """See the module docstring."""

    opening = 0

    def __init__(self, config: ParamsConfig, spec: Spec, outputs: int) -> None:
        super().__init__()
        every = list(enumerate(spec.params))
        self.params = [(column, param) for column, param in every if _differs(spec, column)] or every
        widths = [read_width(param) for _, param in self.params]
        self.pairs = list(combinations(range(len(widths)), 2)) if config.products else []
        width, size = sum(widths) + sum(widths[one] * widths[other] for one, other in self.pairs), config.size
        self.net = (
            nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Linear(size, outputs))
            if size
            else nn.Linear(width, outputs)
        )

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """``start``; frames and actions are ignored."""
        read = [read_param(param, params[:, column]) for column, param in self.params]
        products = [(read[one].unsqueeze(2) * read[other].unsqueeze(1)).flatten(1) for one, other in self.pairs]
        return self.net(torch.cat([*read, *products], 1))


def _differs(spec: Spec, column: int) -> bool:
    """Whether a param is not the same in every game."""
    return spec.params[column].drawn or len({game[column] for game in spec.games}) > 1


def read_width(param: Param) -> int:
    """How many numbers a network reads of a param."""
    return {"angle": 2, "choice": int(param.high - param.low) + 1}.get(param.kind, 1)


def read_param(param: Param, values: Tensor) -> Tensor:
    """How a network reads ``values`` [B] of a param: [B, width]."""
    if param.kind == "angle":
        return torch.stack([values.sin(), values.cos()], 1)
    if param.kind == "choice":
        choices = torch.arange(read_width(param), device=values.device) + param.low
        return (values.unsqueeze(1) == choices).float()
    half = (param.high - param.low) / 2 or 1.0
    return ((values - param.low) / half - 1).unsqueeze(1)
