"""The rules of rally, one by one, and the vectorised game against a slow reference written from the rules alone."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from math import floor
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickworld import agents, checks, seeds
from tickworld.games.families import Split, restrict
from tickworld.games.rally import FASTEST, RULES, SPEC, STEP, UNIT, Rally, State
from tickworld.games.rally_court import BRICK_X, PALETTE
from tickworld.simulator import BallGame

NAMES = [param.name for param in SPEC.params]
EVERYTHING: dict[str, Any] = {param.name: (param.low, param.high) for param in SPEC.params}
BRICKS = list(product(range(8), range(2)))
"""Row and column of each."""
DARK = np.array(PALETTE[0])


class Reference:
    """One game in plain Python, in exact fractions of pixels: everything that is seen is a set of cells."""

    def __init__(self, params: dict[str, int]) -> None:
        self.length, self.side = params["paddle_length"], params["ball_size"]
        self.gravity, self.steepness = Fraction(params["gravity"], 256), Fraction(params["steepness"], 8)
        self.serve_wait, self.walls = params["serve_wait"], params["walls"] == 1
        self.right_wall = params["bricks"] == 1 or params["paddles"] == 1
        self.all_bricks = set(BRICKS) if params["bricks"] else set()
        self.bricks = set(self.all_bricks)
        self.ball_colour, self.paddle_colour = divmod(params["colours"], 3)
        free = (24 if params["bricks"] else 30) - 1
        self.x = Fraction(min(params["ball_x"], free - self.side))
        self.y = Fraction(min(params["ball_y"], 32 - self.side) if self.walls else params["ball_y"])
        self.vx = Fraction(params["speed"], 8) * (-1 if params["ball_left"] else 1)
        self.vy = params["ball_zone"] * self.steepness
        self.paddles = [min(params[name], 32 - self.length) for name in ("left_y", "right_y")]
        self.resting, self.reward = 0, [0, 0]

    def tick(self, actions: list[int]) -> None:
        self.reward = [0, 0]
        for player, action in enumerate(actions):
            wish = self.paddles[player] + {0: 0, 1: -1, 2: 1}[action]
            self.paddles[player] = min(max(wish, 0), 32 - self.length)
        if self.resting:
            self.resting -= 1
            return
        vy = min(max(self.vy + self.gravity, Fraction(-5, 2)), Fraction(5, 2))
        y, vy = self.fallen(self.y + vy, vy)
        x = min(max(self.x + self.vx, Fraction(2)), Fraction(30 - self.side))
        broken = {brick for brick in self.bricks if self.cells_of(brick) & self.ball_cells(x, y)}
        if broken:
            self.bricks -= broken
            self.x, self.vx = Fraction(nearest(self.x)), -self.vx
            return
        self.x, self.y, self.vy = x, y, vy
        if (x == 2 and self.vx < 0) or (x == 30 - self.side and self.vx > 0):
            self.arrive(1 if self.vx > 0 else 0)

    def fallen(self, y: Fraction, vy: Fraction) -> tuple[Fraction, Fraction]:
        if not self.walls:
            return y % 32, vy
        if y < 0:
            return -y, -vy
        if y > 32 - self.side:
            return 2 * (32 - self.side) - y, -vy
        return y, vy

    def arrive(self, player: int) -> None:
        """The ball is beside the column of a paddle."""
        top = nearest(self.y)
        if player == 1 and self.right_wall:
            self.vx = -self.vx
        elif {row for _, row in self.ball_cells(self.x, self.y)} & set(self.paddle_rows(player)):
            self.y, self.vy = Fraction(top % 32), self.zone(top, player) * self.steepness
            self.vx = -self.vx
        else:
            self.reward = [1, -1] if player == 1 else [-1, 1]
            self.x = self.y = Fraction((32 - self.side) // 2)
            self.vy = self.steepness if player == 1 else -self.steepness
            self.resting = self.serve_wait
            self.bricks = self.bricks or set(self.all_bricks)

    def zone(self, top: int, player: int) -> int:
        """The ways in which ball and paddle can overlap, from top to bottom, share out the zones evenly."""
        ways = [way for way in range(-16, 16) if set(range(way, way + self.side)) & set(range(self.length))]
        way = next(index for index, way in enumerate(ways) if (self.paddles[player] + way - top) % 32 == 0)
        return floor(Fraction(2 * way + 1, 2 * len(ways)) * 5) - 2

    def paddle_rows(self, player: int) -> range:
        return range(self.paddles[player], self.paddles[player] + self.length)

    def ball_cells(self, x: Fraction, y: Fraction) -> set[tuple[int, int]]:
        side = range(self.side)
        return {(nearest(x) + along, (nearest(y) + down) % 32) for along in side for down in side}

    def cells_of(self, brick: tuple[int, int]) -> set[tuple[int, int]]:
        row, column = brick
        return {(24 + 3 * column + along, 4 * row + down) for along in range(3) for down in range(4)}

    def frame(self) -> NDArray[np.uint8]:
        picture = np.zeros((32, 32), int)
        picture[self.paddle_rows(0), 1] = self.paddle_colour + 1
        picture[range(32) if self.right_wall else self.paddle_rows(1), 30] = self.paddle_colour + 1
        for brick in self.bricks:
            for column, row in self.cells_of(brick):
                picture[row, column] = (self.ball_colour + 1) % 3 + 1
        for column, row in self.ball_cells(self.x, self.y):
            picture[row, column] = self.ball_colour + 1
        return np.array(PALETTE, np.uint8)[picture]


def nearest(place: Fraction) -> int:
    return floor(place + Fraction(1, 2))


ANY_PARAMS = st.fixed_dictionaries({param.name: st.integers(int(param.low), int(param.high)) for param in SPEC.params})


@settings(max_examples=60)
@given(st.lists(ANY_PARAMS, min_size=1, max_size=3), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 6, 15]))
def test_equals_the_reference(games: list[dict[str, int]], seed: int, hold: int) -> None:
    params = np.array([[each[name] for name in NAMES] for each in games], float)
    actions = np.random.default_rng(seed).integers(0, 3, (120 // hold, len(games), 2)).repeat(hold, axis=0)
    rally, references = Rally(), [Reference(each) for each in games]
    state = rally.init(params, np.zeros(len(games), np.uint64))
    for tick in range(len(actions) + 1):
        frames, (reward, over) = rally.render(state), rally.status(state)
        for row, reference in enumerate(references):
            where = f"tick {tick} of {games[row]}"
            assert (frames[row] == reference.frame()).all(), where
            assert reward[row].tolist() == reference.reward, where
        assert not over.any()
        if tick < len(actions):
            state = rally.update(state, actions[tick])
            for row, reference in enumerate(references):
                reference.tick(actions[tick, row].tolist())


def begun(**params: float) -> tuple[Rally, State]:
    """One game."""
    rally = Rally(**params)
    return rally, rally.init(rally.spec.defaults(1), np.zeros(1, np.uint64))


def played(params: dict[str, Any], rows: int, ticks: int, who: str = "tracking") -> tuple[Rally, list[State]]:
    """Games of a player, and their states."""
    rally, row_seeds = Rally(**params), seeds.rows(4, 0, rows)
    player, state = agents.player(who, rally), rally.init(rally.spec.draw(row_seeds), row_seeds)
    memory, states = player.init(row_seeds), [state]
    for tick in range(ticks):
        actions, memory = player.act(memory, tick, rally.render(state))
        state = rally.update(state, actions)
        states.append(state)
    return rally, states


@pytest.fixture(scope="module")
def tracked() -> tuple[Rally, list[State]]:
    """Games of every kind, by a player who runs after the ball."""
    return played(EVERYTHING, 256, 400)


def test_probe_finds_what_the_state_says(tracked: tuple[Rally, list[State]]) -> None:
    """Whatever the colours; and all of the ball is always seen, so it is never on anything."""
    rally, states = tracked
    for state in states[::7]:
        seen = rally.objects(rally.render(state))
        length, size = state.rules[:, 0], state.rules[:, 1]
        walled = (state.rules[:, 8] == 1) | (state.rules[:, 9] == 1)
        x, y = (state.ball_x + 128) // UNIT, (state.ball_y + 128) // UNIT
        assert (seen.positions["ball"][:, 2] == size**2).all()
        assert (seen.positions["ball"][:, 0] == x + (size - 1) / 2).all()
        whole = y + size <= 32
        assert (seen.positions["ball"][:, 1] == y + (size - 1) / 2)[whole].all()
        assert (seen.positions["left"][:, 1] == state.paddle_y[:, 0] + (length - 1) / 2).all()
        assert (seen.positions["right"][:, 1] == state.paddle_y[:, 1] + (length - 1) / 2)[~walled].all()
        assert np.isnan(seen.positions["right"][walled]).all()
        assert (seen.readings["bricks"] == state.bricks.sum((1, 2))).all()


def test_a_brick_that_is_not_whole_is_told() -> None:
    rally, state = begun(bricks=1)
    frames = rally.render(state)
    frames[0, 9, BRICK_X] = DARK
    assert rally.objects(frames).readings["bricks"].tolist() == [-1]
    assert rally.objects(rally.render(state)).readings["bricks"].tolist() == [16]


def test_the_floor_has_everything_but_the_ball(tracked: tuple[Rally, list[State]]) -> None:
    rally, states = tracked
    missing = (rally.render(states[9]) != rally.render_without_ball(states[9])).any(-1).sum((1, 2))
    assert (missing == states[9].rules[:, 1] ** 2).all() and isinstance(rally, BallGame)


def test_the_ball_stays_within_its_bounds_and_below_its_speed(tracked: tuple[Rally, list[State]]) -> None:
    for state in tracked[1]:
        size, walls = state.rules[:, 1], state.rules[:, 7] == 1
        assert (abs(state.ball_vx) == state.rules[:, 2] * STEP).all() and (abs(state.ball_vy) <= FASTEST).all()
        assert (state.ball_x >= 2 * UNIT).all() and (state.ball_x <= (30 - size) * UNIT).all()
        assert (state.ball_y >= 0).all()
        assert (state.ball_y <= np.where(walls, (32 - size) * UNIT, 32 * UNIT - 1)).all()
        assert {each.dtype for name, each in state._asdict().items() if name != "bricks"} == {np.dtype(np.int32)}
    assert max(abs(state.ball_vy).max() for state in tracked[1]) == FASTEST


def test_all_that_is_hidden_begins_anew_at_a_hit(tracked: tuple[Rally, list[State]]) -> None:
    rally, states = tracked
    zones: set[int] = set()
    for before, after in pairwise(states):
        names = np.array(rally.events)[rally.event(before, after)]
        hit = np.char.startswith(names, "hit")
        zone = np.array([int(name[4:]) for name in names[hit]])
        assert (after.ball_x[hit] % UNIT == 0).all() and (after.ball_y[hit] % UNIT == 0).all()
        assert (after.ball_vy[hit] == zone * after.rules[hit, 3] * STEP).all()
        turned = np.isin(names, ("brick", "rebound"))
        assert (after.ball_x[turned] % UNIT == 0).all() and (after.ball_vx[turned] == -before.ball_vx[turned]).all()
        zones |= set(zone.tolist())
    assert zones == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("speed", [8, 11, 15, 22])
def test_speed_is_exact_over_eight_ticks(speed: int) -> None:
    rally, state = begun(speed=speed, ball_size=1, ball_x=3, ball_y=20, ball_zone=-1, steepness=3)
    before = rally.objects(rally.render(state)).positions["ball"][0]
    for _ in range(8):
        state = rally.update(state, np.zeros((1, 2), int))
    after = rally.objects(rally.render(state)).positions["ball"][0]
    assert (after - before).tolist() == [speed, -3, 0]


def test_gravity_bends_the_flight_and_a_ball_that_is_reflected_comes_up_again() -> None:
    rally, state = begun(gravity=7, speed=8, ball_x=3, ball_y=10, ball_zone=0, paddles=1, left_y=0, paddle_length=9)
    heights = []
    for _ in range(24):
        state = rally.update(state, np.zeros((1, 2), int))
        heights.append(int(state.ball_y[0]))
    fallen = 7 * np.arange(1, 25).cumsum()
    assert heights == (10 * UNIT + fallen).tolist()


@pytest.mark.parametrize("size", [1, 2, 8])
def test_top_and_bottom_lead_into_each_other(size: int) -> None:
    rally, state = begun(walls=0, ball_size=size, ball_x=3, ball_y=30, ball_zone=2, steepness=8, speed=8)
    rows = []
    for _ in range(3):
        lit = (rally.render(state)[0, :, 2:30] != DARK).any((-2, -1))
        rows.append(set(np.flatnonzero(lit).tolist()))
        state = rally.update(state, np.zeros((1, 2), int))
    assert rows == [{(top + down) % 32 for down in range(size)} for top in (30, 0, 2)]


def test_a_paddle_hits_what_hangs_over_the_other_end() -> None:
    """Two of the ball's rows are at the bottom, two at the top: a short paddle meets it there and there."""
    for left_y, zone in ((0, -1), (30, 1), (15, None)):
        rally, state = begun(walls=0, ball_size=4, paddle_length=2, ball_x=3, ball_y=30, ball_left=1, ball_zone=0,
                             left_y=left_y, steepness=1, speed=8)  # fmt: skip
        after = rally.update(state, np.zeros((1, 2), int))
        name = rally.events[int(rally.event(state, after)[0])]
        assert name == ("miss" if zone is None else f"hit {zone}")


def test_the_wall_on_the_right_reflects_and_changes_nothing_else() -> None:
    rally, state = begun(paddles=1, ball_size=3, ball_x=25, ball_y=9, ball_zone=1, steepness=1, speed=22)
    after = rally.update(state, np.zeros((1, 2), int))
    assert (after.ball_x, after.ball_vx, after.ball_vy) == (27 * UNIT, -22 * STEP, STEP)
    assert after.ball_y == 9 * UNIT + STEP and rally.events[int(rally.event(state, after)[0])] == "rebound"
    assert (rally.render(after)[0, :, 30] != DARK).any(-1).all()


def test_a_brick_is_gone_and_the_ball_turns_back() -> None:
    rally, state = begun(bricks=1, ball_size=2, ball_x=21, ball_y=5, ball_zone=0, speed=16)
    after = rally.update(state, np.zeros((1, 2), int))
    assert set(zip(*np.nonzero(state.bricks[0] & ~after.bricks[0]), strict=True)) == {(1, 0)}
    assert (after.ball_x, after.ball_y, after.ball_vx) == (21 * UNIT, 5 * UNIT, -16 * STEP)
    between = begun(bricks=1, ball_size=2, ball_x=21, ball_y=7, ball_zone=0, speed=16)[1]
    gone = between.bricks & ~rally.update(between, np.zeros((1, 2), int)).bricks
    assert set(zip(*np.nonzero(gone[0]), strict=True)) == {(1, 0), (2, 0)}, "both that it would stand on"


@pytest.mark.parametrize("left", [0, 1])
def test_bricks_come_back_at_the_serve_after_the_last(left: int) -> None:
    rally, state = begun(bricks=1, ball_left=left, ball_x=8, ball_y=6, ball_zone=0, left_y=25, serve_wait=3)
    alone = np.zeros_like(state.bricks)
    alone[0, 1, 0] = True
    state = state._replace(bricks=alone)
    counts = []
    for _ in range(60):
        state = rally.update(state, np.zeros((1, 2), int))
        counts.append((int(state.bricks.sum()), int(state.point[0])))
    first = next(count for count, point in counts if point)
    assert first == (1 if left else 16), "a ball that is missed while one stands brings none back"
    assert [count for count, _ in counts][0] == 1 and left or (0, 0) in counts


def test_bricks_are_cleared_by_who_plays_well() -> None:
    rally, states = played({"bricks": 1, "paddle_length": 9, "ball_size": 4, "speed": 16}, 32, 1500)
    counts = np.stack([state.bricks.sum((1, 2)) for state in states])
    points = np.stack([state.point for state in states])
    assert (counts == 0).any(0).mean() > 0.5
    back = np.diff(counts, axis=0) > 0
    assert back.any() and (points[1:][back] == -1).all() and (counts[1:][back] == 16).all()
    assert rally.events[:8] == ("flight", "edge", "miss", "serve", "wait", "brick", "rebound", "hit -2")


@pytest.mark.parametrize("wait", [0, 1, 5])
@pytest.mark.parametrize("left", [0, 1])
def test_a_serve_rests_and_goes_to_the_loser(wait: int, left: int) -> None:
    rally, state = begun(serve_wait=wait, ball_left=left, ball_x=26 - 23 * left, ball_y=4, ball_zone=0, left_y=20,
                         right_y=20, steepness=8, speed=16)  # fmt: skip
    while not state.point[0]:
        state = rally.update(state, np.zeros((1, 2), int))
    loser = -1 if left else 1
    assert rally.status(state).reward.tolist() == [[loser, -loser]]
    names = []
    for _ in range(wait + 1):
        assert (state.ball_x, state.ball_y) == (15 * UNIT, 15 * UNIT)
        after = rally.update(state, np.zeros((1, 2), int))
        names.append(rally.events[int(rally.event(state, after)[0])])
        state = after
    assert names == ["wait"] * wait + ["serve"]
    assert (state.ball_x, state.ball_y) == ((15 + 2 * loser) * UNIT, (15 + loser) * UNIT)


@pytest.mark.parametrize(
    ("params", "without"),
    [
        ({}, {"brick", "rebound"}),
        ({"serve_wait": 0, "paddles": 1}, {"brick", "wait"}),
        ({"bricks": 1}, set()),
        (EVERYTHING, set()),
    ],
)
def test_all_that_can_happen_has_a_name_and_happens(params: dict[str, Any], without: set[str]) -> None:
    rally, states = played(params, 128, 500)
    assert set(Rally(**EVERYTHING).events) - set(rally.events) == without
    found = {int(event) for before, after in pairwise(states) for event in rally.event(before, after)}
    assert found == set(range(len(rally.events)))


def test_colours_are_eight_pairs() -> None:
    pairs = set()
    for colours in range(8):
        rally, state = begun(colours=colours, bricks=1)
        picture = rally.render(state)[0]
        ball, paddle, brick = (PALETTE.index(tuple(picture[at].tolist())) for at in ((15, 15), (13, 1), (0, BRICK_X)))
        assert brick == ball % 3 + 1
        pairs.add((ball, paddle))
    assert pairs == set(product((1, 2, 3), repeat=2)) - {(3, 3)}


def test_the_params_before_the_start_describe_the_game() -> None:
    assert [param.start for param in SPEC.params] == [False] * RULES + [True] * (len(NAMES) - RULES)


@pytest.mark.parametrize("split", get_args(Split))
def test_the_splits_of_the_family_are_games(split: Split) -> None:
    rally = restrict(Rally(), split, 64)
    row_seeds = seeds.rows(0, 0, 200)
    drawn = rally.spec.draw(row_seeds)
    assert (drawn[:, NAMES.index("bricks")] == (split == "strange")).all()
    frames, _ = checks.play(rally, drawn, row_seeds, checks.some_actions(rally, 200, 20))
    assert len(np.unique(drawn[:, :RULES], axis=0)) > 50 and (frames[0] != frames[-1]).any()
