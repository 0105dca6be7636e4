"""Windows: a pure function of (seed, iteration), cut from the right places, all legal ones alike probable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickworld.data.batches import WindowShape, cut, legal_starts, windows
from tickworld.data.episode import Episodes
from tickworld.errors import UserError

TICKS = 24


def numbered(lengths: list[int]) -> Episodes:
    """Episodes whose frames and actions say which they are: frame (100 e + t) in two bytes, action t."""
    count = len(lengths)
    e, t = np.indices((count, TICKS + 1))
    t = np.minimum(t, np.array(lengths)[:, None])
    frames = np.stack([e, t], -1).astype(np.uint8).reshape(count, TICKS + 1, 1, 2, 1)
    return Episodes(
        frames=frames,
        actions=np.broadcast_to(np.arange(TICKS, dtype=np.uint8)[:, None], (count, TICKS, 1)),
        rewards=np.zeros((count, TICKS, 1), np.float32),
        over=np.arange(TICKS) >= np.array(lengths)[:, None] - 1,
        params=np.arange(count, dtype=float)[:, None],
        seeds=np.arange(count, dtype=np.uint64),
        lengths=np.array(lengths, np.int32),
    )


lengths_of_episodes = st.lists(st.integers(0, TICKS), min_size=1, max_size=6)


@given(lengths_of_episodes, st.integers(0, 5), st.integers(1, 20), st.integers(0, 9))
def test_windows_hold_what_they_should(lengths: list[int], opening: int, ticks: int, iteration: int) -> None:
    episodes, shape = numbered(lengths), WindowShape(opening, ticks, 7)
    if max(opening - 1, 0) + ticks > TICKS or max(lengths) <= max(opening - 1, 0):
        with pytest.raises(UserError):
            windows(episodes, shape, 0, iteration)
        return
    batch = windows(episodes, shape, 0, iteration)
    assert batch.frames.shape == (7, ticks + 1, 1, 2, 1) and batch.actions.shape == (7, ticks, 1)
    assert batch.opening_frames.shape == (7, opening, 1, 2, 1)
    assert batch.opening_actions.shape == (7, max(opening - 1, 0), 1)
    which, shown = batch.frames[:, :, 0, 0, 0], batch.frames[:, :, 0, 1, 0]
    assert (which == batch.params).all()
    stand = shown[:, 0].astype(int)
    assert (stand == 0).all() if opening == 0 else (stand >= opening - 1).all()
    own = np.array(lengths)[which[:, 0]]
    assert (stand < own).all()  # at least one tick follows
    time = stand[:, None] + np.arange(ticks + 1)
    assert (shown == np.minimum(time, own[:, None])).all()
    assert (batch.mask == (time <= own[:, None])).all()
    assert (batch.actions[:, :, 0] == time[:, :-1]).all()
    if opening:
        assert (batch.opening_frames[:, -1] == batch.frames[:, 0]).all()
        before = stand[:, None] - np.arange(opening)[::-1]
        assert (batch.opening_frames[:, :, 0, 1, 0] == before).all()
        assert (batch.opening_actions[:, :, 0] == before[:, :-1]).all()


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6))
def test_the_same_seed_and_iteration_give_the_same_batch(seed: int, iteration: int) -> None:
    episodes, shape = numbered([TICKS] * 4), WindowShape(2, 5, 3)
    one, again = windows(episodes, shape, seed, iteration), windows(episodes, shape, seed, iteration)
    assert all((a == b).all() for a, b in zip(one, again, strict=True))


def test_other_seeds_and_iterations_give_other_batches() -> None:
    episodes, shape = numbered([TICKS] * 4), WindowShape(2, 5, 8)
    batches = [windows(episodes, shape, seed, iteration) for seed in range(3) for iteration in range(3)]
    assert len({batch.frames.tobytes() for batch in batches}) == 9


def test_every_legal_window_is_as_likely_as_any_other() -> None:
    episodes, shape = numbered([TICKS, 6, 0]), WindowShape(3, 4, 20_000)
    counts = legal_starts(episodes, shape)
    assert counts.tolist() == [TICKS - 2 - 4 + 1, 4, 0]
    batch = windows(episodes, shape, 0, 0)
    place = batch.frames[:, 0, 0, 0, 0].astype(int) * 100 + batch.frames[:, 0, 0, 1, 0]
    _, drawn = np.unique(place, return_counts=True)
    assert len(drawn) == counts.sum()
    assert np.abs(drawn / 20_000 * counts.sum() - 1).max() < 0.15


def test_cut_takes_the_windows_it_is_told() -> None:
    batch = cut(numbered([TICKS] * 3), WindowShape(2, 3, 2), np.array([2, 0]), np.array([5, 0]))
    assert batch.frames[:, :, 0].tolist() == [
        [[[2], [6]], [[2], [7]], [[2], [8]], [[2], [9]]],
        [[[0], [1]], [[0], [2]], [[0], [3]], [[0], [4]]],
    ]


@pytest.mark.parametrize(
    ("lengths", "shape", "complaint"),
    [
        ([TICKS], WindowShape(1, TICKS + 1, 1), "at least 25 ticks; got 24"),
        ([TICKS], WindowShape(3, TICKS - 1, 1), "at least 25 ticks"),
        ([2, 1], WindowShape(4, 2, 1), "the longest has 2"),
        ([TICKS], WindowShape(-1, 2, 1), "opening >= 0"),
        ([TICKS], WindowShape(1, 0, 1), "ticks >= 1"),
        ([TICKS], WindowShape(1, 1, 0), "batch >= 1"),
    ],
)
def test_impossible_windows_are_told(lengths: list[int], shape: WindowShape, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        windows(numbered(lengths), shape, 0, 0)
