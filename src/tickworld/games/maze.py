"""Maze: a walk through a maze that is lit at first and then dark but for a lantern's light. 19x17, one player.

The whole maze shows for the first ``lit`` ticks; after that only the cells next to the walker, and the flag, which
always shows. Who knows what comes into the light must remember what was seen. The maze follows from the seed and does
not change; reaching the flag moves it to another room by a fixed jump.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import nearest
from tickworld.games.drawing import coloured
from tickworld.games.reading import lit_centre
from tickworld.seeds import uniform
from tickworld.simulator import Objects, Opening, Param, Spec, Status

COLUMNS, ROWS = 9, 8
"""Of rooms. They have no factor in common, so the flag's jumps lead to every room."""
WIDTH, HEIGHT = 2 * COLUMNS + 1, 2 * ROWS + 1
"""Of the frame: a cell for each room, wall and corner, one pixel each."""
PALETTE = ((14, 22, 38), (92, 84, 72), (150, 170, 205), (255, 247, 228), (226, 88, 74))
DARK, FLOOR, WALL, WALKER, FLAG = range(5)
"""Palette indices."""
LOOPS = 0.12
"""Chance of a wall being open that need not be, so that there is more than one way."""

SPEC = Spec(
    name="maze",
    height=HEIGHT,
    width=WIDTH,
    channels=3,
    players=("walker",),
    actions=("stay", "up", "down", "left", "right"),
    palette=PALETTE,
    params=(
        Param("lit", 16, 1, 32, doc="ticks that the whole maze shows"),
        Param("lantern", 1, 1, 4, doc="cells that the light reaches in each direction"),
        Param("room_x", 4, 0, COLUMNS - 1, drawn=True, doc="column of the walker's room at the start"),
        Param("room_y", 4, 0, ROWS - 1, drawn=True, doc="row of the walker's room at the start"),
        Param("flag_x", 7, 0, COLUMNS - 1, drawn=True, doc="column of the flag's room at the start"),
        Param("flag_y", 1, 0, ROWS - 1, drawn=True, doc="row of the flag's room at the start"),
    ),
)


class State(NamedTuple):
    """Cells are (x, y) of the frame."""

    walls: NDArray[np.bool_]  # [N, 17, 19] constant
    walker: NDArray[np.int32]  # [N, 2]
    flag: NDArray[np.int32]  # [N, 2]
    lit: NDArray[np.int32]  # [N] frames that still show all
    reached: NDArray[np.bool_]  # [N] the flag was reached in this tick
    lantern: NDArray[np.int32]  # [N] constant


class Maze:
    """The game as a Simulator. ``Maze(lantern=2)`` fixes a param."""

    walker, goal = "walker", "flag"
    events = ("stay", "step", "lights out", "flag")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """A maze by the seed, walker and flag where ``params`` [N, 6] say."""
        self.spec.check_params(params)
        whole = params.astype(np.int32)
        walker, flag = whole[:, 2:4], whole[:, 4:6]
        flag = np.where((walker == flag).all(1, keepdims=True), _jumped(flag), flag)
        reached = np.zeros(len(whole), bool)
        return State(_walls(seeds), 2 * walker + 1, 2 * flag + 1, whole[:, 0], reached, whole[:, 1])

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: a step, unless there is a wall."""
        action, game = actions[:, 0], np.arange(len(actions))
        across = (action == 4).astype(np.int32) - (action == 3)
        down = (action == 2).astype(np.int32) - (action == 1)
        ahead = state.walker + np.stack([across, down], 1).astype(np.int32)
        free = ~state.walls[game, ahead[:, 1], ahead[:, 0]]
        walker = np.where(free[:, None], ahead, state.walker)
        reached = (walker == state.flag).all(1)
        flag = np.where(reached[:, None], 2 * _jumped(state.flag // 2) + 1, state.flag)
        return State(state.walls, walker, flag, np.maximum(state.lit - 1, 0), reached, state.lantern)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 17, 19, 3]."""
        game = np.arange(len(state.lit))
        (x, y), reach = state.walker.T[..., None], state.lantern[:, None]
        near_x, near_y = np.abs(np.arange(WIDTH) - x) <= reach, np.abs(np.arange(HEIGHT) - y) <= reach
        seen = (near_y[:, :, None] & near_x[:, None, :]) | (state.lit > 0)[:, None, None]
        picture = np.where(seen, np.where(state.walls, WALL, FLOOR), DARK).astype(np.uint8)
        picture[game, state.flag[:, 1], state.flag[:, 0]] = FLAG
        picture[game, state.walker[:, 1], state.walker[:, 0]] = WALKER
        return coloured(picture, PALETTE)

    def status(self, state: State) -> Status:
        """1 for a flag; the simulation is never over."""
        return Status(state.reached.astype(np.float32)[:, None], np.zeros(len(state.lit), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Walker and flag by their colours."""
        picture = nearest(frames, PALETTE)
        return Objects(
            positions={
                "walker": lit_centre(picture == WALKER, 0, 0),
                "flag": lit_centre(picture == FLAG, 0, 0),
            },
            readings={},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]; a walker that stays
        and one that bumps into a wall look alike: both are "stay"."""
        moved = (before.walker != after.walker).any(1)
        dark = (before.lit == 1) & (after.lit == 0)
        return np.select([after.reached, dark, moved], [3, 2, 1], 0)


def _walls(seeds: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mazes [N, 17, 19]: every room is open to the one above or to the one on its left, as chance has it, which
    connects all of them without a loop; then some more walls are open."""
    room = np.arange(ROWS * COLUMNS)
    chance = np.stack([uniform(seeds, "maze", int(number)) for number in range(3 * room.size)], 1)
    above, up_too, left_too = chance.reshape(-1, 3, ROWS, COLUMNS).transpose(1, 0, 2, 3)
    row, column = np.arange(ROWS)[:, None], np.arange(COLUMNS)
    up = ((above < 0.5) | (column == 0) | (up_too < LOOPS)) & (row > 0)
    left = ((above >= 0.5) | (row == 0) | (left_too < LOOPS)) & (column > 0)
    walls = np.ones((len(seeds), HEIGHT, WIDTH), bool)
    walls[:, 1::2, 1::2] = False
    walls[:, 0:-1:2, 1::2] = ~up
    walls[:, 1::2, 0:-1:2] = ~left
    return walls


def _jumped(room: NDArray[np.int32]) -> NDArray[np.int32]:
    """The room where the flag appears next: columns go round in 9 jumps, rows in 8."""
    return np.stack([(room[:, 0] + 4) % COLUMNS, (room[:, 1] + 3) % ROWS], 1).astype(np.int32)
