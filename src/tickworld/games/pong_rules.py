"""The rule book of Pong, read from frames alone: what must hold in every tick, in a true game or in a dreamt one.

digits          both scores are legible, and nothing else is lit above the court
paddle shape    each paddle is one upright line of its length
paddle move     each paddle moves by one row as its key says, and stops at the ends of the court
one ball        there is one ball, whole and of its size
ball speed      the ball moves one column and at most ``vy_limit`` rows; it leaps only to the middle, after a miss
ball flight     the ball flies straight on, turns at walls and paddles only, and as a mirror does at walls
ball rest       the ball stands still only in the middle after a point, and for ``serve_wait`` ticks exactly
score           a score changes only by a miss: the scorer has one more, or both have 0 when that ended the match

A rule is judged where frames show enough: while there are two balls, none is too fast. So one fault breaks few rules,
and after it every rule starts again from what is seen. A ball that passes beside a paddle is seen in the paddle's
column: there the paddle is taken to stand where its key brought it, and what is left is the ball's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games.pong_court import DIGIT_X, DIGIT_Y, DIGITS, PADDLE_X, SIZE, TOP
from tickworld.games.reading import digit

RULES = (
    "digits",
    "paddle shape",
    "paddle move",
    "one ball",
    "ball speed",
    "ball flight",
    "ball rest",
    "score",
)

_INK = (DIGITS > 0).sum((1, 2))
"""Lit pixels of each digit."""
_ROWS, _COLUMNS = np.arange(TOP, SIZE), np.arange(SIZE)
"""Those of the court."""
_AWAY = (1, -1)
"""The ball's vx when it flies away from the left and from the right paddle."""
_UNKNOWN = 9
"""A speed that has not been seen yet."""

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Seen(NamedTuple):
    """What one frame shows; -1 where it cannot be read."""

    score: Whole  # [N, 2]
    paddle: Whole  # [N, 2] top rows
    ball: Whole  # [N, 2] left column and top row


class Notes(NamedTuple):
    """What the referee knows of N games."""

    rules: Whole  # [N, 6] paddle_length .. points, constant
    seen: Seen
    speed: Whole  # [N, 2] the ball's vx and vy from here on, or _UNKNOWN
    rest: Whole  # [N] ticks that the ball still has to rest in the middle
    sure: Flags  # [N] whether that is known: the point was seen


class Ways(NamedTuple):
    """What the ball did in a tick: one of these, or nothing that a ball can do."""

    point: Whole  # [N] it leapt to the middle: -1: the left player had missed, 1: the right one had; 0: no leap
    turned: Whole  # [N] it met a paddle: its new vx; 0: it met none
    flew: Flags
    still: Flags


class Ball(NamedTuple):
    """What a tick shows of the ball, where it was seen before and after."""

    broken: tuple[Flags, Flags, Flags]  # ball speed, ball flight, ball rest
    point: Whole
    speed: Whole
    rest: Whole


def referee(params: NDArray[np.floating], frames: NDArray[np.uint8]) -> Notes:
    """The notes at the first frames [N, 32, 32, 1] of games with these ``params`` [N, S]."""
    rules = params[:, :6].astype(np.int64)
    seen, _ = _read(frames, rules, np.full((len(frames), 2), -1))
    return _begin(rules, seen)


def violations(notes: Notes, actions: NDArray[np.integer], frames: NDArray[np.uint8]) -> tuple[Flags, Notes]:
    """Which of ``RULES`` were broken by the tick in which ``actions`` [N, 2] led to ``frames``, [N, rules], and the new
    notes."""
    rules, before = notes.rules, notes.seen
    move = (actions == 2).astype(np.int64) - (actions == 1)
    expected = np.where(before.paddle < 0, -1, np.clip(before.paddle + move, TOP, SIZE - rules[:, :1]))
    seen, dark = _read(frames, rules, expected)
    followed = (before.ball[:, 0] >= 0) & (seen.ball[:, 0] >= 0)
    ball = _judge(notes, seen)
    broken = (
        ~dark | (seen.score < 0).any(1),
        (seen.paddle < 0).any(1),
        ((seen.paddle != expected) & (seen.paddle >= 0) & (expected >= 0)).any(1),
        seen.ball[:, 0] < 0,
        *(followed & each for each in ball.broken),
        ~_fair(notes, seen, ball.point, followed),
    )
    anew = _begin(rules, seen)
    return np.stack(broken, 1), Notes(
        rules,
        seen,
        speed=np.where(followed[:, None], ball.speed, anew.speed),
        rest=np.where(followed, ball.rest, anew.rest),
        sure=followed & (notes.sure | (ball.point != 0) | (ball.rest == 0)),
    )


def _begin(rules: Whole, seen: Seen) -> Notes:
    """The notes when nothing is known but what is seen: a ball in the middle may rest or may be passing."""
    rest = np.where((seen.ball == _middle(rules)).all(1), rules[:, 3], 0)
    return Notes(rules, seen, np.full_like(seen.ball, _UNKNOWN), rest, np.zeros(len(rest), bool))


def _ways(notes: Notes, seen: Seen) -> Ways:
    """What the ball did on its way from where it was to where it is. Nonsense where one of the two was not seen."""
    length, size, limit = notes.rules.T[:3]
    (x, y), (new_x, new_y), vx = notes.seen.ball.T, seen.ball.T, notes.speed[:, :1]
    front = np.stack([x, x + size - 1], 1) - PADDLE_X  # columns to the two paddles; 0: it passes one
    leapt = (seen.ball == _middle(notes.rules)).all(1)
    point = np.where(leapt & (front == 0).any(1), np.where(front[:, 0] == 0, -1, 1), 0)
    slow = np.abs(new_y - y) <= limit
    inside = (new_x >= PADDLE_X[0]) & (new_x + size - 1 <= PADDLE_X[1]) & (front != 0).all(1)
    flew = (np.abs(new_x - x) == 1) & slow & inside
    # A paddle that cannot be read may be anywhere, and a ball whose way is not known may have flown to it.
    top = seen.paddle.T
    meets = ((top < 0) | ((new_y + size > top) & (new_y < top + length))).T
    turns = (front == _AWAY) & (vx != _AWAY) & meets & (slow & (new_x == x))[:, None]
    turned = (turns * _AWAY).sum(1)
    return Ways(point, turned, flew, (new_x == x) & (new_y == y) & (turned == 0))


def _judge(notes: Notes, seen: Seen) -> Ball:
    """Which rules the ball broke, and how it goes on from here."""
    _, size, limit, serve_wait = notes.rules.T[:4]
    y, (vx, vy), floor = notes.seen.ball[:, 1], notes.speed.T, SIZE - size
    dx, dy = (seen.ball - notes.seen.ball).T
    point, turned, flew, still = _ways(notes, seen)
    leaps, turns = point != 0, turned != 0

    free = y + vy
    bounced = (free < TOP) | (free > floor)
    mirrored = np.where(free < TOP, 2 * TOP - free, np.where(free > floor, 2 * floor - free, free))
    bent = (vy != _UNKNOWN) & (y + dy != mirrored)
    crooked = ((flew | turns) & bent) | (flew & (vx != _UNKNOWN) & (dx != vx))
    clear = (y - limit >= TOP) & (y + limit <= floor)  # no wall was near: the step shows the speed
    new_vy = np.where((vy == _UNKNOWN) | bent, np.where(clear, dy, _UNKNOWN), np.where(bounced, -vy, vy))

    rested, due = (notes.seen.ball == _middle(notes.rules)).all(1), notes.rest > 0
    restless = np.where(still, ~(rested & due), rested & due & notes.sure)
    cases = [leaps, turns, flew, still]
    speed = [np.select(cases, each, _UNKNOWN) for each in ([point, turned, dx, vx], [_UNKNOWN, _UNKNOWN, new_vy, vy])]
    return Ball(
        broken=(~np.any(cases, 0), crooked, restless),
        point=point,
        speed=np.stack(speed, 1),
        rest=np.where(leaps, serve_wait, np.where(still, np.maximum(notes.rest - 1, 0), 0)),
    )


def _fair(notes: Notes, seen: Seen, point: Whole, followed: Flags) -> Flags:
    """Whether the scores are what the ball's way makes of those before, [N]; any one point where it was not seen."""
    before, points = notes.seen.score, notes.rules[:, 5:]
    fits = []
    for lost in (0, -1, 1):
        score = before + np.array([lost == 1, lost == -1])
        score = np.where((score >= points).any(1, keepdims=True), 0, score)
        fits.append((seen.score == score).all(1) & (~followed | (point == lost)))
    illegible = (before < 0).any(1) | (seen.score < 0).any(1)
    return illegible | np.any(fits, 0)


def _read(frames: NDArray[np.uint8], rules: Whole, expected: Whole) -> tuple[Seen, Flags]:
    """What frames [N, 32, 32, 1] show, 128 and brighter being lit, and whether all is dark around the scores, [N].

    ``expected`` [N, 2] are the paddles' top rows by their keys: they part a paddle from a ball in its column.
    """
    lit = frames[..., 0] >= 128
    shown = [digit(lit[:, DIGIT_Y : DIGIT_Y + 5, x : x + 3], DIGITS > 0) for x in DIGIT_X]
    score = np.stack(shown, 1)
    dark = lit[:, :TOP].sum((1, 2)) == _INK[score].sum(1)

    court, length, size = lit[:, TOP:], rules[:, :1], rules[:, 1]
    columns = court[:, :, PADDLE_X].swapaxes(1, 2)  # [N, 2, rows]
    top = columns.argmax(2) + TOP
    alone = (columns == _span(top, length, _ROWS)).all(2)
    hidden = court[:, :, PADDLE_X[0] + 1 : PADDLE_X[1]].sum((1, 2)) < size**2  # not all of the ball is between them
    there = (columns | ~_span(expected, length, _ROWS)).all(2) & (expected >= 0) & hidden[:, None]
    paddle = np.where(alone, top, np.where(there, expected, -1))

    rest = court.copy()
    rest[:, :, PADDLE_X] = (columns & ~_span(paddle, length, _ROWS) & (paddle >= 0)[..., None]).swapaxes(1, 2)
    y, x = rest.any(2).argmax(1) + TOP, rest.any(1).argmax(1)
    square = _span(y, size, _ROWS)[:, :, None] & _span(x, size, _COLUMNS)[:, None, :]
    whole = (rest == square).all((1, 2))
    return Seen(score, paddle, np.where(whole[:, None], np.stack([x, y], 1), -1)), dark


def _span(first: Whole, length: Whole, cells: Whole) -> Flags:
    """Which of ``cells`` lie in the ``length`` ones from ``first`` on, [..., cells]."""
    return (cells >= first[..., None]) & (cells < (first + length)[..., None])


def _middle(rules: Whole) -> Whole:
    """Left column and top row of a ball in the middle, [N, 2]."""
    size = rules[:, 1]
    return np.stack([(SIZE - size) // 2, TOP + (SIZE - TOP - size) // 2], 1)
