"""The headline: for how many ticks, open loop, the dream equals the truth.

Pixel horizon: ticks until the first wrong pixel, the dream snapped to the game's palette.

Object horizon: ticks until the ball or a paddle is more than 1 px off in x or y, is there when it should not be or the
other way round, has less than half or more than twice its pixels, or until a reading (the score) is wrong.

A rollout that is right to the end counts with its full length and as survived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld.simulator import Objects

OFF = 1.0
"""Pixels that an object may be off."""


class Horizon:
    """Collects, tick by tick, in which of N rollouts the first mistake has been made."""

    def __init__(self, count: int) -> None:
        self.right = np.zeros(count, np.int64)
        """ticks that were right before the first mistake, [N]"""
        self.alive = np.ones(count, bool)

    @classmethod
    def joined(cls, parts: Sequence[Horizon]) -> Horizon:
        """Those of ``parts``, one after the other."""
        whole = cls(0)
        whole.right, whole.alive = (np.concatenate([getattr(part, name) for part in parts]) for name in vars(whole))
        return whole

    def add(self, wrong: NDArray[np.bool_], playing: NDArray[np.bool_] | bool = True) -> None:
        """One more tick; ``wrong`` [N] says in which rollouts it is wrong. Rollouts that are not ``playing`` are over:
        they neither fail nor grow any more."""
        self.alive &= ~(wrong & playing)
        self.right += self.alive & playing

    def summary(self) -> dict[str, float]:
        """Median, 10th percentile and mean in ticks, and the share of rollouts that never went wrong."""
        return {
            "median": float(np.median(self.right)),
            "p10": float(np.percentile(self.right, 10)),
            "mean": float(self.right.mean()),
            "survived": float(self.alive.mean()),
        }

    def survival(self, ticks: int) -> NDArray[np.float64]:
        """Share of rollouts still right after tick 0, 1, .. ``ticks``, [ticks + 1] (the Kaplan-Meier curve: every
        rollout is watched to the end, so it is the plain share)."""
        died = np.bincount(self.right[~self.alive] + 1, minlength=ticks + 2)[: ticks + 1]
        return 1 - died.cumsum() / len(self.right)


def objects_wrong(truth: Objects, dream: Objects) -> NDArray[np.bool_]:
    """Whether any object or reading is wrong, [N]."""
    wrong: NDArray[np.bool_] = np.zeros(1, bool)
    for name, true in truth.positions.items():
        wrong = wrong | object_wrong(true, dream.positions[name])
    for name, reading in truth.readings.items():
        wrong = wrong | (reading != dream.readings[name])
    return wrong


def object_wrong(true: NDArray[np.float64], dreamt: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether one object, (x, y, size) [N, 3] with NaN for absent, is wrong, [N]."""
    hidden, vanished = np.isnan(true[..., 2]), np.isnan(dreamt[..., 2])
    off = np.abs(true - dreamt)[..., :2].max(-1)
    share = dreamt[..., 2] / true[..., 2]
    misplaced = (off > OFF) | (share < 0.5) | (share > 2)  # NaN compares false: both absent is right
    return (hidden != vanished) | misplaced


def curve(values: NDArray[np.floating]) -> list[Any]:
    """Numbers for JSON, rounded to what a reader can use; NaN becomes None."""
    return [None if np.isnan(value) else float(f"{value:.5g}") for value in values]
