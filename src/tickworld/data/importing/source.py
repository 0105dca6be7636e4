"""What a source of recordings is: clips of frames, and beside each what was pressed while it was made.

    shots     s0     s1     s2    ...    sN          what was seen: its number, its time, its picture
    track     from s0: up     from s2: stay          what was pressed holds until something else is

A clip becomes one episode, or several where it is long. Nothing is chosen, cut or made smaller here: ``looking`` does
that, alike for every source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError

_SLACK = 1e-4
"""Seconds by which an action may be told after the frame that it is meant for: rounded times are."""


class Shot(NamedTuple):
    """One frame as the source shows it."""

    number: int
    """its number in the source, as a table of actions counts"""
    time: float
    """seconds since the first frame; NaN where the source does not tell"""
    pixels: NDArray[np.uint8]  # [H, W, C] with C 1 or 3


@dataclass(frozen=True)
class Track:
    """What the players pressed: row r holds from ``starts[r]`` until the next row's start."""

    where: str
    """the file, for sentences about it"""
    players: tuple[str, ...]
    starts: NDArray[np.number]  # [R] ascending: frame numbers, or seconds if ``timed``
    values: NDArray  # [R, P] whole numbers, or names
    lines: NDArray[np.int64]  # [R] where each row stands in the file
    timed: bool = False
    unit: str = "line"
    """what the file is counted in: lines or rows"""

    def at(self, numbers: NDArray[np.integer], times: NDArray[np.floating]) -> NDArray[np.int64]:
        """The row that holds at each of N frames, [N]; -1 before the first."""
        keys = times + _SLACK if self.timed else numbers
        return np.searchsorted(self.starts, keys, side="right") - 1

    def place(self, row: int) -> str:
        """Where row ``row`` stands, for a sentence."""
        return f"{self.where} {self.unit} {int(self.lines[row])}"


def dense(where: str, players: tuple[str, ...], values: NDArray, unit: str = "row") -> Track:
    """The track of ``values`` [R, P] that has one row for each frame from number 0 on."""
    numbers = np.arange(len(values))
    return Track(where, players, numbers, values, numbers, unit=unit)


@dataclass(frozen=True)
class Clip:
    """One recording of the source."""

    name: str
    """what it is called in sentences: a file or a part of one"""
    shots: Callable[[], Iterator[Shot]]
    """opens it anew and shows its frames in order, one at a time. Raises UserError where it is damaged"""
    expected: int
    """how many frames it has, as far as that is known beforehand"""
    track: Track
    rewards: NDArray[np.float32] | None = None  # [R, P] of the tick that begins at each frame
    ended: bool = False
    """whether its last tick ended the game for good"""


@dataclass(frozen=True)
class Source:
    """All clips of one source."""

    kind: str
    name: str
    """what the game is called unless the user says otherwise"""
    clips: tuple[Clip, ...]
    files: tuple[Path, ...]
    """what it was read from, to know it again"""
    actions: tuple[str, ...] = ()
    """names of the actions where the source tells them; its numbers are indices into them"""
    palette: tuple[tuple[int, ...], ...] = field(default=())
    """its colours where the source tells them"""


@dataclass(frozen=True)
class Asked:
    """What the user says about how a source is to be read; None and empty: as is usual."""

    table: Path | None = None
    """the table of actions, where it does not lie beside the frames"""
    fields: tuple[tuple[str, str], ...] = ()
    """names of arrays: (what it is to us, what it is called there)"""


def check_picture(pixels: NDArray, where: str) -> NDArray[np.uint8]:
    """``pixels`` as uint8 [H, W, C] with C 1 or 3: a plane gets a channel, the opacity of a picture is left out.

    Raises UserError naming ``where`` for anything else.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.dtype != np.uint8:
        raise UserError(
            f"frames must be uint8 with values 0..255; {where} has {pixels.dtype}; convert them first, such as "
            "(255 * frames).astype('uint8')"
        )
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3, 4) or not pixels.size:
        raise UserError(
            f"a frame must be [height, width, channels] with 1 or 3 channels; {where} has {list(pixels.shape)}; "
            "bring them into this order"
        )
    return pixels[..., :3] if pixels.shape[-1] == 4 else pixels


def natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sorts names as people count: frame2 before frame10."""
    parts: list[tuple[int, str]] = []
    for digits, text in _pieces(path.name):
        parts.append((int(digits), "") if digits else (-1, text))
    return parts, path.name


def _pieces(name: str) -> Iterator[tuple[str, str]]:
    """The runs of digits and of other characters in a name, one of each pair empty."""
    start = 0
    for end in range(1, len(name) + 1):
        if end == len(name) or name[end].isdecimal() != name[start].isdecimal():
            run = name[start:end]
            yield (run, "") if run[0].isdecimal() else ("", run)
            start = end
