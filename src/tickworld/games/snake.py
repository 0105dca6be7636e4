"""Snake: 20x20, one pixel a cell, one player, every tick deterministic.

The snake goes on in its direction unless another is pressed. Eating makes it one cell longer, and the next piece of
food appears where a fixed jump from the last one leads. If the snake lies there, the food waits below it and shows when
the tail has left. Running into a wall or into itself begins anew with a short snake; the food stays. Lamps at the top
count what was eaten since, up to their number.

A body cell is drawn in one of four shades, by the direction in which the snake left it, so a frame shows which way the
tail will go and nothing is hidden.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import nearest
from tickworld.games.drawing import coloured
from tickworld.games.reading import lit_centre
from tickworld.simulator import Objects, Opening, Param, Spec, Status

SIZE = 20
"""Height and width of the frame, in pixels."""
TOP, LEFT = 2, 1
"""Row and column of the field's first cell."""
ROWS, COLUMNS = 17, 18
"""Of the field. They have no factor in common, so the food's jumps lead to every cell."""
SHORT = 3
"""Cells of a new snake."""
START_X, START_Y = 9, 8
"""The head of a new snake, in cells of the field; it looks to the right."""
STEP_X, STEP_Y = (0, 1, 0, -1), (-1, 0, 1, 0)
"""Cells that up, right, down and left lead to."""
RIGHT = 1
PALETTE = (
    (14, 22, 38),  # floor
    (70, 84, 110),  # wall
    (226, 88, 74),  # food
    (255, 247, 228),  # head
    (120, 200, 140),  # lamp
    *((70, 170, 90), (84, 182, 96), (98, 194, 102), (112, 206, 108)),  # body, by direction
    *((170, 110, 60), (184, 120, 66), (198, 130, 72), (212, 140, 78)),  # body over food that waits
)
FLOOR, WALL, FOOD, HEAD, LAMP, BODY, FULL = 0, 1, 2, 3, 4, 5, 9
"""Palette indices; the last two are the first of four."""

SPEC = Spec(
    name="snake",
    height=SIZE,
    width=SIZE,
    channels=3,
    players=("snake",),
    actions=("go on", "up", "right", "down", "left"),
    palette=PALETTE,
    params=(
        Param("length", 3, SHORT, 9, drawn=True, doc="cells of the snake at the start, the head included"),
        Param("head_x", 9, 8, COLUMNS - 2, drawn=True, doc="column of the head at the start, in cells of the field"),
        Param("head_y", 8, 0, ROWS - 1, drawn=True, doc="row of the head at the start, in cells of the field"),
        Param("food_x", 12, 0, COLUMNS - 1, drawn=True, doc="column of the food at the start, in cells of the field"),
        Param("food_y", 4, 0, ROWS - 1, drawn=True, doc="row of the food at the start, in cells of the field"),
    ),
)

Whole = NDArray[np.int32]


class State(NamedTuple):
    """Cells are (x, y) of the field, from 0; arrays int32."""

    body: NDArray[np.int8]  # [N, ROWS, COLUMNS] the direction in which the snake left a cell, 0..3; -1: it is not there
    head: Whole  # [N, 2]
    tail: Whole  # [N, 2] the last cell of the body
    heading: Whole  # [N] 0..3
    food: Whole  # [N, 2]
    eaten: Whole  # [N] since the snake began
    event: Whole  # [N] what the last tick brought, an index into EVENTS


EVENTS = ("step", "turn", "eat", "eat, food waits", "wall", "bite")


class Snake:
    """The game as a Simulator. ``Snake(length=3)`` fixes a param."""

    walker, goal = "head", "food"
    events = EVENTS

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """A straight snake that looks to the right, as ``params`` [N, 5] describe it."""
        self.spec.check_params(params)
        whole = params.astype(np.int32)
        zero = np.zeros(len(whole), np.int32)
        body, head, tail = _straight(whole[:, 0], whole[:, 1:3])
        food = np.where((whole[:, 3:] == head).all(1, keepdims=True), _jumped(whole[:, 3:]), whole[:, 3:])
        return State(body, head, tail, zero + RIGHT, food, zero, zero)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: turn, then move by a cell, eat or begin anew."""
        game, pressed = np.arange(len(state.eaten)), actions[:, 0].astype(np.int32) - 1
        allowed = (pressed >= 0) & (pressed != (state.heading + 2) % 4)  # nobody turns on the spot
        heading = np.where(allowed, pressed, state.heading)
        head = state.head + np.stack([np.take(STEP_X, heading), np.take(STEP_Y, heading)], 1)
        crashed = ((head < 0) | (head >= (COLUMNS, ROWS))).any(1)
        head = np.clip(head, 0, (COLUMNS - 1, ROWS - 1))
        bitten = ~crashed & (state.body[game, head[:, 1], head[:, 0]] >= 0)
        dead = crashed | bitten
        ate = ~dead & (head == state.food).all(1)

        body = state.body.copy()
        body[game, state.head[:, 1], state.head[:, 0]] = heading
        way = body[game, state.tail[:, 1], state.tail[:, 0]]
        moves = ~ate
        body[game[moves], state.tail[moves, 1], state.tail[moves, 0]] = -1
        ahead = state.tail + np.stack([np.take(STEP_X, way), np.take(STEP_Y, way)], 1)
        tail = np.where(moves[:, None], ahead, state.tail)
        food = np.where(ate[:, None], _jumped(state.food), state.food)
        eaten = state.eaten + ate

        if dead.any():
            new = _straight(np.full(len(game), SHORT), np.tile([START_X, START_Y], (len(game), 1)))
            body = np.where(dead[:, None, None], new[0], body)
            head, tail = (np.where(dead[:, None], one, other) for one, other in zip(new[1:], (head, tail), strict=True))
            heading, eaten = np.where(dead, RIGHT, heading), np.where(dead, 0, eaten)
            food = np.where((dead & (food == head).all(1))[:, None], _jumped(food), food)
        waits = body[game, food[:, 1], food[:, 0]] >= 0
        cases = [crashed, bitten, ate & waits, ate, heading != state.heading]
        event = np.select(cases, [4, 5, 3, 2, 1], 0)
        whole = (each.astype(np.int32) for each in (head, tail, heading, food, eaten, event))
        return State(body.astype(np.int8), *whole)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 20, 20, 3]."""
        game = np.arange(len(state.eaten))
        field = np.where(state.body >= 0, BODY + state.body, FLOOR).astype(np.uint8)
        x, y = state.food.T
        below = state.body[game, y, x]
        field[game, y, x] = np.where(below >= 0, FULL + below, FOOD)
        field[game, state.head[:, 1], state.head[:, 0]] = HEAD
        picture = np.full((len(game), SIZE, SIZE), WALL, np.uint8)
        picture[:, TOP : TOP + ROWS, LEFT : LEFT + COLUMNS] = field
        picture[:, 0] = FLOOR
        lamps = np.arange(COLUMNS) < state.eaten[:, None]
        picture[:, 0, LEFT : LEFT + COLUMNS] = np.where(lamps, LAMP, FLOOR)
        return coloured(picture, PALETTE)

    def status(self, state: State) -> Status:
        """1 for food, -1 for a crash or a bite; the simulation is never over."""
        reward = np.take([0, 0, 1, 1, -1, -1], state.event).astype(np.float32)
        return Status(reward[:, None], np.zeros(len(reward), bool))

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Head, body and food by their colours (food that waits counts as body); the lamps, lit from the left."""
        picture = nearest(frames, PALETTE)
        lamps = picture[..., 0, LEFT : LEFT + COLUMNS] == LAMP
        eaten = lamps.sum(-1)
        orderly = (lamps == (np.arange(COLUMNS) < eaten[..., None])).all(-1)
        return Objects(
            positions={
                "head": lit_centre(picture == HEAD, 0, 0),
                "body": lit_centre(picture >= BODY, 0, 0),
                "food": lit_centre(picture == FOOD, 0, 0),
            },
            readings={"eaten": np.where(orderly, eaten, -1)},
        )

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]."""
        return after.event.astype(np.intp)


def _straight(length: NDArray[np.integer], head: NDArray[np.integer]) -> tuple[NDArray[np.int8], Whole, Whole]:
    """Body, head and tail of snakes of so many cells that look to the right."""
    x, y = head.T
    column, row = np.arange(COLUMNS), np.arange(ROWS)
    there = (column >= (x - length + 1)[:, None]) & (column < x[:, None])
    body = np.where(there[:, None, :] & (row == y[:, None])[..., None], RIGHT, -1).astype(np.int8)
    return body, head.astype(np.int32), np.stack([x - length + 1, y], 1).astype(np.int32)


def _jumped(food: Whole) -> Whole:
    """Where the next piece appears: its columns go round in 18 jumps, its rows in 17."""
    return np.stack([(7 * food[:, 0] + 5) % COLUMNS, (food[:, 1] + 6) % ROWS], 1).astype(np.int32)
