"""Breakout on integers: 32x32, a wall of bricks above, a paddle below, every tick deterministic.

A brick that is hit is gone for good and turns the ball. The zone in which the paddle meets the ball sets the ball's
sideways speed; the sides and the top reflect it. A ball that is lost rests in the middle for ``serve_wait`` ticks,
which the picture does not count, and is served down towards the half where the paddle stands. When all bricks are gone,
the next touch of the paddle builds the wall again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import nearest
from tickworld.games.drawing import box, coloured
from tickworld.games.reading import lit_centre
from tickworld.seeds import uniform
from tickworld.simulator import Objects, Opening, Param, Spec, Status

SIZE = 32
"""Height and width of the frame, in pixels."""
WALL_Y, BRICK_H, BRICK_W, ROWS = 3, 2, 4, 5
"""The wall's first row, a brick's size in pixels, and the most rows of bricks."""
COLUMNS = SIZE // BRICK_W
PADDLE_Y = 30
SERVE_X, SERVE_Y = 15, 18
"""Where a ball is served."""
FASTEST = 2
"""Of the ball's sideways speed, in pixels a tick."""
PALETTE = ((14, 22, 38), (255, 247, 228), (226, 88, 74), (240, 171, 30), (86, 180, 233))
FIELD, LIT, FIRST_BRICK = 0, 1, 2
"""Palette indices; bricks have three colours, by their row."""

SPEC = Spec(
    name="breakout",
    height=SIZE,
    width=SIZE,
    channels=3,
    players=("paddle",),
    actions=("stay", "left", "right"),
    palette=PALETTE,
    params=(
        Param("rows", 3, 1, ROWS, doc="rows of bricks"),
        Param("paddle_length", 7, 4, 12, doc="pixels"),
        Param("serve_wait", 8, 0, 15, doc="ticks the ball rests before a serve"),
        Param("gone", 0, 0, 100, drawn=True, doc="about so many of a hundred bricks are gone at the start"),
        Param("ball_x", 15, 0, SIZE - 1, drawn=True, doc="column of the ball at the start"),
        Param("ball_vx", 1, -FASTEST, FASTEST, drawn=True, doc="sideways speed of the ball at the start"),
        Param("paddle_x", 12, 0, SIZE - 4, drawn=True, doc="left column of the paddle at the start"),
    ),
)


class State(NamedTuple):
    """All whole numbers int32 [N]."""

    ball_x: NDArray[np.int32]
    ball_y: NDArray[np.int32]
    ball_vx: NDArray[np.int32]
    ball_vy: NDArray[np.int32]  # -1: up, 1: down
    paddle_x: NDArray[np.int32]  # left column
    bricks: NDArray[np.bool_]  # [N, ROWS, COLUMNS] those that stand
    wait: NDArray[np.int32]  # ticks until the ball has left the middle; 0 in flight
    hit: NDArray[np.int32]  # bricks that were hit in this tick
    lost: NDArray[np.bool_]  # the ball was lost in this tick
    rows: NDArray[np.int32]  # constant
    paddle_length: NDArray[np.int32]  # constant
    serve_wait: NDArray[np.int32]  # constant


class Breakout:
    """The game as a Simulator. ``Breakout(rows=5)`` fixes a param, ``Breakout(rows=(1, 5))`` draws it anew for each
    episode."""

    ball = "ball"
    events = ("flight", "side", "brick", "last brick", "paddle", "wall anew", "lost", "wait", "serve")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """The start that ``params`` [N, 7] describe, the ball falling from where it is served; the seed says which
        bricks are gone."""
        self.spec.check_params(params)
        rows, length, serve_wait, gone, ball_x, ball_vx, paddle_x = params.astype(np.int32).T
        zero = np.zeros(len(params), np.int32)
        chance = np.stack([uniform(seeds, "breakout", brick) for brick in range(ROWS * COLUMNS)], 1)
        stand = chance.reshape(-1, ROWS, COLUMNS) >= gone[:, None, None] / 100
        return State(
            ball_x=ball_x,
            ball_y=zero + SERVE_Y,
            ball_vx=ball_vx,
            ball_vy=zero + 1,
            paddle_x=np.minimum(paddle_x, SIZE - length),
            bricks=stand & _wall(rows),
            wait=zero,
            hit=zero,
            lost=zero > 0,
            rows=rows,
            paddle_length=length,
            serve_wait=serve_wait,
        )

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: the paddle moves a column, then the ball flies, turns, or is lost."""
        move = (actions[:, 0] == 2).astype(np.int32) - (actions[:, 0] == 1)
        length = state.paddle_length
        paddle_x = np.clip(state.paddle_x + move, 0, SIZE - length)

        flying = state.wait <= 1
        vx, vy = state.ball_vx, state.ball_vy
        x, y = state.ball_x + vx * flying, state.ball_y + vy * flying
        aside = (x < 0) | (x >= SIZE)
        x = np.where(x < 0, -x, np.where(x >= SIZE, 2 * (SIZE - 1) - x, x))
        vx = np.where(aside, -vx, vx)
        over = y < 0
        y, vy = np.where(over, 1, y), np.where(over, 1, vy)

        game, row, column = np.arange(len(x)), (y - WALL_Y) // BRICK_H, x // BRICK_W
        inside = (row >= 0) & (row < ROWS)
        row = np.clip(row, 0, ROWS - 1)
        hit = inside & state.bricks[game, row, column] & flying
        offset = x - paddle_x
        met = (y == PADDLE_Y) & (offset >= 0) & (offset < length) & flying
        anew = met & ~state.bricks.any((1, 2))
        bricks = state.bricks | anew[:, None, None] & _wall(state.rows)
        bricks[game[hit], row[hit], column[hit]] = False
        # A ball that turns stays where it was for a tick: so it never stands in a brick or in the paddle.
        stays = hit | met
        x, y = np.where(stays, state.ball_x, x), np.where(stays, state.ball_y, y)
        vy = np.where(hit, -vy, np.where(met, -1, vy))
        zone = (2 * FASTEST + 1) * offset // length - FASTEST
        vx = np.where(met, zone, np.where(hit, state.ball_vx, vx))

        lost = y >= SIZE
        served = np.where(2 * paddle_x + length < SIZE, -1, 1)
        x, y = np.where(lost, SERVE_X, x), np.where(lost, SERVE_Y, y)
        vx, vy = np.where(lost, served, vx), np.where(lost, 1, vy)
        wait = np.where(lost, state.serve_wait + 1, np.maximum(state.wait - 1, 0))
        x, y, vx, vy, paddle_x, wait, hit = (each.astype(np.int32) for each in (x, y, vx, vy, paddle_x, wait, hit))
        constant = (state.rows, length, state.serve_wait)
        return State(x, y, vx, vy, paddle_x, bricks, wait, hit, lost, *constant)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 3]."""
        picture = self._bare(state)
        picture[np.arange(len(picture)), state.ball_y, state.ball_x] = LIT
        return coloured(picture, PALETTE)

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """Bricks and paddle only: the floor of a world that lost the ball."""
        return coloured(self._bare(state), PALETTE)

    def _bare(self, state: State) -> NDArray[np.uint8]:
        picture = np.zeros((len(state.wait), SIZE, SIZE), np.uint8)
        colour = (FIRST_BRICK + np.arange(ROWS) % 3)[:, None]
        bricks = np.where(state.bricks, colour, FIELD).astype(np.uint8)
        picture[:, WALL_Y : WALL_Y + BRICK_H * ROWS] = bricks.repeat(BRICK_H, 1).repeat(BRICK_W, 2)
        picture[box(state.paddle_x, np.full_like(state.paddle_x, PADDLE_Y), (state.paddle_length, 1), (SIZE, SIZE))] = (
            LIT
        )
        return picture

    def status(self, state: State) -> Status:
        """1 for a brick, -1 for a ball that is lost; the simulation is never over."""
        reward = (state.hit - state.lost.astype(np.int32)).astype(np.float32)
        return Status(reward[:, None], np.zeros(len(reward), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Ball and paddle by their colour, above the paddle's row and in it; the bricks by their pixels: -1 when one is
        not whole."""
        picture = nearest(frames, PALETTE)
        lit = picture == LIT
        wall = picture[..., WALL_Y : WALL_Y + BRICK_H * ROWS, :] >= FIRST_BRICK
        bricks = wall.reshape(*wall.shape[:-2], ROWS, BRICK_H, COLUMNS, BRICK_W)
        pixels = bricks.sum((-3, -1))
        whole = ((pixels == 0) | (pixels == BRICK_H * BRICK_W)).all((-2, -1))
        return Objects(
            positions={
                "paddle": lit_centre(lit[..., PADDLE_Y : PADDLE_Y + 1, :], 0, PADDLE_Y),
                "ball": lit_centre(lit[..., :PADDLE_Y, :], 0, 0),
            },
            readings={"bricks": np.where(whole, (pixels > 0).sum((-2, -1)), -1)},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]. "wait" is a ball that
        rests, "serve" one that leaves the middle, "wall anew" a touch of the paddle that builds the wall again."""
        hit = after.hit > 0
        met = (before.ball_vy > 0) & (after.ball_vy < 0) & ~hit
        built = after.bricks.sum((1, 2)) > before.bricks.sum((1, 2))
        cases = [
            (after.lost, 6),
            (before.wait > 1, 7),
            (before.wait == 1, 8),
            (hit, np.where(after.bricks.any((1, 2)), 2, 3)),
            (built, 5),
            (met, 4),
            ((before.ball_vx != after.ball_vx) | (before.ball_vy != after.ball_vy), 1),
        ]
        return np.select([when for when, _ in cases], [index for _, index in cases], 0)


def _wall(rows: NDArray[np.integer]) -> NDArray[np.bool_]:
    """A whole wall of so many rows, [N, ROWS, 1]."""
    return (np.arange(ROWS) < rows[:, None])[..., None]
