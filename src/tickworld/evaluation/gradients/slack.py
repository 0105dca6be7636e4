"""What the frames of a true game leave open: other params that show the very same ones, to the last pixel.

Of a game that draws in whole pixels many params look alike, and no search in any world tells them apart. They are
sought by trial in the true game: places around the true params are played with the same keys, and dropped at the first
pixel that differs; then anew in a box that is a little larger than what was left. So what is told is seen to be open,
and more may be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds, states
from tickworld.data.episode import Episode, Episodes, episode
from tickworld.simulator import Param, Replayed, Simulator

WIDE = 0.1
"""Half width of the first box, as a share of a param's range."""
TRIED, ROUNDS = 4096, 6
"""Places that are tried in a box, and how many boxes."""
FEW = 32
"""Places of the last box that must be left: of fewer one cannot tell how far they reach."""
MARGIN, STEADY = 0.3, 5
"""By how much of its width a box is larger, at either end, than what was left of the one before; where that was less
than a fifth of that box, of a fifth, since a few places do not show how far the others reach."""


class Slack(NamedTuple):
    """Of each of G games the ``middle`` [G, P] of the params that show the same frames, and ``half`` [G, P] the width
    of the range that they take up, in their own units; NaN where that could not be seen."""

    middle: NDArray[np.float64]
    half: NDArray[np.float64]


def slack(game: Simulator, recorded: Episodes, names: tuple[str, ...], frames: int, count: int) -> Slack:
    """What the first ``frames`` frames of each of the first ``count`` games of ``recorded`` leave open of the params
    ``names``. Nothing is known of a game that cannot be played anew, or whose params were not recorded."""
    columns = [game.spec.index(name) for name in names]
    known = game.spec.branchable and not isinstance(game, Replayed)
    rows = [
        _left(game, episode(recorded, row), columns, frames) if known else _nothing(columns)
        for row in range(min(count, len(recorded)))
    ]
    return Slack(*(np.stack(each) for each in zip(*rows, strict=True)))


def _left(game: Simulator, there: Episode, columns: list[int], frames: int) -> Slack:
    """Of one game, [P]."""
    params = [game.spec.params[column] for column in columns]
    true = there.params[columns]
    if not all(param.low <= each <= param.high for param, each in zip(game.spec.params, there.params, strict=True)):
        return _nothing(columns)  # not known, or of another game than this
    wide = WIDE * np.array([param.high - param.low for param in params])
    low, high = true - wide, true + wide
    chance, left = seeds.generator(there.seed, "slack"), true[None]
    for _ in range(ROUNDS):
        places = chance.uniform(low, high, (TRIED, len(columns)))
        places[0] = true
        for column, param in enumerate(params):
            places[:, column] = _near(param, places[:, column])
        tried = np.tile(there.params, (TRIED, 1))
        tried[:, columns] = np.stack([_legal(param, each) for param, each in zip(params, places.T, strict=True)], 1)
        left = places[_alike(game, there, tried, frames)]
        if not len(left):  # the true params themselves show something else: this is no recording of the game as it is
            return _nothing(columns)
        margin = MARGIN * np.maximum(left.max(0) - left.min(0), (high - low) / STEADY)
        low, high = np.maximum(low, left.min(0) - margin), np.minimum(high, left.max(0) + margin)
    if len(left) < FEW:
        return _nothing(columns)
    return Slack((left.max(0) + left.min(0)) / 2, (left.max(0) - left.min(0)) / 2)


def _alike(game: Simulator, there: Episode, params: NDArray[np.float64], frames: int) -> NDArray[np.int64]:
    """Which of ``params`` [K, S] show the frames of ``there`` under its keys."""
    alike = np.arange(len(params))
    state = game.init(params, np.full(len(params), there.seed, np.uint64))
    for tick in range(min(frames, len(there.actions)) + 1):
        if tick:
            state = game.update(state, np.tile(there.actions[tick - 1], (len(alike), 1)))
        same = (game.render(state) == there.frames[tick]).reshape(len(alike), -1).all(1)
        if not same.all():
            alike, state = alike[same], states.take(state, np.flatnonzero(same))
        if not len(alike):
            break
    return alike


def _near(param: Param, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """``places`` that this param can have; an angle may still be a turn too far, so that the range has no seam."""
    if param.kind == "angle":
        return places
    inside = places.clip(param.low, param.high)
    return inside.round() if param.whole else inside


def _legal(param: Param, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """``places`` as the game takes them."""
    if param.kind != "angle":
        return places
    return param.low + (places - param.low) % (param.high - param.low)


def _nothing(columns: list[int]) -> Slack:
    return Slack(*(np.full(len(columns), np.nan) for _ in Slack._fields))
