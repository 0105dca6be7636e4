"""A sampler whose pool is filled from games that are played anew: with what is rarely seen in them.

A million new transitions pass in the time in which the world could score ninety thousand (see ``data.rarity``), and
another core plays the next ones while the world is trained. Beside the rare ones a pool may be offered windows of the
recording as they come: what is wrong may also be a common sight in uncommon company.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import background
from tickworld.data.batches import Batch, WindowShape, cut
from tickworld.data.episode import Episodes
from tickworld.data.material import Source, decoded
from tickworld.data.rarity import BINS, counted
from tickworld.data.seeking import Found, Play, Seeker
from tickworld.errors import UserError
from tickworld.states import join, take
from tickworld.training.sampling import ALL, Hard, PoolConfig, Score

TICKS_AT_ONCE = 4096 * 64
"""How many ticks are played at a time: what they show must fit into memory."""


class RareConfig(PoolConfig):
    """As hard, and what the world is asked about is rare: picked from games that are played anew."""

    kind: Literal["rare"] = "rare"
    played: int = Field(default=24_576, gt=0)
    """episodes that are played when the pool is renewed"""
    common: int = Field(default=0, ge=0)
    """windows of the recording, drawn uniformly, that are scored beside the rare ones"""

    def build(self, episodes: Source, opening: int, seed: int, play: Play | None = None, iterations: int = 0) -> Rare:
        """The sampler over ``episodes`` and what ``play`` plays, which it does ahead while there are ``iterations`` to
        come. Raises UserError without it."""
        if play is None:
            raise UserError(
                "sampler rare plays the game while training, and this one cannot be; use --training.sampler.kind hard"
            )
        return Rare(self, decoded(episodes), opening, seed, play, iterations)


class Rare(Hard):
    """See the module docstring."""

    def __init__(
        self, config: RareConfig, episodes: Episodes, opening: int, seed: int, play: Play, iterations: int
    ) -> None:
        super().__init__(config, episodes, opening, seed)
        self.play = play
        self.played, self.common = config.played, config.common
        self.at_once = max(TICKS_AT_ONCE // episodes.ticks, 1)
        self.iterations = iterations
        self.ahead: dict[tuple[int, int], Future[Found]] = {}  # what is being sought for which iteration and ticks

    def draw(self, iteration: int, windows: int, ticks: int, score: Score, mine: slice = ALL) -> Batch:
        """As ever; meanwhile another core seeks what the next renewal will want, for which the world is not needed."""
        batch = super().draw(iteration, windows, ticks, score, mine)
        coming = (iteration // self.config.renew + 1) * self.config.renew
        if coming < self.iterations and (coming, ticks) not in self.ahead:
            apart = self.played > self.at_once  # a process takes longer to start than a few games take
            self.ahead = {(coming, ticks): self._seek(coming, ticks, apart)}
        return batch

    @functools.cached_property
    def seeker(self) -> Seeker:
        """What finds rare windows; it knows how often the recording shows each sight."""
        parts = range(0, len(self.episodes), self.at_once)
        known = sum(
            (counted(self.episodes.frames[first : first + self.at_once]) for first in parts), np.zeros(BINS, np.int64)
        )
        return Seeker(self.play, known, self.opening, self.played, self.config.fresh, self.at_once, self.seed)

    def _fresh(self, iteration: int, ticks: int) -> tuple[NDArray[np.int64], Callable[[NDArray[np.integer]], Batch]]:
        """Of all windows of the games that are new now, those with the rarest sights, of equals a random choice; then
        the common ones. An episode of the recording goes by a number below 0."""
        where, rare = (self.ahead.pop((iteration, ticks), None) or self._seek(iteration, ticks)).result()
        common = self._uniform(iteration, self.common, ticks, "pool")

        def some(pick: NDArray[np.integer]) -> Batch:
            here = pick < where.shape[1]
            return _in_turn(here, take(rare, pick[here]), self._cut(common[:, pick[~here] - where.shape[1]], ticks))

        return np.concatenate([where, [-1 - common[0], common[1]]], 1), some

    def _seek(self, iteration: int, ticks: int, apart: bool = False) -> Future[Found]:
        """What the renewal at ``iteration`` will want, sought in the background."""
        begin = (iteration // self.config.renew) * self.played
        return background.begin(functools.partial(self.seeker, begin, ticks), apart)

    def _windows(self, where: NDArray[np.int64], ticks: int) -> Batch:
        """The windows at episodes and starts [2, N]: those that were played are played again."""
        here = where[0] >= 0
        first, start = where[:, ~here]
        return _in_turn(
            here, self._replayed(where[:, here], ticks), super()._windows(np.stack([-1 - first, start]), ticks)
        )

    def _replayed(self, where: NDArray[np.int64], ticks: int) -> Batch:
        """The windows at numbers of played episodes and starts [2, N]."""
        numbers, row = np.unique(where[0], return_inverse=True)
        parts, order = [self._cut(where[:, :0], ticks)], [np.zeros(0, np.int64)]
        for first in range(0, len(numbers), self.at_once):
            here = np.flatnonzero((row >= first) & (row < first + self.at_once))
            episodes = self.play(numbers[first : first + self.at_once])
            if ((where[1, here] < 0) | (where[1, here] + max(self.opening - 1, 0) + ticks > episodes.ticks)).any():
                raise ValueError(f"windows beyond episodes of {episodes.ticks} ticks")
            parts.append(cut(episodes, WindowShape(self.opening, ticks, len(here)), row[here] - first, where[1, here]))
            order.append(here)
        return take(join(parts), np.argsort(np.concatenate(order), kind="stable"))


def _in_turn(here: NDArray[np.bool_], first: Batch, second: Batch) -> Batch:
    """The windows of ``first`` where ``here`` [N] is true and those of ``second`` elsewhere, each in its order."""
    order = np.concatenate([np.flatnonzero(here), np.flatnonzero(~here)])
    return take(join([first, second]), np.argsort(order))
