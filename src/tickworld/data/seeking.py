"""New games, and of all that they show the windows that are rarely seen: numpy alone, so that it can be done in a
process without torch while a world is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.data.batches import Batch, WindowShape, cut, legal_starts
from tickworld.data.episode import Episodes
from tickworld.data.player import Player
from tickworld.data.rarity import rarity
from tickworld.data.record import play_episodes
from tickworld.simulator import Simulator
from tickworld.states import join

Play = Callable[[NDArray[np.int64]], Episodes]
"""Plays the episodes of these numbers [E] of an endless stream, the same ones each time."""

Found = tuple[NDArray[np.int64], Batch]
"""Windows with their episodes and starts [2, N]."""


@dataclass(frozen=True)
class Stream:
    """An endless stream of episodes, a ``Play``."""

    game: Simulator
    player: Player
    seed: int
    ticks: int

    def __call__(self, numbers: NDArray[np.int64]) -> Episodes:
        """See ``Play``."""
        return play_episodes(self.game, self.player, seeds.some_rows(self.seed, numbers), self.ticks)


@dataclass(frozen=True)
class Seeker:
    """Plays ``played`` episodes, up to ``at_once`` at a time, and cuts out the ``fresh`` windows with the rarest
    sights."""

    play: Play
    known: NDArray[np.int64]
    """how often each sight has been seen before, [BINS]"""
    opening: int
    played: int
    fresh: int
    at_once: int
    seed: int

    def __call__(self, begin: int, ticks: int) -> Found:
        """The windows of ``ticks`` ticks in the episodes from number ``begin`` on."""
        places, found = [], []
        for first in range(begin, begin + self.played, self.at_once):
            numbers = np.arange(first, min(first + self.at_once, begin + self.played))
            episodes = self.play(numbers)
            wanted = -(-self.fresh * len(numbers) // self.played)
            row, start = self._rarest(episodes, ticks, wanted, seeds.generator(self.seed, "rare", first))
            places.append(np.stack([numbers[row], start]))
            found.append(cut(episodes, WindowShape(self.opening, ticks, len(row)), row, start))
        return np.concatenate(places, 1), join(found)

    def _rarest(
        self, episodes: Episodes, ticks: int, wanted: int, chance: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and starts of the windows whose rarest transition is rarest."""
        legal = legal_starts(episodes, WindowShape(self.opening, ticks, 1))
        stand = max(self.opening - 1, 0)
        each = rarity(episodes.frames, self.known)[:, stand:]
        each = np.lib.stride_tricks.sliding_window_view(each, ticks, 1).min(-1)  # [E, starts]
        row, start = np.nonzero(np.arange(each.shape[1]) < legal[:, None])
        order = np.lexsort((chance.random(len(row)), each[row, start]))[:wanted]
        return row[order], start[order]
