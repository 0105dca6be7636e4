"""Pong on integers: 32x32, one colour on black, two players, every tick deterministic given params and actions.

Rows 0..6 show the score, rows 7..31 are the court. A paddle's hit zone sets the ball's vertical speed, the court's top
and bottom reflect it, a miss scores, and the ball is served again from the middle towards the loser after
``serve_wait`` ticks. The picture does not show that timer: a world of this game needs memory. The serve's vertical
speed follows from the score on show, so nothing is random. A match ends at ``points``; the next one starts at 0:0 and
play goes on, so the simulation is never over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games import pong_rules
from tickworld.games.pong_court import DIGIT_X, DIGIT_Y, DIGITS, LIT, PADDLE_X, SIZE, TOP
from tickworld.games.reading import digit, lit_centre
from tickworld.simulator import Notes, Objects, Opening, Param, Spec, Status

SPEC = Spec(
    name="pong",
    height=SIZE,
    width=SIZE,
    channels=1,
    players=("left", "right"),
    actions=("stay", "up", "down"),
    palette=((0,), (LIT,)),
    params=(
        Param("paddle_length", 5, 3, 9, doc="pixels"),
        Param("ball_size", 1, 1, 3, doc="side of the square ball, pixels"),
        Param("vy_limit", 2, 1, 2, doc="fastest vertical speed, pixels a tick"),
        Param("serve_wait", 8, 0, 15, doc="ticks the ball rests in the middle before a serve"),
        Param(
            "serve_rule", 0, 0, 1, kind="choice", doc="serve's vertical speed: 0 by the winner's digit, 1 by the sum"
        ),
        Param("points", 10, 1, 10, doc="a match ends when a player has this many"),
        Param("ball_x", 15, 3, 26, drawn=True, doc="left column of the ball at the start"),
        Param("ball_y", 19, TOP, SIZE - 3, drawn=True, doc="top row of the ball at the start"),
        Param("ball_left", 0, 0, 1, kind="choice", drawn=True, doc="1: the ball starts to the left"),
        Param("ball_vy", 1, -2, 2, drawn=True, doc="vertical speed at the start, cut to vy_limit"),
        Param("left_y", 17, TOP, SIZE - 3, drawn=True, doc="top row of the left paddle at the start"),
        Param("right_y", 17, TOP, SIZE - 3, drawn=True, doc="top row of the right paddle at the start"),
        Param("left_score", 0, 0, 9, drawn=True, doc="score at the start, cut to points - 1"),
        Param("right_score", 0, 0, 9, drawn=True, doc="score at the start, cut to points - 1"),
    ),
)


def _paddle_columns() -> NDArray[np.uint8]:
    """[10 lengths, 32 top rows, 32 pixels]: every column that a paddle can draw."""
    row = np.arange(SIZE)
    length, top = np.arange(10)[:, None, None], np.arange(SIZE)[None, :, None]
    return np.where((row >= top) & (row < top + length), LIT, 0).astype(np.uint8)


_COLUMNS = _paddle_columns()


class State(NamedTuple):
    """All arrays int32: [N], or [N, 2] with the left player first."""

    ball_x: NDArray[np.int32]  # left column of the ball
    ball_y: NDArray[np.int32]  # top row of the ball
    ball_vx: NDArray[np.int32]  # -1 or 1
    ball_vy: NDArray[np.int32]
    paddle_y: NDArray[np.int32]  # [N, 2] top rows
    score: NDArray[np.int32]  # [N, 2] digits on show
    wait: NDArray[np.int32]  # ticks until the ball has left the middle, that of the serve included; 0 in flight
    point: NDArray[np.int32]  # -1: the left player lost a point this tick, 1: the right one did, 0: nobody
    rules: NDArray[np.int32]  # [N, 6] paddle_length .. points, constant


class Pong:
    """The game as a Simulator. ``Pong(serve_wait=0)`` fixes a param, ``Pong(paddle_length=(3, 9))`` draws it anew
    for each episode."""

    ball = "ball"
    rules = pong_rules.RULES

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)
        self._vy_limit = self._most("vy_limit")
        hits = (f"hit {speed}" for speed in range(-self._vy_limit, self._vy_limit + 1))
        others = ("corner", "pass", "score", "match end", "serve", "wait")
        self.events = ("flight", "wall", *hits, *(others if self._most("serve_wait") else others[:-1]))

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """The start that ``params`` describe; positions are cut to fit the paddle's and the ball's size."""
        self.spec.check_params(params)
        whole = params.astype(np.int32)
        length, size, limit, _, _, points = (whole[:, column] for column in range(6))
        ball_x, ball_y, ball_left, ball_vy = (whole[:, column] for column in range(6, 10))
        zero = np.zeros(len(whole), np.int32)
        return State(
            ball_x=np.minimum(ball_x, SIZE - 3 - size),
            ball_y=np.minimum(ball_y, SIZE - size),
            ball_vx=1 - 2 * ball_left,
            ball_vy=np.clip(ball_vy, -limit, limit),
            paddle_y=np.minimum(whole[:, 10:12], SIZE - length[:, None]),
            score=np.minimum(whole[:, 12:14], points[:, None] - 1),
            wait=zero,
            point=zero,
            rules=whole[:, :6],
        )

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: paddles move, then the ball flies, bounces, is hit or missed."""
        length, size, limit, serve_wait, serve_rule, points = state.rules.T
        move = (actions == 2).astype(np.int32) - (actions == 1)
        paddle_y = np.minimum(np.maximum(state.paddle_y + move, TOP), (SIZE - length)[:, None])

        flying = state.wait <= 1
        vx, vy = state.ball_vx, state.ball_vy
        x, y = state.ball_x + vx * flying, state.ball_y + vy * flying
        floor = SIZE - size
        bounced = (y < TOP) | (y > floor)
        y = np.where(y < TOP, 2 * TOP - y, np.where(y > floor, 2 * floor - y, y))
        vy = np.where(bounced, -vy, vy)

        # The ball's column nearest to the paddle it flies to, and that paddle. Only one of the two can be reached.
        right = vx > 0
        facing = np.where(right, paddle_y[:, 1], paddle_y[:, 0])
        front = np.where(right, x + size - 1, x)
        reach = length + size - 1
        offset = 2 * (y - facing) + size - length + reach  # 0 .. 2 * reach while ball and paddle share a row
        hit = (front == np.where(right, PADDLE_X[1], PADDLE_X[0])) & (offset > 0) & (offset < 2 * reach) & flying
        x = np.where(hit, x - vx, x)
        zone = offset * (2 * limit + 1) // (2 * reach)
        vy = np.where(hit, zone - limit, vy)
        vx = np.where(hit, -vx, vx)

        point = np.where(front == SIZE - 1, 1, np.where(front == 0, -1, 0)).astype(np.int32)
        missed = point != 0
        wait = np.maximum(state.wait - 1, 0)
        score = state.score
        if missed.any():
            score = score + np.stack([point == 1, point == -1], 1)
            score = np.where((score >= points[:, None]).any(1, keepdims=True), 0, score)
            digit = np.where(serve_rule == 1, score.sum(1), np.where(point == 1, score[:, 0], score[:, 1]))
            x = np.where(missed, (SIZE - size) // 2, x)
            y = np.where(missed, TOP + (SIZE - TOP - size) // 2, y)
            vy = np.where(missed, digit % (2 * limit + 1) - limit, vy)
            vx = np.where(missed, point, vx)
            wait = np.where(missed, serve_wait + 1, wait)
        return State(x, y, vx, vy, paddle_y, score.astype(np.int32), wait, point, state.rules)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 1] of 0 and 255."""
        frames = self.render_without_ball(state)
        rows, flat = np.arange(len(frames)) * SIZE * SIZE, frames.reshape(-1)
        at = rows + state.ball_y * SIZE + state.ball_x
        size = state.rules[:, 1]
        for down in range(int(size.max(initial=0))):
            for along in range(int(size.max())):
                inside = (down < size) & (along < size)
                flat[at[inside] + down * SIZE + along] = LIT
        return frames

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """Paddles and score only: the floor of a world that lost the ball."""
        count = len(state.wait)
        frames = np.zeros((count, SIZE, SIZE, 1), np.uint8)
        for player in range(2):
            x, column = DIGIT_X[player], PADDLE_X[player]
            frames[:, DIGIT_Y : DIGIT_Y + 5, x : x + 3, 0] = DIGITS[state.score[:, player]]
            frames[:, :, column, 0] = _COLUMNS[state.rules[:, 0], state.paddle_y[:, player]]
        return frames

    def status(self, state: State) -> Status:
        """The scorer gets 1, the loser -1; the simulation is never over."""
        reward = np.stack([state.point, -state.point], 1).astype(np.float32)
        return Status(reward, np.zeros(len(state.point), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Ball and paddles by their lit pixels (128 and brighter), the score by the digit that fits exactly."""
        lit = frames[..., 0] >= 128
        court = lit[..., TOP:, :]
        positions, readings = {}, {}
        for name, column in zip(SPEC.players, PADDLE_X, strict=True):
            positions[name] = lit_centre(court[..., column : column + 1], column, TOP)
        positions["ball"] = lit_centre(court[..., PADDLE_X[0] + 1 : PADDLE_X[1]], PADDLE_X[0] + 1, TOP)
        for name, x in zip(SPEC.players, DIGIT_X, strict=True):
            shown = lit[..., DIGIT_Y : DIGIT_Y + 5, x : x + 3]
            readings[f"{name}_score"] = digit(shown, DIGITS > 0)
        return Objects(positions, readings)

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]. "hit -1" is a hit in
        the zone that sends the ball one row a tick up; "corner" is a ball that comes to a paddle, or passes beside it,
        along a wall; "pass" is one that has passed and scores in the next tick; "wait" is a ball that rests."""
        size = before.rules[:, 1]
        floor = SIZE - size
        y, right = before.ball_y + before.ball_vy, before.ball_vx > 0
        wall = (y < TOP) | (y > floor)
        along = wall | (after.ball_y == TOP) | (after.ball_y == floor)
        reached = np.where(right, before.ball_x + size == PADDLE_X[1], before.ball_x - 1 == PADDLE_X[0])
        hit, point = before.ball_vx != after.ball_vx, after.point != 0
        zone, corner = after.ball_vy + self._vy_limit + 2, 2 * self._vy_limit + 3
        cases = [
            (point & ~after.score.any(1), corner + 3),
            (point, corner + 2),
            (before.wait > 0, np.where(before.wait > 1, corner + 5, corner + 4)),
            (reached & along, corner),
            (reached, np.where(hit, zone, corner + 1)),
            (wall, 1),
        ]
        return np.select([when for when, _ in cases], [index for _, index in cases], 0)

    def referee(self, params: NDArray[np.floating], frames: NDArray[np.uint8]) -> Notes:
        """What the rules need to know before the first tick; see ``pong_rules``."""
        return pong_rules.referee(params, frames)

    def violations(
        self, notes: Notes, actions: NDArray[np.integer], frames: NDArray[np.uint8]
    ) -> tuple[NDArray[np.bool_], Notes]:
        """Which of ``rules`` the tick that led to ``frames`` broke, [N, rules]."""
        return pong_rules.violations(notes, actions, frames)

    def _most(self, name: str) -> int:
        """The greatest value that a param takes in this game."""
        param = self.spec.params[self.spec.index(name)]
        return int(param.high if param.drawn else param.default)
