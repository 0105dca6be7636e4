"""How pictures become frames: what is kept, what is blurred, and that a palette holds for ever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.errors import UserError
from tickworld.games.gym_config import parsed
from tickworld.games.gym_view import View, chosen, thinnest, watch

BACK, WALL, BALL = (0, 40, 0), (200, 200, 200), (255, 0, 0)


def pictures(ball: tuple[int, int] = (4, 2), size: tuple[int, int] = (210, 160), count: int = 64) -> list[NDArray]:
    """A ball of that many pixels that crosses a field with a wall."""
    shown = []
    for tick in range(count):
        frame = np.tile(np.array(BACK, np.uint8), (*size, 1))
        frame[:20] = WALL
        top, left = 30 + tick % 100, 10 + 2 * tick
        frame[top : top + ball[0], left : left + ball[1]] = BALL
        shown.append(frame)
    return shown


def view(shown: list[NDArray], **options: Any) -> View:
    address = parsed("gym:X", options)
    return chosen(watch(address, iter(shown)), address.config)


def test_few_colours_are_kept_and_thin_things_stay() -> None:
    shown = pictures()
    made = view(shown)
    assert (made.height, made.width) == (53, 80), "every fourth row, every second column"
    assert made.palette == (BACK, WALL, BALL), "the background comes first"
    assert all((made(each) == BALL).all(-1).any() for each in shown), "the ball never vanishes"
    assert "53x80 pixels of 210x160 shown" in made.why and "keeps things of 4x2" in made.why


def test_the_thinnest_things_are_measured() -> None:
    for ball in ((4, 2), (7, 9), (1, 3)):
        assert thinnest(watch(parsed("gym:X"), iter(pictures(ball)))) == ball


def test_a_palette_holds_whatever_comes() -> None:
    shown = pictures()
    made = view(shown)
    odd = shown[0].copy()
    odd[50:90] = (250, 10, 10)
    odd[100:140] = (3, 3, 3)
    assert {tuple(colour) for colour in made(odd).reshape(-1, 3).tolist()} <= set(made.palette)
    assert (made(odd)[15] == BALL).all() and (made(odd)[30] == BACK).all()


def test_many_colours_are_blurred() -> None:
    noise = list(np.random.default_rng(0).integers(0, 255, (9, 120, 200, 3), np.uint8))
    made = view(noise)
    assert (made.height, made.width, made.method, made.palette) == (38, 64, "area", ())
    assert "more than 16 colours" in made.why and made(noise[0]).std() < noise[0].std() / 2


def test_things_too_thin_are_blurred_unless_all_is_seen_without_them() -> None:
    made = view(pictures((1, 1), (320, 320)))
    assert made.method == "area" and made.palette == () and "for things of 1x1 pixels" in made.why
    forced = view(pictures((1, 1), (320, 320)), resize="nearest")
    assert forced.method == "nearest" and "may be lost" in forced.why and len(forced.palette) == 3
    tiles = [
        np.kron(np.eye(8, dtype=np.uint8)[(np.arange(8) + step) % 8], np.ones((40, 40), np.uint8)) for step in range(40)
    ]
    drawn = [np.where((tile * (np.arange(320) % 2))[..., None] > 0, BALL, BACK).astype(np.uint8) for tile in tiles]
    made = view(drawn)
    assert (made.height, made.width, len(made.palette)) == (64, 64, 2) and "all that happens is still seen" in made.why


def test_small_pictures_stay_as_they_are() -> None:
    made = view(pictures((3, 3), (60, 64), 20))
    assert (made.height, made.width) == (60, 64) and "as they are" in made.why
    assert (made(pictures((3, 3), (60, 64), 20)[5]) == pictures((3, 3), (60, 64), 20)[5]).all()


def test_what_is_asked_for() -> None:
    shown = pictures()
    assert (view(shown, size=[70, 0]).height, view(shown, size=[70, 0]).width) == (70, 160)
    cut = view(shown, crop=[20, 10, 0, 0], size=[0, 0])
    assert (cut.height, cut.width) == (180, 160) and (cut(shown[0]) == shown[0][20:200]).all()
    assert WALL not in cut.palette
    grey = view(shown, grey=True)
    assert grey.channels == 1 and grey.palette == ((23,), (200,), (76,)) and grey(shown[0]).shape == (53, 80, 1)
    assert view(shown, palette=2).palette == () and view(shown, palette=0).palette == ()
    blurred = view(shown, resize="area")
    assert blurred.palette == () and "blurring makes new colours" in blurred.why


def test_a_crop_that_leaves_nothing() -> None:
    with pytest.raises(
        UserError, match=r"gym:X.* shows 210x160 pixels, and crop \[200, 10, 0, 0\] leaves none of them"
    ):
        view(pictures(), crop=[200, 10, 0, 0])
