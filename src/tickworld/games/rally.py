"""Rally: a family of ball games, 32x32 in three colours on dark, two players, every tick deterministic.

The params that are no start span a space of games: how large, how fast and of which colours ball and paddles are, how
steeply a hit sends the ball, whether it falls, whether top and bottom reflect it or lead into each other, and whether
there is a second paddle, a wall or bricks before a wall on the right. So one network can learn them all.

Ball and bricks are only ever between the columns of the paddles, and never on each other. The ball moves by fractions
of a pixel, 1/256, and is shown where it is nearest to. A paddle that is met sets its place to the pixel that is shown
and its vertical speed by one of five zones: so what no frame shows follows from those seen since the last hit. A ball
that would stand on bricks takes them away, stays where it was for the tick and turns back. A ball that comes to where
a paddle is not serves the next one from the middle, towards the loser, after ``serve_wait`` ticks that the picture does
not count; bricks that are all gone then are there again. Nobody counts the points, and the simulation is never over.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games import rally_court
from tickworld.games.drawing import coloured
from tickworld.games.families import Family
from tickworld.games.rally_court import (
    BRICK_H,
    BRICK_W,
    BRICK_X,
    BRIGHT,
    COLUMNS,
    PADDLE_X,
    PALETTE,
    ROWS,
    SIZE,
    SPANS,
    touched,
)
from tickworld.simulator import Objects, Opening, Param, Spec, Status

UNIT = 256
"""Places and speeds are in such parts of a pixel."""
STEP = UNIT // 8
"""The unit of the params ``speed`` and ``steepness``."""
ZONE = 2
"""A paddle's zones are -2 .. 2, from top to bottom."""
FASTEST = 5 * UNIT // 2
"""Of the vertical speed."""

SPEC = Spec(
    name="rally",
    height=SIZE,
    width=SIZE,
    channels=3,
    players=("left", "right"),
    actions=("stay", "up", "down"),
    palette=PALETTE,
    params=(
        Param("paddle_length", 5, 2, 9, doc="pixels"),
        Param("ball_size", 2, 1, 8, doc="side of the square ball, pixels"),
        Param("speed", 10, 8, 22, doc="horizontal speed, in 1/8 pixel a tick"),
        Param("steepness", 4, 1, 8, doc="vertical speed for each zone off a paddle's middle, in 1/8 pixel a tick"),
        Param("gravity", 0, 0, 7, doc="added to the vertical speed each tick, in 1/256 pixel a tick"),
        Param("serve_wait", 8, 0, 14, doc="ticks the ball rests in the middle before a serve"),
        Param("colours", 1, 0, 7, kind="choice", doc="of the ball, colours // 3, and the paddles, colours % 3"),
        Param("walls", 1, 0, 1, kind="choice", doc="1: top and bottom reflect; 0: they lead into each other"),
        Param("paddles", 2, 1, 2, doc="1: a wall stands in place of the right one"),
        Param("bricks", 0, 0, 1, kind="choice", doc="1: a wall stands in place of the right paddle, bricks before it"),
        Param("ball_x", 15, 3, 26, drawn=True, doc="left column of the ball at the start"),
        Param("ball_y", 15, 0, SIZE - 1, drawn=True, doc="top row of the ball at the start"),
        Param("ball_left", 0, 0, 1, kind="choice", drawn=True, doc="1: the ball starts to the left"),
        Param("ball_zone", 1, -ZONE, ZONE, drawn=True, doc="zone whose vertical speed the ball starts with"),
        Param("left_y", 13, 0, SIZE - 2, drawn=True, doc="top row of the left paddle at the start"),
        Param("right_y", 13, 0, SIZE - 2, drawn=True, doc="top row of the right paddle at the start"),
    ),
)
FAMILY = Family(
    axes={
        "paddle_length": tuple(range(2, 10)),
        "ball_size": tuple(range(1, 9)),
        "speed": tuple(range(8, 23)),
        "steepness": tuple(range(1, 9)),
        "gravity": tuple(range(8)),
        "serve_wait": tuple(range(0, 16, 2)),
    },
    kinds=tuple(
        {"walls": walls, "paddles": paddles, "colours": colours}
        for walls, paddles, colours in product((0, 1), (1, 2), range(8))
    ),
    strange=tuple({"walls": walls, "bricks": 1, "colours": colours} for walls, colours in product((0, 1), range(8))),
)
"""Bricks are never seen. Colours are kinds and not an axis: there is nothing between two of them. Every whole speed is
a value: what a ball of 12/8 pixels a tick does next cannot be learned from balls of 10/8 and 14/8 alone."""
RULES = 10
"""So many params come first that describe the game; the others describe its start."""
_HITS = tuple(f"hit {zone}" for zone in range(-ZONE, ZONE + 1))
_EVENTS = ("flight", "edge", "miss", "serve", "wait", "brick", "rebound", *_HITS)


class State(NamedTuple):
    """All numbers int32, [N] or [N, 2] with the left player first."""

    ball_x: NDArray[np.int32]  # left edge of the ball, in 1/256 pixel
    ball_y: NDArray[np.int32]  # its upper edge, in 1/256 pixel
    ball_vx: NDArray[np.int32]  # 1/256 pixel a tick
    ball_vy: NDArray[np.int32]  # 1/256 pixel a tick
    paddle_y: NDArray[np.int32]  # [N, 2] top rows; 0 for a right one that is not there
    bricks: NDArray[np.bool_]  # [N, 8, 2] those that stand
    wait: NDArray[np.int32]  # ticks until the ball has left the middle, that of the serve included; 0 in flight
    point: NDArray[np.int32]  # -1: the left player lost a point this tick, 1: the right one did, 0: nobody
    rules: NDArray[np.int32]  # [N, 10] paddle_length .. bricks, constant


class Rally:
    """The games as a Simulator. ``Rally(gravity=3)`` fixes a param, ``Rally(speed=(8, 22))`` draws it anew for each
    episode."""

    ball = "ball"
    family = FAMILY

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)
        bricks = self._range("bricks")[1] == 1
        rebound = bricks or self._range("paddles")[0] == 1
        possible = {"wait": self._range("serve_wait")[1] > 0, "brick": bricks, "rebound": rebound}
        self.events = tuple(name for name in _EVENTS if possible.get(name, True))
        self._index = np.array([self.events.index(name) if name in self.events else 0 for name in _EVENTS])

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """The start that ``params`` [N, 16] describe; ball and paddles are moved to where there is room for them."""
        self.spec.check_params(params)
        whole = params.astype(np.int32)
        rules, (x, y, left, zone) = whole[:, :RULES], whole[:, RULES : RULES + 4].T
        length, size, speed, steepness, _, _, _, walls, _, bricks = rules.T
        paddle_y = np.minimum(whole[:, RULES + 4 :], SIZE - length[:, None])
        paddle_y[_walled(rules), 1] = 0
        ahead = np.where(bricks == 1, BRICK_X, PADDLE_X[1]).astype(np.int32)
        zero = np.zeros(len(whole), np.int32)
        return State(
            ball_x=np.minimum(x, ahead - 1 - size) * UNIT,  # a column is left before what is ahead
            ball_y=np.where(walls == 1, np.minimum(y, SIZE - size), y) * UNIT,
            ball_vx=(1 - 2 * left) * speed * STEP,
            ball_vy=zone * steepness * STEP,
            paddle_y=paddle_y,
            bricks=np.tile((bricks == 1)[:, None, None], (1, ROWS, COLUMNS)),
            wait=zero,
            point=zero,
            rules=rules,
        )

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: paddles move, then the ball flies, turns or is missed."""
        length, size, _, steepness, _, serve_wait, _, _, _, has_bricks = state.rules.T
        walled = _walled(state.rules)
        move = (actions == 2).astype(np.int32) - (actions == 1)
        paddle_y = np.minimum(np.maximum(state.paddle_y + move, 0), (SIZE - length)[:, None])
        paddle_y[walled, 1] = 0

        vx, right = state.ball_vx, state.ball_vx > 0
        x = state.ball_x + np.where(state.wait > 1, 0, vx)
        y, vy = _fallen(state)
        end = np.where(right, PADDLE_X[1] - size, PADDLE_X[0] + 1) * UNIT  # where the ball meets what it flies to
        reached = np.where(right, x >= end, x <= end)
        x = np.where(reached, end, x)

        broken = state.bricks & touched(size, _shown(x), _shown(y) % SIZE)
        stays = broken.any((1, 2))
        x, y = np.where(stays, _shown(state.ball_x) * UNIT, x), np.where(stays, state.ball_y, y)
        vy = np.where(stays, state.ball_vy, vy)

        row, wall = _shown(y) % SIZE, right & walled
        there, zone = _zone(state.rules, row, np.where(right, paddle_y[:, 1], paddle_y[:, 0]))
        hit, missed = reached & ~wall & there, reached & ~wall & ~there
        y, vy = np.where(hit, row * UNIT, y), np.where(hit, zone * steepness * STEP, vy)
        vx = np.where(stays | (reached & ~missed), -vx, vx)

        point = np.where(missed, np.where(right, 1, -1), 0)
        middle = (SIZE - size) // 2 * UNIT
        x, y = np.where(missed, middle, x), np.where(missed, middle, y)
        vy = np.where(missed, point * steepness * STEP, vy)
        wait = np.where(missed, serve_wait + 1, np.maximum(state.wait - 1, 0))
        anew = missed & (has_bricks == 1) & ~state.bricks.any((1, 2))
        bricks = state.bricks & ~broken | anew[:, None, None]
        x, y, vx, vy, wait, point = (each.astype(np.int32) for each in (x, y, vx, vy, wait, point))
        return State(x, y, vx, vy, paddle_y, bricks, wait, point, state.rules)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 3]."""
        size, ball = state.rules[:, 1], 1 + state.rules[:, 6] // BRIGHT
        rows, columns = SPANS[size, _shown(state.ball_y) % SIZE], SPANS[size, _shown(state.ball_x)]
        square = rows[:, :, None] * (columns * ball.astype(np.uint8)[:, None])[:, None]
        return coloured(self._bare(state) + square, PALETTE)  # it covers nothing

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """Paddles, wall and bricks only: the floor of a world that lost the ball."""
        return coloured(self._bare(state), PALETTE)

    def _bare(self, state: State) -> NDArray[np.uint8]:
        """Palette indices [N, 32, 32] of all but the ball."""
        ball, paddles = np.divmod(state.rules[:, 6].astype(np.uint8), BRIGHT)
        left, right = np.moveaxis(SPANS[state.rules[:, :1], state.paddle_y], 1, 0)
        right = np.where(_walled(state.rules)[:, None], 1, right).astype(np.uint8)
        bricks = state.bricks * ((ball + 1) % BRIGHT + 1)[:, None, None]
        picture = np.zeros((len(ball), SIZE, SIZE), np.uint8)
        picture[:, :, PADDLE_X[0]] = left * (paddles + 1)[:, None]
        picture[:, :, PADDLE_X[1]] = right * (paddles + 1)[:, None]
        picture[:, :, BRICK_X : PADDLE_X[1]] = bricks.repeat(BRICK_H, 1).repeat(BRICK_W, 2)
        return picture

    def status(self, state: State) -> Status:
        """Whoever misses gets -1, the other 1; the simulation is never over."""
        reward = np.stack([state.point, -state.point], 1).astype(np.float32)
        return Status(reward, np.zeros(len(state.point), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Ball and paddles, the right one NaN where there is a wall, and the number of bricks; see ``rally_court``."""
        return rally_court.objects(frames)

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]. "edge" is a ball that
        top or bottom reflect or lead on, "rebound" one that meets the wall on the right, "hit -1" a hit in the zone
        that sends the ball up, "wait" a ball that rests, "serve" one that leaves the middle."""
        turned = before.ball_vx != after.ball_vx
        rebound = turned & (before.ball_vx > 0) & _walled(before.rules)
        zone = after.ball_vy // (before.rules[:, 3] * STEP)
        y = before.ball_y + _falling(before)
        end = np.where(before.rules[:, 7] == 1, (SIZE - before.rules[:, 1]) * UNIT, SIZE * UNIT - 1)
        cases = [
            (after.point != 0, 2),
            (before.wait > 1, 4),
            (before.wait == 1, 3),
            ((before.bricks & ~after.bricks).any((1, 2)), 5),
            (rebound, 6),
            (turned, 7 + ZONE + zone),
            ((y < 0) | (y > end), 1),
        ]
        return self._index[np.select([when for when, _ in cases], [index for _, index in cases], 0)]

    def _range(self, name: str) -> tuple[float, float]:
        """The least and the greatest value of a param in this game."""
        param = self.spec.params[self.spec.index(name)]
        return (param.low, param.high) if param.drawn else (param.default, param.default)


def _walled(rules: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Where a wall stands in place of the right paddle, [N]."""
    return (rules[:, 8] == 1) | (rules[:, 9] == 1)


def _shown(place: NDArray[np.int32]) -> NDArray[np.int32]:
    """The whole pixel that is nearest to a place."""
    return (place + UNIT // 2) // UNIT


def _falling(state: State) -> NDArray[np.int32]:
    """The vertical speed after this tick's gravity."""
    return np.minimum(np.maximum(state.ball_vy + state.rules[:, 4], -FASTEST), FASTEST)


def _fallen(state: State) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The ball's vertical place and speed after a tick of flight, turned or led on at top and bottom."""
    size, walls, rests = state.rules[:, 1], state.rules[:, 7] == 1, state.wait > 1
    vy = _falling(state)
    y, end = state.ball_y + vy, (SIZE - size) * UNIT
    turned = walls & ((y < 0) | (y > end))
    y = np.where(walls, np.where(y < 0, -y, np.where(y > end, 2 * end - y, y)), y % (SIZE * UNIT))
    return np.where(rests, state.ball_y, y), np.where(rests, state.ball_vy, np.where(turned, -vy, vy))


def _zone(
    rules: NDArray[np.int32], row: NDArray[np.int32], paddle_y: NDArray[np.int32]
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Whether a ball whose top is in ``row`` shares a row with a paddle, and in which of its zones it meets it."""
    length, size = rules[:, 0], rules[:, 1]
    reach = length + size - 1
    offset = (row - paddle_y + size - 1) % SIZE  # 0 .. reach - 1 while they share a row
    return offset < reach, (2 * offset + 1) * (2 * ZONE + 1) // (2 * reach) - ZONE
