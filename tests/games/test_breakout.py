"""The rules of breakout, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickworld import agents, checks, seeds
from tickworld.data.record import play_episodes
from tickworld.games.breakout import PADDLE_Y, PALETTE, ROWS, SERVE_Y, SIZE, Breakout

GAME = Breakout()


class Reference:
    """One game in plain Python, that begins as a state of the game says."""

    def __init__(self, bricks: np.ndarray, start: tuple[int, ...]) -> None:
        self.rows, self.length, self.serve_wait, _, self.x, self.vx, paddle = start
        self.bricks = {(row, column) for row, column in itertools.product(range(5), range(8)) if bricks[row, column]}
        self.y, self.vy, self.wait, self.reward = SERVE_Y, 1, 0, 0
        self.paddle = min(paddle, 32 - self.length)

    def tick(self, action: int) -> None:
        self.paddle = min(max(self.paddle + {0: 0, 1: -1, 2: 1}[action], 0), 32 - self.length)
        self.reward = 0
        if self.wait > 1:
            self.wait -= 1
            return
        self.wait = 0
        x, y, vx, vy = self.x + self.vx, self.y + self.vy, self.vx, self.vy
        if not 0 <= x < 32:
            x, vx = (-x if x < 0 else 62 - x), -vx
        if y < 0:
            y = vy = 1
        brick = ((y - 3) // 2, x // 4)
        if brick in self.bricks and 3 <= y < 13:
            self.bricks.remove(brick)
            self.vy, self.reward = -vy, 1
        elif y == 30 and self.paddle <= x < self.paddle + self.length:
            if not self.bricks:
                self.bricks = set(itertools.product(range(self.rows), range(8)))
            self.vx, self.vy = 5 * (x - self.paddle) // self.length - 2, -1
        elif y == 32:
            self.x, self.y, self.vy, self.reward = 15, SERVE_Y, 1, -1
            self.vx = -1 if self.paddle + self.length / 2 < 16 else 1
            self.wait = self.serve_wait + 1
        else:
            self.x, self.y, self.vx, self.vy = x, y, vx, vy

    def frame(self) -> np.ndarray:
        picture = np.zeros((32, 32), int)
        for row, column in self.bricks:
            picture[3 + 2 * row : 5 + 2 * row, 4 * column : 4 * column + 4] = 2 + row % 3
        picture[30, self.paddle : self.paddle + self.length] = 1
        picture[self.y, self.x] = 1
        return np.array(PALETTE, np.uint8)[picture]


starts = st.tuples(
    st.integers(1, 5), st.integers(4, 12), st.integers(0, 15), st.integers(0, 100), st.integers(0, 31),
    st.integers(-2, 2), st.integers(0, 28),
)  # fmt: skip


@settings(max_examples=60)
@given(starts, st.integers(0, 99), st.lists(st.integers(0, 2), min_size=1, max_size=160))
def test_it_plays_by_the_rules(start: tuple[int, ...], seed: int, actions: list[int]) -> None:
    state = GAME.init(np.array([start], float), seeds.rows(seed, 0, 1))
    slow = Reference(state.bricks[0], start)
    for action in actions:
        slow.tick(action)
        state = GAME.update(state, np.array([[action]]))
        assert (GAME.render(state)[0] == slow.frame()).all()
        assert GAME.status(state).reward.tolist() == [[slow.reward]]


@pytest.fixture(scope="module")
def tracked() -> tuple[np.ndarray, np.ndarray]:
    """Frames and rewards of games that a player plays who runs after the ball."""
    game = Breakout(rows=1, gone=60)
    tape = play_episodes(game, agents.player("tracking", game), seeds.rows(3, 0, 16), 1500)
    return tape.frames, tape.rewards[..., 0]


def test_a_tracking_player_clears_the_wall_and_it_is_built_again(tracked: tuple[np.ndarray, np.ndarray]) -> None:
    frames, rewards = tracked
    bricks = GAME.objects(frames).readings["bricks"]
    assert (bricks >= 0).all(), "every brick is whole or gone"
    assert (bricks == 0).any(1).mean() > 0.5
    assert (np.diff(bricks, axis=1) == 8).any(), "the wall is built anew at once"
    assert set(np.unique(np.diff(bricks, axis=1))) <= {-1, 0, 8}
    assert (np.diff(bricks, axis=1) == -1).sum() == (rewards == 1).sum()


def test_the_ball_is_never_in_a_brick_and_is_seen(tracked: tuple[np.ndarray, np.ndarray]) -> None:
    ball = GAME.objects(tracked[0]).positions["ball"]
    lost = np.isnan(ball[..., 0])
    assert (ball[~lost][:, 2] == 1).all()
    assert lost.mean() < 0.1, "it is out of sight only beside and below the paddle"
    assert ball[~lost][:, 1].max() < PADDLE_Y


def test_all_that_can_happen_has_a_name() -> None:
    game = Breakout(rows=1, gone=(0, 100))
    row_seeds, player = seeds.rows(4, 0, 64), agents.player("tracking", game)
    state, memory, found = game.init(game.spec.draw(row_seeds), row_seeds), player.init(row_seeds), set()
    for tick in range(1200):
        actions, memory = player.act(memory, tick, game.render(state))
        after = game.update(state, actions)
        found |= {game.events[index] for index in game.event(state, after)}
        state = after
    assert found == set(game.events)


def test_wall_and_paddle_reach_the_edges() -> None:
    state = Breakout(gone=0, rows=ROWS).init(Breakout(gone=0, rows=ROWS).spec.defaults(1), np.zeros(1, np.uint64))
    lit = checks.play(GAME, np.array([[5, 4, 0, 0, 0, 0, 28]]), np.zeros(1, np.uint64), np.full((1, 1, 1), 2))[0]
    assert state.bricks.all()
    assert (lit[0, 0, 3:13] != PALETTE[0]).any(-1).all() and (lit[0, 0, PADDLE_Y, SIZE - 4 :] == PALETTE[1]).all()
