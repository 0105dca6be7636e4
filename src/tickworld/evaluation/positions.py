"""By how many pixels objects are off, tick by tick: the mean over games, and beside it the share that is not there.

    off   distance between the true and the dreamt centre, over the games in which both show the object
    lost  share of the games whose truth shows the object and whose dream does not

Both are needed: a world that shows the ball in its easy games only has a small ``off``. What the truth does not show is
not judged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld.evaluation.horizon import curve
from tickworld.simulator import Objects


class Positions:
    """Collects both for every object of a game, tick by tick."""

    def __init__(self) -> None:
        self.off: dict[str, list[float]] = {}
        """by object: mean distance at each tick, in pixels; NaN where no game shows it"""
        self.lost: dict[str, list[float]] = {}
        """by object: share at each tick; NaN where no truth shows it"""

    def add(self, truth: Objects, dream: Objects, playing: NDArray[np.bool_]) -> None:
        """One more tick of N games; those that are not ``playing`` [N] are left out."""
        for name, true in truth.positions.items():
            off, lost = position_error(true[playing], dream.positions[name][playing])
            self.off.setdefault(name, []).append(off)
            self.lost.setdefault(name, []).append(lost)

    def over_time(self) -> dict[str, Any]:
        """By object, for JSON."""
        return {
            name: {"off": curve(np.array(self.off[name])), "lost": curve(np.array(self.lost[name]))}
            for name in self.off
        }


def position_error(true: NDArray[np.float64], dreamt: NDArray[np.float64]) -> tuple[float, float]:
    """``off`` and ``lost`` of one object, (x, y, size) [N, 3] with NaN for absent."""
    there = ~np.isnan(true[:, 2])
    both = there & ~np.isnan(dreamt[:, 2])
    off = np.hypot(*(true - dreamt)[both, :2].T)
    return float(off.mean()) if len(off) else np.nan, 1 - both.sum() / there.sum() if there.any() else np.nan
