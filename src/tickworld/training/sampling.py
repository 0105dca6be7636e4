"""Which windows a batch is made of: drawn uniformly, or half of them from a pool that prefers the hard ones.

Rare events decide how long a world stays right, and most windows hold none. The pool finds them without being told what
they are: every so often fresh windows are scored by the world's own loss, and the hardest of them and of those that it
holds make the new pool. Windows are drawn from it in proportion to a power of their loss, which is kept up to date as
they are trained on (prioritised replay, Schaul et al. 2015, 1511.05952). Windows that were never scored cannot be
drawn, so nothing is preferred for being unknown.

Where the fresh windows come from is what tells the samplers with a pool apart: here from the recording; ``rare`` plays
new games each time.

Draws are pure functions of (seed, iteration) and the pool; the pool is the one thing that remembers, and is saved with
a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tickworld import seeds
from tickworld.config import Config
from tickworld.data.batches import Batch, WindowShape, cut, draw_windows
from tickworld.data.episode import Episodes
from tickworld.data.material import Source, decoded
from tickworld.data.seeking import Play
from tickworld.states import join, take

Score = Callable[[Batch], NDArray[np.float32]]
"""The loss of each window of a batch, [B], without training on it."""

SCORED_AT_ONCE = 64
ALL = slice(None)


class UniformConfig(Config):
    """All windows alike."""

    kind: Literal["uniform"] = "uniform"

    def build(
        self, episodes: Source, opening: int, seed: int, play: Play | None = None, iterations: int = 0
    ) -> Sampler:
        """The sampler over ``episodes``."""
        return Sampler(decoded(episodes), opening, seed)


class PoolConfig(Config):
    """What samplers with a pool have in common."""

    share: float = Field(default=0.5, ge=0, le=1)
    """share of a batch that comes from the pool"""
    pool: int = Field(default=16_384, gt=0)
    """windows in the pool, at most"""
    fresh: int = Field(default=16_384, gt=0)
    """windows that are scored when the pool is renewed"""
    renew: int = Field(default=2000, gt=0)
    """iterations until the pool is renewed"""
    power: float = Field(default=0.8, gt=0)
    """windows are drawn in proportion to this power of their loss"""


class HardConfig(PoolConfig):
    """Part of each batch from a pool that prefers windows with a high loss."""

    kind: Literal["hard"] = "hard"

    def build(self, episodes: Source, opening: int, seed: int, play: Play | None = None, iterations: int = 0) -> Hard:
        """The sampler over ``episodes``."""
        return Hard(self, decoded(episodes), opening, seed)


class Sampler:
    """Draws windows uniformly; remembers nothing."""

    def __init__(self, episodes: Episodes, opening: int, seed: int) -> None:
        self.episodes = episodes
        self.opening = opening
        self.seed = seed

    def draw(self, iteration: int, windows: int, ticks: int, score: Score, mine: slice = ALL) -> Batch:
        """The windows ``mine`` of the batch of ``iteration``, which has ``windows`` windows of ``ticks`` ticks; only
        these are read."""
        return self._cut(self._uniform(iteration, windows, ticks)[:, mine], ticks)

    def learn(self, losses: NDArray[np.float32]) -> None:
        """Takes note of the losses [B] of the batch that was drawn last."""

    def state(self) -> dict[str, Tensor]:
        """What is to be saved."""
        return {}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from what was saved."""

    def some(self) -> Episodes:
        """Episodes to take openings from."""
        return self.episodes

    def told(self) -> str:
        """What is to be said of it when training is over; empty for nothing."""
        return ""

    def _uniform(self, iteration: int, windows: int, ticks: int, *names: str) -> NDArray[np.int64]:
        """Episodes and starts [2, N]; ``names`` tell one stream of draws from another."""
        if windows == 0:
            return np.zeros((2, 0), np.int64)
        seed = seeds.derive(self.seed, *names) if names else self.seed
        return np.stack(draw_windows(self.episodes, WindowShape(self.opening, ticks, windows), seed, iteration))

    def _cut(self, where: NDArray[np.int64], ticks: int) -> Batch:
        """The windows at these episodes and starts [2, N]."""
        return cut(self.episodes, WindowShape(self.opening, ticks, where.shape[1]), where[0], where[1])


class Hard(Sampler):
    """See the module docstring."""

    def __init__(self, config: PoolConfig, episodes: Episodes, opening: int, seed: int) -> None:
        super().__init__(episodes, opening, seed)
        self.config = config
        self.where = np.zeros((2, 0), np.int64)  # episode and start of the pool's windows
        self.loss = np.zeros(0, np.float32)  # [pool]
        self.ticks = 0  # of the pool's windows
        self.windows = self._cut(self.where, 1)  # the pool itself
        self.drawn = np.zeros(0, np.int64)  # which of the pool are in the last batch, at its end

    def draw(self, iteration: int, windows: int, ticks: int, score: Score, mine: slice = ALL) -> Batch:
        """Uniform windows first, then those from the pool."""
        if iteration % self.config.renew == 0 or ticks != self.ticks:
            self._renew(iteration, ticks, score)
        hard = round(windows * self.config.share)
        chance = np.cumsum(self.loss.astype(np.float64) ** self.config.power)
        pick = seeds.generator(self.seed, "pool draw", iteration).random(hard) * chance[-1]
        self.drawn = np.minimum(np.searchsorted(chance, pick, side="right"), len(chance) - 1)
        first, last, _ = mine.indices(windows)
        common = windows - hard
        plain = self._uniform(iteration, common, ticks)[:, first:last]
        pool = self.drawn[max(first - common, 0) : max(last - common, 0)]
        return join([self._cut(plain, ticks), take(self.windows, pool)])

    def learn(self, losses: NDArray[np.float32]) -> None:
        """The pool's windows get their new losses."""
        if self.drawn.size:
            self.loss[self.drawn] = _usable(losses[-len(self.drawn) :])

    def state(self) -> dict[str, Tensor]:
        """The pool: which windows, not what they show."""
        ticks = torch.tensor(self.ticks)
        return {"where": torch.from_numpy(self.where), "loss": torch.from_numpy(self.loss), "ticks": ticks}

    def restore(self, state: dict[str, Tensor]) -> None:
        """The pool as it was. Raises KeyError or ValueError for one that is none of these episodes."""
        where, loss, ticks = state["where"].numpy(), state["loss"].numpy(), int(state["ticks"])
        if where.shape != (2, len(loss)):
            raise ValueError(f"windows {list(where.shape)} with {len(loss)} losses")
        windows = self._windows(where, max(ticks, 1))
        self.where, self.loss, self.ticks, self.windows = where, loss, ticks, windows

    def _renew(self, iteration: int, ticks: int, score: Score) -> None:
        """The hardest of the pool and of fresh windows; windows of another length are forgotten."""
        if ticks != self.ticks:
            self.where, self.loss, self.ticks = np.zeros((2, 0), np.int64), np.zeros(0, np.float32), ticks
            self.windows = self._cut(self.where, ticks)
        fresh, windows = self._fresh(iteration, ticks)
        count, old = fresh.shape[1], len(self.loss)
        cuts = (np.arange(first, min(first + SCORED_AT_ONCE, count)) for first in range(0, count, SCORED_AT_ONCE))
        scored = np.concatenate([self.loss, *(_usable(score(windows(part))) for part in cuts)])
        hardest = np.argsort(-scored, kind="stable")[: self.config.pool]
        kept, new = hardest[hardest < old], hardest[hardest >= old]
        self.where = np.concatenate([self.where[:, kept], fresh[:, new - old]], 1)
        self.loss = scored[np.concatenate([kept, new])]
        self.windows = join([take(self.windows, kept), windows(new - old)])

    def _fresh(self, iteration: int, ticks: int) -> tuple[NDArray[np.int64], Callable[[NDArray[np.integer]], Batch]]:
        """Episodes and starts [2, N] of the windows to be scored, and how to get some of them."""
        where = self._uniform(iteration, self.config.fresh, ticks, "pool")
        return where, lambda pick: self._windows(where[:, pick], ticks)

    def _windows(self, where: NDArray[np.int64], ticks: int) -> Batch:
        """The windows at episodes and starts [2, N]. Raises ValueError for places that there are not."""
        if ((where < 0) | (where >= [[len(self.episodes)], [self.episodes.ticks]])).any():
            raise ValueError(f"windows beyond {len(self.episodes)} episodes of {self.episodes.ticks} ticks")
        return self._cut(where, ticks)


def _usable(losses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Above zero, so that everything can be drawn; a wild one must not take all draws."""
    return np.clip(np.nan_to_num(losses, nan=20.0), 1e-5, 20.0).astype(np.float32)
