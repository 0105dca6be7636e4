"""What is stored comes back equal; whatever is wrong with a folder is one clear sentence, never other data."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import GzipCodec

from tickworld import seeds
from tickworld.agents import player
from tickworld.data import block, store
from tickworld.data.episode import ARRAYS, Episodes, select
from tickworld.data.manifest import Manifest, Plan
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games import game

COUNT, TICKS, BLOCK = 5, 12, 2


def same(one: Episodes, other: Episodes) -> bool:
    """Whether two recordings are equal, byte for byte."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in ARRAYS]
    pairs += [(one.truth[name], other.truth[name]) for name in {**one.truth, **other.truth}]
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in pairs)


@pytest.fixture(scope="module")
def episodes() -> Episodes:
    simulator = game("pong")
    return play_episodes(simulator, player("mixed", simulator), seeds.rows(5, 0, COUNT), TICKS)


def manifest(**changes: Any) -> Manifest:
    settings = {"players": "mixed", "episodes": COUNT, "ticks": TICKS, "seed": 5, "block": BLOCK, **changes}
    return Manifest(version="1.2.3", spec=game("pong").spec, plan=Plan(**settings))


def fill(path: Path, episodes: Episodes, blocks: tuple[int, ...] = (0, 1, 2)) -> store.Store:
    made = store.create(path, manifest())
    for index in blocks:
        rows = made.rows(index)
        made.write_block(index, select(episodes, slice(rows.start, rows.stop)))
    return made


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, episodes: Episodes) -> Path:
    path = tmp_path_factory.mktemp("template") / "data"
    fill(path, episodes)
    return path


@pytest.fixture
def folder(tmp_path: Path, template: Path) -> Path:
    """A whole recording that a test may spoil."""
    return Path(shutil.copytree(template, tmp_path / "data"))


def test_what_is_written_comes_back(folder: Path, episodes: Episodes) -> None:
    there = store.open(folder)
    assert there.manifest == manifest()
    assert there.blocks == 3 and there.blocks_done() == [0, 1, 2]
    assert same(there.read(), episodes)
    assert same(there.read(3), select(episodes, slice(0, 3)))
    assert len(there.read(100)) == COUNT
    assert same(there.read_block(2), select(episodes, slice(4, 5)))


def test_any_zarr_reader_opens_it(folder: Path, episodes: Episodes) -> None:
    group: Any = zarr.open_group(folder, mode="r")
    assert sorted(group.group_keys()) == ["block-00000", "block-00001", "block-00002"]
    assert (group["block-00001/frames"][:] == episodes.frames[2:4]).all()
    assert group.attrs["spec"]["name"] == "pong"


def test_only_done_blocks_are_read(tmp_path: Path, episodes: Episodes) -> None:
    there = fill(tmp_path / "data", episodes, (2, 0))
    (tmp_path / "data" / ".partial-77-block-00001").mkdir()
    (tmp_path / "data" / "block-00009").mkdir()  # not of this recording
    (tmp_path / "data" / "block-1").mkdir()
    assert there.blocks_done() == [0, 2]
    assert same(there.read(), select(episodes, np.array([0, 1, 4])))
    with pytest.raises(UserError, match="block 1 of .* is not there yet"):
        there.read_block(1)


def test_a_block_without_its_mark_is_not_read(folder: Path) -> None:
    edit(folder / "block-00001" / "zarr.json", lambda content: content["attributes"].update(done=False))
    assert store.open(folder).blocks_done() == [0, 2]


def test_a_new_recording_has_nothing_to_read(tmp_path: Path) -> None:
    there = store.create(tmp_path / "data", manifest())
    assert there.blocks_done() == []
    with pytest.raises(UserError, match="no finished episodes"):
        there.read()


def test_episodes_of_other_shapes_are_not_written(tmp_path: Path, episodes: Episodes) -> None:
    there = store.create(tmp_path / "data", manifest())
    part = select(episodes, slice(0, 2))
    wrong: list[tuple[int, Episodes]] = [
        (0, episodes),
        (2, part),
        (0, replace(part, frames=part.frames[:, :, :16])),
        (0, replace(part, actions=part.actions.astype(np.int64))),
        (0, replace(part, truth={"thing": np.array([[object()] * (TICKS + 1)] * 2)})),
    ]
    for index, each in wrong:
        with pytest.raises(UserError):
            there.write_block(index, each)
    assert there.blocks_done() == [] and len(list((tmp_path / "data").iterdir())) == 1


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    """Changes the JSON in ``path``."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda path: shutil.rmtree(path), "no recording at"),
        (lambda path: (path / "zarr.json").unlink(), "is not a recording: it has no zarr.json"),
        (lambda path: truncate(path / "zarr.json"), "not a readable manifest"),
        (lambda path: (path / "zarr.json").write_text("[1, 2]"), "not the manifest of a recording"),
        (lambda path: edit(path / "zarr.json", lambda c: c.update(attributes={})), "not the manifest of a recording"),
        (lambda path: edit(path / "zarr.json", lambda c: c["attributes"].update(format=99)), "update tickworld"),
        (lambda path: edit(path / "zarr.json", lambda c: c["attributes"].update(more=1)), "no setting 'more'"),
        (lambda path: edit(path / "zarr.json", lambda c: c["attributes"].pop("spec")), "'spec'"),
        (lambda path: edit(path / "zarr.json", lambda c: c["attributes"]["spec"].update(height="x")), "spec.height"),
        (lambda path: edit(path / "zarr.json", lambda c: c["attributes"]["plan"].update(block=0)), "a block has"),
    ],
)
def test_a_bad_manifest_is_told(folder: Path, spoil: Callable[[Path], None], complaint: str) -> None:
    spoil(folder)
    with pytest.raises(UserError, match=complaint):
        store.open(folder)


@pytest.mark.parametrize("field", ["height", "channels"])
def test_frames_that_do_not_fit_the_manifest_are_refused(folder: Path, field: str) -> None:
    edit(folder / "zarr.json", lambda content: content["attributes"]["spec"].update({field: 2}))
    with pytest.raises(UserError, match="frames must be uint8 of shape"):
        store.open(folder).read()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda block: truncate(block / "frames" / "c.0.0.0.0.0"), "damaged"),
        (lambda block: (block / "frames" / "c.0.0.0.0.0").unlink(), "1 of 1 chunks of frames are missing"),
        (lambda block: (block / "actions" / "c.0.0.0").write_bytes(b""), "damaged"),
        (lambda block: shutil.rmtree(block / "rewards"), "rewards"),
        (lambda block: shutil.rmtree(block / "truth" / "score"), "hold the truth"),
        (lambda block: truncate(block / "zarr.json"), "damaged"),
        (lambda block: (block / "zarr.json").unlink(), "damaged"),
        (lambda block: truncate(block / "over" / "zarr.json"), "damaged"),
        (lambda block: shutil.copytree(block.parent / "block-00000", block, dirs_exist_ok=True), "it is block 0"),
    ],
)
def test_a_damaged_block_is_told_with_what_to_do(folder: Path, spoil: Callable[[Path], None], complaint: str) -> None:
    spoil(folder / "block-00001")
    with pytest.raises(UserError, match=complaint) as told:
        store.open(folder).read()
    assert "delete" in str(told.value) and "block-00001" in str(told.value)


@settings(max_examples=40)
@given(st.data())
def test_no_flipped_bit_is_read_as_something_else(template: Path, episodes: Episodes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(template, Path(place) / "data"))
        files = sorted(path for path in (folder / "block-00001").rglob("*") if path.is_file())
        path = data.draw(st.sampled_from(files))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(bytes(content))
        try:
            there = store.open(folder)
            read = there.read_block(1) if 1 in there.blocks_done() else select(episodes, slice(2, 4))
        except UserError:
            return
        assert same(read, select(episodes, slice(2, 4)))  # the bit did not matter


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("rewards", {"dtype": "float64"}, "rewards must be float32"),
        ("rewards", {"dtype": "float32", "compressors": [GzipCodec()]}, "packed with GzipCodec"),
        ("truth/score", {"dtype": "complex64"}, "truth score must be numbers"),
    ],
)
def test_other_types_and_codecs_are_refused(folder: Path, name: str, settings: dict[str, Any], complaint: str) -> None:
    group: Any = zarr.open_group(folder / "block-00000", mode="r+")
    shape = group[name].shape
    del group[name]
    group.create_array(name, shape=shape, **settings)[...] = 0
    with pytest.raises(UserError, match=complaint):
        store.open(folder).read()


def test_a_folder_of_something_else_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and holds no recording"):
        store.create(tmp_path, manifest())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(UserError, match="cannot write"):
        store.create(tmp_path / "thesis.txt", manifest())
    zarr.open_group(tmp_path / "other", mode="w", zarr_format=3)
    with pytest.raises(UserError, match="not the manifest of a recording"):
        store.create(tmp_path / "other", manifest())


def test_a_beginning_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ".partial-1-zarr.json").write_text("{")
    assert store.create(tmp_path / "data", manifest()).blocks_done() == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, episodes: Episodes) -> None:
    resource = pytest.importorskip("resource")
    there = fill(tmp_path / "data", episodes, (0,))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # no file may grow beyond 100 bytes
        with pytest.raises(UserError, match="cannot write .*block-00001: .*free some room"):
            there.write_block(1, select(episodes, slice(2, 4)))
        with pytest.raises(UserError, match="cannot write"):
            store.create(tmp_path / "other", manifest())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["block-00000", "zarr.json"]
    there.write_block(1, select(episodes, slice(2, 4)))
    assert there.blocks_done() == [0, 1]


def test_a_disk_that_fills_up_late_is_told_too(
    tmp_path: Path, episodes: Episodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = store.create(tmp_path / "data", manifest())

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)  # the very last step
    with pytest.raises(UserError, match="No space left"):
        there.write_block(0, select(episodes, slice(0, 2)))
    monkeypatch.undo()
    assert there.blocks_done() == [] and len(list((tmp_path / "data").iterdir())) == 1


@settings(max_examples=20)
@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    st.sampled_from([1, 4, 8]),
)
def test_chunks_are_whole_and_not_too_large(shape: list[int], itemsize: int) -> None:
    chunks = block._chunks(tuple(shape), itemsize)
    assert len(chunks) == len(shape)
    assert all(1 <= chunk <= side for chunk, side in zip(chunks, shape, strict=True))
    assert chunks[2:] == tuple(shape[2:])
    assert itemsize * np.prod(chunks) <= max(block._CHUNK_BYTES, itemsize * np.prod(shape[2:]))
