"""Do actions and frames belong together, tick for tick? Found from the data alone, for any game.

What moves between two frames is told by a few numbers: in each field of a grid over the picture how much brighter it
became, and the products of that change with the slopes of brightness across and down, whose signs tell which way an
edge went (as in the optical flow of Lucas and Kanade, 1981); and how each of these differs from the tick before, since
some keys move and others push. All are regressed on the actions of the ticks around, all lags at once. What a lag alone
explains, beyond what the other lags do, is its score: so an action that is held for long does not smear its effect over
its neighbours. The first lag that explains about as much as any is taken: effects may last, and never come before.

A lag of 0 is as it should be: actions[t] tells what changes from frames[t] to frames[t + 1]. At a lag of -2 the actions
come two ticks late, since nothing can answer a key before it is pressed. At +2 they come two ticks early, or the game
itself answers late; the data cannot tell which.

The floor is what scores are by chance: the best of those that the same actions give when they are turned against the
frames by a distance at which nothing can belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LAGS = tuple(range(-5, 6))
"""Ticks by which what changes may come after its action."""
_LASTING = 3
"""Further lags that are regressed on and not reported: else the last one would stand for all that comes after it."""
FLOOR_TURNS = 16
"""How often the actions are turned against the frames to know what chance gives."""
ENOUGH = 8192
"""Ticks that are looked at, at most; more make no difference."""
FEWEST = 200
"""Ticks below which nothing can be said."""
_GRID = 4
_SIDE = 64
"""Frames whose sides are longer are looked at from farther away."""
_RIDGE = 1e-3
"""Share of the mean variance that is added to each regressor, so that keys that are never apart do no harm."""
_CLEAR = 1.5
"""By what factor an effect must exceed what chance gives, which it does by itself now and then."""
_LEAST = 0.002
"""Share of what moves that an action must explain to be noticed at all."""


class Motion(NamedTuple):
    """What moved in an episode, [T, F], and what was pressed meanwhile, [T, P]."""

    moves: NDArray[np.float32]
    actions: NDArray[np.uint8]


@dataclass(frozen=True)
class Alignment:
    """How well the actions explain what moves, by lag and player."""

    players: tuple[str, ...]
    ticks: int
    """how many ticks were looked at"""
    scores: NDArray[np.float64]  # [lags, P] share of what moves that the actions at a lag explain alone
    floor: NDArray[np.float64]  # [P] what chance gives

    @property
    def effective(self) -> NDArray[np.bool_]:
        """Whether what a player presses has an effect that can be seen, [P]."""
        return self.scores.max(0) > np.maximum(_CLEAR * self.floor, _LEAST)

    @property
    def lag(self) -> int | None:
        """The first lag at which actions explain what moves about as well as at any other, half as well or better. None
        where none stands out."""
        if not self.effective.any():
            return None
        scores = self.scores[:, self.effective].sum(1)
        enough = max(scores.max() / 2, self.floor[self.effective].sum())
        return LAGS[int(np.flatnonzero(scores >= min(enough, scores.max()))[0])]

    @property
    def shift(self) -> int:
        """By how many ticks actions are to be moved to later ticks so that they fit; 0 where nothing can be said."""
        return self.lag or 0


def moved(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What moved between frames [T+1, H, W, C] that follow each other, as numbers [T, F]."""
    seen = _seen(frames)
    change, mean = np.diff(seen, axis=0), (seen[1:] + seen[:-1]) / 2
    across, down = np.zeros_like(mean), np.zeros_like(mean)
    across[:, :, 1:-1] = (mean[:, :, 2:] - mean[:, :, :-2]) / 2
    down[:, 1:-1] = (mean[:, 2:] - mean[:, :-2]) / 2
    parts: tuple[NDArray[Any], ...] = (change, change * across, change * down)
    return np.concatenate([_fields(part) for part in parts], 1)


def align(episodes: Sequence[Motion], players: tuple[str, ...]) -> Alignment:
    """How well actions and frames fit at every lag. Nothing stands out where there are too few ticks or one action."""
    moves, pressed = _lagged(episodes)
    count = len(players)
    if len(moves) < FEWEST:
        return Alignment(players, len(moves), np.zeros((len(LAGS), count)), np.ones(count))
    moves = moves - moves.mean(0)
    size = np.sqrt(np.square(moves).mean(0))
    moves = moves[:, size > 1e-6] / size[size > 1e-6]
    scores = _scores(moves, pressed)
    turns = np.linspace(0.15, 0.85, FLOOR_TURNS)
    turned = [_scores(moves, np.roll(pressed, int(turn * len(moves)), 0)).max(0) for turn in turns]
    return Alignment(players, len(moves), scores, np.max(turned, 0))


def verdict(alignment: Alignment, shift: int = 0) -> str:
    """One sentence for the user; ``shift`` has been applied already."""
    lag = alignment.lag
    if alignment.ticks < FEWEST:
        return f"only {alignment.ticks} ticks: too few to tell whether the actions fit the frames"
    if lag is None:
        return (
            f"no action has an effect that stands out in {alignment.ticks:,} ticks, at any shift: check that actions "
            "and frames belong together"
        )
    scores = np.where(alignment.effective, alignment.scores[LAGS.index(lag)], 0.0)
    best = int(scores.argmax())
    explained = f"they explain {scores[best]:.0%} of what moves there, by chance {alignment.floor[best]:.1%}"
    if lag == 0:
        return f"actions and frames fit as they are ({explained})"
    ticks = f"{abs(lag)} tick{'s' if abs(lag) > 1 else ''}"
    advice = f"shift with --shift {shift + lag}"
    if lag < 0:
        return f"actions come {ticks} late: what moves fits best when they are shifted by {lag}; {advice} ({explained})"
    return (
        f"what moves follows the actions by {ticks}: either the game answers late, which is as it should be, or the "
        f"actions come early; then {advice} ({explained})"
    )


def _seen(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness in 0..1, [T+1, h, w], large frames from farther away."""
    bright = frames.mean(-1, dtype=np.float32) / 255
    step = -(-max(bright.shape[1:]) // _SIDE)
    height, width = (max(side // step, 1) for side in bright.shape[1:])
    whole = bright[:, : height * step, : width * step]
    return whole.reshape(len(whole), height, whole.shape[1] // height, width, -1).mean((2, 4))


def _fields(values: NDArray[Any]) -> NDArray[np.float32]:
    """The sum in each field of the grid, and over all of it, [T, F]."""
    rows, columns = (np.linspace(0, side, min(_GRID, side), endpoint=False).astype(int) for side in values.shape[1:])
    each = np.add.reduceat(np.add.reduceat(values, rows, 1), columns, 2).reshape(len(values), -1)
    return np.append(each, each.sum(1, keepdims=True), 1)


def _lagged(episodes: Sequence[Motion]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """What moved, [N, F], and what was pressed at every lag and the lasting ones, [N, lags, P], of all ticks that have
    all lags."""
    before, after = max(LAGS) + _LASTING, -min(LAGS)
    lags = range(min(LAGS), before + 1)
    moves, pressed = [], []
    for episode in episodes:
        ticks = len(episode.moves)
        if ticks <= before + after:
            continue
        here = np.arange(before, ticks - after)
        pushed = np.diff(episode.moves, axis=0, prepend=episode.moves[:1])
        moves.append(np.concatenate([episode.moves, pushed], 1)[here])
        pressed.append(np.stack([episode.actions[here - lag] for lag in lags], 1))
    if not moves:
        count = episodes[0].actions.shape[1] if episodes else 1
        return np.zeros((0, 1)), np.zeros((0, len(lags), count), np.uint8)
    return np.concatenate(moves)[:ENOUGH].astype(np.float64), np.concatenate(pressed)[:ENOUGH]


def _scores(moves: NDArray[np.float64], pressed: NDArray[np.uint8]) -> NDArray[np.float64]:
    """[LAGS, P]: the share of what moves, in the field where it is greatest, that a player's actions at a lag explain
    and those at other lags do not."""
    groups, columns = _regressors(pressed)
    scores = np.zeros((len(LAGS), pressed.shape[2]))
    if not columns.shape[1] or not moves.shape[1]:
        return scores
    square = columns.T @ columns
    square[np.diag_indices_from(square)] += _RIDGE * np.trace(square) / len(square)
    inverse = np.linalg.inv(square)
    weights = inverse @ (columns.T @ moves)
    for (lag, player), group in groups.items():
        if lag >= len(LAGS):
            continue
        own = weights[group]
        explained = (own * np.linalg.solve(inverse[np.ix_(group, group)], own)).sum(0)
        scores[lag, player] = explained.max() / len(moves)
    return scores


def _regressors(pressed: NDArray[np.uint8]) -> tuple[dict[tuple[int, int], list[int]], NDArray[np.float64]]:
    """One centred column for each action but the most frequent, of each player at each lag, and which belong to
    whom."""
    groups: dict[tuple[int, int], list[int]] = {}
    columns: list[NDArray[np.float64]] = []
    for player in range(pressed.shape[2]):
        values, counts = np.unique(pressed[..., player], return_counts=True)
        rest = np.delete(values, counts.argmax())
        for lag in range(pressed.shape[1]):
            groups[lag, player] = list(range(len(columns), len(columns) + len(rest)))
            for value in rest:
                here = (pressed[:, lag, player] == value).astype(np.float64)
                columns.append(here - here.mean())
    groups = {key: group for key, group in groups.items() if group}
    return groups, np.stack(columns, 1) if columns else np.zeros((len(pressed), 0))
