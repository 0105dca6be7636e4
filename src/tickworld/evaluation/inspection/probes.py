"""Linear probes: can the true state be read off the world's state by a linear function?

Ridge regression (Hoerl and Kennard 1970, Technometrics 12), learned on some games, its strength chosen on others, and
scored on games that neither has seen. What takes few whole values, such as a score or a direction, is read by one
such function a value (least squares on one-hot targets), and the highest one counts.

Beside it stand two others: the floor, which always says the mean or the most frequent value, and the same probe on the
pixels of the frame that the state shows. What is read better from the state than from the frame, the world remembers.

Numbers are scored by R^2 = 1 - squared error / squared error of the mean, and by how far they are off in their own
unit; values by the share that is right.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.inspection.visits import Visits

SHARES = (0.6, 0.2, 0.2)
"""Of the games: to learn from, to choose the strength on, to score on."""
STRENGTHS = tuple(10.0**power for power in range(-6, 3))
"""Of the ridge, in units of the mean eigenvalue."""
FEW = 12
"""A target of at most so many different whole values is one of values, any other one of numbers."""
LEAST = 20
"""States that a probe is learned from, and half as many that it is scored on, at least."""
NEAR = 1e-12


class Split(NamedTuple):
    """Which of M states belong to the games to learn from, to choose on and to score on; bool [M] each."""

    learn: NDArray[np.bool_]
    choose: NDArray[np.bool_]
    score: NDArray[np.bool_]


def probes(visits: Visits, seed: int) -> dict[str, dict[str, Any]]:
    """By target, for JSON: its ``kind`` (number or value), how many states and games it was scored on, and for
    ``state``, ``pixels`` and ``floor`` the ``score`` (R^2 or share right) and ``off``, the mean absolute error in the
    target's own unit (None for values). Targets that do not change, that are seldom there, or that say the same as one
    before are left out."""
    split = _split(visits.game, seed)
    sources = {"state": visits.features, "pixels": visits.pixels}
    fitted: dict[tuple[str, bytes], _Ridge] = {}
    found = {}
    for name, target in visits.truth.items():
        there = ~np.isnan(target)
        parts = Split(*(each & there for each in split))
        if parts.learn.sum() < LEAST or min(parts.choose.sum(), parts.score.sum()) < LEAST // 2:
            continue
        if min(np.ptp(target[part]) for part in parts) < NEAR:
            continue
        if any(_same(target, visits.truth[other]) for other in found):
            continue
        for source, features in sources.items():
            fitted.setdefault((source, there.tobytes()), _Ridge(features, parts.learn))
        ridges = {source: fitted[source, there.tobytes()] for source in sources}
        found[name] = _values(target, parts, ridges) if _few(target[there]) else _number(target, parts, ridges)
        found[name] |= {"states": int(parts.score.sum()), "games": len(np.unique(visits.game[parts.score]))}
    return found


def _split(game: NDArray[np.int64], seed: int) -> Split:
    games = np.unique(game)
    order = seeds.generator(seed, "probes").permutation(games)
    ends = np.round(np.cumsum(SHARES[:-1]) * len(games)).astype(int)
    return Split(*(np.isin(game, part) for part in np.split(order, ends)))


def _same(target: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether one is a linear function of the other, as good as always."""
    both = ~np.isnan(target) & ~np.isnan(other)
    if both.mean() < 0.9 or min(np.ptp(target[both]), np.ptp(other[both])) < NEAR:
        return False
    return bool(abs(np.corrcoef(target[both], other[both])[0, 1]) > 0.999)


def _few(values: NDArray[np.float64]) -> bool:
    different = np.unique(values)
    return len(different) <= FEW and bool((different == np.round(different)).all())


class _Ridge:
    """Ridge regression from ``features`` [M, D], learned on the rows ``learn``: the costly part, the same for all
    targets. Works in the smaller of the two spaces, that of states or that of features."""

    def __init__(self, features: NDArray[np.float32], learn: NDArray[np.bool_]) -> None:
        self.learn = learn
        centred = features - features[learn].mean(0)
        known = centred[learn]
        self.dual = known.shape[0] <= known.shape[1]
        gram = known @ known.T if self.dual else known.T @ known
        self.eigenvalues, self.vectors = np.linalg.eigh(gram.astype(np.float64))
        self.eigenvalues = self.eigenvalues.clip(0)
        self.seen = (centred @ known.T if self.dual else centred).astype(np.float64) @ self.vectors
        self.known = None if self.dual else known

    def predictions(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """What it says of ``targets`` [M, K], for each of ``STRENGTHS``: [strengths, M, K]."""
        mean = targets[self.learn].mean(0)
        rest = targets[self.learn] - mean
        if self.known is not None:
            rest = self.known.T @ rest
        weights = self.vectors.T @ rest
        unit = max(float(self.eigenvalues.mean()), NEAR)
        softened = (weights / (self.eigenvalues + each * unit)[:, None] for each in STRENGTHS)
        return np.stack([self.seen @ each for each in softened]) + mean


def _number(target: NDArray[np.float64], parts: Split, ridges: dict[str, _Ridge]) -> dict[str, Any]:
    clean = np.nan_to_num(target)[:, None]

    def said(ridge: _Ridge) -> NDArray[np.float64]:
        every = ridge.predictions(clean)[..., 0]
        wrong = np.square(every - clean[:, 0])[:, parts.choose].mean(1)
        return every[wrong.argmin()]

    mean = target[parts.learn].mean()
    against = np.square(target[parts.score] - target[parts.score].mean()).mean()

    def row(guess: NDArray[np.float64]) -> dict[str, float]:
        error = (guess - target)[parts.score]
        return {"score": float(1 - np.square(error).mean() / against), "off": float(np.abs(error).mean())}

    rows = {source: row(said(ridge)) for source, ridge in ridges.items()}
    return {"kind": "number", **rows, "floor": row(np.full(len(target), mean))}


def _values(target: NDArray[np.float64], parts: Split, ridges: dict[str, _Ridge]) -> dict[str, Any]:
    values, counts = np.unique(target[parts.learn], return_counts=True)
    marks = (target[:, None] == values).astype(np.float64)

    def row(guess: NDArray[np.float64]) -> dict[str, Any]:
        return {"score": float((guess == target)[parts.score].mean()), "off": None}

    def said(ridge: _Ridge) -> NDArray[np.float64]:
        every = values[ridge.predictions(marks).argmax(-1)]
        return every[(every == target)[:, parts.choose].mean(1).argmax()]

    rows = {source: row(said(ridge)) for source, ridge in ridges.items()}
    return {"kind": "value", **rows, "floor": row(np.full(len(target), values[counts.argmax()]))}
