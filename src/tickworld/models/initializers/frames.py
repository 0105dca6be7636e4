"""Start from the first K frames, through a small network.

How many frames: one frame shows no speed, and a ball drawn on whole pixels shows its angle only to about 25 degrees in
two frames and to about 1 degree in eight. Row and column sums are given beside the raw pixels: the position of a small
thing is a linear function of them.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.initializers.vector import length
from tickworld.models.parts import Initializer
from tickworld.simulator import Spec
from tickworld.tensors import sums_size, with_sums


class FramesConfig(Config):
    """Start from the first frames."""

    kind: Literal["frames"] = "frames"
    opening: int = Field(default=8, gt=0)
    """how many first frames it is shown"""
    size: int = Field(default=256, gt=0)
    """units of the two hidden layers"""

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> FromFrames:
        """The initializer for frames and actions of ``spec``. Raises UserError for a core that starts from frames."""
        actions = len(spec.players) * len(spec.actions)
        width = self.opening * sums_size(spec.frame_shape) + (self.opening - 1) * actions
        return FromFrames(width, self.opening, self.size, length(start_shape))


class FromFrames(Initializer):
    """See the module docstring."""

    def __init__(self, width: int, opening: int, size: int, outputs: int) -> None:
        super().__init__()
        self.opening = opening
        self.net = nn.Sequential(
            nn.Linear(width, size), nn.ReLU(), nn.Linear(size, size), nn.ReLU(), nn.Linear(size, outputs)
        )

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """``start``; params are ignored."""
        return self.net(torch.cat([with_sums(frames), actions.flatten(1)], 1))
