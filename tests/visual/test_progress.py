from __future__ import annotations

import numpy as np
import pytest

from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.visual import colours
from tickworld.visual.progress import GAP, progress_picture

Pair = tuple[Frames, Frames]
LEFT, TOP, FACTOR = 72 + GAP, 22 + GAP, 8
"""Where the first panel of a 16 x 16 game begins, and how much it is enlarged."""


def panel(picture: Frames, row: int, column: int) -> Frames:
    """The panel, at the size of a frame again."""
    side = 16 * FACTOR
    y, x = TOP + row * (side + GAP), LEFT + column * (side + GAP)
    return picture[y : y + side, x : x + side][::FACTOR, ::FACTOR]


def test_truth_over_dream_at_the_ticks_that_are_there(pair: Pair) -> None:
    picture = progress_picture(*pair)
    assert picture.dtype == np.uint8 and picture.shape == (TOP + 2 * (128 + GAP), LEFT + 3 * (128 + GAP), 3)
    for row, frames in enumerate(pair):
        for column, tick in enumerate((1, 5, 10)):
            lit = frames[tick, ..., 0] > 0
            shown = panel(picture, row, column)
            assert (shown[lit] == colours.RED).all() and (shown[~lit] == colours.BLUE).all()


def test_ticks_beyond_the_rollout_are_left_out(pair: Pair) -> None:
    assert np.array_equal(progress_picture(*pair), progress_picture(*pair, ticks=(1, 5, 10)))
    assert progress_picture(*pair, ticks=(12,)).shape == progress_picture(*pair, ticks=(12, 13)).shape
    with pytest.raises(UserError, match="needs a longer rollout; got 12 ticks"):
        progress_picture(*pair, ticks=(13, 20))


def test_what_is_unsure_is_white(pair: Pair) -> None:
    truth, dream = pair
    dream[1, :2] = 128
    assert (panel(progress_picture(truth, dream), 1, 0)[:2] >= 248).all()


def test_colour_frames_are_shown_as_they_are() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    assert np.array_equal(panel(progress_picture(frames, frames), 1, 0), frames[1])


@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (2, 3, 90, 1), (2, 210, 160, 3)])
def test_any_size_of_frame_can_be_drawn(shape: tuple[int, ...]) -> None:
    frames = np.zeros(shape, np.uint8)
    assert progress_picture(frames, frames).ndim == 3


def test_impossible_arrays_get_one_sentence(pair: Pair) -> None:
    truth, dream = pair
    for bad in (dream[:5], dream[..., 0], dream.astype(float)):
        with pytest.raises(UserError, match="truth and dream as uint8 of one shape.*got"):
            progress_picture(truth, bad)
