"""Truth and dreams start together and press the same keys; no dream sees more than its opening."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.errors import UserError
from tickworld.evaluation.rollout import Start, rollout
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.simulator import Opening, Status

PONG = game("pong")
ROWS, TICKS = 3, 7


class Spy:
    """A simulator that dreams of darkness and writes down what it is told."""

    def __init__(self, opening: int) -> None:
        self.spec = replace(PONG.spec, opening=opening)
        self.opening: Opening | None = None
        self.began: list[tuple[NDArray, NDArray]] = []
        self.pressed: list[NDArray[np.integer]] = []

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> int:
        self.began.append((params, seeds))
        self.opening = opening
        return 0

    def update(self, state: int, actions: NDArray[np.integer]) -> int:
        assert state == len(self.pressed)
        self.pressed.append(actions.copy())
        return state + 1

    def render(self, state: int) -> Frames:
        return np.full((ROWS, *self.spec.frame_shape), state, np.uint8)

    def status(self, state: int) -> Status:
        return Status(np.zeros((ROWS, 2), np.float32), np.zeros(ROWS, bool))


class Watched:
    """A player that presses random keys and writes down what it saw."""

    def __init__(self) -> None:
        self.saw: list[tuple[int, Frames]] = []
        self.seeds: NDArray[np.uint64] | None = None

    def init(self, seeds: NDArray[np.uint64]) -> int:
        self.seeds = seeds
        return 0

    def act(self, memory: int, tick: int, frames: Frames) -> tuple[NDArray[np.uint8], int]:
        assert memory == tick
        self.saw.append((tick, frames.copy()))
        return keys(tick), memory + 1


def keys(tick: int) -> NDArray[np.uint8]:
    return np.random.default_rng(tick).integers(0, 3, (ROWS, 2), np.uint8)


def played(ticks: int, seed: int = 0) -> Frames:
    """The true frames of ticks 0 .. ``ticks`` under the watched player, [T + 1, N, H, W, C]."""
    rows = Start(Watched(), ROWS, seed).rows
    state = PONG.init(PONG.spec.draw(rows), rows)
    frames = [PONG.render(state)]
    for tick in range(ticks):
        state = PONG.update(state, keys(tick))
        frames.append(PONG.render(state))
    return np.stack(frames)


def run(openings: dict[str, int], ticks: int = TICKS) -> tuple[dict[str, Spy], Watched, list[Any]]:
    spies, watched = {name: Spy(opening) for name, opening in openings.items()}, Watched()
    return spies, watched, list(rollout(PONG, dict(spies), Start(watched, ROWS, 0), ticks))


@pytest.mark.parametrize("openings", [{"a": 5, "b": 2, "c": 1, "d": 0}, {"a": 1}, {"a": 0}, {"a": 3}, {}])
def test_all_stand_at_the_same_tick_and_press_the_same_keys(openings: dict[str, int]) -> None:
    spies, watched, ticks = run(openings)
    first = max([1, *openings.values()]) - 1  # the tick of the common start
    frames = played(first + TICKS)
    for name, spy in spies.items():
        length = openings[name]
        assert len(spy.began) == 1
        if length == 0:
            assert spy.opening is None
            assert (np.stack(spy.pressed) == np.stack([keys(tick) for tick in range(first + TICKS)])).all()
            continue
        assert spy.opening is not None
        assert spy.opening.frames.shape == (ROWS, length, 32, 32, 1)
        assert spy.opening.actions.shape == (ROWS, length - 1, 2)
        assert (spy.opening.frames == np.moveaxis(frames[first - length + 1 : first + 1], 0, 1)).all()
        for index in range(length - 1):
            assert (spy.opening.actions[:, index] == keys(first - length + 1 + index)).all()
        assert (np.stack(spy.pressed) == np.stack([keys(first + tick) for tick in range(TICKS)])).all()
    assert [tick.index for tick in ticks] == list(range(TICKS + 1))
    for tick in ticks:
        assert (tick.truth == frames[first + tick.index]).all()
        if tick.index:
            assert (tick.actions == keys(first + tick.index - 1)).all()
    assert ticks[0].actions is None


def test_the_player_watches_the_truth_and_counts_its_ticks() -> None:
    _, watched, _ = run({"a": 4, "b": 0})
    frames = played(3 + TICKS)
    assert [tick for tick, _ in watched.saw] == list(range(3 + TICKS))
    assert all((seen == frames[tick]).all() for tick, seen in watched.saw)


def test_a_dream_shows_its_own_frames() -> None:
    _, _, ticks = run({"a": 4, "b": 0})
    for tick in ticks:
        assert (tick.dreams["a"] == tick.index).all()
        assert (tick.dreams["b"] == 3 + tick.index).all()  # it caught up first


def test_everybody_gets_the_params_and_seeds_of_the_truth() -> None:
    spies, watched, _ = run({"a": 2, "b": 0})
    rows = Start(watched, ROWS, 0).rows
    for spy in spies.values():
        (params, seeds) = spy.began[0]
        assert (params == PONG.spec.draw(rows)).all() and (seeds == rows).all()
    assert (watched.seeds == rows).all()


def test_floors_stand_beside_the_dreams() -> None:
    _, _, ticks = run({"a": 3})
    for tick in ticks:
        assert list(tick.dreams) == ["a", "copy", "no_ball"]
        assert (tick.dreams["copy"] == ticks[0].truth).all()
        lost = tick.truth != tick.dreams["no_ball"]
        assert (lost.sum((1, 2, 3)) == 1).all()  # the ball, one pixel, and nothing else
        assert (tick.truth[lost] == 255).all()


def test_it_ends_when_every_game_is_over() -> None:
    angle = game("pong_angle")
    start = Start(player("idle", angle), 4, 0)
    ticks = list(rollout(angle, {}, start, 500))
    rows = start.rows
    state = angle.init(angle.spec.draw(rows), rows)
    over = np.zeros(4, bool)
    for tick in ticks:
        assert (tick.playing == ~over).all()  # the tick that ends a game is still judged
        over = angle.status(state).over
        state = angle.update(state, np.zeros((4, 2), np.uint8))
    assert over.all() and 20 < len(ticks) < 500


def test_a_game_that_cannot_be_read_has_one_floor() -> None:
    ticks = list(rollout(Spy(0), {}, Start(Watched(), ROWS, 0), 2))
    assert [list(tick.dreams) for tick in ticks] == [["copy"]] * 3


def test_a_dream_of_another_game_is_told() -> None:
    other = game("pong_angle")
    with pytest.raises(UserError, match=r"pong has frames \(32, 32, 1\).*the world of pong_angle has \(40, 40, 1\)"):
        next(rollout(PONG, {"a": other}, Start(Watched(), ROWS, 0), 1))


def test_a_row_is_the_same_in_a_larger_evaluation() -> None:
    few, many = Start(Watched(), 4, 9).rows, Start(Watched(), 50, 9).rows
    assert (many[:4] == few).all() and len(set(many.tolist())) == 50
    assert not set(Start(Watched(), 50, 10).rows.tolist()) & set(many.tolist())
