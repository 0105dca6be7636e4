"""Start from the first frames and a vector that a small network makes of the game's params.

    e = W_2 relu(W_1 read(params) + b_1) + b_2          or linear in them

Only those params are read that say which game it is; where an episode starts is for the frames to show.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.initializers.params import read_param, read_width
from tickworld.models.initializers.telling import Telling, sizes
from tickworld.simulator import Param, Spec


class DescribedConfig(Config):
    """Start from the first frames and what the game's params make of its vector."""

    kind: Literal["described"] = "described"
    size: int = Field(default=64, ge=0)
    """units of the hidden layer; 0: none, the vector is linear in the params"""

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> Described:
        """The initializer for the params of ``spec``. Raises UserError for a core that starts otherwise, and for a game
        without params that say which game it is."""
        opening, vector = sizes(spec, start_shape)
        if all(param.start for param in spec.params):
            raise UserError(f"{spec.name} has no params that describe it; use --world.initializer.kind inferred")
        return Described(spec.params, opening, self.size, vector)


class Described(Telling):
    """See the module docstring."""

    def __init__(self, params: tuple[Param, ...], opening: int, size: int, vector: int) -> None:
        super().__init__(opening)
        self.read = [(column, param) for column, param in enumerate(params) if not param.start]
        width = sum(read_width(param) for _, param in self.read)
        self.net = (
            nn.Sequential(nn.Linear(width, size), nn.ReLU(), nn.Linear(size, vector))
            if size
            else nn.Linear(width, vector)
        )

    def game(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """The vector [B, E]; frames and actions are ignored."""
        return self.net(torch.cat([read_param(param, params[:, column]) for column, param in self.read], 1))
