"""Arrays with names, in an NPZ file, an HDF5 file or a zarr group:

    frames      uint8 [N, H, W, C], or [E, T, H, W, C] episode by episode; channels may come before height and width
    actions     whole numbers or names, [N] or [N, players]; [E, T] or [E, T, players]
    rewards     optional, shaped as actions
    over        optional, [N] or [E, T]: true at the last tick of an episode (also: terminated, truncated, done)
    episode     optional, [N]: a number that changes where another episode begins
    lengths     optional, [E]: how many frames each episode has, one after the other, or of each row

With as many actions as frames, actions[i] is what was pressed at frames[i]; the last one of an episode leads to a frame
that is not there, and is left out. With one action fewer in each episode, every one leads to a frame. Arrays are read a
part at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.data.importing.fields import Field, open_fields
from tickworld.data.importing.source import Asked, Clip, Shot, Source, check_picture, dense
from tickworld.data.importing.tables import PLAYER
from tickworld.errors import UserError, near_match

KNOWN = ("frames", "actions", "rewards", "over", "terminated", "truncated", "done", "episode", "lengths")
_ENDS = ("over", "terminated", "truncated", "done")
_GOOD = ("over", "terminated", "done")
"""Ends of the game itself; what is truncated could have gone on."""
SUFFIXES = (".npz", ".h5", ".hdf5", ".hdf", ".zarr")


def is_arrays(path: Path) -> bool:
    """Whether ``path`` is a file of arrays or a zarr group."""
    group = path.is_dir() and any((path / name).exists() for name in ("zarr.json", ".zgroup"))
    return group or path.suffix.lower() in SUFFIXES


class _Part(NamedTuple):
    """One episode: frames ``first`` .. ``last`` (both included), as flat numbers, and its actions."""

    row: int
    first: int
    last: int
    begin: int
    end: int
    ended: bool


def open_source(path: Path, asked: Asked) -> Source:
    """The arrays at ``path``. Raises UserError for one that is missing, of a wrong type, or does not fit the others."""
    wanted = {name: name for name in KNOWN} | dict(asked.fields)
    for name, _ in asked.fields:
        if name not in KNOWN:
            raise UserError(f"--field takes OURS=THEIRS, such as frames=obs; got {name!r}; {near_match(name, KNOWN)}")
    there = open_fields(path)
    for ours, theirs in wanted.items():
        needed = ours in ("frames", "actions") or ours in dict(asked.fields)
        if needed and theirs not in there:
            raise UserError(
                f"{path} has no array {theirs!r}; {near_match(theirs, there)}; say what {ours} is called with "
                f"--field {ours}=NAME"
            )
    found = {ours: there[theirs] for ours, theirs in wanted.items() if theirs in there}
    frames, actions = found["frames"], found["actions"]
    layout = _Layout(path, frames, actions)
    values = layout.by_tick(found["actions"], "actions")
    if values.dtype.kind not in "iubUS":
        raise UserError(f"actions of {path} must be whole numbers or names; got {values.dtype}; convert them first")
    values = values.astype(str) if values.dtype.kind in "US" else values.astype(np.int64)
    rewards = layout.by_tick(found["rewards"], "rewards").astype(np.float32) if "rewards" in found else None
    if rewards is not None and not np.isfinite(rewards).all():
        row = int(np.flatnonzero(~np.isfinite(rewards).all(-1).ravel())[0])
        raise UserError(f"rewards of {path} hold a number that is not finite, at row {row}; mend it, or leave them out")
    players = tuple(f"player{number + 1}" for number in range(values.shape[-1])) if values.shape[-1] > 1 else (PLAYER,)
    clips = tuple(
        Clip(
            f"{path} episode {number}",
            partial(_shots, frames, layout, part, path),
            part.last - part.first + 1,
            dense(str(path), players, values[part.row, part.begin : part.end]),
            None if rewards is None else _widened(rewards[part.row, part.begin : part.end], len(players)),
            part.ended,
        )
        for number, part in enumerate(_parts(layout, found))
    )
    return Source("arrays", path.stem, clips, (path,))


class _Layout:
    """How frames and actions lie: R rows of F frames and A actions each, A = F or F - 1; one row for one long array.

    Raises UserError where they do not fit each other.
    """

    def __init__(self, path: Path, frames: Field, actions: Field) -> None:
        self.path = path
        shape = frames.shape
        rows = len(shape) == 5 or (len(shape) == 4 and not _pictures(shape[1:]) and actions.shape[:1] == shape[:1])
        if len(shape) not in (3, 4, 5) or 0 in shape:
            raise UserError(
                f"frames of {path} must be [N, H, W, C], [N, H, W] or [E, T, H, W, C]; got {list(shape)}; reorder them"
            )
        self.rows, self.frames = (shape[0], shape[1]) if rows else (1, shape[0])
        self.lead = 2 if rows else 1
        self.picture = shape[self.lead :]
        self.first = len(self.picture) == 3 and self.picture[0] in (1, 3) and self.picture[-1] not in (1, 3, 4)
        if frames.dtype != np.uint8:
            raise UserError(
                f"frames of {path} must be uint8 with values 0..255; got {frames.dtype}; convert them first, such as "
                "(255 * frames).astype('uint8')"
            )
        self.actions = actions.shape[self.lead - 1] if len(actions.shape) >= self.lead else 0
        if (rows and actions.shape[:1] != shape[:1]) or self.actions > self.frames or not self.actions:
            raise UserError(
                f"actions of {path} must be {list(shape[: self.lead])} like the frames, or one fewer in each episode; "
                f"got {list(actions.shape)}; check that they belong together"
            )

    def by_tick(self, field: Field, name: str) -> NDArray:
        """A small array as [R, A, players or 1]. Raises UserError when it is not one value a tick."""
        values = field.whole()
        lead = (self.rows, self.actions)[2 - self.lead :]
        if values.shape[: self.lead] != lead or values.ndim > self.lead + 1:
            raise UserError(
                f"{name} of {self.path} must be {list(lead)} or that with one more axis, of players; got "
                f"{list(values.shape)}; check that they belong to the frames"
            )
        return values.reshape(self.rows, self.actions, -1)


def _pictures(shape: tuple[int, ...]) -> bool:
    """Whether three axes are those of one frame."""
    return shape[-1] in (1, 3, 4) or shape[0] in (1, 3)


def _parts(layout: _Layout, found: dict[str, Field]) -> Iterator[_Part]:
    """The episodes, row by row. Raises UserError where they cannot be told apart."""
    if "lengths" in found and layout.rows == 1 and layout.lead == 1:
        yield from _by_lengths(layout, found["lengths"].whole())
        return
    ends = {name: layout.by_tick(found[name], name)[..., 0].astype(bool) for name in _ENDS if name in found}
    one_each = layout.actions == layout.frames
    if not one_each and layout.lead == 1 and layout.frames - layout.actions != 1:
        raise UserError(
            f"{layout.path} has {layout.frames} frames and {layout.actions} actions in one long array; expected "
            "as many actions as frames, or lengths, which tell how many frames each episode has"
        )
    if not one_each and layout.frames - layout.actions != 1:
        raise UserError(
            f"episodes of {layout.path} have {layout.frames} frames and {layout.actions} actions each; "
            "expected as many actions as frames, or one fewer"
        )
    lengths = found["lengths"].whole().astype(int).ravel() if "lengths" in found else None
    for row in range(layout.rows):
        cuts = list(_cuts(layout, found, ends, row))
        if len(cuts) > 1 and not one_each and layout.lead == 1:
            raise UserError(
                f"{layout.path} has {len(cuts)} episodes in one long array with one action fewer than frames; give "
                "it as many actions as frames, or lengths"
            )
        frames = layout.frames if lengths is None else int(lengths[row])
        for number, (begin, end) in enumerate(cuts):
            last = min(end - 1 if one_each else end, frames - 1)
            good = any(bool(ends[name][row, end - 1]) for name in _GOOD if name in ends)
            yield _Part(row, begin, last, begin, min(end, last + 1), good and not one_each)
            if layout.lead == 2 and ends and number == 0:
                break  # what follows the end in a row of its own is padding


def _cuts(layout: _Layout, found: dict[str, Field], ends: dict[str, NDArray], row: int) -> Iterator[tuple[int, int]]:
    """Where episodes begin and end among the actions of a row."""
    last = np.zeros(layout.actions, bool)
    for each in ends.values():
        last |= each[row]
    if "episode" in found:
        index = found["episode"].whole().ravel()
        if layout.lead == 2 or len(index) < layout.actions:
            raise UserError(
                f"episode of {layout.path} must have one number for each of {layout.frames} frames; got {len(index)}"
            )
        last[:-1] |= index[1 : layout.actions] != index[: layout.actions - 1]
    stops = (np.flatnonzero(last) + 1).tolist()
    edges = sorted({0, *stops, layout.actions})
    yield from zip(edges[:-1], edges[1:], strict=True)


def _by_lengths(layout: _Layout, lengths: NDArray) -> Iterator[_Part]:
    """Episodes one after the other in one long array."""
    whole, count = int(lengths.sum()), len(lengths)
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 2).any():
        raise UserError(
            f"lengths of {layout.path} must be whole numbers of frames, 2 or more; got {lengths.tolist()[:9]}"
        )
    one_each = layout.actions == layout.frames
    if whole != layout.frames or not (one_each or layout.actions == whole - count):
        raise UserError(
            f"lengths of {layout.path} add up to {whole} frames; it has {layout.frames} and {layout.actions} actions; "
            f"expected {whole} frames, and {whole} or {whole - count} actions"
        )
    first = begin = 0
    for length in lengths.tolist():
        ticks = length if one_each else length - 1
        yield _Part(0, first, first + length - 1, begin, begin + ticks, False)
        first, begin = first + length, begin + ticks


def _widened(rewards: NDArray[np.float32], players: int) -> NDArray[np.float32]:
    return np.repeat(rewards, players, 1) if rewards.shape[1] == 1 < players else rewards


def _shots(frames: Field, layout: _Layout, part: _Part, path: Path) -> Iterator[Shot]:
    offset = part.row * layout.frames if layout.lead == 2 else 0
    for number, pixels in enumerate(frames.items(layout.lead, offset + part.first, offset + part.last + 1)):
        picture = np.moveaxis(pixels, 0, -1) if layout.first else pixels
        yield Shot(number, np.nan, check_picture(picture, f"{path} frame {part.first + number}"))
