"""The border between numpy and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tickworld.tensors import best_colour, lead, one_hot, sums_size, to_frames, to_tensor, with_sums

FRAMES = arrays(
    np.uint8, st.tuples(st.integers(0, 2), st.integers(1, 3), st.just(4), st.just(5), st.sampled_from([1, 3]))
)


def test_every_value_comes_back() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    assert (to_frames(to_tensor(every)) == every).all()


@given(FRAMES)
def test_round_trip_keeps_pixels_and_moves_the_channels(frames: np.ndarray) -> None:
    pixels = to_tensor(frames)
    assert pixels.dtype == torch.float32
    assert pixels.shape == (*frames.shape[:2], frames.shape[-1], 4, 5)
    assert pixels.is_contiguous()
    assert (to_frames(pixels) == frames).all()


def test_to_tensor_copies_also_what_is_read_only() -> None:
    frames = np.full((4, 4, 1), 255, np.uint8)
    frames.flags.writeable = False
    pixels = to_tensor(frames)
    pixels.zero_()
    assert frames.min() == 255


def test_to_frames_rounds_and_cuts() -> None:
    pixels = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 7.0]).reshape(1, 2, 3).requires_grad_()
    assert to_frames(pixels).ravel().tolist() == [0, 0, 0, 1, 255, 255]
    assert to_frames(pixels).shape == (2, 3, 1)


@given(arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.integers(0, 2)))
def test_one_hot_marks_each_rows_own_action_only(actions: np.ndarray) -> None:
    marks = one_hot(actions, 3)
    assert marks.dtype == torch.float32
    assert marks.shape == (len(actions), actions.shape[1] * 3)
    assert (marks.reshape(*actions.shape, 3).sum(-1) == 1).all()
    assert (marks.reshape(*actions.shape, 3).argmax(-1).numpy() == actions).all()
    for row, action in enumerate(actions):
        assert (one_hot(action[None], 3) == marks[row]).all(), "a row depends on its neighbours"


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_one_hot_takes_any_integers_read_only_too(dtype: type) -> None:
    actions = np.array([[0, 2], [1, 1]], dtype)
    actions.flags.writeable = False
    expected = [[1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 1, 0]]
    assert one_hot(actions, 3).tolist() == expected
    assert one_hot(torch.tensor(actions.tolist()), 3).tolist() == expected


@given(arrays(np.int64, st.tuples(st.just(2), st.integers(1, 4), st.just(3), st.just(2)), elements=st.integers(-2, 2)))
def test_the_best_colour_is_the_first_of_the_highest(logits: np.ndarray) -> None:
    best = best_colour(torch.from_numpy(logits.astype(np.float32)))
    assert best.dtype == torch.uint8
    assert (best.numpy() == logits.argmax(1)).all()  # numpy takes the first of equals too


@given(arrays(np.int64, st.tuples(st.just(2), st.integers(2, 5), st.just(3), st.just(2)), elements=st.integers(-9, 9)))
def test_the_lead_is_that_over_the_next_best(logits: np.ndarray) -> None:
    ranked = np.sort(logits, 1)
    assert (lead(torch.from_numpy(logits.astype(np.float32))).numpy() == ranked[:, -1] - ranked[:, -2]).all()


def test_sums_stand_beside_the_pixels() -> None:
    frames = torch.arange(2 * 3 * 4.0).view(1, 2, 3, 4)
    seen = with_sums(frames)
    assert seen.shape == (1, sums_size((3, 4, 2)))
    assert torch.equal(seen[0, :24], frames.flatten())
    assert seen[0, 24:30].tolist() == [6, 22, 38, 54, 70, 86]  # of rows
    assert seen[0, 30:].tolist() == [12, 15, 18, 21, 48, 51, 54, 57]  # of columns
