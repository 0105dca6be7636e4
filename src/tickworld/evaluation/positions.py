"""By how many pixels objects are off, tick by tick: the mean over games, and beside it the share that is not there.

    off   distance between the true and the dreamt centre, over the games in which both show the object
    lost  share of the games whose truth shows the object and whose dream does not

Both are needed: a world that shows the ball in its easy games only has a small ``off``. What the truth does not show is
not judged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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
        self.counts: dict[str, list[tuple[int, int]]] = {}
        """by object: of how many games each of them tells, at each tick"""

    @classmethod
    def joined(cls, parts: Sequence[Positions]) -> Positions:
        """Those of ``parts``, each of games of its own, as if they had been played side by side."""
        whole = cls()
        for name in dict.fromkeys(name for part in parts for name in part.counts):
            there = [part for part in parts if name in part.counts]
            off, lost = ([[pair[which] for pair in part.counts[name]] for part in there] for which in (0, 1))
            whole.off[name] = weighted([part.off[name] for part in there], off)
            whole.lost[name] = weighted([part.lost[name] for part in there], lost)
            sums = itertools.zip_longest(*(part.counts[name] for part in there), fillvalue=(0, 0))
            whole.counts[name] = [(sum(one for one, _ in pairs), sum(two for _, two in pairs)) for pairs in sums]
        return whole

    def add(self, truth: Objects, dream: Objects, playing: NDArray[np.bool_]) -> None:
        """One more tick of N games; those that are not ``playing`` [N] are left out."""
        for name, true in truth.positions.items():
            pair = true[playing], dream.positions[name][playing]
            off, lost = position_error(*pair)
            there, seen = (~np.isnan(each[:, 2]) for each in pair)
            self.counts.setdefault(name, []).append((int((there & seen).sum()), int(there.sum())))
            self.off.setdefault(name, []).append(off)
            self.lost.setdefault(name, []).append(lost)

    def over_time(self) -> dict[str, Any]:
        """By object, for JSON."""
        return {
            name: {"off": curve(np.array(self.off[name])), "lost": curve(np.array(self.lost[name]))}
            for name in self.off
        }


def weighted(values: Sequence[Sequence[float]], weights: Sequence[Sequence[int]]) -> list[float]:
    """The means at each tick of what several parts have, [parts][ticks], each value counting ``weights`` times; NaN
    where nothing counts. A part may end sooner than others."""
    means = []
    for pairs in itertools.zip_longest(*(zip(*pair, strict=True) for pair in zip(values, weights, strict=True))):
        there = [(value, weight) for value, weight in filter(None, pairs) if weight]
        total = sum(weight for _, weight in there)
        means.append(sum(value * weight for value, weight in there) / total if total else np.nan)
    return means


def position_error(true: NDArray[np.float64], dreamt: NDArray[np.float64]) -> tuple[float, float]:
    """``off`` and ``lost`` of one object, (x, y, size) [N, 3] with NaN for absent."""
    there = ~np.isnan(true[:, 2])
    both = there & ~np.isnan(dreamt[:, 2])
    off = np.hypot(*(true - dreamt)[both, :2].T)
    return float(off.mean()) if len(off) else np.nan, 1 - both.sum() / there.sum() if there.any() else np.nan
