"""Separable row and column profiles: each of R shapes is a row profile times a column profile, and their logits add up.

    logits(c, i, j) = b(c, i, j) + sum_r row(c, r, i) column(c, r, j)        row, column linear in the state

A thing that moves changes two short profiles instead of every pixel that it may reach, so a single-pixel ball is found
many times sooner than by a dense layer, at a fraction of the weights. It is a low-rank matrix of logits; the bias b is
a learned picture of what stands still.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Renderer
from tickworld.models.renderers import bernoulli
from tickworld.simulator import Spec


class ProfilesConfig(Config):
    """Row profiles times column profiles."""

    kind: Literal["profiles"] = "profiles"
    shapes: int = Field(default=24, gt=0)
    """how many shapes add up to the frame"""

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Profiles:
        """The renderer for frames of ``spec``."""
        return Profiles(math.prod(out_shape), (spec.channels, spec.height, spec.width), self.shapes)


class Profiles(Renderer):
    """See the module docstring."""

    def __init__(self, size: int, frame: tuple[int, int, int], shapes: int) -> None:
        super().__init__()
        channels, height, width = frame
        self.split = (height, width)
        self.rows_and_columns = nn.Linear(size, channels * shapes * (height + width))
        self.each = (channels, shapes, height + width)
        self.still = nn.Parameter(torch.full(frame, bernoulli.DARK))

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, C, H, W]."""
        profiles = self.rows_and_columns(out.flatten(1)).unflatten(1, self.each)
        rows, columns = profiles.split(self.split, -1)
        return rows.transpose(-1, -2) @ columns + self.still

    def pixels(self, logits: Tensor) -> Tensor:
        """Probabilities as brightness."""
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return bernoulli.pixel_loss(logits, frames)
