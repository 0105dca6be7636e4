"""An import is cut to episodes, goes on where it stopped, and never mixes two sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld.data import store
from tickworld.data.episode import Episodes
from tickworld.data.importing import Choices, bring_in, open_source, writing
from tickworld.data.importing.writing import usual_ticks
from tickworld.data.store import Store
from tickworld.errors import UserError


@pytest.fixture
def source(tmp_path: Path, played: Episodes) -> Path:
    np.savez(tmp_path / "a.npz", frames=played.frames, actions=played.actions)
    return tmp_path / "a.npz"


def test_how_long_episodes_are() -> None:
    assert usual_ticks([80] * 6) == 80
    assert usual_ticks([5000]) == 512
    assert usual_ticks([1000]) == 100
    assert usual_ticks([3]) == 1
    assert usual_ticks([600, 30, 30, 30]) == 512


def test_long_ones_are_cut_where_they_share_a_frame(source: Path, tmp_path: Path, played: Episodes) -> None:
    back = bring_in(open_source(source), tmp_path / "data", Choices(ticks=30)).store.read()
    assert len(back) == 18 and back.ticks == 27 and back.lengths.tolist() == [26, 27, 27] * 6
    for row in range(6):
        parts = range(row * 3, row * 3 + 3)
        frames = [back.frames[3 * row, :1], *(back.frames[part, 1 : back.lengths[part] + 1] for part in parts)]
        assert (np.concatenate(frames) == played.frames[row]).all()
        actions = np.concatenate([back.actions[part, : back.lengths[part]] for part in parts])
        assert (actions == played.actions[row]).all()
    first = int(back.lengths[0])
    assert (back.frames[0, first:] == back.frames[0, first]).all() and back.over[0, first:].all()


def test_what_was_cut_short_goes_on(
    source: Path, tmp_path: Path, played: Episodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    write, block = Store.write_block, 0

    def killed(self: Store, index: int, episodes: Episodes) -> None:
        if index == 2:
            raise Killed
        write(self, index, episodes)

    monkeypatch.setattr("tickworld.data.manifest._BLOCK_EPISODES", 1)
    monkeypatch.setattr(Store, "write_block", killed)
    with pytest.raises(Killed):
        bring_in(open_source(source), tmp_path / "data", Choices(ticks=40))
    there = store.open(tmp_path / "data")
    assert there.blocks_done() == [0, 1] and there.blocks == 12, "half an import is known to be half of one"

    def counted(self: Store, index: int, episodes: Episodes) -> None:
        nonlocal block
        block += 1
        write(self, index, episodes)

    monkeypatch.setattr(Store, "write_block", counted)
    back = bring_in(open_source(source), tmp_path / "data", Choices(ticks=40)).store.read()
    assert block == 10
    assert (back.frames[1::2, -1] == played.frames[:, -1]).all() and (back.frames[::2, 0] == played.frames[:, 0]).all()
    monkeypatch.setattr(writing, "chosen", lambda *words: pytest.fail("frames were read though all is done"))
    bring_in(open_source(source), tmp_path / "data", Choices(ticks=40))


def test_another_source_or_choice_does_not_go_on(source: Path, tmp_path: Path, played: Episodes) -> None:
    data = tmp_path / "data"
    bring_in(open_source(source), data)
    bring_in(open_source(source), data)
    with pytest.raises(UserError, match="was recorded with shift = 0; got 1; use the same settings"):
        bring_in(open_source(source), data, Choices(shift=1))
    with pytest.raises(UserError, match="was recorded with frame size"):
        bring_in(open_source(source), data, Choices(size=(16, 16)))
    np.savez(source, frames=played.frames, actions=played.actions[:, ::-1])
    with pytest.raises(UserError, match="was recorded with sum of the source = .*; got .*; use the same settings"):
        bring_in(open_source(source), data)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty and holds no recording"):
        bring_in(open_source(source), tmp_path / "other")


def test_progress_is_told(source: Path, tmp_path: Path) -> None:
    class Told:
        def __init__(self) -> None:
            self.bars: list[tuple[str, int, list[int]]] = []

        def say(self, text: str) -> None: ...

        def bar(self, title: str, total: int, unit: str, first: int = 0) -> Any:
            import contextlib

            @contextlib.contextmanager
            def bar() -> Any:
                at: list[int] = []
                self.bars.append((title, total, at))
                yield lambda done, note: at.append(done)

            return bar()

    told = Told()
    bring_in(open_source(source), tmp_path / "data", None, told)
    (look, seen, first), (imported, ticks, second) = told.bars
    assert (look, seen, first[-1]) == ("looking through a", 486, 486)
    assert (imported, ticks, second[-1]) == ("importing a", 480, 480)


def test_shifts(source: Path, tmp_path: Path, played: Episodes) -> None:
    late = np.concatenate([played.actions[:, :2], played.actions[:, :-2]], 1)  # told two ticks too late
    np.savez(source, frames=played.frames, actions=late)
    brought = bring_in(open_source(source), tmp_path / "as-it-is")
    assert "actions come 2 ticks late: what moves fits best when they are shifted by -2" in brought.sentences[0]
    assert "shift with --shift -2" in brought.sentences[0]
    for name, shift in (("auto", "auto"), ("told", -2)):
        brought = bring_in(open_source(source), tmp_path / name, Choices(shift=shift))  # pyright: ignore
        back = brought.store.read()
        assert brought.sentences[0].startswith("actions and frames fit as they are")
        assert back.lengths.tolist() == [78] * 6
        assert (back.actions == played.actions[:, :78]).all() and (back.frames == played.frames[:, :79]).all()
    back = bring_in(open_source(source), tmp_path / "other", Choices(shift=3)).store.read()
    assert (back.actions == late[:, :-3]).all() and (back.frames == played.frames[:, 3:]).all()


def test_rewards_of_frames_that_are_skipped(tmp_path: Path, played: Episodes) -> None:
    rewards = np.arange(81.0)
    actions = np.append(played.actions[0], played.actions[0, -1:], 0)
    np.savez(tmp_path / "a.npz", frames=played.frames[0], actions=actions, rewards=rewards)
    back = bring_in(open_source(tmp_path / "a.npz"), tmp_path / "data", Choices(skip=4, ticks=100)).store.read()
    assert back.rewards[0, :, 0].tolist() == [rewards[t : t + 4].sum() for t in range(0, 80, 4)]
    assert (back.actions[0] == played.actions[0, ::4]).all() and (back.frames[0] == played.frames[0, ::4]).all()
