"""Files are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tickworld import files
from tickworld.errors import UserError


def refuse(code: int) -> NoReturn:
    raise OSError(code, os.strerror(code))


def test_write_makes_folders_and_replaces(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "note.txt"
    files.write_text(place, "one")
    files.write_text(place, "zwei ö")
    assert place.read_text(encoding="utf-8") == "zwei ö"
    assert [each.name for each in place.parent.iterdir()] == ["note.txt"]


def test_json_comes_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "ö"], "b": {"c": True}}
    files.write_json(tmp_path / "x.json", value)
    assert files.read_json(tmp_path / "x.json", "thing") == value


def write_folder(folder: Path) -> None:
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "one").write_text("1")
    (folder / "two").write_text("2")


def test_a_folder_is_replaced_with_all_it_held(tmp_path: Path) -> None:
    place = tmp_path / "step"
    place.mkdir()
    (place / "old").write_text("old")
    files.write_whole(place, write_folder)
    assert sorted(each.relative_to(place).as_posix() for each in place.rglob("*")) == ["deep", "deep/one", "two"]
    assert [each.name for each in tmp_path.iterdir()] == ["step"]


@pytest.mark.parametrize("old", [None, "file", "folder"])
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, old: str | None) -> None:
    place = tmp_path / "thing"
    if old == "file":
        place.write_text("old")
    elif old == "folder":
        write_folder(place)

    def half(temporary: Path) -> None:
        write_folder(temporary)
        refuse(errno.ENOSPC)

    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=r"^cannot write .*thing: No space left on device; free some room"):
        files.write_whole(place, half)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_programming_error_stays_what_it_is_and_leaves_nothing(tmp_path: Path) -> None:
    def wrong(temporary: Path) -> None:
        temporary.write_text("half")
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        files.write_whole(tmp_path / "thing", wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_in_one_sentence(tmp_path: Path) -> None:
    """A real refusal by the system, in a process that may not write files over 1 kB."""
    program = (
        "import resource, sys; from pathlib import Path; from tickworld import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: files.write_text(Path(sys.argv[1]), 'x' * 5000)\n"
        "except files.UserError as error: print(error)"
    )
    place = tmp_path / "big.txt"
    place.write_text("old")
    done = subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"cannot write {place}: File too large; ")
    assert place.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["big.txt"]


@pytest.mark.parametrize("name", ["file/inside.txt", "x" * 300])
def test_an_impossible_place_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="^cannot write "):
        files.write_text(tmp_path / name, "x")
    with pytest.raises(UserError, match="^cannot write "):
        files.write_whole(tmp_path / name, write_folder)


def test_stopped_while_the_old_folder_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever moment a replacement is stopped at, the place holds a whole folder."""
    place = tmp_path / "step"
    write_folder(place)
    (place / "old").write_text("old")

    def stopped(folder: Path, ignore_errors: bool = False) -> NoReturn:
        next(each for each in folder.rglob("*") if each.is_file()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(files.shutil, "rmtree", stopped)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(place, write_folder)
    assert sorted(each.name for each in place.rglob("*")) == ["deep", "one", "two"]


def test_a_file_does_not_silently_replace_a_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "step")
    with pytest.raises(UserError, match="Is a directory"):
        files.write_text(tmp_path / "step", "x")
    assert (tmp_path / "step" / "two").read_text() == "2"


def test_read_json_says_what_is_missing_or_broken(tmp_path: Path) -> None:
    place = tmp_path / "state.json"
    with pytest.raises(UserError, match=f"^there is no checkpoint at {place}"):
        files.read_json(place, "checkpoint")
    for broken in [b'{"a": ', b"", b"\xff\xfe\x00", b"[" * 100_000]:
        place.write_bytes(broken)
        with pytest.raises(UserError, match="is not a readable checkpoint"):
            files.read_json(place, "checkpoint")
    with pytest.raises(UserError, match="is not a readable checkpoint"):
        files.read_json(tmp_path, "checkpoint")


def test_partials_are_cleared_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / f"{files.PARTIAL}1-a").write_text("half")
    write_folder(tmp_path / f"{files.PARTIAL}2-b")
    write_folder(tmp_path / "whole")
    files.clear_partials(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["whole"]
    files.clear_partials(tmp_path / "not there")


def test_a_partial_of_a_dead_process_with_the_same_number_is_no_hindrance(tmp_path: Path) -> None:
    """In a container the next run has the same process number as the killed one."""
    write_folder(tmp_path / f"{files.PARTIAL}{os.getpid()}-step")
    files.write_whole(tmp_path / "step", write_folder)
    assert [each.name for each in tmp_path.iterdir()] == ["step"]


def test_remove_takes_files_folders_links_and_nothing(tmp_path: Path) -> None:
    write_folder(tmp_path / "folder")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    files.remove(tmp_path / "link")
    assert (tmp_path / "folder" / "two").exists()
    for name in ["folder", "folder", "absent"]:
        files.remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


WRITER = """
import json, sys
from pathlib import Path
from tickworld import files

def folder(temporary, number):
    temporary.mkdir()
    for part in range(3):
        (temporary / str(part)).write_text(str(number) * 2000)

place = Path(sys.argv[1])
for number in range(1_000_000):
    digit = number % 10
    files.write_json(place / "note.json", [digit] * 20_000)
    files.write_whole(place / f"step{number % 3}", lambda temporary: folder(temporary, digit))
    if number == 3:
        print("ready", flush=True)
"""


def test_killed_while_writing(tmp_path: Path) -> None:
    """Ten times: SIGKILL at a random moment; what is there afterwards is whole, and can be written again."""
    moments = random.Random(0)
    for _ in range(10):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        with writer:
            assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 0.03))
            writer.kill()
        note = json.loads((tmp_path / "note.json").read_text())
        assert len(note) == 20_000 and len(set(note)) == 1
        for step in tmp_path.glob("step*"):
            texts = {part.read_text() for part in step.iterdir()}
            assert len(list(step.iterdir())) == 3 and len(texts) == 1 and len(texts.pop()) == 2000
    files.clear_partials(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} <= {"note.json", "step0", "step1", "step2"}


ALONE = """
import sys
from pathlib import Path
from tickworld import files

place = Path(sys.argv[1])
for _ in range(100):
    with files.alone(place):
        count = int((place / "count").read_text() or 0) if (place / "count").exists() else 0
        (place / "count").write_text(str(count + 1))
"""


def test_only_one_at_a_time(tmp_path: Path) -> None:
    """Processes that read, add one and write: without a lock counts are lost."""
    running = [subprocess.Popen([sys.executable, "-c", ALONE, str(tmp_path / "new")]) for _ in range(3)]
    assert [each.wait() for each in running] == [0, 0, 0]
    assert (tmp_path / "new" / "count").read_text() == "300"
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write .*file"), files.alone(tmp_path / "file"):
        pass
