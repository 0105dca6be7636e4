"""What changes as training goes on, as pure functions of the iteration: the learning rate and the length of the
windows."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from tickworld.config import Config


class RateConfig(Config):
    """Learning rate: a straight warm-up, then a fall to a small share of the peak.

    The long low tail is what buys the last errors of an exact world.
    """

    peak: float = Field(default=2e-3, gt=0)
    """highest learning rate"""
    warmup: int = Field(default=100, ge=0)
    """iterations until the peak"""
    last: float = Field(default=0.01, ge=0, le=1)
    """share of the peak that is left at the end"""
    shape: Literal["linear", "cosine", "geometric"] = "cosine"
    """how it falls; geometric: by the same share every iteration, as the length of growing windows rises"""

    def at(self, iteration: int, iterations: int) -> float:
        """The rate of ``iteration`` (from 0) of ``iterations``."""
        if iteration < self.warmup:
            return self.peak * (iteration + 1) / self.warmup
        share = (iteration - self.warmup) / max(iterations - self.warmup, 1)
        if self.shape == "geometric":
            return self.peak * self.last**share
        left = 1 - share if self.shape == "linear" else (1 + math.cos(math.pi * share)) / 2
        return self.peak * (self.last + (1 - self.last) * left)


class GrowthConfig(Config):
    """Length of the training windows: grows from ``first`` to ``last`` ticks over a share of the iterations.

    Batches keep their number of frames: short windows come in larger batches.
    """

    first: int = Field(default=1, gt=0)
    """ticks of a window at the start"""
    last: int = Field(default=1, gt=0)
    """ticks of a window from the end of the growth on"""
    share: float = Field(default=0.5, ge=0, le=1)
    """share of the iterations over which it grows"""
    steps: int = Field(default=1, gt=0)
    """steps in which the length doubles"""

    def at(self, iteration: int, iterations: int) -> int:
        """Ticks of a window at ``iteration`` of ``iterations``; grows step by step, since each length costs a new
        shape."""
        if self.first >= self.last or iteration >= iterations * self.share:
            return self.last
        grown = iteration / (iterations * self.share) * math.log2(self.last / self.first)
        return min(int(self.first * 2 ** (math.floor(grown * self.steps + 1e-9) / self.steps) + 1e-9), self.last)
