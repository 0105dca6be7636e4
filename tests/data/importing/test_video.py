"""Videos and their tables become the frames and actions that they were made of."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.data.episode import Episodes
from tickworld.data.importing import Asked, Brought
from tickworld.errors import UserError

EXACT: list[tuple[str, str, str, dict[str, str]]] = [
    ("a.mkv", "ffv1", "gray", {}),
    ("a.webm", "libvpx-vp9", "gbrp", {"lossless": "1", "cpu-used": "8"}),
    ("a.mp4", "libx264", "yuv444p", {"qp": "0", "preset": "ultrafast"}),
]


def joined(brought: Brought) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Frames [T+1, H, W, C] and names of actions [T, P] of the pieces of one clip."""
    episodes, names = brought.store.read(), np.array(brought.store.spec.actions)
    frames, actions = [episodes.frames[0, :1]], []
    for row, length in enumerate(episodes.lengths):
        frames.append(episodes.frames[row, 1 : length + 1])
        actions.append(episodes.actions[row, :length])
        assert row == 0 or (episodes.frames[row, 0] == frames[-2][-1]).all(), "episodes share the frame where they meet"
    return np.concatenate(frames), names[np.concatenate(actions)]


@pytest.mark.parametrize("film", EXACT, ids=lambda film: film[1])
@pytest.mark.parametrize("timed", [False, True])
def test_a_lossless_video_comes_back(
    film: Any, timed: bool, writer: Any, bring: Any, played: Episodes, names: Any
) -> None:
    name, codec, pixels, options = film
    path = writer.film(name, played.frames[0], codec, pixels, **options)
    (writer.changes if timed else writer.every_frame)("a.csv", played.actions[0])
    brought = bring(path)
    frames, actions = joined(brought)
    assert (frames == played.frames[0]).all()
    assert (actions == names[played.actions[0]]).all()
    assert brought.store.spec.players == ("left", "right") and brought.store.spec.name == "a"
    assert len(brought.store.spec.palette) == 2 and brought.store.spec.palette[0] == (0,) * frames.shape[-1]


def test_a_lossy_video_is_set_to_a_palette(writer: Any, bring: Any, played: Episodes) -> None:
    path = writer.film("a.mp4", played.frames[0], "libx264", "yuv420p", crf="20", preset="ultrafast")
    writer.every_frame("a.csv", played.actions[0])
    as_it_is = bring(path, grey=True)
    assert not as_it_is.store.spec.palette
    assert any("--palette 2 undoes what the video blurred" in each for each in as_it_is.sentences)
    brought = bring(path, grey=True, palette=2)
    frames, _ = joined(brought)
    assert len(brought.store.spec.palette) == 2
    assert ((frames > 127) == (played.frames[0] > 127)).mean() > 0.999


def test_a_gif_counts_by_time(writer: Any, bring: Any, played: Episodes, names: Any) -> None:
    path = writer.gif("a.gif", played.frames[0])
    writer.changes("a.csv", played.actions[0])
    frames, actions = joined(bring(path, fps=20))
    assert (frames[:, :, :, :1] == played.frames[0]).all() and (actions == names[played.actions[0]]).all()
    assert any("--fps" in each for each in bring(path).sentences)  # a GIF keeps frames that are alike as one


def test_a_folder_of_pairs(writer: Any, bring: Any, played: Episodes, names: Any) -> None:
    for row in range(3):
        writer.film(f"all/v{row * 5}.mkv", played.frames[row], "ffv1", "gray")
        writer.every_frame(f"all/v{row * 5}.csv", played.actions[row])
    episodes = (brought := bring(writer.folder / "all", ticks=80)).store.read()
    assert (episodes.frames == played.frames[:3]).all()  # v0, v5, v10: in the order in which people count
    assert (np.array(brought.store.spec.actions)[episodes.actions] == names[played.actions[:3]]).all()
    with pytest.raises(UserError, match="--actions names one table, and .* is a folder of videos"):
        bring(writer.folder / "all", Asked(table=writer.folder / "all" / "v0.csv"))
    (writer.folder / "all" / "v5.csv").unlink()
    with pytest.raises(UserError, match="no table of actions beside .*v5.mkv; expected one of v5.csv, v5.parquet"):
        bring(writer.folder / "all")


def test_a_video_without_a_table_that_fits(writer: Any, bring: Any, played: Episodes) -> None:
    path = writer.film("a.mkv", played.frames[0], "ffv1", "gray")
    table = writer.every_frame("a.csv", np.concatenate([played.actions[0], played.actions[1]]))
    with pytest.raises(UserError, match=r"a.csv line 161 is for frame 159, and the last frame of .*a.mkv is 80"):
        bring(path)
    writer.every_frame("a.csv", played.actions[0, :60])
    with pytest.raises(UserError, match=r"a row for each of 60 frames, up to line 61, and .* has 81; expected 80 rows"):
        bring(path)
    writer.table("a.csv", ["time,action", "0,up", "1,down", "9,up"])
    with pytest.raises(UserError, match=r"a.csv line 4 is for 9 s, and .*a.mkv ends at 4 s"):
        bring(path)
    other = shutil.move(table, writer.folder / "b.csv")
    writer.table("b.csv", ["frame,action", "3,up", "20,down"])
    found = bring(path, Asked(table=Path(other)))
    assert "3 frames before the first action are left out" in found.sentences
    assert found.store.read().lengths.sum() == 77


def test_damaged_videos(writer: Any, bring: Any, played: Episodes) -> None:
    writer.every_frame("a.csv", played.actions[0])
    for name, codec, pixels, options in EXACT:
        path = writer.film(name, played.frames[0], codec, pixels, **options)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match="is not a video that can be read|cannot be read after|is cut short"):
            bring(path)
        path.write_bytes(b"no video at all")
        with pytest.raises(UserError, match="is not a video that can be read"):
            bring(path)
        path.unlink()
    gif = writer.gif("a.gif", played.frames[0])
    gif.write_bytes(gif.read_bytes()[:40])
    with pytest.raises(UserError, match="cannot be read after frame|is not a picture|cut short"):
        bring(gif)


def test_frames_that_never_change(writer: Any, bring: Any, played: Episodes) -> None:
    path = writer.film("a.mkv", played.frames[0, :1].repeat(30, 0), "ffv1", "gray")
    writer.every_frame("a.csv", played.actions[0, :29])
    with pytest.raises(UserError, match="the frames of a never change: all are alike"):
        bring(path)
