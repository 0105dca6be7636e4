from __future__ import annotations

import numpy as np
import pytest

from tickworld.errors import UserError
from tickworld.frames import Frames, enlarge
from tickworld.visual import colours
from tickworld.visual.split_screen import EDGE, GAP, LABEL, MARGIN, Layout, split_screen

Pair = tuple[Frames, Frames]
TOP = MARGIN + 22 + LABEL
"""First row of the first panel's frame."""


def panels(screens: Frames, factor: int, size: int = 16, count: int = 2) -> list[Frames]:
    """The insides of the first rollout's panels, cut out of the screens."""
    side, found = size * factor, []
    for index in range(count):
        x = MARGIN + index * (side + 2 * EDGE + GAP) + EDGE
        found.append(screens[:, TOP + EDGE : TOP + EDGE + side, x : x + side])
    return found


def dream_edge(screens: Frames, factor: int, size: int = 16) -> list[tuple[int, ...]]:
    """The colour of the dream's frame on every tick."""
    x = MARGIN + size * factor + 2 * EDGE + GAP
    return [tuple(colour) for colour in screens[:, TOP, x].tolist()]


def test_panels_show_truth_and_dream_in_crisp_squares(pair: Pair) -> None:
    screens = split_screen(*pair, layout=Layout(factor=5))
    assert screens.dtype == np.uint8 and len(screens) == 13 and screens.shape[-1] == 3
    for shown, frames in zip(panels(screens, 5), pair, strict=True):
        lit = enlarge(frames, 5)[..., 0] > 0
        assert (shown[lit] == colours.CHALK).all() and (shown[~lit] == colours.COURT).all()


def test_size_follows_from_the_layout(pair: Pair) -> None:
    one = split_screen(*pair).shape
    assert split_screen(*pair, difference=True).shape[2] - one[2] == 16 * 12 + 2 * EDGE + GAP
    truth, dream = np.stack([pair] * 4, 1)
    grid = split_screen(truth, dream).shape
    assert grid[2] == 2 * one[2] and grid[1] - one[1] == one[1] - (MARGIN + 22)
    assert split_screen(truth, dream, layout=Layout(columns=4)).shape[2] == 4 * one[2]
    assert split_screen(truth, dream, layout=Layout(columns=4)).shape[1] == one[1]


def test_the_mark_turns_at_the_first_wrong_frame(pair: Pair) -> None:
    edges = dream_edge(split_screen(*pair, 5, layout=Layout(factor=4)), 4)
    assert edges == [colours.RIGHT] * 6 + [colours.WRONG] * 7


@pytest.mark.parametrize(("horizon", "wrong"), [(0, 12), (11, 1), (12, 0), (500, 0)])
def test_the_mark_at_the_ends(pair: Pair, horizon: int, wrong: int) -> None:
    edges = dream_edge(split_screen(*pair, horizon, layout=Layout(factor=4)), 4)
    assert edges == [colours.RIGHT] * (13 - wrong) + [colours.WRONG] * wrong


def test_nothing_is_marked_without_a_horizon(pair: Pair) -> None:
    screens = split_screen(*pair, layout=Layout(factor=4))
    assert set(dream_edge(screens, 4)) == {colours.FAINT}
    shades = {tuple(colour) for colour in screens.reshape(-1, 3).tolist()}
    assert colours.RIGHT not in shades and colours.WRONG not in shades


def test_the_mark_is_also_a_word_and_a_number(pair: Pair) -> None:
    """Whoever sees no colours sees the label strip and the strip below the time line change."""
    screens = split_screen(*pair, 5).max(-1) > 100
    labels, numbers = screens[:, TOP - LABEL : TOP - 2], screens[:, -MARGIN - 13 : -MARGIN]
    changed = [(labels[t] != labels[t - 1]).any() for t in range(1, 13)]
    assert changed == [t == 6 for t in range(1, 13)]
    assert not np.array_equal(numbers[5], numbers[6]) and np.array_equal(numbers[6], numbers[12])


def test_the_tick_is_shown(pair: Pair) -> None:
    header = split_screen(*pair, layout=Layout(title="pong"))[:, : MARGIN + 14]
    assert len({screen.tobytes() for screen in header}) == 13


def test_every_rollout_of_a_grid_has_its_own_mark(pair: Pair) -> None:
    truth, dream = np.stack([pair] * 2, 1)
    screens = split_screen(truth, dream, np.array([2, 12]), layout=Layout(factor=4, columns=1))
    single = [split_screen(*pair, horizon, layout=Layout(factor=4)) for horizon in (2, 12)]
    tall = single[0].shape[1] - (MARGIN + 22)
    assert np.array_equal(screens[:, : MARGIN + 22 + tall], single[0])
    assert np.array_equal(screens[:, MARGIN + 22 + tall :], single[1][:, MARGIN + 22 :])


def test_the_difference_tells_missing_from_extra(pair: Pair) -> None:
    screens = split_screen(*pair, difference=True, layout=Layout(factor=3))
    shown = panels(screens, 3, count=3)[2]
    truth, dream = (enlarge(frames, 3)[..., 0] > 0 for frames in pair)
    assert (shown[truth & ~dream] == colours.MISSING).all()
    assert (shown[dream & ~truth] == colours.EXTRA).all()
    assert (shown[~truth & ~dream] == colours.COURT).all()
    assert len(np.unique(shown[truth & dream], axis=0)) == 1


def test_colour_frames_are_shown_as_they_are() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    dream = truth[:, ::-1]
    shown = panels(split_screen(truth, dream, difference=True, layout=Layout(factor=2)), 2, count=3)
    assert np.array_equal(shown[0], enlarge(truth, 2)) and np.array_equal(shown[1], enlarge(dream, 2))


@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (1, 3, 90, 1), (2, 210, 160, 3)])
def test_any_size_of_frame_can_be_drawn(shape: tuple[int, ...]) -> None:
    frames = np.zeros(shape, np.uint8)
    assert (
        len(split_screen(frames, frames, 1, difference=True, layout=Layout(title="a long title \N{SNOWMAN}")))
        == shape[0]
    )


def test_the_screen_stays_exact_as_a_gif(pair: Pair) -> None:
    blurred = np.random.default_rng(0).integers(0, 256, pair[0].shape).astype(np.uint8)
    screens = split_screen(pair[0], blurred, 3, difference=True, layout=Layout(factor=2)).astype(int)
    assert len(np.unique(screens @ (65536, 256, 1))) <= 255


def test_impossible_arrays_get_one_sentence(pair: Pair) -> None:
    truth, dream = pair
    for bad in (dream[:5], dream[..., 0], dream.astype(float)):
        with pytest.raises(UserError, match="truth and dream as uint8 of one shape.*got"):
            split_screen(truth, bad)
    with pytest.raises(UserError, match="needs 2 horizons; got 3"):
        split_screen(truth[None].repeat(2, 0), dream[None].repeat(2, 0), [1, 2, 3])
