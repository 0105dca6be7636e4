"""What the directions of a space mean in which each vector stands for a game: for each param of the games, where it
leads and whether it can be read.

    v  =  mean of v + sum over params of along (p - mean of p) + rest        along [E]: what one more of a param changes
    p  ~  reads v + bias                                                     the param, told from the vector alone

Both are least squares over games that are known. A choice of more than two values has no order: it is so many columns
of 0 and 1, each with a row of its own in all of this, and the way from one value to another is the difference of two
rows of ``along``.

How well a param is read is R^2 = 1 - squared error / squared distance from the mean, on games that the fit has not
seen; where there are none, each eighth of the known games is read by what the others say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.simulator import Param

FOLDS = 8
FEWEST = 4
"""Games that are read with a fit to others, at least: of fewer a score says nothing."""
NOISE = 1e-5
"""Of the largest singular value: directions in which vectors differ by less only hold what float32 rounds."""

Matrix = NDArray[np.float64]


class Placed(NamedTuple):
    """N games: their params ``rows`` [N, S] and their ``vectors`` [N, E]."""

    rows: NDArray[np.float64]
    vectors: NDArray[np.float32]


class Direction(NamedTuple):
    """One param. ``values`` are those of a choice of more than two, one for each of the C rows of ``along`` [C, E],
    ``reads`` [C, E] and ``bias`` [C]; empty for a number, whose C is 1. ``spread`` is the param's standard deviation
    among the games, ``score`` how well it is read, None where that cannot be told."""

    param: Param
    column: int
    values: tuple[float, ...]
    along: Matrix
    reads: Matrix
    bias: Matrix
    spread: float
    score: float | None


def directions(params: Sequence[Param], known: Placed, unseen: Placed) -> list[Direction]:
    """One for each of ``params`` [S] that says which game it is and is not the same in all ``known`` games, in order.
    The score is that of the ``unseen`` games."""
    varied = [column for column, param in enumerate(params) if not param.start and np.ptp(known.rows[:, column])]
    if not varied:
        return []
    values = [_values(params[column], known.rows[:, column]) for column in varied]
    blocks = [_columns(known.rows[:, column], each) for column, each in zip(varied, values, strict=True)]
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    told, vectors = np.concatenate(blocks, 1), known.vectors.astype(float)
    along, (reads, bias) = np.split(_leads(told, vectors), ends), _fit(vectors, told)
    if len(unseen.rows) >= FEWEST:
        wanted = [_columns(unseen.rows[:, column], each) for column, each in zip(varied, values, strict=True)]
        read = unseen.vectors.astype(float) @ reads.T + bias
    else:
        wanted, read = blocks, _read_by_others(vectors, told)
    scores = [_score(*pair) for pair in zip(wanted, np.split(read, ends, 1), strict=True)]
    parts = zip(varied, values, along, np.split(reads, ends), np.split(bias, ends), scores, strict=True)
    return [
        Direction(params[column], column, each, way, read, at, float(known.rows[:, column].std()), score)
        for column, each, way, read, at, score in parts
    ]


def _values(param: Param, there: NDArray[np.float64]) -> tuple[float, ...]:
    """The values that are columns of their own."""
    found = np.unique(there)
    return tuple(map(float, found)) if param.kind == "choice" and len(found) > 2 else ()


def _columns(there: NDArray[np.float64], values: tuple[float, ...]) -> Matrix:
    return (there[:, None] == np.array(values)).astype(float) if values else there[:, None]


def _leads(told: Matrix, vectors: Matrix) -> Matrix:
    """``along`` of all columns [C, E]. Each is scaled to a spread of 1 first, so that where several explain the same,
    none is taken because of its unit."""
    spread = told.std(0)
    scaled = (told - told.mean(0)) / spread
    return np.linalg.lstsq(scaled, vectors - vectors.mean(0), rcond=NOISE)[0] / spread[:, None]


def _fit(vectors: Matrix, told: Matrix) -> tuple[Matrix, Matrix]:
    """``reads`` [C, E] and ``bias`` [C] of all columns."""
    middle, mean = vectors.mean(0), told.mean(0)
    reads = np.linalg.lstsq(vectors - middle, told - mean, rcond=NOISE)[0].T
    return reads, mean - reads @ middle


def _read_by_others(vectors: Matrix, told: Matrix) -> Matrix:
    """What is read of each game by what games of other parts say; NaN where there are none."""
    part = np.arange(len(vectors)) % FOLDS
    read = np.full(told.shape, np.nan)
    for number in range(FOLDS):
        others = part != number
        if others.sum() >= FEWEST and not others.all():
            reads, bias = _fit(vectors[others], told[others])
            read[~others] = vectors[~others] @ reads.T + bias
    return read


def _score(wanted: Matrix, read: Matrix) -> float | None:
    error, apart = np.square(wanted - read).sum(), np.square(wanted - wanted.mean(0)).sum()
    return float(1 - error / apart) if apart and np.isfinite(error) else None
