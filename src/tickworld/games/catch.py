"""Catch: fruit falls, a bowl at the bottom is moved under it. 32x32, one player, every tick deterministic.

The fruit falls ``speed`` rows a tick and drifts sideways with the ``wind``, which the sides of the frame turn back.
When it reaches the bowl's row it is caught or lost, and the next fruit starts at the top, eleven columns to the right
of where the last one ended, as if the sides were joined. Lamps at the top count the catches in a row, up to eight; a
fruit that is lost puts them out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import nearest
from tickworld.games.drawing import box, coloured
from tickworld.games.reading import lit_centre
from tickworld.simulator import Objects, Opening, Param, Spec, Status

SIZE = 32
"""Height and width of the frame, in pixels."""
TOP, BOWL_Y = 3, 29
"""The fruit's first row, and the bowl's upper one."""
FRUIT = 2
"""Side of the fruit, in pixels."""
JUMP = 11
"""Columns to the next fruit; of 31 places it comes to all."""
LAMPS, LAMP_X, LAMP_Y, LAMP_STEP = 8, 4, 1, 3
"""How many lamps, where the first is, and columns from one to the next."""
PALETTE = ((14, 22, 38), (240, 196, 83), (226, 88, 74), (120, 200, 140))
FIELD, BOWL, RIPE, LAMP = range(4)
"""Palette indices."""

SPEC = Spec(
    name="catch",
    height=SIZE,
    width=SIZE,
    channels=3,
    players=("bowl",),
    actions=("stay", "left", "right"),
    palette=PALETTE,
    params=(
        Param("bowl_width", 6, 4, 10, doc="pixels"),
        Param("speed", 1, 1, 2, doc="rows that the fruit falls a tick"),
        Param("wind", 0, -1, 1, drawn=True, doc="columns that the fruit drifts a tick at the start"),
        Param("fruit_x", 14, 0, SIZE - FRUIT, drawn=True, doc="left column of the first fruit"),
        Param("bowl_x", 13, 0, SIZE - 4, drawn=True, doc="left column of the bowl at the start"),
    ),
)


class State(NamedTuple):
    """All arrays int32 [N]."""

    fruit_x: NDArray[np.int32]  # left column
    fruit_y: NDArray[np.int32]  # top row
    wind: NDArray[np.int32]  # columns a tick
    bowl_x: NDArray[np.int32]  # left column
    streak: NDArray[np.int32]  # lamps that are lit
    caught: NDArray[np.int32]  # 1: a fruit was caught in this tick, -1: one was lost, 0: neither
    bowl_width: NDArray[np.int32]  # constant
    speed: NDArray[np.int32]  # constant


class Catch:
    """The game as a Simulator. ``Catch(speed=2)`` fixes a param, ``Catch(bowl_width=(4, 10))`` draws it anew for each
    episode."""

    ball = "fruit"
    events = ("fall", "side", "caught", "lost")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """The start that ``params`` [N, 5] describe; the bowl is moved into the frame."""
        self.spec.check_params(params)
        width, speed, wind, fruit_x, bowl_x = params.astype(np.int32).T
        zero = np.zeros(len(params), np.int32)
        return State(fruit_x, zero + TOP, wind, np.minimum(bowl_x, SIZE - width), zero, zero, width, speed)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: the bowl moves a column, then the fruit falls."""
        move = (actions[:, 0] == 2).astype(np.int32) - (actions[:, 0] == 1)
        bowl_x = np.clip(state.bowl_x + move, 0, SIZE - state.bowl_width)
        x, y = state.fruit_x + state.wind, state.fruit_y + state.speed
        turned = (x < 0) | (x > SIZE - FRUIT)
        x, wind = np.where(turned, state.fruit_x, x), np.where(turned, -state.wind, state.wind)

        landed = y + FRUIT > BOWL_Y
        held = (x + FRUIT > bowl_x) & (x < bowl_x + state.bowl_width)
        caught = np.where(landed, np.where(held, 1, -1), 0)
        streak = np.where(caught < 0, 0, np.minimum(state.streak + (caught > 0), LAMPS))
        x = np.where(landed, (x + JUMP) % (SIZE - FRUIT + 1), x)
        y = np.where(landed, TOP, y)
        x, y, wind, bowl_x, streak, caught = (each.astype(np.int32) for each in (x, y, wind, bowl_x, streak, caught))
        return State(x, y, wind, bowl_x, streak, caught, state.bowl_width, state.speed)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 3]."""
        picture = self._bare(state)
        picture[box(state.fruit_x, state.fruit_y, (FRUIT, FRUIT), (SIZE, SIZE))] = RIPE
        return coloured(picture, PALETTE)

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """Bowl and lamps only: the floor of a world that lost the fruit."""
        return coloured(self._bare(state), PALETTE)

    def _bare(self, state: State) -> NDArray[np.uint8]:
        picture = np.zeros((len(state.streak), SIZE, SIZE), np.uint8)
        picture[box(state.bowl_x, np.full_like(state.bowl_x, BOWL_Y), (state.bowl_width, 2), (SIZE, SIZE))] = BOWL
        lamp = np.arange(LAMPS)
        rows, lit = np.nonzero(lamp < state.streak[:, None])
        picture[rows, LAMP_Y, LAMP_X + LAMP_STEP * lit] = LAMP
        return picture

    def status(self, state: State) -> Status:
        """1 for a fruit that is caught, -1 for one that is lost; the simulation is never over."""
        return Status(state.caught.astype(np.float32)[:, None], np.zeros(len(state.caught), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Bowl and fruit by their colours; the streak by its lamps, which are lit from the left."""
        picture = nearest(frames, PALETTE)
        lamps = picture[..., LAMP_Y, LAMP_X : LAMP_X + LAMP_STEP * LAMPS : LAMP_STEP] == LAMP
        streak = lamps.sum(-1)
        orderly = (lamps == (np.arange(LAMPS) < streak[..., None])).all(-1)
        return Objects(
            positions={
                "bowl": lit_centre(picture == BOWL, 0, 0),
                "fruit": lit_centre(picture == RIPE, 0, 0),
            },
            readings={"streak": np.where(orderly, streak, -1)},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]."""
        cases = [after.caught > 0, after.caught < 0, before.wind != after.wind]
        return np.select(cases, [2, 3, 1], 0)
