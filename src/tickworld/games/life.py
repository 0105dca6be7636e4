"""Conway's Life on a torus of 32x32 cells, edited while it lives: one player moves a cursor and turns cells over.

Every tick the board takes a step of Life (a living cell with two or three living neighbours stays alive, a dead one
with three comes alive), then the cursor moves or turns over the cell where it stands. Nothing is hidden, nothing is
random but the first board.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import nearest
from tickworld.games.drawing import coloured
from tickworld.games.reading import lit_centre
from tickworld.seeds import mix
from tickworld.simulator import Objects, Opening, Param, Spec, Status

SIZE = 32
"""Height and width of the board and of the frame, in cells, one pixel each."""
PALETTE = ((14, 22, 38), (255, 247, 228), (150, 60, 60), (240, 171, 30))
DEAD, ALIVE, CURSOR = 0, 1, 2
"""Palette indices; the cursor adds to that of its cell."""
FLIP = 5
"""The action that turns a cell over."""

SPEC = Spec(
    name="life",
    height=SIZE,
    width=SIZE,
    channels=3,
    players=("cursor",),
    actions=("stay", "up", "down", "left", "right", "flip"),
    palette=PALETTE,
    params=(
        Param("density", 30, 0, 100, drawn=True, doc="about so many of a hundred cells live at the start"),
        Param("cursor_x", 15, 0, SIZE - 1, drawn=True, doc="column of the cursor at the start"),
        Param("cursor_y", 15, 0, SIZE - 1, drawn=True, doc="row of the cursor at the start"),
    ),
)


class State(NamedTuple):
    """A board and where the cursor stands."""

    cells: NDArray[np.bool_]  # [N, 32, 32] those that live
    cursor: NDArray[np.int32]  # [N, 2] x, y


class Life:
    """The game as a Simulator. ``Life(density=30)`` fixes a param."""

    events = ("stay", "move", "birth", "death")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """A board drawn by the seed with the density of ``params`` [N, 3]."""
        self.spec.check_params(params)
        cell = np.arange(SIZE * SIZE, dtype=np.uint64)
        drawn = mix((mix(seeds, "life")[:, None] + cell).reshape(-1), "cell") >> np.uint64(40)
        share = drawn.reshape(-1, SIZE, SIZE) / 2.0**24
        return State(share < params[:, 0, None, None] / 100, params[:, 1:].astype(np.int32))

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One step of Life, then the edit."""
        cells = grown(state.cells)
        action = actions[:, 0]
        game, (x, y) = np.arange(len(action)), state.cursor.T
        cells[game, y, x] ^= action == FLIP
        across = (action == 4).astype(np.int32) - (action == 3)
        down = (action == 2).astype(np.int32) - (action == 1)
        return State(cells, (state.cursor + np.stack([across, down], 1)) % SIZE)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 3]."""
        picture = state.cells.astype(np.uint8)
        picture[np.arange(len(picture)), state.cursor[:, 1], state.cursor[:, 0]] += CURSOR
        return coloured(picture, PALETTE)

    def status(self, state: State) -> Status:
        """No reward; the simulation is never over."""
        count = len(state.cells)
        return Status(np.zeros((count, 1), np.float32), np.zeros(count, bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """The cursor by its colours, and how many cells live."""
        picture = nearest(frames, PALETTE)
        return Objects(
            positions={"cursor": lit_centre(picture >= CURSOR, 0, 0)},
            readings={"alive": (picture % 2).sum((-2, -1)).astype(np.int64)},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What the player did in the tick from ``before`` to ``after``, an index into ``events``, [N]: "birth" and
        "death" are those by its own hand."""
        game, (x, y) = np.arange(len(before.cells)), before.cursor.T
        by_itself, now = grown(before.cells)[game, y, x], after.cells[game, y, x]
        moved = (before.cursor != after.cursor).any(1)
        return np.select([now & ~by_itself, ~now & by_itself, moved], [2, 3, 1], 0)


def grown(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Boards [N, H, W] one step of Life later; their edges are joined."""
    lines = cells.astype(np.uint8)
    columns = lines + np.roll(lines, 1, -2) + np.roll(lines, -1, -2)
    around = columns + np.roll(columns, 1, -1) + np.roll(columns, -1, -1)  # the cell itself counts too
    return (around == 3) | (cells & (around == 4))
