"""Start from params alone: the world is told how the game begins and sees no frame.

Each param is read as its kind says: an angle as (sin, cos), since a raw angle has a seam; a choice as one-hot; any
other number scaled to -1..1 over its range. Two layers turn that into ``start``.
"""

from __future__ import annotations

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

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> FromParams:
        """The initializer for the params of ``spec``. Raises UserError when there are none to start from
        or the core starts from frames."""
        if not spec.params:
            raise UserError(f"{spec.name} has no params to start from; use --world.initializer.kind frames")
        return FromParams(spec.params, self.size, length(start_shape))


class FromParams(Initializer):
    """See the module docstring."""

    opening = 0

    def __init__(self, params: tuple[Param, ...], size: int, outputs: int) -> None:
        super().__init__()
        self.params = params
        width = sum(read_width(param) for param in params)
        deep = size > 0
        self.net = (
            nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Linear(size, outputs))
            if deep
            else nn.Linear(width, outputs)
        )

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """``start``; frames and actions are ignored."""
        read = torch.cat([read_param(param, params[:, column]) for column, param in enumerate(self.params)], 1)
        return self.net(read)


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
