"""The only image and video writer: GIF and PNG, to a file or to bytes for a page or a log.

A GIF has room for 256 colours. Frames with fewer keep every one of them exactly, so a crisp pixel stays crisp; frames
with more keep their most frequent colours and have the others rounded to the nearest of a fitted palette, undithered.
Every frame stays a frame of its own, also one that equals its neighbour: counting frames counts ticks.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from tickworld.errors import UserError
from tickworld.files import write_bytes
from tickworld.frames import Frames, to_rgb

CLEAR = 255
"""Palette index that leaves a pixel as the frame before it was; 0..254 are colours."""
MOST_FPS = 50
"""GIF counts in 1/100 s, and viewers slow down whatever stays for less than 2 of them."""
MOST_PIXELS = 65_535
KEPT = 96
"""How many of the most frequent colours stay exact when there are too many."""


def write_gif(path: Path | str, frames: Frames, fps: float, hold: float = 0.0) -> None:
    """``gif_bytes`` in a file that is whole or absent. Raises UserError also when the disk refuses."""
    content = gif_bytes(frames, fps, hold)
    write_bytes(Path(path), content)


def write_png(path: Path | str, frame: Frames) -> None:
    """``png_bytes`` in a file that is whole or absent. Raises UserError also when the disk refuses."""
    content = png_bytes(frame)
    write_bytes(Path(path), content)


def gif_bytes(frames: Frames, fps: float, hold: float = 0.0) -> bytes:
    """``frames`` uint8 [T, H, W, 1 or 3] as a GIF that plays for ever.

    ``fps`` is in frames a second, 0.1..50 (kept on average: single frames differ by 1/100 s); the last frame stays
    ``hold`` seconds longer, 0..600. Raises UserError for other shapes, sizes and speeds.
    """
    _check(frames, 4, "frames", "[T, H, W, 1 or 3]")
    if not 0.1 <= fps <= MOST_FPS:
        raise UserError(f"a GIF plays 0.1..{MOST_FPS} frames a second; got fps={fps:g}; choose one of those")
    if not 0 <= hold <= 600:
        raise UserError(f"the last frame of a GIF can be held 0..600 seconds; got hold={hold:g}; choose one of those")
    if max(frames.shape[1:3]) > MOST_PIXELS:
        raise UserError(
            f"a GIF is at most {MOST_PIXELS} pixels high and wide; got {frames.shape[1:3]}; enlarge it less"
        )
    frames = to_rgb(frames)
    colours, lookup = _palette(frames)
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    ends = np.round(np.arange(1, len(frames) + 1) * 100 / fps).astype(int)
    delays = np.diff(ends, prepend=0)
    delays[-1] += round(hold * 100)

    height, width = frames.shape[1:3]
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0xF7, 0, 0), table.tobytes()]
    parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")  # repeat without end
    before = None
    for frame, delay in zip(frames, delays, strict=True):
        after = lookup[_packed(frame)]
        parts += _patch(before, after, int(delay))
        before = after
    return b"".join([*parts, b";"])


def png_bytes(frame: Frames) -> bytes:
    """One frame, uint8 [H, W, 1 or 3], as a PNG, every pixel exact. Raises UserError for other shapes."""
    _check(frame, 3, "a frame", "[H, W, 1 or 3]")
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(to_rgb(frame))).save(file, "PNG", optimize=True)
    return file.getvalue()


def still(gif: bytes) -> bytes:
    """The last frame of a GIF as a PNG, for readers who asked for no moving pictures."""
    with Image.open(io.BytesIO(gif)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        return png_bytes(np.asarray(image.convert("RGB")))


def _check(frames: np.ndarray, axes: int, what: str, expected: str) -> None:
    fits = frames.ndim == axes and frames.shape[-1] in (1, 3) and frames.size > 0
    if not fits or frames.dtype != np.uint8:
        got = f"{frames.dtype} {list(frames.shape)}"
        raise UserError(f"{what} must be uint8 {expected} and not empty; got {got}; convert or index the array first")


def _packed(frames: Frames) -> NDArray[np.int32]:
    """Each pixel's colour as one number 0xRRGGBB."""
    red, green, blue = (frames[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _unpacked(colours: NDArray[np.integer]) -> NDArray[np.uint8]:
    return np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], -1).astype(np.uint8)


def _palette(frames: Frames) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """At most 255 colours [K, 3], and the table [2**24] that gives each packed colour's index among them."""
    seen = np.zeros(2**24, bool)
    for frame in frames:
        seen[_packed(frame)] = True
    present = np.flatnonzero(seen)
    lookup = np.zeros(2**24, np.uint8)
    if len(present) <= CLEAR:
        lookup[present] = np.arange(len(present))
        return _unpacked(present), lookup
    colours = _fitted(frames)
    for chunk in np.array_split(present, len(present) // 4096 + 1):
        away = np.abs(_unpacked(chunk)[:, None].astype(np.int16) - colours).sum(-1)
        lookup[chunk] = away.argmin(-1)
    return colours, lookup


def _fitted(frames: Frames) -> NDArray[np.uint8]:
    """255 colours for frames that have more: the most frequent ones as they are, the rest by median cut."""
    some = frames[:: max(1, len(frames) // 16)]
    colours, counts = np.unique(_packed(some), return_counts=True)
    kept, rest = np.split(colours[np.argsort(-counts, kind="stable")], [KEPT])
    if not len(rest):
        return _unpacked(kept)
    fitted = Image.fromarray(_unpacked(rest)[None]).quantize(CLEAR - len(kept), Image.Quantize.MEDIANCUT)
    entries = np.array(fitted.getpalette(), np.uint8).reshape(-1, 3)[: CLEAR - len(kept)]
    return np.concatenate([_unpacked(kept), entries])


def _patch(before: NDArray[np.uint8] | None, after: NDArray[np.uint8], delay: int) -> list[bytes]:
    """The smallest rectangle that turns one frame of palette indices into the next, as GIF blocks."""
    if before is None:
        return GifImagePlugin.getdata(Image.fromarray(after), duration=delay * 10)
    changed = before != after
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, 1)  # no change: one clear pixel
    left, right = (columns[0], columns[-1] + 1) if len(columns) else (0, 1)
    region = np.s_[top:bottom, left:right]
    image = Image.fromarray(np.where(changed[region], after[region], np.uint8(CLEAR)))
    return GifImagePlugin.getdata(image, (int(left), int(top)), duration=delay * 10, transparency=CLEAR)
