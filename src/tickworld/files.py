"""Files that are whole or absent: everything is written to a temporary name beside its place and renamed.

A killed process, a full disk or a power cut leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tickworld.errors import UserError
from tickworld.places import Url

PARTIAL = ".partial-"
"""Prefix of names that are still being written; whoever lists a folder passes them over."""


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what a disk can refuse (no room, no permission, not a folder) into one sentence about ``path``."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        advice = "free some room or choose another place, then run it again"
        raise UserError(f"cannot write {path}: {reason}; {advice}") from error


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until nobody else, in this process or another, is in such a block for ``folder``, which is made if it is
    not there. A process that is killed leaves it. Raises UserError when the disk refuses."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{PARTIAL}lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Calls ``write`` with a temporary path and renames what it made, a file or a folder, to ``path``.

    What stood at ``path`` is replaced; a folder that replaces a folder is absent for the instant between two renames.
    Raises UserError when the disk refuses; ``path`` is then as it was before.
    """
    temporary = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")
    replaced = path.with_name(f"{PARTIAL}{os.getpid()}-old-{path.name}")
    try:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove(temporary)  # of a killed process that had our number, as in a container
            write(temporary)
            _sync(temporary)
            if temporary.is_dir() and path.is_dir():
                remove(replaced)
                os.replace(path, replaced)  # not deleted in place: a kill would leave half of it
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):  # an impossible place was told above
            if replaced.exists() and not path.exists():
                os.replace(replaced, path)
            remove(replaced)
            remove(temporary)


def write_text(path: Path, text: str) -> None:
    """``write_whole`` for text."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """``write_whole`` for bytes."""
    write_whole(path, lambda temporary: _write(temporary, content))


def write_json(path: Path, value: Any) -> None:
    """``write_whole`` for JSON, indented."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path | Url, what: str) -> Any:
    """The JSON in ``path``. Raises UserError naming ``what`` it should have been when it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {what} at {path}; check the path") from None
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} is not a readable {what} ({error}); restore it or make it anew") from error


def plain_name(name: str) -> str:
    """``name`` as the name of a file or folder on any system: what is not a letter, a digit, a dot, _ or - is a -."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "-"


def remove(path: Path) -> None:
    """Deletes a file or folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def clear_partials(folder: Path) -> None:
    """Deletes what killed processes left half-written in ``folder``; only for a folder with one writer."""
    for path in folder.glob(f"{PARTIAL}*"):
        remove(path)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _sync(path: Path) -> None:
    """Waits until the disk holds a file, or the files of a folder; without this a power cut can leave empty ones."""
    for each in (path,) if path.is_file() else (each for each in path.rglob("*") if each.is_file()):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(descriptor: int) -> None:
    """Waits for the lock of an open file; closing it lets go."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
