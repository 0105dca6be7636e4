"""What the rules of a ball game are, measured on frames alone, true or dreamt: no params, no state, no network.

    paddle_length  most pixels of a paddle that is not covered; a paddle is one column wide
    ball_size      square root of the ball's pixels, the usual number
    speed          pixels a tick that the ball moves sideways in flight
    gravity        pixels a tick squared that its fall gains in flight: twice the square term of a parabola
    steepness      pixels a tick that it moves down after it hit the paddle's lower end: the slope over where it hits
    serve_wait     ticks that it rests before a serve, the usual number

A flight is ``FLIGHT`` ticks or more in which the ball is there, goes on in its direction and does not leap. Each number
is over all flights, hits or rests of a game; NaN where there is none. A ball that is seen in two parts, since it leaves
at one edge and comes in at the other, leaps: its middle is in the middle of the frame.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.simulator import BallGame

FLIGHT = 9
"""Ticks of a flight: a ball of 8/8 to 22/8 pixels a tick crosses the court in 10 or more."""
ENOUGH = 0.5
"""Squares of places that tell a slope: hits near a paddle's middle tell little of how steep it sends."""
LEAP = 3.2
"""Pixels a tick that no ball flies; one of up to 8 pixels that comes in at the other edge leaps by 4 or more."""
PROBES = ("paddle_length", "ball_size", "speed", "gravity", "steepness", "serve_wait")

Course = NDArray[np.float64]
"""One game's object, (x, y, size) [T+1, 3], NaN where it is not there."""


class Seen(NamedTuple):
    """The objects of N games over T ticks, [T+1, N, 3] each."""

    ball: NDArray[np.float64]
    paddle: NDArray[np.float64]
    height: int  # of the frame, in pixels


def seen(game: BallGame, frames: NDArray[np.uint8]) -> Seen:
    """Ball and first player's paddle in ``frames`` [T+1, N, H, W, C]."""
    each = [game.objects(frame).positions for frame in frames]
    first = game.spec.players[0]
    ball, paddle = (np.stack([one[name] for one in each]) for name in (game.ball, first))
    return Seen(ball, paddle, game.spec.height)


def probe(objects: Seen) -> dict[str, NDArray[np.float64]]:
    """Each probe's number for N games, [N]."""
    ball, paddle, height = objects
    games = [_probed(ball[:, row], paddle[:, row], height) for row in range(ball.shape[1])]
    return {name: np.array([one[name] for one in games]) for name in PROBES}


def _probed(ball: Course, paddle: Course, height: int) -> dict[str, float]:
    flights = _flights(ball)
    return {
        "paddle_length": float(np.nanmax(paddle[:, 2], initial=np.nan)) if np.isfinite(paddle[:, 2]).any() else np.nan,
        "ball_size": float(np.sqrt(_usual(ball[:, 2]))),
        "speed": _speed(ball, flights),
        "gravity": _gravity(ball, flights, height),
        "steepness": _steepness(ball, paddle),
        "serve_wait": _usual(np.array(_rests(ball))),
    }


def _flights(ball: Course) -> list[slice]:
    """The ticks of each flight, as long as it goes on; the first and the last, in which it is met, are left out."""
    x, y, _ = ball.T
    along, down = np.diff(x), np.diff(y)
    flies = (along != 0) & (np.abs(along) < LEAP) & (np.abs(down) < LEAP)  # NaN makes it false
    goes_on = flies[1:] & flies[:-1] & (np.sign(along[1:]) == np.sign(along[:-1]))
    return [slice(first + 1, last + 1) for first, last in _runs(goes_on) if last - first >= FLIGHT]


def _speed(ball: Course, flights: list[slice]) -> float:
    """The median of the flights' speeds sideways."""
    return _median(
        [abs(float(ball[each][-1, 0] - ball[each][0, 0])) / (each.stop - each.start - 1) for each in flights]
    )


def _gravity(ball: Course, flights: list[slice], height: int) -> float:
    """Twice the square term of a parabola, the mean over flights, weighted by how well they tell it. What touches an
    edge is cut off."""
    weights, sums = 0.0, 0.0
    for each in flights:
        _, y, size = ball[each].T
        free = np.abs(y - (height - 1) / 2) + np.sqrt(size) / 2 < height / 2 - 1
        longest = max(_runs(free), key=lambda run: run[1] - run[0], default=(0, 0))
        ticks = longest[1] - longest[0]
        if ticks >= FLIGHT:
            curve = np.polyfit(np.arange(ticks), y[longest[0] : longest[1]], 2)
            weights, sums = weights + float(ticks) ** 5, sums + float(2 * curve[0]) * float(ticks) ** 5
    return sums / weights if weights else np.nan


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last of each run of true ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(int)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _steepness(ball: Course, paddle: Course) -> float:
    """Speed down after hits of the left paddle, for each half of a paddle that they were below its middle: the slope of
    a line through 0."""
    x, y, _ = ball.T
    along, products, squares = np.diff(x), 0.0, 0.0
    middle = np.nanmean(x) if np.isfinite(x).any() else np.nan
    for tick in np.flatnonzero((along[:-1] < 0) & (along[1:] > 0) & (along[1:] < LEAP) & (x[1:-1] < middle)) + 1:
        down = np.diff(y[tick + 1 : tick + 6])
        where = (y[tick] - paddle[tick, 1]) / ((paddle[tick, 2] + np.sqrt(ball[tick, 2])) / 2)
        if len(down) == 4 and (np.abs(down) < LEAP).all() and abs(where) <= 1:
            products, squares = products + float(down.mean() * where), squares + float(where**2)
    return products / squares if squares > ENOUGH else np.nan


def _rests(ball: Course) -> list[int]:
    """How long the ball has rested each time, in ticks: the ends of the games are left out."""
    still = (np.diff(ball[:, :2], axis=0) == 0).all(1)
    return [end - first for first, end in _runs(still) if first > 0 and end < len(still) and end - first > 1]


def _usual(values: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """The commonest number, NaN for none."""
    there = values[np.isfinite(values)] if len(values) else values
    if not len(there):
        return np.nan
    numbers, counts = np.unique(there, return_counts=True)
    return float(numbers[counts.argmax()])


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else np.nan
