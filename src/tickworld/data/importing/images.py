"""Folders of numbered images with a table of actions: one episode, or one for each subfolder.

A table counts frames by the numbers in the names: frame_0007.png is frame 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tickworld.data.importing import tables
from tickworld.data.importing.source import Asked, Clip, Shot, Source, check_picture, natural
from tickworld.errors import UserError

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".ppm", ".pgm", ".tif", ".tiff")
_NUMBER = re.compile(r"(\d+)\D*$")


def is_images(path: Path) -> bool:
    """Whether ``path`` is a folder of images, or of folders of them."""
    return path.is_dir() and any(_images(folder) for folder in (path, *_folders(path)))


def open_source(path: Path, asked: Asked) -> Source:
    """The images in ``path``. Raises UserError where a number is missing, or there is no usable table."""
    if not path.is_dir():
        raise UserError(f"{path} is no folder; give one that holds numbered images")
    folders = [path] if _images(path) else [each for each in _folders(path) if _images(each)]
    if not folders:
        raise UserError(f"{path} holds no images ({', '.join(SUFFIXES)}), nor do its folders; check the path")
    if asked.table and len(folders) > 1:
        raise UserError(f"--actions names one table, and {path} holds {len(folders)} folders; put a table into each")
    placed = [_table(folder, asked.table) for folder in folders]
    clips = tuple(_clip(folder, table) for folder, table in zip(folders, placed, strict=True))
    return Source("images", path.resolve().name, clips, (*folders, *placed))


def _clip(folder: Path, table: Path) -> Clip:
    images = _images(folder)
    numbers = [_number(image) for image in images]
    for before, after in zip(numbers, numbers[1:], strict=False):
        if after != before + 1:
            what = (
                f"two images with number {after}" if after == before else f"images {before} and {after}, none between"
            )
            raise UserError(f"{folder} has {what}; number them one by one, since each is one frame after the last")
    track = tables.read_track(table)
    if track.timed:
        raise UserError(f"images have no times; {table} has a column time, expected frame: the numbers in the names")
    return Clip(str(folder), partial(_shots, images, numbers), len(images), track)


def _shots(images: Sequence[Path], numbers: Sequence[int]) -> Iterator[Shot]:
    from PIL import Image, UnidentifiedImageError

    for path, number in zip(images, numbers, strict=True):
        try:
            with Image.open(path) as image:
                grey = image.mode in ("1", "L")
                pixels = np.asarray(image.convert("L" if grey else "RGB"))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise UserError(f"{path} is not an image that can be read ({error}); make it anew") from error
        yield Shot(number, np.nan, check_picture(pixels, str(path)))


def _table(folder: Path, wanted: Path | None) -> Path:
    """The table of a folder: the one that is asked for, the only one in it, or the one beside it of its name."""
    inside = [each for each in sorted(folder.iterdir()) if each.suffix.lower() in tables.SUFFIXES]
    if wanted is None and len(inside) == 1:
        return inside[0]
    if wanted is None and len(inside) > 1:
        raise UserError(f"{folder} has {len(inside)} tables, {inside[0].name} and others; name one with --actions")
    return tables.beside(folder, wanted)


def _folders(path: Path) -> list[Path]:
    return sorted((each for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")), key=natural)


def _images(folder: Path) -> list[Path]:
    """The images in a folder by their numbers."""
    found = [each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES and not each.name.startswith(".")]
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    found = _NUMBER.search(path.stem)
    if not found:
        raise UserError(f"{path} has no number in its name; number the images, such as frame_0007.png")
    return int(found.group(1))
