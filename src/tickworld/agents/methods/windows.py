"""Games that are dreamt window by window, so that what they dreamt can be told again with slopes.

All that chance decides follows from the seed and the number of the window, and what is saved holds the games as they
stand: a training goes on as if it had never been stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import seeds, states
from tickworld.agents.arena import Rows
from tickworld.agents.methods.task import Saved, Task, part
from tickworld.agents.network import flat
from tickworld.models.smooth_rewards import Anew, Window

RECENT = 100
"""Matches whose mean return is reported."""


class Played(NamedTuple):
    """A window as it was dreamt. T ticks of N games."""

    window: Window
    seen: Tensor  # [T, N, I]
    lots: Tensor  # [T, N, A] noise of the keys
    pressed: Tensor  # [T, N, P] by all players
    own: Tensor  # [T, N] 1 where the agent chose, 0 where the game is astray
    rewards: Tensor  # [T, N] of the agent
    over: Tensor  # [T, N] whether the game ended, 1 or 0
    ended: Tensor  # [T, N] bool, whether it ended or was cut off


class Games:
    """``count`` games as they stand, played ``ticks`` at a time. At a tick one goes astray with chance ``stray``: a key
    by chance is pressed for ``held`` ticks on average, whatever the agent would."""

    def __init__(self, task: Task, count: int, ticks: int, stray: float, held: float) -> None:
        self.task, self.ticks, self.stray, self.held = task, ticks, stray, held
        self.roots = seeds.rows(seeds.derive(task.seed, "gradient"), 0, count)
        self.begun = np.zeros(count, np.int64)  # games begun of each row
        self.windows = 0  # that were played
        self.sums = np.zeros(count)  # what the matches that go on have brought
        self.returns = np.zeros(0)  # of the last matches
        self.astray = np.full(count, -1)  # the key that is held, -1: none
        self.rows = task.arena.begin(self._seeds())

    def play(self, actor: Callable[[Tensor], Tensor]) -> Played:
        """The next window."""
        arena, rows, shape = self.task.arena, self.rows, (self.ticks, len(self.roots))
        lots = seeds.generator(self.task.seed, "keys", self.windows).gumbel(size=(*shape, self.task.actions))
        chances = seeds.generator(self.task.seed, "stray", self.windows).random((self.ticks, 2, shape[1]))
        first, anew, told = rows.state, list[Anew | None](), list[tuple[Any, ...]]()
        for tick in range(self.ticks):
            seen = flat(arena.seen(rows))
            with torch.no_grad():
                logits = actor(torch.from_numpy(seen)).double().numpy()
            own = self._go_astray(chances[tick])
            keys = np.where(own, (logits + lots[tick]).argmax(1), self.astray)
            rows, brought = arena.step(rows, self.windows * self.ticks + tick, keys[:, None])
            reward, over = brought.reward[:, arena.sides[0]], brought.over
            ended = over | arena.cut(rows)
            told.append((seen, rows.state.actions, own, reward, over, ended))
            self.sums += reward
            rows = self._go_on(rows, ended, anew)
        self.rows, self.windows = rows, self.windows + 1
        seen, pressed, own, reward, over, ended = (np.stack(each) for each in zip(*told, strict=True))
        return Played(
            Window(first, anew),
            torch.from_numpy(seen),
            torch.from_numpy(lots).float(),
            torch.from_numpy(pressed),
            torch.from_numpy(own).float(),
            torch.from_numpy(reward),
            torch.from_numpy(over).float(),
            torch.from_numpy(ended),
        )

    def _go_astray(self, chance: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which games the agent plays, [N]; ``chance`` [2, N] says who goes astray, who returns, and by which key."""
        free = self.astray < 0
        key = (chance[1] * self.task.actions).astype(np.int64)
        begins, goes_on = free & (chance[0] < self.stray), ~free & (chance[0] >= 1 / self.held)
        self.astray = np.where(begins, key, np.where(goes_on, self.astray, -1))
        return self.astray < 0

    def _go_on(self, rows: Rows, ended: NDArray[np.bool_], anew: list[Anew | None]) -> Rows:
        """``rows``, with new games in place of those that have ended."""
        if not ended.any():
            anew.append(None)
            return rows
        self.begun += ended
        self.returns = np.concatenate([self.returns, self.sums[ended]])[-RECENT:]
        self.sums, self.astray = np.where(ended, 0, self.sums), np.where(ended, -1, self.astray)
        which = np.flatnonzero(ended)
        fresh = self.task.arena.begin(self._seeds()[which])
        anew.append(Anew(which, fresh.state))
        return states.put(rows, which, fresh)

    def _seeds(self) -> NDArray[np.uint64]:
        return seeds.mix(self.roots + self.begun.astype(np.uint64))

    def saved(self) -> Saved:
        """All that is needed to go on."""
        found: Saved = {
            f"games/{number}": np.asarray(leaf).copy() for number, leaf in enumerate(states.leaves(self.rows))
        }
        plain = {
            "windows": np.array(self.windows),
            "begun": self.begun,
            "sums": self.sums,
            "returns": self.returns,
            "astray": self.astray,
        }
        return found | {name: each.copy() for name, each in plain.items()}

    def restore(self, saved: Saved) -> None:
        """Goes on from there. Raises UserError when it does not fit."""
        self.windows = int(part(saved, "windows", np.array(0)))
        self.begun, self.sums = part(saved, "begun", self.begun).copy(), part(saved, "sums", self.sums).copy()
        self.returns = part(saved, "returns", np.zeros(len(saved.get("returns", ())))).copy()
        self.astray = part(saved, "astray", self.astray).copy()
        own = states.leaves(self.rows)
        kept = [part(saved, f"games/{number}", np.asarray(leaf)).copy() for number, leaf in enumerate(own)]
        self.rows = states.with_leaves(self.rows, kept)
