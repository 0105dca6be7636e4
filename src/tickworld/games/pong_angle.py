"""The seed's own Pong: 40x40, a ball of 5x5 pixels that flies at any angle, planks that reflect it, no score.

The ball moves 1 pixel a tick from the middle, or as many as the param ``speed`` says; its position is real-valued and
drawn truncated to whole pixels. The court's top and bottom flip the sign of its vertical speed, the planks that of its
horizontal speed, whatever point they are hit at. On a miss the picture freezes for ever: the simulation is over. The
angle is a param; one frame does not show it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games.reading import lit_centre
from tickworld.simulator import Objects, Opening, Param, Spec, Status

SIZE = 40
"""Height and width of the frame, in pixels."""
BALL = 5
"""Side of the ball, in pixels."""
PLANK_WIDTH, PLANK_LENGTH = 5, 15
LIT = 255

SPEC = Spec(
    name="pong_angle",
    height=SIZE,
    width=SIZE,
    channels=1,
    players=("left", "right"),
    actions=("stay", "up", "down"),
    palette=((0,), (LIT,)),
    params=(
        Param("angle", 0.3, 0.0, 2 * np.pi, kind="angle", drawn=True, doc="direction of the ball, radians"),
        Param("speed", 1.0, 0.5, 1.5, kind="real", doc="of the ball, pixels a tick"),
    ),
)


class State(NamedTuple):
    """Positions are float64 pixels of the top-left corner."""

    ball: NDArray[np.float64]  # [N, 2] x, y
    speed: NDArray[np.float64]  # [N, 2] pixels a tick
    plank_y: NDArray[np.float64]  # [N, 2] left, right
    lost: NDArray[np.int32]  # -1: the left player missed, 1: the right one did, 0: the ball is in play
    fresh: NDArray[np.bool_]  # the miss happened on this very tick


class PongAngle:
    """The game as a Simulator. ``PongAngle(angle=0.3)`` fixes the angle, ``PongAngle(speed=(0.5, 1.5))`` draws the
    speed anew for each episode."""

    ball = "ball"
    events = ("flight", "wall", "hit", "miss")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """Ball and planks in the middle; ``params`` [N, 2] are the angle in radians, 0 to the right, growing
        downwards, and the speed in pixels a tick."""
        self.spec.check_params(params)
        angle, speed = params.T
        count = len(params)
        return State(
            ball=np.full((count, 2), (SIZE - BALL) / 2),
            speed=np.stack([np.cos(angle), np.sin(angle)], 1) * speed[:, None],
            plank_y=np.full((count, 2), (SIZE - PLANK_LENGTH) / 2),
            lost=np.zeros(count, np.int32),
            fresh=np.zeros(count, bool),
        )

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick; a row that is over stays as it is."""
        playing = (state.lost == 0)[:, None]
        move = (actions == 2).astype(float) - (actions == 1)
        plank_y = np.where(playing, np.clip(state.plank_y + move, 0, SIZE - PLANK_LENGTH), state.plank_y)
        x, y = (state.ball + state.speed * playing).T
        vx, vy = state.speed.T
        vy = np.where(y <= 0, np.abs(vy), np.where(y >= SIZE - BALL, -np.abs(vy), vy))

        at_left, at_right = x <= PLANK_WIDTH, x >= SIZE - PLANK_WIDTH - BALL
        meets = (y[:, None] + BALL > plank_y) & (y[:, None] < plank_y + PLANK_LENGTH)
        vx = np.where(at_left & meets[:, 0], np.abs(vx), np.where(at_right & meets[:, 1], -np.abs(vx), vx))
        lost = np.where(at_left & ~meets[:, 0], -1, np.where(at_right & ~meets[:, 1], 1, 0)).astype(np.int32)
        fresh = playing[:, 0] & (lost != 0)
        return State(np.stack([x, y], 1), np.stack([vx, vy], 1), plank_y, np.where(fresh, lost, state.lost), fresh)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 40, 40, 1] of 0 and 255."""
        frames = self.render_without_ball(state)
        x, y = np.clip(state.ball.astype(np.int64), 0, SIZE - BALL).T
        side = np.arange(BALL)
        frames[np.arange(len(x))[:, None, None], (y[:, None] + side)[:, :, None], (x[:, None] + side)[:, None, :]] = LIT
        return frames

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """The planks only: the floor of a world that lost the ball."""
        row = np.arange(SIZE)
        top = state.plank_y.astype(np.int64)[:, :, None]
        planks = np.where((row >= top) & (row < top + PLANK_LENGTH), LIT, 0).astype(np.uint8)  # [N, 2, 40]
        frames = np.zeros((len(top), SIZE, SIZE, 1), np.uint8)
        frames[:, :, :PLANK_WIDTH, 0] = planks[:, 0, :, None]
        frames[:, :, -PLANK_WIDTH:, 0] = planks[:, 1, :, None]
        return frames

    def status(self, state: State) -> Status:
        """On the tick of a miss the loser gets -1 and the other player 1; the simulation is over from then on."""
        point = state.lost * state.fresh
        reward = np.stack([point, -point], 1).astype(np.float32)
        return Status(reward, state.lost != 0)

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Planks by the lit pixels of their columns, the ball by those between; 128 and brighter is lit."""
        lit = frames[..., 0] >= 128
        inner = slice(PLANK_WIDTH, SIZE - PLANK_WIDTH)
        return Objects(
            positions={
                "left": lit_centre(lit[..., :PLANK_WIDTH], 0, 0),
                "right": lit_centre(lit[..., -PLANK_WIDTH:], SIZE - PLANK_WIDTH, 0),
                "ball": lit_centre(lit[..., inner], PLANK_WIDTH, 0),
            },
            readings={},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]; a wall touched while
        a plank hits or misses counts as the hit or the miss."""
        (hit, wall) = (np.signbit(before.speed) != np.signbit(after.speed)).T
        return np.select([after.fresh, hit, wall], [3, 2, 1], 0)
