"""What is made of every frame, and which of them become ticks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.data.importing.colours import Colours, blurred, palette
from tickworld.data.importing.picture import Chosen, Looks, chosen
from tickworld.data.importing.source import Shot
from tickworld.errors import UserError


def picked(times: list[float], **looks: Any) -> list[Chosen]:
    """What is kept of frames at these times, whose pixels are their numbers."""
    shots = (Shot(n, time, np.full((2, 2, 1), n, np.uint8)) for n, time in enumerate(times))
    return list(chosen(shots, Looks(**looks), "it"))


def test_which_frames_are_kept() -> None:
    times = [n / 10 for n in range(10)]
    assert [each.number for each in picked(times)] == list(range(10))
    assert [each.number for each in picked(times, skip=3)] == [0, 3, 6, 9]
    assert [each.number for each in picked(times, fps=5)] == [0, 2, 4, 6, 8]
    assert [each.number for each in picked(times, fps=4)] == [0, 2, 5, 7]  # at 0, 0.25, 0.5 and 0.75 s
    uneven = [0.0, 0.1, 0.4, 0.5]
    assert [each.number for each in picked(uneven, fps=10)] == [0, 1, 1, 1, 2, 3]
    assert np.allclose([each.time for each in picked(uneven, fps=10)], np.arange(6) / 10)
    with pytest.raises(UserError, match="it tells no times, so --fps cannot choose among its frames; use --skip"):
        picked([np.nan, np.nan], fps=10)
    with pytest.raises(UserError, match="--fps and --skip both choose frames; got 10 and 2"):
        picked(times, fps=10, skip=2)


def looked(frame: NDArray[np.uint8], **looks: Any) -> NDArray[np.uint8]:
    return next(iter(chosen([Shot(0, 0.0, frame)], Looks(**looks), "it"))).pixels


def test_how_frames_look() -> None:
    frame = np.zeros((8, 6, 3), np.uint8)
    frame[2, 3] = 255, 0, 0
    assert (looked(frame) == frame).all()
    assert (looked(frame, crop=(1, 2, 3, 0)) == frame[1:6, 3:]).all()
    assert looked(frame, grey=True)[..., 0].tolist() == [
        [76 if (row, column) == (2, 3) else 0 for column in range(6)] for row in range(8)
    ]
    small = looked(frame, size=(4, 3))
    assert small.shape == (4, 3, 3) and small[1, 1].tolist() == [64, 0, 0], "a fourth of what was there"
    assert looked(frame, size=(4, 3), resize="nearest").max() in (0, 255)
    assert looked(frame[..., :1], size=(16, 12), resize="nearest").shape == (16, 12, 1)
    with pytest.raises(UserError, match="cutting off 4 . 4 rows and 0 . 0 columns leaves nothing of the frames of it"):
        looked(frame, crop=(4, 4, 0, 0))


def test_frames_of_two_sizes() -> None:
    def shots() -> Iterator[Shot]:
        yield Shot(0, 0.0, np.zeros((2, 2, 1), np.uint8))
        yield Shot(1, 0.1, np.zeros((2, 3, 1), np.uint8))

    with pytest.raises(UserError, match="frame 1 of it is 3 x 2 with 1 channels, and those before it 2 x 2 with 1"):
        list(chosen(shots(), Looks(), "it"))


def counted(*frames: NDArray[np.uint8]) -> Colours:
    colours = Colours(frames[0].shape[-1])
    for frame in frames:
        colours.add(frame)
    return colours


def test_few_colours_are_the_palette() -> None:
    frame = np.zeros((4, 4, 3), np.uint8)
    frame[0, :3] = 9, 8, 7
    frame[1, :2] = 255, 0, 1
    colours = counted(frame, frame)
    assert palette(colours, None) == ((0, 0, 0), (9, 8, 7), (255, 0, 1)), "the most frequent first"
    assert palette(colours, 0) == ()
    assert palette(colours, 3) == palette(colours, None)
    assert len(palette(colours, 2)) == 2 and palette(colours, 2)[1] == (255, 0, 1)
    assert blurred(colours) is None


def test_many_colours_have_none_unless_it_is_asked_for() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (64, 64, 1))
    frame = np.where(np.arange(64)[:, None, None] < 8, 220, 30) + noise
    colours = counted(frame.astype(np.uint8))
    assert palette(colours, None) == ()
    two = palette(colours, 2)
    assert len(two) == 2 and abs(two[0][0] - 30) < 5 and abs(two[1][0] - 220) < 5
    guess = blurred(colours)
    assert guess is not None and guess[0] == 2 and guess[1] > 0.99
    every = counted(np.arange(256, dtype=np.uint8).reshape(16, 16, 1))
    assert blurred(every) is None or blurred(every)[0] > 6  # pyright: ignore[reportOptionalSubscript]


def test_rare_colours_are_not_lost_among_blurred_ones() -> None:
    """A ball of one pixel, of a colour of its own, in one frame of many."""
    frames = np.random.default_rng(0).integers(0, 6, (40, 32, 32, 3)).astype(np.uint8)
    frames[7, 5, 5] = 250, 250, 0
    assert (250, 250, 0) in palette(counted(*frames), 2)


def test_a_film_does_not_fill_the_memory() -> None:
    colours = Colours(3)
    chance = np.random.default_rng(0)
    for _ in range(20):
        colours.add(chance.integers(0, 256, (128, 128, 3)).astype(np.uint8))
    found, counts = colours.counted()
    assert len(found) <= 2**16 and counts.sum() + colours.others == 20 * 128 * 128
    assert palette(colours, None) == ()
