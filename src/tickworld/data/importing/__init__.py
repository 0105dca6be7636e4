"""Importing: your own recordings become one of ours. A kind of source is one file and one line in the table.

Reading path: source, tables, video (or another kind), picture, survey, writing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tickworld.data.alignment import verdict
from tickworld.data.importing import arrays, images, minari, video
from tickworld.data.importing.source import Asked, Source
from tickworld.data.importing.survey import Choices, Survey, survey
from tickworld.data.importing.writing import write
from tickworld.data.store import Store
from tickworld.errors import UserError, choose
from tickworld.progress import Progress, Silent


class Kind(NamedTuple):
    """A kind of source: whether something is one, how it is opened, and what it is in words."""

    fits: Callable[[Path], bool]
    open: Callable[[Path, Asked], Source]
    what: str


KINDS: dict[str, Kind] = {
    "minari": Kind(minari.is_minari, minari.open_source, "a Minari dataset: its folder, or minari:ID"),
    "arrays": Kind(arrays.is_arrays, arrays.open_source, "an NPZ file, an HDF5 file or a zarr group"),
    "video": Kind(video.is_video, video.open_source, "a video with a table of actions, or a folder of such pairs"),
    "images": Kind(images.is_images, images.open_source, "a folder of numbered images with a table of actions"),
}
"""In the order in which they are tried."""


@dataclass(frozen=True)
class Brought:
    """An import that is done."""

    store: Store
    found: Survey

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the user should know of it: whether actions and frames fit, and whatever is odd."""
        return (verdict(self.found.alignment, self.found.shift), *self.found.notes)


def open_source(path: Path, asked: Asked | None = None, kind: str | None = None) -> Source:
    """The source at ``path``, of the ``kind`` that is named, or of the first that fits. Raises UserError for none."""
    asked = asked or Asked()
    if kind is None and not str(path).startswith(minari.PREFIX) and not path.exists():
        raise UserError(f"there is nothing at {path}; check the path")
    if kind is not None:
        return choose(KINDS, kind, "kind of source").open(path, asked)
    for each in KINDS.values():
        if each.fits(path):
            return each.open(path, asked)
    raise UserError(f"{path} is nothing that can be imported; give {'; '.join(each.what for each in KINDS.values())}")


def bring_in(source: Source, path: Path, choices: Choices | None = None, show: Progress | None = None) -> Brought:
    """Makes a recording of ``source`` at ``path``, or goes on with one that was cut short.

    The source is read twice: once to see what is in it, once to write it. Raises UserError, naming file and row, for
    whatever is wrong with it, and when ``path`` holds anything else.
    """
    choices, show = choices or Choices(), show or Silent()
    expected = max(sum(clip.expected for clip in source.clips), 1)
    with show.bar(f"looking through {source.name}", expected, "frames") as at:
        found = survey(source, choices, lambda done: at(min(done, expected - 1), ""))  # a video may not know its length
        at(expected, "")
    with show.bar(f"importing {source.name}", sum(take.ticks for take in found.takes), "frames") as at:
        return Brought(write(source, found, choices, path, lambda done: at(done, "")), found)
