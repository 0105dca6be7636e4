"""Folders of numbered images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tickworld.data.episode import Episodes
from tickworld.data.importing import Asked
from tickworld.errors import UserError


def draw(folder: Path, frames: NDArray[np.uint8], first: int = 1, name: str = "f{}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, first):
        Image.fromarray(frame[..., 0]).save(folder / name.format(number))
    return folder


def test_a_folder_of_images(writer: Any, bring: Any, played: Episodes, names: Any) -> None:
    folder = draw(writer.folder / "game", played.frames[0])  # f2 comes before f10
    writer.every_frame("game/actions.csv", played.actions[0], first=1)
    brought = bring(folder, ticks=100)
    assert brought.store.spec.name == "game"
    assert (brought.store.read().frames[0] == played.frames[0]).all()
    assert (np.array(brought.store.spec.actions)[brought.store.read().actions[0]] == names[played.actions[0]]).all()


def test_subfolders_are_episodes(writer: Any, bring: Any, played: Episodes) -> None:
    for row in range(2):
        draw(writer.folder / "game" / f"take{row}", played.frames[row], first=0)
        writer.every_frame(f"game/take{row}.csv" if row else f"game/take{row}/keys.csv", played.actions[row])
    back = bring(writer.folder / "game", ticks=100).store.read()
    assert (back.frames == played.frames[:2]).all() and back.lengths.tolist() == [80, 80]


def test_folders_that_do_not_fit(writer: Any, bring: Any, played: Episodes) -> None:
    folder = draw(writer.folder / "game", played.frames[0, :20])
    with pytest.raises(UserError, match="no table of actions beside .*game; expected one of game.csv"):
        bring(folder)
    table = writer.table("game/keys.csv", ["time,action", "0,up"])
    with pytest.raises(UserError, match="images have no times; .*keys.csv has a column time, expected frame"):
        bring(folder)
    writer.table("game/keys.csv", ["frame,action", "1,up", "30,down"])
    with pytest.raises(UserError, match="keys.csv line 3 is for frame 30, and the last frame of .*game is 20"):
        bring(folder)
    writer.table("game/more.csv", ["frame,action", "1,up"])
    with pytest.raises(UserError, match="has 2 tables, keys.csv and others; name one with --actions"):
        bring(folder)
    assert bring(folder, Asked(table=writer.folder / "game" / "more.csv")).store.read().lengths.sum() == 19
    (writer.folder / "game" / "more.csv").unlink()
    writer.table("game/keys.csv", ["frame,action", "1,up", "5,down"])
    (folder / "f7.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="f7.png is not an image that can be read"):
        bring(folder)
    Image.new("L", (5, 5)).save(folder / "f7.png")
    with pytest.raises(UserError, match="frame 7 of .* is 5 x 5 with 1 channels, and those before it 32 x 32"):
        bring(folder)
    (folder / "f7.png").unlink()
    with pytest.raises(UserError, match="images 6 and 8, none between; number them one by one"):
        bring(folder)
    Image.new("L", (5, 5)).save(folder / "cover.png")
    with pytest.raises(UserError, match="cover.png has no number in its name"):
        bring(folder)
    assert table.exists()
