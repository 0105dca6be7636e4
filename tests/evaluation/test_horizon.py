"""The headline number, against its definition in words: ticks that are right before the first mistake."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tickworld.evaluation.horizon import Horizon, curve, object_wrong, objects_wrong
from tickworld.frames import pixels_wrong
from tickworld.games import game
from tickworld.simulator import Objects

MISTAKES = st.tuples(st.integers(1, 30), st.integers(1, 8)).flatmap(lambda shape: arrays(bool, shape))
"""[T, N]: in which rollouts a tick is wrong."""


def collected(wrong: NDArray[np.bool_]) -> Horizon:
    horizon = Horizon(wrong.shape[1])
    for tick in wrong:
        horizon.add(tick)
    return horizon


def slow(wrong: list[bool]) -> int:
    """How many ticks are right before the first that is wrong."""
    right = 0
    for mistake in wrong:
        if mistake:
            return right
        right += 1
    return right


@given(MISTAKES)
def test_it_counts_right_ticks_before_the_first_mistake(wrong: NDArray[np.bool_]) -> None:
    horizon = collected(wrong)
    assert horizon.right.tolist() == [slow(row.tolist()) for row in wrong.T]
    assert horizon.alive.tolist() == (~wrong.any(0)).tolist()


@given(MISTAKES)
def test_the_summary_says_what_it_is_called(wrong: NDArray[np.bool_]) -> None:
    summary = collected(wrong).summary()
    counts = sorted(slow(row.tolist()) for row in wrong.T)
    middle = len(counts) // 2
    assert summary["median"] == (counts[middle] + counts[~middle]) / 2
    assert summary["mean"] == pytest.approx(sum(counts) / len(counts))
    place = 0.1 * (len(counts) - 1)  # between two neighbours, straight
    low, share = int(place), place - int(place)
    expected = counts[low] + share * (counts[min(low + 1, len(counts) - 1)] - counts[low])
    assert summary["p10"] == pytest.approx(expected)
    assert summary["survived"] == pytest.approx((~wrong.any(0)).mean())


@given(MISTAKES)
def test_survival_is_the_share_that_made_no_mistake_so_far(wrong: NDArray[np.bool_]) -> None:
    horizon, ticks = collected(wrong), len(wrong)
    survival = horizon.survival(ticks)
    expected = [1.0] + [(~wrong[:tick].any(0)).mean() for tick in range(1, ticks + 1)]
    assert survival == pytest.approx(expected)
    assert survival[1:].sum() == pytest.approx(horizon.right.mean())  # the area under it is the mean horizon
    assert survival[-1] == pytest.approx(horizon.summary()["survived"])


def test_a_mistake_at_the_first_tick_leaves_nothing_and_one_at_the_last_all_but_it() -> None:
    wrong = np.zeros((10, 3), bool)
    wrong[0, 0] = wrong[9, 1] = True
    horizon = collected(wrong)
    assert horizon.right.tolist() == [0, 9, 10]
    assert horizon.alive.tolist() == [False, False, True]
    assert horizon.survival(10).tolist() == pytest.approx([1] + [2 / 3] * 9 + [1 / 3])


def test_a_rollout_that_is_over_neither_fails_nor_grows() -> None:
    horizon = Horizon(3)
    for wrong, playing in (([0, 0, 0], [1, 1, 1]), ([0, 1, 0], [1, 1, 0]), ([1, 1, 1], [1, 0, 0])):
        horizon.add(np.array(wrong, bool), np.array(playing, bool))
    assert horizon.right.tolist() == [2, 1, 1]
    assert horizon.alive.tolist() == [False, False, True]


NAN = np.nan


@pytest.mark.parametrize(
    ("true", "dreamt", "wrong"),
    [
        ((10, 20, 5), (10, 20, 5), False),
        ((10, 20, 5), (11, 20, 5), False),
        ((10, 20, 5), (11, 19, 5), False),
        ((10, 20, 5), (11.01, 20, 5), True),
        ((10, 20, 5), (10, 18.9, 5), True),
        ((10, 20, 5), (12, 20, 5), True),
        ((10, 20, 5), (NAN, NAN, NAN), True),
        ((NAN, NAN, NAN), (10, 20, 5), True),
        ((NAN, NAN, NAN), (NAN, NAN, NAN), False),
        ((10, 20, 4), (10, 20, 2), False),
        ((10, 20, 4), (10, 20, 1), True),
        ((10, 20, 4), (10, 20, 8), False),
        ((10, 20, 4), (10, 20, 9), True),
    ],
)
def test_when_an_object_is_wrong(true: tuple[float, ...], dreamt: tuple[float, ...], wrong: bool) -> None:
    """More than one pixel off, absent or present without reason, under half or over twice its size."""
    assert object_wrong(np.array([true], float), np.array([dreamt], float)).tolist() == [wrong]


def seen(ball: float = 5.0, score: int = 3, count: int = 2) -> Objects:
    """Objects of ``count`` frames, all alike."""
    return Objects(
        {"ball": np.tile([ball, 9.0, 1.0], (count, 1)), "left": np.tile([1.0, 12.0, 5.0], (count, 1))},
        {"score": np.full(count, score)},
    )


def test_one_wrong_object_or_reading_makes_a_frame_wrong() -> None:
    assert objects_wrong(seen(), seen()).tolist() == [False, False]
    assert objects_wrong(seen(), seen(ball=7)).tolist() == [True, True]
    assert objects_wrong(seen(), seen(score=4)).tolist() == [True, True]
    assert objects_wrong(seen(), seen(score=-1)).tolist() == [True, True]  # illegible
    other = seen()
    other.positions["left"][1, 1] += 2
    assert objects_wrong(seen(), other).tolist() == [False, True]


def test_pixels_are_judged_in_palette_colours() -> None:
    truth = np.zeros((2, 4, 4, 1), np.uint8)
    truth[:, 1, 2] = 255
    grey = truth.copy()
    grey[0] = np.where(truth[0], 140, 110)  # unsure, yet on the right side
    grey[1, 3, 3] = 200
    assert pixels_wrong(truth, grey, ((0,), (255,))).tolist() == [False, True]
    assert pixels_wrong(truth, grey, ()).tolist() == [True, True]
    near = np.clip(truth.astype(int) + 8, 0, 255).astype(np.uint8)
    assert pixels_wrong(truth, near, ()).tolist() == [False, False]


@pytest.mark.parametrize("name", ["pong", "pong_angle"])
def test_a_ball_moved_by_one_pixel_is_a_wrong_pixel_and_a_right_object(name: str) -> None:
    simulator = game(name)
    state = simulator.init(simulator.spec.defaults(1), np.zeros(1, np.uint64))
    frames = simulator.render(state)
    inner = frames[:, 8:, 6:-6]
    moved = frames.copy()
    for shift, object_is_wrong in ((1, False), (2, True)):
        moved[:, 8:, 6:-6] = np.roll(inner, shift, 2)
        assert pixels_wrong(frames, moved, simulator.spec.palette).all()
        objects = getattr(simulator, "objects")  # noqa: B009
        assert objects_wrong(objects(frames), objects(moved)).all() == object_is_wrong


def test_a_curve_is_short_numbers_and_none_for_what_is_none() -> None:
    assert curve(np.array([1 / 3, 1e-9 / 3, 12345678.0, np.nan])) == [0.33333, 3.3333e-10, 12346000.0, None]
