from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tickworld.errors import UserError
from tickworld.frames import to_rgb
from tickworld.visual.video import gif_bytes, png_bytes, still, write_gif, write_png


def decoded(content: bytes) -> tuple[np.ndarray, list[int]]:
    """Frames uint8 [T, H, W, 3] and how long each stays, in ms."""
    frames, delays = [], []
    with Image.open(io.BytesIO(content)) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.array(image.convert("RGB")))
            delays.append(image.info["duration"])
    return np.stack(frames), delays


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.integers(1, 250), st.integers(0, 2**32 - 1))
def test_gif_keeps_every_frame_and_colour(ticks: int, height: int, width: int, colours: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    palette = random.integers(0, 256, (colours, 3)).astype(np.uint8)
    frames = palette[random.integers(0, colours, (ticks, height, width))]
    seen, _ = decoded(gif_bytes(frames, 20))
    assert np.array_equal(seen, frames)


def test_gif_keeps_frames_that_equal_their_neighbour() -> None:
    frames = np.zeros((5, 4, 4, 1), np.uint8)
    frames[3:, 1, 2] = 255
    seen, _ = decoded(gif_bytes(frames, 10))
    assert np.array_equal(seen, to_rgb(frames))


@pytest.mark.parametrize("fps", [0.5, 10, 15, 24, 30, 50])
def test_gif_keeps_the_speed_on_average(fps: float) -> None:
    ticks = 30
    _, delays = decoded(gif_bytes(np.zeros((ticks, 2, 2, 1), np.uint8), fps))
    assert abs(sum(delays) - 1000 * ticks / fps) <= 5
    assert max(delays) - min(delays) <= 10
    assert min(delays) >= 20  # less than 20 ms is slowed down by viewers


def test_gif_plays_for_ever_and_holds_the_last_frame() -> None:
    content = gif_bytes(np.zeros((3, 2, 2, 1), np.uint8), 10, hold=1.5)
    with Image.open(io.BytesIO(content)) as image:
        assert image.info["loop"] == 0
    assert decoded(content)[1] == [100, 100, 1600]


def test_more_colours_than_a_gif_has_keep_the_frequent_ones() -> None:
    random = np.random.default_rng(0)
    frames = random.integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    frames[:, :16] = (1, 2, 3)
    frames[:, 16:20] = (250, 128, 7)
    seen, _ = decoded(gif_bytes(frames, 10))
    assert seen.shape == frames.shape
    assert np.array_equal(seen[:, :20], frames[:, :20])
    assert np.abs(seen.astype(int) - frames).mean() < 25


def test_more_colours_than_kept_but_no_rest() -> None:
    frames = np.zeros((1, 16, 17, 3), np.uint8)
    frames[..., 0], frames[..., 1] = np.arange(16)[None, :, None] * 16, np.arange(17)[None, None] * 15
    seen, _ = decoded(gif_bytes(frames, 10))
    assert np.abs(seen.astype(int) - frames).max() <= 40


def test_png_is_exact() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    with Image.open(io.BytesIO(png_bytes(frame))) as image:
        assert np.array_equal(np.array(image), frame)
    with Image.open(io.BytesIO(png_bytes(frame[..., :1]))) as image:
        assert np.array_equal(np.array(image), to_rgb(frame[..., :1]))


def test_still_is_the_last_frame() -> None:
    frames = np.random.default_rng(0).integers(0, 2, (4, 5, 6, 1)).astype(np.uint8) * 255
    with Image.open(io.BytesIO(still(gif_bytes(frames, 5)))) as image:
        assert np.array_equal(np.array(image), to_rgb(frames[-1]))


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((3, 4, 4), np.uint8),
        np.zeros((3, 4, 4, 2), np.uint8),
        np.zeros((3, 4, 4, 1), float),
        np.zeros((0, 4, 4, 1), np.uint8),
    ],
)
def test_wrong_frames_get_one_sentence(frames: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"frames must be uint8 \[T, H, W, 1 or 3\].*got"):
        gif_bytes(frames, 10)
    with pytest.raises(UserError, match="a frame must be uint8"):
        png_bytes(frames)


@pytest.mark.parametrize("fps", [0, -1, 51, float("nan")])
def test_wrong_speeds_get_one_sentence(fps: float) -> None:
    with pytest.raises(UserError, match=r"0.1..50 frames a second; got fps="):
        gif_bytes(np.zeros((3, 4, 4, 1), np.uint8), fps)


def test_what_a_gif_cannot_hold_gets_one_sentence() -> None:
    with pytest.raises(UserError, match="held 0..600 seconds; got hold=-1"):
        gif_bytes(np.zeros((3, 4, 4, 1), np.uint8), 10, hold=-1)
    with pytest.raises(UserError, match="at most 65535 pixels"):
        gif_bytes(np.zeros((1, 1, 65_536, 1), np.uint8), 10)


def test_files_are_whole_or_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.zeros((2, 4, 4, 1), np.uint8)
    gif, png = tmp_path / "new" / "a.gif", tmp_path / "new" / "a.png"
    write_gif(gif, frames, 10)
    write_png(str(png), frames[0])
    before = gif.read_bytes()
    assert before == gif_bytes(frames, 10) and png.read_bytes() == png_bytes(frames[0])

    def no_room(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(UserError, match="cannot write .*a.gif: No space left"):
        write_gif(gif, frames + 255, 10)
    assert gif.read_bytes() == before
    assert sorted(path.name for path in gif.parent.iterdir()) == ["a.gif", "a.png"]


def test_impossible_path_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_gif(tmp_path / "file" / "a.gif", np.zeros((2, 4, 4, 1), np.uint8), 10)
    with pytest.raises(UserError, match="cannot write"):
        write_png(tmp_path / "file" / "a.png", np.zeros((4, 4, 1), np.uint8))
