"""The rules of Pong, one by one, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickworld import checks, seeds
from tickworld.games.pong import DIGIT_X, DIGIT_Y, DIGITS, PADDLE_X, SPEC, TOP, Pong

STAY, UP, DOWN = range(3)


class Reference:
    """One game in plain Python: a ball is a square of cells, a paddle a column of cells."""

    size = 32
    court = range(7, 32)

    def __init__(self, params: dict[str, int]) -> None:
        self.length, self.side, self.limit = params["paddle_length"], params["ball_size"], params["vy_limit"]
        self.serve_wait, self.by_sum, self.points = params["serve_wait"], params["serve_rule"] == 1, params["points"]
        self.x = min(params["ball_x"], 31 - 2 - self.side)  # a free column is left before the paddle
        self.y = min(params["ball_y"], 32 - self.side)
        self.vx = -1 if params["ball_left"] else 1
        self.vy = max(-self.limit, min(self.limit, params["ball_vy"]))
        self.paddles = [min(params["left_y"], 32 - self.length), min(params["right_y"], 32 - self.length)]
        self.scores = [min(params["left_score"], self.points - 1), min(params["right_score"], self.points - 1)]
        self.resting = 0
        self.reward = [0, 0]

    def tick(self, actions: list[int]) -> None:
        self.reward = [0, 0]
        for player, action in enumerate(actions):
            wish = self.paddles[player] + {STAY: 0, UP: -1, DOWN: 1}[action]
            if self.court[0] <= wish and wish + self.length - 1 <= self.court[-1]:
                self.paddles[player] = wish
        if self.resting:
            self.resting -= 1
            return
        self.x += self.vx
        self.fly_vertically()
        facing = 0 if self.vx < 0 else 1
        front = self.x if facing == 0 else self.x + self.side - 1
        if front == (1, 30)[facing] and self.shares_a_row(facing):
            self.vy = self.hit_speed(facing)
            self.x -= self.vx
            self.vx = -self.vx
        elif front == (0, 31)[facing]:
            self.score(1 - facing)

    def fly_vertically(self) -> None:
        """One cell at a time, reflected at the walls as light is: the wall lies at the edge of the court's last row."""
        for _ in range(abs(self.vy)):
            step = 1 if self.vy > 0 else -1
            if self.y + step not in self.court or self.y + step + self.side - 1 not in self.court:
                self.vy = -self.vy
                step = -step
            self.y += step

    def shares_a_row(self, player: int) -> bool:
        return bool(set(range(self.y, self.y + self.side)) & set(self.paddle_rows(player)))

    def paddle_rows(self, player: int) -> range:
        return range(self.paddles[player], self.paddles[player] + self.length)

    def hit_speed(self, player: int) -> int:
        """The ways in which ball and paddle can overlap, from top to bottom, share out the speeds evenly."""
        ways = [top for top in range(-64, 64) if set(range(top, top + self.side)) & set(range(self.length))]
        place = Fraction(2 * ways.index(self.y - self.paddles[player]) + 1, 2 * len(ways))
        return floor(place * (2 * self.limit + 1)) - self.limit

    def score(self, winner: int) -> None:
        self.scores[winner] += 1
        self.reward = [1, -1] if winner == 0 else [-1, 1]
        if self.scores[winner] == self.points:
            self.scores = [0, 0]
        shown = sum(self.scores) if self.by_sum else self.scores[winner]
        self.vy = shown % (2 * self.limit + 1) - self.limit
        self.vx = 1 if winner == 0 else -1
        self.x = (32 - self.side) // 2
        self.y = 7 + (25 - self.side) // 2
        self.resting = self.serve_wait

    def frame(self) -> NDArray[np.uint8]:
        frame = np.zeros((32, 32, 1), np.uint8)
        for score, left in zip(self.scores, (8, 21), strict=True):
            frame[1:6, left : left + 3, 0] = DIGITS[score]
        for player, column in enumerate((1, 30)):
            for row in self.paddle_rows(player):
                frame[row, column] = 255
        for row in range(self.y, self.y + self.side):
            for column in range(self.x, self.x + self.side):
                frame[row, column] = 255
        return frame


NAMES = [param.name for param in SPEC.params]
ANY_PARAMS = st.fixed_dictionaries({param.name: st.integers(int(param.low), int(param.high)) for param in SPEC.params})


def actions_of(seed: int, ticks: int, rows: int, hold: int) -> NDArray[np.int64]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 3, (ticks // hold + 1, rows, 2)).repeat(hold, axis=0)[:ticks]


@settings(max_examples=100)
@given(st.lists(ANY_PARAMS, min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 6, 15]))
def test_equals_the_reference(games: list[dict[str, int]], seed: int, hold: int) -> None:
    params = np.array([[each[name] for name in NAMES] for each in games], float)
    actions = actions_of(seed, 150, len(games), hold)
    simulator = Pong()
    state = simulator.init(params, np.zeros(len(games), np.uint64))
    references = [Reference(each) for each in games]
    for tick in range(len(actions) + 1):
        frames, (reward, over) = simulator.render(state), simulator.status(state)
        for row, reference in enumerate(references):
            where = f"tick {tick} of {games[row]}"
            assert (frames[row] == reference.frame()).all(), where
            assert reward[row].tolist() == reference.reward, where
        assert not over.any()
        if tick < len(actions):
            state = simulator.update(state, actions[tick])
            for row, reference in enumerate(references):
                reference.tick(actions[tick, row].tolist())


def start(params: dict[str, int]) -> tuple[Pong, Any]:
    """A game with these params and the others at default."""
    simulator = Pong(**params)
    return simulator, simulator.init(simulator.spec.defaults(1), np.zeros(1, np.uint64))


def watch(ticks: int, params: dict[str, int], keys: tuple[int, int] = (STAY, STAY)) -> NDArray[np.uint8]:
    """Frames [ticks + 1, 32, 32, 1] of a game in which the players hold ``keys``."""
    simulator, state = start(params)
    frames = [simulator.render(state)]
    for _ in range(ticks):
        state = simulator.update(state, np.array([keys]))
        frames.append(simulator.render(state))
    return np.concatenate(frames)


def ball_path(frames: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Centre (x, y) of the ball in each frame."""
    return [(x, y) for x, y, _ in Pong().objects(frames).positions["ball"].tolist()]


def test_walls_reflect_like_light() -> None:
    rows = [y for _, y in ball_path(watch(8, {"ball_x": 8, "ball_y": 10, "ball_vy": -2}))]
    assert rows == [10, 8, 8, 10, 12, 14, 16, 18, 20]
    rows = [y for _, y in ball_path(watch(5, {"ball_x": 8, "ball_y": 9, "ball_vy": -2}))]
    assert rows == [9, 7, 9, 11, 13, 15]
    rows = [y for _, y in ball_path(watch(4, {"ball_x": 8, "ball_y": 29, "ball_vy": 1}))]
    assert rows == [29, 30, 31, 30, 29]
    rows = [y for _, y in ball_path(watch(4, {"ball_x": 8, "ball_y": 26, "ball_vy": 2, "ball_size": 3}))]
    assert rows == [27, 29, 29, 27, 25], "the lower edge of a big ball reflects"


def contact(side: str, offset: int, params: dict[str, int]) -> NDArray[np.uint8]:
    """Frames around the moment when a level ball meets a paddle, ``offset`` rows below the paddle's top.

    The ball stands before the paddle's column at frame 0 and is hit or passes at frame 1.
    """
    size = params["ball_size"]
    left = side == "left"
    params = params | {
        "ball_left": int(left),
        "ball_vy": 0,
        "ball_x": 3 if left else 26,
        f"{side}_y": 15,
        "ball_y": 15 + offset,
    }
    approach = 1 if left else 29 - 26 - size + 1
    return watch(approach + 4, params)[approach:]


ZONES = {
    (3, 1, 1): [-1, 0, 1],
    (3, 1, 2): [-2, 0, 2],
    (5, 1, 2): [-2, -1, 0, 1, 2],
    (5, 1, 1): [-1, -1, 0, 1, 1],
    (7, 1, 2): [-2, -1, -1, 0, 1, 1, 2],
    (9, 1, 2): [-2, -2, -1, -1, 0, 1, 1, 2, 2],
    (5, 2, 2): [-2, -1, 0, 0, 1, 2],
    (4, 3, 2): [-2, -1, 0, 0, 1, 2],
    (3, 3, 2): [-2, -1, 0, 1, 2],
    (9, 3, 2): [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2],
    (9, 3, 1): [-1, -1, -1, -1, 0, 0, 0, 1, 1, 1, 1],
}
"""(paddle length, ball size, vy limit): the ball's vertical speed for every way to hit it, from the top."""


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("shape", ZONES)
def test_the_hit_zone_sets_the_vertical_speed(shape: tuple[int, int, int], side: str) -> None:
    length, size, limit = shape
    params = {"paddle_length": length, "ball_size": size, "vy_limit": limit}
    speeds = []
    for offset in range(1 - size, length):
        path = ball_path(contact(side, offset, params)[1:])
        (x0, y0), (x1, y1) = path[:2]
        assert x1 - x0 == (1 if side == "left" else -1), f"not hit {offset} rows below the paddle's top"
        speeds.append(int(y1 - y0))
    assert speeds == ZONES[shape]
    assert speeds == [-vy for vy in reversed(speeds)], "zones are the same from above and below"


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("length", [3, 5, 9])
def test_one_row_beside_the_paddle_is_a_miss(side: str, size: int, length: int) -> None:
    for offset in (-size, length):
        frames = contact(side, offset, {"paddle_length": length, "ball_size": size})
        scores = Pong().objects(frames).readings
        winner = "right" if side == "left" else "left"
        assert scores[f"{winner}_score"].tolist()[:3] == [0, 0, 1], "the point falls when the ball reaches the edge"
        assert scores[f"{side}_score"].tolist()[:3] == [0, 0, 0]


def miss(left_wins: bool, params: dict[str, int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Frames and rewards from the tick of a miss on."""
    side = "right" if left_wins else "left"
    values = {"ball_left": int(not left_wins), "ball_vy": 0, "ball_x": 15, "ball_y": 8, f"{side}_y": 20} | params
    simulator, state = start(values)
    frames, rewards = [], []
    for _ in range(60):
        state = simulator.update(state, np.array([[STAY, STAY]]))
        frames.append(simulator.render(state)[0])
        rewards.append(simulator.status(state).reward[0])
    first = next(tick for tick, reward in enumerate(rewards) if reward.any())
    return np.stack(frames[first:]), np.stack(rewards[first:])


@pytest.mark.parametrize("left_wins", [True, False])
@pytest.mark.parametrize("wait", [0, 1, 8, 15])
def test_a_miss_scores_and_the_ball_is_served_to_the_loser(left_wins: bool, wait: int) -> None:
    frames, rewards = miss(left_wins, {"serve_wait": wait})
    assert rewards[0].tolist() == ([1, -1] if left_wins else [-1, 1])
    assert not rewards[1 : wait + 10].any(), "a point is paid once"
    scores = Pong().objects(frames).readings
    assert (scores["left_score"][0], scores["right_score"][0]) == ((1, 0) if left_wins else (0, 1))
    path = ball_path(frames)
    assert path[: wait + 1] == [(15, 19)] * (wait + 1), "the ball rests in the middle"
    steps = [x1 - x0 for (x0, _), (x1, _) in zip(path[wait : wait + 5], path[wait + 1 : wait + 6], strict=True)]
    assert steps == [1 if left_wins else -1] * 5, "and then flies to the loser"


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("by_sum", [0, 1])
@pytest.mark.parametrize("winner", range(9))
def test_the_score_on_show_sets_the_serve(winner: int, by_sum: int, limit: int) -> None:
    loser = 4
    frames, _ = miss(
        True, {"left_score": winner, "right_score": loser, "vy_limit": limit, "serve_rule": by_sum, "serve_wait": 2}
    )
    assert Pong().objects(frames[:1]).readings["left_score"].tolist() == [winner + 1]
    digit = winner + 1 + (loser if by_sum else 0)
    path = ball_path(frames)
    assert path[3][1] - path[2][1] == digit % (2 * limit + 1) - limit


@pytest.mark.parametrize("points", [1, 3, 10])
@pytest.mark.parametrize("left_wins", [True, False])
def test_a_match_ends_at_points_and_the_next_begins(points: int, left_wins: bool) -> None:
    winner, loser = ("left", "right") if left_wins else ("right", "left")
    frames, rewards = miss(left_wins, {f"{winner}_score": points - 1, f"{loser}_score": 1, "points": points})
    readings = Pong().objects(frames[:5]).readings
    assert readings["left_score"].tolist() == readings["right_score"].tolist() == [0] * 5
    assert rewards[0].tolist() == ([1, -1] if left_wins else [-1, 1]), "the last point counts too"
    path = ball_path(frames)
    assert path[9][1] - path[8][1] == -2, "0:0 on show serves upwards"


def test_params_are_cut_to_fit() -> None:
    large = {"paddle_length": 9, "ball_size": 3, "points": 3}
    frames = watch(0, large | {"ball_x": 26, "ball_y": 29, "left_y": 29, "right_y": 29, "left_score": 9})
    objects = Pong().objects(frames)
    assert objects.positions["left"].tolist() == [[1, 27, 9]]
    assert objects.positions["right"].tolist() == [[30, 27, 9]]
    assert objects.positions["ball"].tolist() == [[27, 30, 9]]
    assert objects.readings["left_score"].tolist() == [2]
    path = ball_path(watch(1, {"vy_limit": 1, "ball_vy": -2}))
    assert path[1][1] - path[0][1] == -1


def test_paddles_stop_at_the_ends_of_the_court() -> None:
    frames = watch(30, {"paddle_length": 4}, (UP, DOWN))
    objects = Pong().objects(frames).positions
    assert objects["left"][-1].tolist() == [1, 8.5, 4]
    assert objects["right"][-1].tolist() == [30, 29.5, 4]
    assert objects["left"][1, 1] == objects["left"][0, 1] - 1
    assert objects["right"][1, 1] == objects["right"][0, 1] + 1


ROWS, TICKS = 64, 1500


@pytest.fixture(scope="module")
def long_play() -> tuple[NDArray[np.uint8], list[Any]]:
    """Many games at once with every param drawn over its whole range, under keys held for a while."""
    simulator = Pong(**{param.name: (param.low, param.high) for param in SPEC.params})
    row_seeds = seeds.rows(11, 0, ROWS)
    actions = checks.some_actions(simulator, ROWS, TICKS, seed=3)
    return checks.play(simulator, simulator.spec.draw(row_seeds), row_seeds, actions)


def test_there_is_exactly_one_ball_in_every_frame(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    """The court holds the ball's and the paddles' pixels and no other: the ball never hides, doubles or overlaps."""
    frames, states = long_play
    length, size = states[0].rules[:, 0], states[0].rules[:, 1]
    assert ((frames[:, :, TOP:] > 0).sum((2, 3, 4)) == size**2 + 2 * length).all()
    digits = DIGITS[np.stack([state.score for state in states])]  # [T, N, 2, 5, 3]
    above = frames[:, :, :TOP, :, 0].copy()
    for player, x in enumerate(DIGIT_X):
        shown = above[:, :, DIGIT_Y : DIGIT_Y + 5, x : x + 3]
        assert (shown == digits[:, :, player]).all()
        shown[:] = 0
    assert not above.any(), "nothing else stands above the court"


def test_speeds_are_legal(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    _, states = long_play
    limit = states[0].rules[:, 2]
    x, y = np.stack([state.ball_x for state in states]), np.stack([state.ball_y for state in states])
    vx, vy = np.stack([state.ball_vx for state in states]), np.stack([state.ball_vy for state in states])
    point, wait = np.stack([state.point for state in states]), np.stack([state.wait for state in states])
    assert set(np.unique(vx)) == {-1, 1}
    assert (np.abs(vy) <= limit).all()
    moved_x, moved_y = np.diff(x, axis=0), np.diff(y, axis=0)
    served = point[1:] != 0
    resting = wait[:-1] > 1
    flying = ~served & ~resting
    assert (moved_x[resting] == 0).all() and (moved_y[resting] == 0).all()
    assert (np.abs(moved_x[flying]) <= 1).all() and (np.abs(moved_y) <= limit)[flying].all()
    assert served.sum() > 1000 and (np.diff(vx, axis=0)[~served] != 0).sum() > 200, "play was lively"


def test_objects_agree_with_the_true_state(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    """Exactly, except that ball pixels which pass beside a paddle in the paddle's own column count as the paddle's."""
    frames, states = long_play
    objects = Pong().objects(frames)
    x, y = np.stack([state.ball_x for state in states]), np.stack([state.ball_y for state in states])
    size, length = states[0].rules[:, 1], states[0].rules[:, 0]
    clear = (x > PADDLE_X[0]) & (x + size <= PADDLE_X[1])
    assert clear.mean() > 0.95
    middle = np.stack([x + (size - 1) / 2, y + (size - 1) / 2, np.broadcast_to(size**2, x.shape)], -1)
    np.testing.assert_allclose(objects.positions["ball"][clear], middle[clear], atol=1e-12)
    tops = np.stack([state.paddle_y for state in states])
    for player, (name, column) in enumerate(zip(SPEC.players, PADDLE_X, strict=True)):
        place = np.stack([np.full(x.shape, column), tops[:, :, player] + (length - 1) / 2, length + 0 * x], -1)
        np.testing.assert_allclose(objects.positions[name][clear], place[clear], atol=1e-12)
        shown = np.stack([state.score[:, player] for state in states])
        assert (objects.readings[f"{name}_score"] == shown).all()
    passing = objects.positions["ball"][~clear]
    hidden = np.broadcast_to(size == 1, x.shape)[~clear]
    assert np.isnan(passing[hidden]).all() and not np.isnan(passing[~hidden]).any()


def test_objects_of_other_frames() -> None:
    frames = watch(0, {})
    assert np.isnan(Pong().objects(np.zeros_like(frames)).positions["ball"]).all()
    assert Pong().objects(np.zeros_like(frames)).readings["left_score"].tolist() == [-1]
    smeared = frames.copy()
    smeared[:, 1, 8] = 0
    assert Pong().objects(smeared).readings["left_score"].tolist() == [-1], "a digit with a hole is illegible"
    dim = frames // 2
    assert np.isnan(Pong().objects(dim).positions["left"]).all(), "127 is not lit"
    assert (Pong().objects(dim + 1).positions["left"] == Pong().objects(frames).positions["left"]).all(), "128 is"
    nested = Pong().objects(np.stack([watch(3, {}), watch(3, {})]))
    assert nested.positions["ball"].shape == (2, 4, 3) and nested.readings["left_score"].shape == (2, 4)


def test_without_ball_lacks_the_ball_and_nothing_else(long_play: tuple[NDArray[np.uint8], list[Any]]) -> None:
    frames, states = long_play
    simulator = Pong()
    for tick in range(0, TICKS, 50):
        bare = simulator.render_without_ball(states[tick])
        missing = (frames[tick] != bare).sum((1, 2, 3))
        assert (missing == states[tick].rules[:, 1] ** 2).all()
        assert (bare <= frames[tick]).all()


def test_no_rows_are_no_hindrance() -> None:
    simulator = Pong()
    state = simulator.init(simulator.spec.defaults(0), np.zeros(0, np.uint64))
    state = simulator.update(state, np.zeros((0, 2), int))
    assert simulator.render(state).shape == (0, 32, 32, 1)
