"""The rules of catch, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickworld import checks, seeds
from tickworld.games.catch import LAMPS, PALETTE, SIZE, Catch

FIELD, BOWL, FRUIT, LAMP = (np.array(colour) for colour in PALETTE)
GAME = Catch()


class Reference:
    """One game in plain Python."""

    def __init__(self, width: int, speed: int, wind: int, x: int, bowl: int) -> None:
        self.width, self.speed, self.wind, self.x, self.y, self.streak, self.reward = width, speed, wind, x, 3, 0, 0
        self.bowl = min(bowl, 32 - width)

    def tick(self, action: int) -> None:
        self.bowl = min(max(self.bowl + {0: 0, 1: -1, 2: 1}[action], 0), 32 - self.width)
        if 0 <= self.x + self.wind <= 30:
            self.x += self.wind
        else:
            self.wind = -self.wind
        self.y += self.speed
        self.reward = 0
        if self.y + 2 > 29:
            caught = any(column in range(self.bowl, self.bowl + self.width) for column in (self.x, self.x + 1))
            self.reward = 1 if caught else -1
            self.streak = min(self.streak + 1, 8) if caught else 0
            self.x, self.y = (self.x + 11) % 31, 3

    def frame(self) -> np.ndarray:
        frame = np.tile(FIELD, (32, 32, 1)).astype(np.uint8)
        frame[29:31, self.bowl : self.bowl + self.width] = BOWL
        for lamp in range(self.streak):
            frame[1, 4 + 3 * lamp] = LAMP
        frame[self.y : self.y + 2, self.x : self.x + 2] = FRUIT
        return frame


starts = st.tuples(st.integers(4, 10), st.integers(1, 2), st.integers(-1, 1), st.integers(0, 30), st.integers(0, 28))


@given(starts, st.lists(st.integers(0, 2), min_size=1, max_size=80))
def test_it_plays_by_the_rules(start: tuple[int, ...], actions: list[int]) -> None:
    slow = Reference(*start)
    state = GAME.init(np.array([start], float), np.zeros(1, np.uint64))
    for action in actions:
        slow.tick(action)
        state = GAME.update(state, np.array([[action]]))
        assert (GAME.render(state)[0] == slow.frame()).all()
        assert GAME.status(state).reward.tolist() == [[slow.reward]]


def test_fruit_comes_down_in_every_column() -> None:
    """The jumps from one fruit to the next leave none out."""
    state = GAME.init(np.array([[6, 2, 0, 0, 0]], float), np.zeros(1, np.uint64))
    columns = set()
    for _ in range(1200):
        state = GAME.update(state, np.zeros((1, 1), int))
        columns.add(int(state.fruit_x[0]))
    assert len(columns) >= SIZE - 3, "one column leads to itself"


def test_probe_finds_what_the_state_says() -> None:
    row_seeds = seeds.rows(1, 0, 16)
    frames, states = checks.play(GAME, GAME.spec.draw(row_seeds), row_seeds, checks.some_actions(GAME, 16, 300))
    seen = GAME.objects(frames)
    for field, name, middle in (("fruit_x", "fruit", 0.5), ("bowl_x", "bowl", 2.5)):
        true = np.stack([getattr(state, field) for state in states])
        assert (seen.positions[name][..., 0] == true + middle).all()
    streak = np.stack([state.streak for state in states])
    assert (seen.readings["streak"] == streak).all() and 0 < streak.max() <= LAMPS
    assert {GAME.events[index] for before, after in zip(states, states[1:], strict=False)
            for index in GAME.event(before, after)} == set(GAME.events)  # fmt: skip
    bare = GAME.render_without_ball(states[5])
    assert not (bare == FRUIT).all(-1).any() and (bare == BOWL).all(-1).any()
