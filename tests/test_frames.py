"""Frames in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tickworld import frames
from tickworld.errors import UserError
from tickworld.games.pong import SPEC

GREY = arrays(np.uint8, st.tuples(st.integers(0, 3), st.just(4), st.just(5), st.just(1)))


def test_check_frames_accepts_any_leading_axes() -> None:
    for lead in [(), (2,), (3, 0), (1, 2, 3)]:
        frames.check_frames(np.zeros((*lead, 32, 32, 1), np.uint8), SPEC)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (np.zeros((2, 32, 32, 1)), "must be uint8 with values 0..255; got float64"),
        (np.zeros((2, 32, 32), np.uint8), r"of pong must end in .* = \(32, 32, 1\); got \(2, 32, 32\)"),
        (np.zeros((32, 40, 1), np.uint8), r"got \(32, 40, 1\)"),
        (np.zeros((32, 32, 3), np.uint8), r"got \(32, 32, 3\)"),
        (np.zeros(3, np.uint8), r"got \(3,\)"),
    ],
)
def test_check_frames_says_what_is_wrong(bad: np.ndarray, complaint: str) -> None:
    with pytest.raises(UserError, match=f"^recording .*{complaint}"):
        frames.check_frames(bad, SPEC, "recording")


@given(GREY)
def test_to_rgb_repeats_grey_and_leaves_colour(grey: np.ndarray) -> None:
    colour = frames.to_rgb(grey)
    assert colour.shape == (*grey.shape[:-1], 3)
    assert (colour == grey).all()
    assert frames.to_rgb(colour).shape == colour.shape


@given(GREY, st.integers(1, 4))
def test_enlarge_draws_crisp_squares(grey: np.ndarray, factor: int) -> None:
    large = frames.enlarge(grey, factor)
    assert large.shape[-3:] == (4 * factor, 5 * factor, 1)
    for down in range(factor):
        for along in range(factor):
            assert (large[..., down::factor, along::factor, :] == grey).all()


def test_beside_sets_panels_from_left_to_right_with_a_gap() -> None:
    panels = [np.full((2, 3, width, 1), width, np.uint8) for width in (4, 1, 2)]
    row = frames.beside(*panels, gap=2, shade=9)
    assert row.shape == (2, 3, 11, 1)
    assert row[0, 0, :, 0].tolist() == [4, 4, 4, 4, 9, 9, 1, 9, 9, 2, 2]
    assert (frames.beside(panels[0]) == panels[0]).all()


@given(GREY)
def test_difference_never_wraps_around(grey: np.ndarray) -> None:
    other = np.flip(grey, -2)
    expected = np.abs(grey.astype(int) - other.astype(int))
    assert (frames.difference(grey, other) == expected).all()
    assert frames.difference(grey, other).dtype == np.uint8


def test_wrong_pixels_counts_a_pixel_once_and_forgives_the_tolerance() -> None:
    truth = np.zeros((2, 4, 4, 3), np.uint8)
    dream = truth.copy()
    dream[0, 0, 0] = 200
    dream[0, 1, 1, 2] = 9
    dream[1, 2, 2, 0] = 8
    assert frames.wrong_pixels(truth, dream).tolist() == [2, 0]
    assert frames.wrong_pixels(truth, dream, tolerance=0).tolist() == [2, 1]


PALETTES: list[tuple[tuple[int, ...], ...]] = [((0,), (255,)), ((200,), (10,)), ((0,), (7,)), ((0,), (100,), (255,))]


@pytest.mark.parametrize("palette", PALETTES)
def test_snap_gives_the_nearest_grey(palette: tuple[tuple[int, ...], ...]) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    snapped = frames.snap(every, palette)
    assert snapped.dtype == np.uint8
    greys = [colour[0] for colour in palette]
    for got, value in zip(snapped.ravel().tolist(), range(256), strict=True):
        assert got in greys
        assert abs(got - value) == min(abs(grey - value) for grey in greys)


def test_snap_with_colours_and_without() -> None:
    palette = ((0, 0, 0), (255, 0, 0), (0, 0, 255))
    shown = np.array([[[[250, 3, 9], [1, 2, 3], [90, 0, 140]]]], np.uint8)
    assert frames.snap(shown, palette).tolist() == [[[[255, 0, 0], [0, 0, 0], [0, 0, 255]]]]
    assert frames.snap(shown, ()) is shown
