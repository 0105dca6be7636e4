"""A recording in place of its game: a Simulator that shows held-out episodes again, and goes on only as they did.

So what was imported can be learned and judged although there is no game to ask: truth is what was recorded. The last
tenth of the episodes is never trained on; a simulated game begins somewhere in the first half of one of them.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.data import store
from tickworld.data.episode import Episodes, concatenate, select
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.places import Url, place
from tickworld.seeds import uniform
from tickworld.simulator import Opening, Status

PREFIX = "data:"
"""Before the folder of a recording, where a game is named."""
SHARE = 10
"""One in so many episodes is held out, one at least."""


def is_recorded(name: str) -> bool:
    """Whether the game ``name`` is a recording."""
    return name.startswith(PREFIX)


def folder_of(name: str) -> Path | Url:
    """The recording that the game ``name`` is."""
    return place(name.removeprefix(PREFIX))


def first_held_out(there: Store) -> int:
    """The first of the episodes that are kept to judge by: those before it are trained on.

    Raises UserError for a recording that is not whole, or has one episode only.
    """
    missing, count = there.blocks - len(there.blocks_done()), there.manifest.plan.episodes
    if missing:
        raise UserError(
            f"{there.path} is not finished: {missing} of {there.blocks} blocks are missing; run the same command that "
            "made it again"
        )
    if count < 2:
        raise UserError(
            f"{there.path} has one episode, and one is kept to judge by; import it anew with shorter ones, such as "
            f"--ticks {max(there.manifest.plan.ticks // SHARE, 1)}"
        )
    return count - max(count // SHARE, 1)


class Place(NamedTuple):
    """Where N games stand."""

    episode: NDArray[np.int64]  # [N] among those that are held out
    tick: NDArray[np.int64]  # [N]


class Recorded:
    """The recording at ``path`` as a Simulator without params. Raises UserError where there is none."""

    def __init__(self, path: Path | Url) -> None:
        self.store = store.open(path)
        self.spec = replace(self.store.spec, params=(), opening=0, branchable=False)

    @functools.cached_property
    def episodes(self) -> Episodes:
        """The episodes that are held out. Raises UserError for a recording that is not whole or too small."""
        first = first_held_out(self.store)
        parts = []
        for index in range(self.store.blocks):
            rows = self.store.rows(index)
            if rows.stop > first:
                parts.append(select(self.store.read_block(index), slice(max(first - rows.start, 0), None)))
        return concatenate(parts)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Place:
        """Somewhere in the first half of an episode, by the seed."""
        self.spec.check_params(params)
        ends = np.cumsum(self.episodes.lengths // 2 + 1)
        pick = (uniform(seeds, "recorded") * ends[-1]).astype(np.int64)
        index = np.searchsorted(ends, pick, side="right")
        return Place(index, pick - np.where(index > 0, ends[index - 1], 0))

    def update(self, state: Place, actions: NDArray[np.integer]) -> Place:
        """One tick on, until the episode's end. Raises UserError for other actions than were pressed."""
        playing, pressed = ~self._ended(state), self.recorded_actions(state)
        wrong = playing & (actions != pressed).any(-1)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise UserError(
                f"{self.spec.name} is a recording and goes on only as it was played: at tick {state.tick[row]} of an "
                f"episode {pressed[row].tolist()} was pressed; got {actions[row].tolist()}; use the player recorded"
            )
        return Place(state.episode, state.tick + playing)

    def render(self, state: Place) -> NDArray[np.uint8]:
        """Frames [N, H, W, C]."""
        return self.episodes.frames[state.episode, state.tick]

    def status(self, state: Place) -> Status:
        """Reward of the tick before, and whether the recording has ended."""
        before = np.maximum(state.tick - 1, 0)
        reward = np.where(state.tick[:, None] > 0, self.episodes.rewards[state.episode, before], 0)
        return Status(reward.astype(np.float32), self._ended(state))

    def recorded_actions(self, state: Place) -> NDArray[np.uint8]:
        """The actions [N, P] that led on from ``state``; 0 after the end."""
        last = np.maximum(self.episodes.lengths[state.episode] - 1, 0)
        actions = self.episodes.actions[state.episode, np.minimum(state.tick, last)]
        return np.where(self._ended(state)[:, None], 0, actions).astype(np.uint8)

    def _ended(self, state: Place) -> NDArray[np.bool_]:
        return state.tick >= self.episodes.lengths[state.episode]
