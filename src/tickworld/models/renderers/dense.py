"""One linear layer from the state to every pixel: the seed's renderer. Nothing in it knows that pixels have
neighbours."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Renderer
from tickworld.models.renderers import bernoulli
from tickworld.simulator import Spec


class DenseConfig(Config):
    """One linear layer."""

    kind: Literal["dense"] = "dense"

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Dense:
        """The renderer for frames of ``spec``."""
        return Dense(math.prod(out_shape), (spec.channels, spec.height, spec.width))


class Dense(Renderer):
    """See the module docstring."""

    def __init__(self, size: int, frame: tuple[int, int, int]) -> None:
        super().__init__()
        self.frame = frame
        self.linear = nn.Linear(size, math.prod(frame))
        nn.init.constant_(self.linear.bias, bernoulli.DARK)

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, C, H, W]."""
        return self.linear(out.flatten(1)).unflatten(1, self.frame)

    def pixels(self, logits: Tensor) -> Tensor:
        """Probabilities as brightness."""
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return bernoulli.pixel_loss(logits, frames)
