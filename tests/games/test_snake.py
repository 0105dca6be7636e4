"""The rules of snake, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickworld import checks, seeds
from tickworld.games.snake import BODY, COLUMNS, FOOD, FULL, HEAD, LAMP, PALETTE, ROWS, WALL, Snake

GAME = Snake()
STEPS = {1: (0, -1), 2: (1, 0), 3: (0, 1), 4: (-1, 0)}


class Reference:
    """One game in plain Python: the snake is a list of cells, head first, each with the key that led out of it."""

    def __init__(self, length: int, x: int, y: int, food_x: int, food_y: int) -> None:
        self.cells = [(x - back, y) for back in range(length)]
        self.ways = [2] * length
        self.food, self.eaten, self.reward = (food_x, food_y), 0, 0
        if self.food == self.cells[0]:
            self.jump()

    def jump(self) -> None:
        self.food = ((7 * self.food[0] + 5) % 18, (self.food[1] + 6) % 17)

    def tick(self, key: int) -> None:
        way = self.ways[0]
        if key and STEPS[key] != (-STEPS[way][0], -STEPS[way][1]):
            way = key
        x, y = self.cells[0][0] + STEPS[way][0], self.cells[0][1] + STEPS[way][1]
        self.reward = 0
        if not (0 <= x < 18 and 0 <= y < 17) or (x, y) in self.cells:
            self.cells, self.ways, self.eaten, self.reward = [(9, 8), (8, 8), (7, 8)], [2, 2, 2], 0, -1
            if self.food == (9, 8):
                self.jump()
            return
        self.ways[0] = way
        self.cells, self.ways = [(x, y), *self.cells], [way, *self.ways]
        if (x, y) == self.food:
            self.eaten, self.reward = self.eaten + 1, 1
            self.jump()
        else:
            self.cells.pop()
            self.ways.pop()

    def frame(self) -> np.ndarray:
        picture = np.full((20, 20), WALL)
        picture[0] = 0
        picture[0, 1 : 1 + min(self.eaten, 18)] = LAMP
        picture[2:19, 1:19] = 0
        picture[self.food[1] + 2, self.food[0] + 1] = FOOD
        for (x, y), way in list(zip(self.cells, self.ways, strict=True))[1:]:
            picture[y + 2, x + 1] = (FULL if (x, y) == self.food else BODY) + way - 1
        picture[self.cells[0][1] + 2, self.cells[0][0] + 1] = HEAD
        return np.array(PALETTE, np.uint8)[picture]


starts = st.tuples(
    st.integers(3, 9), st.integers(8, 16), st.integers(0, 16), st.integers(0, 17), st.integers(0, 16)
)  # fmt: skip


@given(starts, st.lists(st.integers(0, 4), min_size=1, max_size=120))
def test_it_plays_by_the_rules(start: tuple[int, ...], keys: list[int]) -> None:
    slow = Reference(*start)
    state = GAME.init(np.array([start], float), np.zeros(1, np.uint64))
    for key in keys:
        slow.tick(key)
        state = GAME.update(state, np.array([[key]]))
        assert (GAME.render(state)[0] == slow.frame()).all()
        assert GAME.status(state).reward.tolist() == [[slow.reward]]


def hunted(ticks: int) -> tuple[list[np.ndarray], set[str]]:
    """Frames and events of a snake that goes for its food and thinks no further; each is what the rules say."""
    slow = Reference(3, 9, 8, 12, 4)
    state = GAME.init(np.array([[3, 9, 8, 12, 4]], float), np.zeros(1, np.uint64))
    frames, found = [], set()
    for _ in range(ticks):
        (x, y), (food_x, food_y) = slow.cells[0], slow.food
        wanted = [(2, food_x > x), (4, food_x < x), (3, food_y > y), (1, food_y < y)]
        inside = {key: (x + across, y + down) for key, (across, down) in STEPS.items()
                  if 0 <= x + across < COLUMNS and 0 <= y + down < ROWS}  # fmt: skip
        wishes = (*wanted, *((key, True) for key in STEPS))
        free = [key for key, there in wishes if there and inside.get(key, slow.cells[0]) not in slow.cells]
        key = free[0] if free else 0
        slow.tick(key)
        after = GAME.update(state, np.array([[key]]))
        found.add(GAME.events[GAME.event(state, after)[0]])
        frames.append(GAME.render(after)[0])
        assert (frames[-1] == slow.frame()).all()
        state = after
    return frames, found


def test_a_long_snake_is_right_too() -> None:
    """Long enough to have food wait below it, and to bite itself."""
    frames, found = hunted(6000)
    assert found == set(GAME.events)
    eaten = GAME.objects(np.stack(frames)).readings["eaten"]
    assert eaten.min() == 0 and eaten.max() == COLUMNS, "the lamps end at their number"
    full = np.array([(frame[..., None, :] == np.array(PALETTE[FULL:])).all(-1).any() for frame in frames])
    assert full.any(), "food has waited below the snake"


def test_food_comes_to_every_cell() -> None:
    places, place = set(), (0, 0)
    for _ in range(ROWS * COLUMNS):
        place = ((7 * place[0] + 5) % COLUMNS, (place[1] + 6) % ROWS)
        places.add(place)
    assert places == set(itertools.product(range(COLUMNS), range(ROWS)))


def test_probe_finds_what_the_state_says() -> None:
    row_seeds = seeds.rows(1, 0, 16)
    frames, states = checks.play(GAME, GAME.spec.draw(row_seeds), row_seeds, checks.some_actions(GAME, 16, 200))
    seen = GAME.objects(frames).positions
    head = np.stack([state.head for state in states])
    assert (seen["head"][..., :2] == head + (1, 2)).all()
    body = np.stack([(state.body >= 0).sum((1, 2)) for state in states])
    assert (np.nan_to_num(seen["body"][..., 2]) == body).all()
