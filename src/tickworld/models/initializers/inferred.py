"""Start from the first frames and a vector that a network infers from what they show and what was pressed.

    c_t = relu(conv(relu(conv(o_t, o_t+1))))             what each pair of frames shows, at a quarter of the size
    e   = MLP(mean over t and max over t of [c_t's mean and max over places, actions])

The mean over windows of a game is a better guess than one window: see ``recipes.bake``.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.initializers.telling import Telling, sizes
from tickworld.simulator import Spec


class InferredConfig(Config):
    """Start from the first frames, and the vector that they tell of the game."""

    kind: Literal["inferred"] = "inferred"
    width: int = Field(default=32, gt=0)
    """maps of the two convolutions, and half the units of the hidden layer"""

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> Inferred:
        """The initializer for frames and actions of ``spec``. Raises UserError for a core that starts otherwise."""
        opening, vector = sizes(spec, start_shape)
        return Inferred(spec, opening, self.width, vector)


class Inferred(Telling):
    """See the module docstring."""

    def __init__(self, spec: Spec, opening: int, width: int, vector: int) -> None:
        super().__init__(opening)
        actions = len(spec.players) * len(spec.actions)
        self.see = nn.Sequential(
            nn.Conv2d(2 * spec.channels, width, 4, 2, 1), nn.ReLU(), nn.Conv2d(width, width, 4, 2, 1), nn.ReLU()
        )
        self.tell = nn.Sequential(
            nn.Linear(2 * (2 * width + actions), 2 * width), nn.ReLU(), nn.Linear(2 * width, vector)
        )

    def game(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """The vector [B, E]; params are ignored."""
        if frames.shape[1] < 2:
            frames, actions = frames.expand(-1, 2, -1, -1, -1), actions.new_zeros(len(frames), 1, actions.shape[2])
        pairs = torch.cat([frames[:, :-1], frames[:, 1:]], 2)
        seen = self.see(pairs.flatten(0, 1)).flatten(2)
        told = torch.cat([seen.mean(2), seen.amax(2)], 1).unflatten(0, pairs.shape[:2])
        told = torch.cat([told, actions], 2)
        return self.tell(torch.cat([told.mean(1), told.amax(1)], 1))
