"""Tables of actions beside frames, as CSV, Parquet or JSON lines:

    frame,action          time,action_left,action_right
    0,stay                0.00,stay,up
    14,up                 1.25,down,up

by frame number or by seconds since the first frame. An action holds until the next row. One column for each player:
those that are called ``action`` or ``action_<player>``, or, where there are none, all that are left, by their names. An
action is a name, or a whole number.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.data.importing.source import Track
from tickworld.errors import UserError, check_installed, near_match

SUFFIXES = (".csv", ".parquet", ".jsonl")
PLAYER = "player"
"""What the player of a table with a single column ``action`` is called."""
MOST_ACTIONS = 256
"""An action is kept as one byte."""


class _Rows(NamedTuple):
    columns: list[str]
    cells: list[list[Any]]  # [R][columns]
    lines: list[int]
    unit: str


def beside(path: Path, wanted: Path | None = None) -> Path:
    """The table for the frames at ``path``: ``wanted``, or the file of the same name beside it. Raises UserError."""
    if wanted is not None:
        if not wanted.is_file():
            raise UserError(f"there is no table of actions at {wanted}; check the path")
        return wanted
    found = [each for suffix in SUFFIXES if (each := path.with_suffix(suffix)).is_file()]
    if not found:
        names = ", ".join(path.with_suffix(suffix).name for suffix in SUFFIXES)
        raise UserError(
            f"there is no table of actions beside {path}; expected one of {names}, with the columns frame (or time, in "
            "seconds) and action; or name it with --actions"
        )
    return found[0]


def read_track(path: Path) -> Track:
    """The actions in the table ``path``. Raises UserError naming the line for whatever is wrong with it."""
    readers = {".csv": _csv, ".parquet": _parquet, ".jsonl": _json_lines}
    if path.suffix.lower() not in readers:
        raise UserError(f"a table of actions is one of {', '.join(SUFFIXES)}; got {path.name!r}; convert it first")
    try:
        rows = readers[path.suffix.lower()](path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())}); restore it") from error
    if not rows.cells:
        raise UserError(f"{path} has no rows; expected one for each frame at which another action begins")
    timed, when = _clock(path, rows.columns)
    players, columns = _players(path, rows.columns, when)
    starts = np.array([_start(path, rows, row, when, timed) for row in range(len(rows.cells))])
    back = np.flatnonzero(np.diff(starts) <= 0)
    if len(back):
        raise UserError(
            f"{path} {rows.unit} {rows.lines[back[0] + 1]} is for {rows.columns[when]} {starts[back[0] + 1]:g}, and "
            f"the row before it for {starts[back[0]]:g}; sort the rows, one for each"
        )
    values = np.stack([_values(path, rows, column) for column in columns], 1)
    return Track(str(path), players, starts, values, np.array(rows.lines), timed, rows.unit)


def vocabulary(tracks: Sequence[Track], told: tuple[str, ...]) -> tuple[str, ...]:
    """The names of all actions: those that are ``told``, or whatever occurs: numbers in order, names as they come.

    Raises UserError when they are more than 256.
    """
    if told:
        if len(set(told)) < len(told):
            raise UserError(f"every action needs a name of its own; got {', '.join(told)}")
        return told
    numbers = all(track.values.dtype.kind in "iu" for track in tracks)
    seen: dict[str, None] = {}
    for track in tracks:
        values, first = np.unique(track.values, return_index=True)
        seen |= dict.fromkeys(str(value) for value in values[np.argsort(first, kind="stable")])
        if len(seen) > MOST_ACTIONS:
            raise UserError(
                f"there are more than {MOST_ACTIONS} different actions up to {track.where}, such as "
                f"{', '.join(list(seen)[:4])}; what is pressed must be a few keys or names"
            )
    return tuple(sorted(seen, key=int)) if numbers else tuple(seen)


def coded(track: Track, names: tuple[str, ...], indexed: bool) -> NDArray[np.uint8]:
    """The actions of ``track`` as indices into ``names``, [R, P]. ``indexed``: its numbers are such indices, not names.

    Raises UserError naming the line of one that there is not.
    """
    codes = np.empty(track.values.shape, np.int64)
    for value in np.unique(track.values):
        here = track.values == value
        number = int(value) if track.values.dtype.kind in "iu" else None
        if indexed and number is not None and 0 <= number < len(names):
            codes[here] = number
        elif str(value) in names and not (indexed and number is not None):
            codes[here] = names.index(str(value))
        else:
            row = int(np.flatnonzero(here.any(1))[0])
            expected = f"expected 0..{len(names) - 1}; " if indexed and number is not None else ""
            raise UserError(
                f"{track.place(row)} has the action {str(value)!r}; {expected}{near_match(str(value), names)}"
            )
    return codes.astype(np.uint8)


def _clock(path: Path, columns: list[str]) -> tuple[bool, int]:
    """Whether rows are told by time, and in which column."""
    there = [name for name in ("frame", "time") if name in columns]
    if len(there) != 1:
        got = "both" if there else f"the columns {', '.join(columns)}"
        raise UserError(
            f"{path} must have a column frame (numbers from 0) or a column time (seconds), one of them; got {got}"
        )
    return there[0] == "time", columns.index(there[0])


def _players(path: Path, columns: list[str], when: int) -> tuple[tuple[str, ...], list[int]]:
    """The players and their columns."""
    rest = [index for index in range(len(columns)) if index != when]
    named = [index for index in rest if columns[index] == "action" or columns[index].startswith("action_")]
    chosen = named or rest
    if not chosen:
        raise UserError(f"{path} has no column of actions; expected action, or one action_<player> for each player")
    names = tuple(columns[index].removeprefix("action").removeprefix("_") or PLAYER for index in chosen)
    return names, chosen


def _start(path: Path, rows: _Rows, row: int, when: int, timed: bool) -> float | int:
    """From when row ``row`` holds."""
    cell, place = rows.cells[row][when], f"{path} {rows.unit} {rows.lines[row]}"
    what = "a time in seconds" if timed else "a frame number"
    try:
        value = float(cell)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or value < 0 or not (timed or value.is_integer()):
        raise UserError(f"{place} must begin with {what}, 0 or more; got {cell!r}; mend that row")
    return value if timed else int(value)


def _values(path: Path, rows: _Rows, column: int) -> NDArray:
    """One player's actions: whole numbers if all are, else names."""
    texts = []
    for cells, line in zip(rows.cells, rows.lines, strict=True):
        text = _text(cells[column])
        if text is None:
            raise UserError(
                f"{path} {rows.unit} {line} has no usable action in column {rows.columns[column]!r}: got "
                f"{cells[column]!r}; expected a name or a whole number"
            )
        texts.append(text)
    try:
        return np.array([int(text) for text in texts], np.int64)
    except (ValueError, OverflowError):
        return np.array(texts)


def _text(cell: Any) -> str | None:
    """An action as text; None for what is none: nothing, NaN, or a number that is not whole."""
    if isinstance(cell, str):
        cell = cell.strip()
        try:
            number = float(cell)
        except ValueError:
            return cell or None
        if number.is_integer():
            return str(int(number))
        return None
    if isinstance(cell, bool | int):
        return str(int(cell))
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else None


def _csv(path: Path) -> _Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        separator = max(",;\t", key=head.count)
        reader = csv.reader(file, delimiter=separator, strict=True)
        columns, cells, lines = [name.strip() for name in next(reader, [])], [], []
        for row in reader:
            if not row:
                continue
            if len(row) != len(columns):
                raise UserError(
                    f"{path} line {reader.line_num} has {len(row)} cells; expected {len(columns)}: {', '.join(columns)}"
                )
            cells.append(row)
            lines.append(reader.line_num)
    return _Rows(columns, cells, lines, "line")


def _json_lines(path: Path) -> _Rows:
    columns: list[str] = []
    cells, lines = [], []
    for line, row in _objects(path):
        columns = columns or list(row)
        if list(row) != columns:
            raise UserError(f"{path} line {line} has {', '.join(row)}; expected {', '.join(columns)}, as before it")
        cells.append(list(row.values()))
        lines.append(line)
    return _Rows(columns, cells, lines, "line")


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, with their lines."""
    with path.open(encoding="utf-8") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise UserError(f"{path} line {line} is not JSON ({error}); mend that line") from error
            if not isinstance(row, dict):
                raise UserError(f"{path} line {line} must be an object such as {{'frame': 0, 'action': 'up'}}")
            yield line, row


def _parquet(path: Path) -> _Rows:
    check_installed(["pyarrow"], "import")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except pa.ArrowException as error:
        raise UserError(f"{path} is not a readable Parquet file ({' '.join(str(error).split())})") from error
    columns = [column.to_pylist() for column in table.columns]
    cells = [list(row) for row in zip(*columns, strict=True)]
    return _Rows(list(table.column_names), cells, list(range(1, len(cells) + 1)), "row")
