"""Start from the first frames and a vector of the game's own, learned beside the weights (generative latent
optimisation, Bojanowski et al. 2018, 1707.05776).

Games of a list are known by their params. One that training never saw gets the vector of the game whose params are
nearest, each scaled to its range. Where there is no list there is one vector: with all else frozen that is how the
vector of a new game is found (recipe ``engine_fit``).
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.initializers.telling import Telling, sizes
from tickworld.simulator import Spec


class TableConfig(Config):
    """Start from the first frames and a learned vector for each game, or for the only one."""

    kind: Literal["table"] = "table"
    spread: float = Field(default=0.3, ge=0)
    """standard deviation of the first vectors"""

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> Table:
        """The initializer for the games of ``spec``. Raises UserError for a core that starts otherwise."""
        opening, vector = sizes(spec, start_shape)
        return Table(spec, opening, self.spread, vector)


class Table(Telling):
    """See the module docstring."""

    scale: Tensor
    known: Tensor

    def __init__(self, spec: Spec, opening: int, spread: float, vector: int) -> None:
        super().__init__(opening)
        told = torch.tensor([0.0 if param.start else 1 / ((param.high - param.low) or 1.0) for param in spec.params])
        self.register_buffer("scale", told)
        games = torch.tensor(spec.games or [[0.0] * len(spec.params)]).float()
        self.register_buffer("known", games * told)
        self.vectors = nn.Parameter(torch.randn(len(games), vector) * spread)

    def game(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """The vector [B, E] of the game with the nearest params; frames and actions are ignored."""
        apart = (params[:, None] * self.scale - self.known).square().sum(2)
        return self.vectors[apart.argmin(1)]
