"""What changes as training goes on, as pure functions of the iteration: the learning rate, the length of the windows
and how many of the true frames a world is shown. ``growth`` adds to the lengths what a run remembers."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

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
    """Length of the training windows: grows from ``first`` to ``last`` ticks, over a share of the iterations or each
    time that the loss has become low.

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
    below: float = Field(default=0.0, ge=0)
    """loss, in nats a frame, below which the windows grow by a step, whatever `share` says; 0: by `share`"""
    over: int = Field(default=50, gt=0)
    """iterations that this loss is averaged over, and the fewest at each length; used with `below`"""
    mixed: float = Field(default=0.0, ge=0, lt=1)
    """share of the iterations that go back to one of the lengths before, so that none is forgotten"""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.first >= self.last and (self.below or self.mixed):
            name = "below" if self.below else "mixed"
            raise ValueError(
                f"{name} is about windows that grow, and these go from {self.first} to {self.last} ticks; set first "
                f"below last, or {name} to 0"
            )
        return self

    @property
    def lengths(self) -> list[int]:
        """All lengths on the way, each longer than the one before."""
        if self.first >= self.last:
            return [self.last]
        steps = math.ceil(math.log2(self.last / self.first) * self.steps)
        return sorted({min(self._after(step), self.last) for step in range(steps)} | {self.last})

    def at(self, iteration: int, iterations: int) -> int:
        """Ticks of a window at ``iteration`` of ``iterations`` by ``share`` alone; grows step by step, since each
        length costs a new shape."""
        if self.first >= self.last or iteration >= iterations * self.share:
            return self.last
        grown = iteration / (iterations * self.share) * math.log2(self.last / self.first)
        return min(self._after(math.floor(grown * self.steps + 1e-9)), self.last)

    def _after(self, steps: int) -> int:
        """The length that has grown ``steps`` times."""
        return int(self.first * 2 ** (steps / self.steps) + 1e-9)


class ShownConfig(Config):
    """Scheduled sampling (Bengio et al. 2015, 1506.03099): the share of the true frames that a world which observes is
    shown falls from ``first`` to ``last``, so that it learns to go on from frames that it imagined."""

    first: float = Field(default=1.0, ge=0, le=1)
    """chance of a true frame to be shown, at the start; 1: all of them"""
    last: float = Field(default=1.0, ge=0, le=1)
    """the same from the end of the fall on; 0: none but the first of a window"""
    share: float = Field(default=0.5, ge=0, le=1)
    """share of the iterations over which it falls"""
    shape: Literal["linear", "sigmoid"] = "linear"
    """how it falls; sigmoid: slowly at both ends (the paper's inverse sigmoid decay)"""

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.last > self.first:
            raise ValueError(
                f"the frames shown become fewer, and these go from {self.first:g} to {self.last:g}; "
                "use a last that is not above first"
            )
        return self

    def at(self, iteration: int, iterations: int) -> float:
        """The chance of a true frame to be shown at ``iteration`` of ``iterations``."""
        if iteration >= iterations * self.share:
            return self.last
        left = 1 - iteration / (iterations * self.share)
        if self.shape == "sigmoid":  # tanh is the logistic curve; here it leaves 1 and reaches 0 exactly
            left = (1 + math.tanh(6 * left - 3) / math.tanh(3)) / 2
        return self.last + (self.first - self.last) * left
