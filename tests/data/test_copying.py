"""A recording on object storage is read as one in a folder is; what keeps it from being read is one clear sentence."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tickworld import places
from tickworld.agents import player
from tickworld.cli import main
from tickworld.data import store
from tickworld.data.copying import copy
from tickworld.data.episode import ARRAYS, Episodes
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.places import Url, place

URL = "s3://bucket/games/pong"


def same(one: Episodes, other: Episodes) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in ARRAYS) and all(
        values.tobytes() == other.truth[name].tobytes() for name, values in one.truth.items()
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Store:
    pong = game("pong")
    plan = Plan(players="mixed", episodes=5, ticks=12, block=2)
    return record(pong, player("mixed", pong), plan, tmp_path_factory.mktemp("data") / "pong")


def test_a_copy_is_read_as_the_recording_is(here: Store, storage: Any) -> None:
    url = place(URL)
    assert isinstance(url, Url) and copy(here, url) == 3 and copy(here, url) == 0
    there = store.open(url)
    assert there.manifest == here.manifest and there.blocks_done() == [0, 1, 2]
    assert same(there.read(), here.read()) and same(there.read_block(1), here.read_block(1))
    assert sorted(each.name for each in url.iterdir()) == sorted(each.name for each in here.path.iterdir())


def test_a_copy_that_was_cut_short_goes_on(here: Store, storage: Any) -> None:
    url = Url(URL)
    copy(here, url)
    (storage.bucket / "games/pong/block-00001/zarr.json").unlink()
    assert store.open(url).blocks_done() == [0, 2]
    with pytest.raises(UserError, match="block 1 of s3://bucket/games/pong is not there yet"):
        store.open(url).read_block(1)
    assert copy(here, url) == 1 and same(store.open(url).read(), here.read())


def test_what_is_damaged_there_is_told(here: Store, storage: Any) -> None:
    copy(here, Url(URL))
    (chunk,) = (storage.bucket / "games/pong/block-00001/frames").glob("c.*")
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(UserError, match="is damaged .*; delete s3://.*00001 and copy the recording there again"):
        store.open(Url(URL)).read()
    chunk.unlink()
    with pytest.raises(UserError, match="1 of 1 chunks of frames are missing"):
        store.open(Url(URL)).read()


def test_a_storage_that_is_not_there_is_told(here: Store, storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy(here, Url(URL))
    monkeypatch.setattr(places, "PATIENCE", timedelta(seconds=1))
    places._storage.cache_clear()
    there = store.open(Url(URL))
    storage.stop()
    for ask in (there.read, there.blocks_done, lambda: store.open(Url(URL)), lambda: copy(here, Url(URL))):
        with pytest.raises(places.OutOfReach, match=r"cannot be reached \(HTTP error: error sending request\); check"):
            ask()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("s3://bucket/none", "there is no recording at s3://bucket/none; check the path"),
        ("s3://bucket/other", "s3://bucket/other is not a recording: it has no zarr.json"),
        ("s3://elsewhere/pong", "s3://elsewhere/pong cannot be reached (The specified bucket does not exist)"),
        ("s4://bucket/pong", 's4://bucket/pong cannot be reached (Generic URL error: Unable to recognise URL "s4:'),
    ],
)
def test_a_url_of_something_else_is_told(url: str, complaint: str, storage: Any, here: Store) -> None:
    (storage.bucket / "other").mkdir()
    (storage.bucket / "other/something").write_text("else")
    with pytest.raises(UserError) as told:
        store.open(Url(url))
    assert complaint in str(told.value)
    if url.endswith("other"):
        with pytest.raises(UserError, match="is not empty and holds no recording"):
            copy(here, Url(url))


def test_another_recording_is_left_alone(here: Store, storage: Any, tmp_path: Path) -> None:
    copy(here, Url(URL))
    pong = game("pong")
    other = record(
        pong, player("idle", pong), here.manifest.plan.model_copy(update={"players": "idle"}), tmp_path / "x"
    )
    with pytest.raises(UserError, match="s3://bucket/games/pong was recorded with players = mixed; got idle"):
        copy(other, Url(URL))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("s3://bucket/pong", Url("s3://bucket/pong")),
        ("gs://bucket/a/b/", Url("gs://bucket/a/b")),
        (Path("s3://bucket/pong"), Url("s3://bucket/pong")),
        ("data/pong", Path("data/pong")),
        ("c:/data", Path("c:/data")),
        ("cartridge:pong", Path("cartridge:pong")),
    ],
)
def test_a_place_is_a_folder_or_a_url(words: Any, found: Any) -> None:
    assert place(words) == found and place(place(words)) == found


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    places._storage.cache_clear()
    with pytest.raises(UserError, match=r"cloud needs the package obstore.*pip install 'tickworld\[cloud\]'"):
        store.open(Url("s3://bucket/pong"))


def test_on_the_command_line(here: Store, storage: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["export", str(here.path), "-o", URL]) == 0
    assert "s3://bucket/games/pong has 3 of 3 blocks, 3 of them new; train on it: --data s3" in capsys.readouterr().out
    assert main(["doctor", URL]) in (0, 1)
    assert f"the recording {URL}" in capsys.readouterr().out
    assert main(["record", "pong", "-o", URL, "--episodes", "2"]) == 2
    assert "a recording is written to a folder" in capsys.readouterr().err
    assert main(["export", URL, "-o", "s3://bucket/again"]) == 2
    assert "only a recording in a folder is copied" in capsys.readouterr().err
