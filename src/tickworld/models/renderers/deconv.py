"""A small picture grown to the full one: a linear layer, then transposed convolutions that double it (DCGAN,
1511.06434)."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Renderer
from tickworld.models.renderers import bernoulli
from tickworld.simulator import Spec


class DeconvConfig(Config):
    """Transposed convolutions."""

    kind: Literal["deconv"] = "deconv"
    width: int = Field(default=32, gt=0)
    """channels before the last layer; each earlier layer has twice as many"""
    doublings: int = Field(default=2, gt=0, le=6)
    """how often the picture doubles its size"""

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Deconv:
        """The renderer for frames of ``spec``; a size that does not double evenly is drawn larger and cut."""
        return Deconv(math.prod(out_shape), (spec.channels, spec.height, spec.width), self.width, self.doublings)


class Deconv(Renderer):
    """See the module docstring."""

    def __init__(self, size: int, frame: tuple[int, int, int], width: int, doublings: int) -> None:
        super().__init__()
        self.frame = frame
        channels = [width * 2 ** (doublings - 1 - level) for level in range(doublings)] + [frame[0]]
        self.small = (channels[0], *(math.ceil(side / 2**doublings) for side in frame[1:]))
        self.linear = nn.Linear(size, math.prod(self.small))
        layers: list[nn.Module] = []
        for before, after in zip(channels, channels[1:], strict=False):
            layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
        self.grow = nn.Sequential(*layers)
        last = layers[-1]
        assert isinstance(last, nn.ConvTranspose2d) and last.bias is not None
        nn.init.constant_(last.bias, bernoulli.DARK)

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, C, H, W]."""
        picture = self.grow(self.linear(out.flatten(1)).unflatten(1, self.small))
        return picture[..., : self.frame[1], : self.frame[2]]

    def pixels(self, logits: Tensor) -> Tensor:
        """Probabilities as brightness."""
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return bernoulli.pixel_loss(logits, frames)
