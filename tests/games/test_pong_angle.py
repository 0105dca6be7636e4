"""The rules of the seed's Pong, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickworld import checks, seeds
from tickworld.games.pong_angle import BALL, PLANK_LENGTH, PLANK_WIDTH, SIZE, SPEC, PongAngle

STAY, UP, DOWN = range(3)


class Reference:
    """One game in plain Python."""

    def __init__(self, angle: float, speed: float) -> None:
        self.x = self.y = 17.5
        self.vx, self.vy = float(np.cos(angle)) * speed, float(np.sin(angle)) * speed
        self.planks = [12.5, 12.5]
        self.loser: int | None = None
        self.reward = [0, 0]

    def tick(self, actions: list[int]) -> None:
        self.reward = [0, 0]
        if self.loser is not None:
            return
        for player, action in enumerate(actions):
            wish = self.planks[player] + {STAY: 0, UP: -1, DOWN: 1}[action]
            self.planks[player] = min(max(wish, 0.0), 25.0)
        self.x += self.vx
        self.y += self.vy
        if self.y <= 0:
            self.vy = abs(self.vy)
        elif self.y >= 35:
            self.vy = -abs(self.vy)
        for player, reached, away in [(0, self.x <= 5, 1), (1, self.x >= 30, -1)]:
            if reached and self.planks[player] - 5 < self.y < self.planks[player] + 15:
                self.vx = away * abs(self.vx)
            elif reached:
                self.loser = player
                self.reward = [-1, 1] if player == 0 else [1, -1]

    def frame(self) -> NDArray[np.uint8]:
        frame = np.zeros((40, 40, 1), np.uint8)
        for left, plank in zip((0, 35), self.planks, strict=True):
            top = math.trunc(plank)
            frame[top : top + 15, left : left + 5] = 255
        x, y = (min(max(math.trunc(place), 0), 35) for place in (self.x, self.y))
        frame[y : y + 5, x : x + 5] = 255
        return frame


def play(angles: list[float], actions: NDArray[np.integer], speed: float = 1.0) -> tuple[NDArray[np.uint8], list[Any]]:
    params = np.stack([np.array(angles), np.full(len(angles), speed)], 1)
    return checks.play(PongAngle(), params, np.zeros(len(angles), np.uint64), actions)


@given(
    st.lists(st.floats(0, 2 * math.pi), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 3, 10]),
    st.sampled_from([1.0, 0.5, 1.37]),
)
def test_equals_the_reference(angles: list[float], seed: int, hold: int, speed: float) -> None:
    actions = np.random.default_rng(seed).integers(0, 3, (15, len(angles), 2)).repeat(hold, axis=0)
    frames, states = play(angles, actions, speed)
    references = [Reference(angle, speed) for angle in angles]
    for tick, state in enumerate(states):
        reward, over = PongAngle().status(state)
        for row, reference in enumerate(references):
            where = f"tick {tick} of angle {angles[row]}"
            assert (frames[tick, row] == reference.frame()).all(), where
            assert reward[row].tolist() == reference.reward, where
            assert over[row] == (reference.loser is not None), where
            if tick < len(actions):
                reference.tick(actions[tick, row].tolist())


def keys(ticks: int, left: int = STAY, right: int = STAY) -> NDArray[np.int64]:
    return np.full((ticks, 1, 2), [left, right])


def test_the_ball_starts_in_the_middle_and_flies_at_speed_one() -> None:
    _, states = play([0.7], keys(12))
    path = np.stack([state.ball[0] for state in states])
    assert path[0].tolist() == [17.5, 17.5]
    np.testing.assert_allclose(np.diff(path, axis=0), [[math.cos(0.7), math.sin(0.7)]] * 12, atol=1e-12)


@pytest.mark.parametrize("angle", [0.1, 3.0])
def test_planks_flip_the_horizontal_speed_wherever_they_are_hit(angle: float) -> None:
    """A ball that hardly rises goes back and forth between planks that stand still."""
    _, states = play([angle], keys(80))
    vx = np.array([state.speed[0, 0] for state in states])
    assert set(np.round(np.abs(vx), 12)) == {round(abs(math.cos(angle)), 12)}
    assert (np.diff(np.sign(vx)) != 0).sum() >= 2
    assert not PongAngle().status(states[-1]).over[0]


def test_walls_flip_the_vertical_speed() -> None:
    _, states = play([math.pi / 2], keys(80))
    y, vy = (np.array([pick(state)[0, 1] for state in states]) for pick in (lambda s: s.ball, lambda s: s.speed))
    assert y.min() <= 0 and y.max() >= SIZE - BALL
    assert y.min() > -1 and y.max() < SIZE - BALL + 1
    assert set(vy) == {1.0, -1.0}


@pytest.mark.parametrize("key", [UP, DOWN])
@pytest.mark.parametrize(("presses", "missed"), [(9, False), (10, True)])
def test_ball_and_plank_must_overlap_to_bounce(key: int, presses: int, missed: bool) -> None:
    """A level ball fills 17.5..22.5; after 10 presses the plank begins or ends exactly where the ball does."""
    actions = keys(14)
    actions[:presses, 0, 1] = key
    _, states = play([0.0], actions)
    assert PongAngle().status(states[-1]).over[0] == missed


def test_a_miss_freezes_the_picture_for_ever() -> None:
    frames, states = play([0.0], keys(60, right=UP))
    statuses = [PongAngle().status(state) for state in states]
    over = np.array([status.over[0] for status in statuses])
    first = int(over.argmax())
    assert 0 < first < 20 and over[first:].all() and not over[:first].any()
    rewards = np.stack([status.reward[0] for status in statuses])
    assert rewards[first].tolist() == [1, -1], "the right player missed"
    assert np.abs(rewards).sum() == 2, "a miss is paid once"
    assert (frames[first:] == frames[first]).all()
    assert (frames[first - 1] != frames[first]).any()


def test_a_row_that_is_over_does_not_stop_the_others() -> None:
    actions = np.tile(np.array([[STAY, UP], [STAY, STAY]]), (60, 1, 1))
    frames, states = play([0.0, 0.1], actions)
    assert PongAngle().status(states[-1]).over.tolist() == [True, False]
    assert (frames[-1, 1] != frames[-2, 1]).any()


@pytest.fixture(scope="module")
def long_play() -> tuple[NDArray[np.uint8], list[Any]]:
    simulator = PongAngle()
    row_seeds = seeds.rows(5, 0, 128)
    actions = checks.some_actions(simulator, 128, 400, seed=1)
    return checks.play(simulator, simulator.spec.draw(row_seeds), row_seeds, actions)


def test_speed_stays_one_and_ball_and_planks_stay_in_the_frame(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    frames, states = long_play
    speed = np.stack([state.speed for state in states])
    np.testing.assert_allclose(np.linalg.norm(speed, axis=-1), 1, atol=1e-12)
    planks = np.stack([state.plank_y for state in states])
    assert planks.min() >= 0 and planks.max() <= SIZE - PLANK_LENGTH
    lit = (frames > 0).sum((2, 3, 4))
    whole = BALL**2 + 2 * PLANK_LENGTH * PLANK_WIDTH
    assert lit.max() == whole and lit.min() >= whole - BALL**2, "one ball, perhaps over a plank's edge"
    assert (lit == whole).mean() > 0.4


def test_objects_agree_with_the_true_state(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    """Exactly while no pixel of the ball lies in a plank's columns; the drawn position is the true one truncated."""
    frames, states = long_play
    objects = PongAngle().objects(frames).positions
    ball = np.stack([state.ball for state in states])
    drawn = np.clip(np.trunc(ball), 0, SIZE - BALL)
    clear = (drawn[..., 0] >= PLANK_WIDTH) & (drawn[..., 0] <= SIZE - PLANK_WIDTH - BALL)
    assert clear.mean() > 0.4
    np.testing.assert_allclose(objects["ball"][clear][:, :2], drawn[clear] + (BALL - 1) / 2, atol=1e-12)
    assert (objects["ball"][clear][:, 2] == BALL**2).all()
    assert (np.abs(objects["ball"][..., :2] - ball - (BALL - 1) / 2) <= 3).all(), "never far off"
    tops = np.trunc(np.stack([state.plank_y for state in states]))
    for player, (name, x) in enumerate(zip(SPEC.players, (2, 37), strict=True)):
        place = np.stack([np.full(clear.sum(), x), tops[clear][:, player] + 7], -1)
        np.testing.assert_allclose(objects[name][clear][:, :2], place, atol=1e-12)


def test_without_ball_shows_the_planks_only(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    frames, states = long_play
    for tick in range(0, 400, 40):
        bare = PongAngle().render_without_ball(states[tick])
        assert ((bare > 0).sum((1, 2, 3)) == 2 * PLANK_LENGTH * PLANK_WIDTH).all()
        assert (bare <= frames[tick]).all()


def test_the_first_frames_hide_the_angle() -> None:
    """Why a world of this game needs the param or several frames: integer drawing makes close angles look alike."""
    frames, _ = play(list(np.linspace(0, 2 * np.pi, 200)), np.zeros((8, 200, 2), int))
    clips = [len({frames[:count, row].tobytes() for row in range(200)}) for count in (1, 2, 4, 9)]
    assert clips[0] == 1 and clips[1] <= 10 and clips[1] < clips[2] < clips[3]


def test_no_rows_are_no_hindrance() -> None:
    frames, _ = play([], np.zeros((3, 0, 2), int))
    assert frames.shape == (4, 0, 40, 40, 1)
