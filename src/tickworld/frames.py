"""Frames in numpy: uint8, axes [..., H, W, C], 0 black to 255 full. Everything here works on any leading axes."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError
from tickworld.simulator import Spec

Frames = NDArray[np.uint8]


def check_frames(frames: np.ndarray, spec: Spec, what: str = "frames") -> None:
    """Raises UserError unless ``frames`` is uint8 [..., H, W, C] of the spec's size."""
    if frames.dtype != np.uint8:
        raise UserError(f"{what} must be uint8 with values 0..255; got {frames.dtype}; convert them first")
    if frames.shape[-3:] != spec.frame_shape:
        raise UserError(
            f"{what} of {spec.name} must end in (height, width, channels) = {spec.frame_shape}; got {frames.shape[-3:]}"
        )


def to_rgb(frames: Frames) -> Frames:
    """The same frames with three channels: grey is repeated, three channels stay."""
    return np.repeat(frames, 3, axis=-1) if frames.shape[-1] == 1 else frames


def to_grey(frames: Frames) -> Frames:
    """The same frames with one channel, brightness as ITU-R BT.601 weighs colours; one channel stays, and so does a
    grey."""
    if frames.shape[-1] == 1:
        return frames
    red, green, blue = np.moveaxis(frames.astype(np.uint32), -1, 0)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)[..., None]


def resize(frames: Frames, height: int, width: int, method: Literal["nearest", "area"]) -> Frames:
    """The same frames with ``height`` x ``width`` pixels: ``nearest`` takes the pixel in the middle of each new one and
    no new colours, ``area`` the mean of all under it."""
    old = frames.shape[-3:-1]
    if old == (height, width):
        return frames
    if method == "nearest":
        row, column = (
            (np.arange(new) * 2 + 1) * side // (2 * new) for new, side in zip((height, width), old, strict=True)
        )
        return frames.take(row, -3).take(column, -2)
    from PIL import Image  # only pictures that are blurred need it

    flat = frames.reshape(-1, *frames.shape[-3:])
    blurred = np.empty((len(flat), height, width, flat.shape[-1]), np.uint8)
    for index, frame in enumerate(flat):
        image = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame)
        blurred[index] = np.asarray(image.resize((width, height), Image.Resampling.BOX)).reshape(blurred.shape[1:])
    return blurred.reshape(*frames.shape[:-3], *blurred.shape[1:])


def colour_codes(frames: Frames) -> NDArray[np.uint32]:
    """One number a pixel, [..., H, W], the same for the same colour alone, below 256 to the power of the channels."""
    codes = np.zeros(frames.shape[:-1], np.uint32)
    for channel in range(frames.shape[-1]):
        codes = codes << np.uint32(8) | frames[..., channel]
    return codes


def enlarge(frames: Frames, factor: int) -> Frames:
    """Every pixel as a crisp square of ``factor`` x ``factor``."""
    return frames.repeat(factor, axis=-3).repeat(factor, axis=-2)


def beside(*panels: Frames, gap: int = 2, shade: int = 96) -> Frames:
    """Panels [..., H, W, C] of one height from left to right, with a grey gap of ``gap`` pixels between them."""
    line = np.full((*panels[0].shape[:-2], gap, panels[0].shape[-1]), shade, np.uint8)
    parts = [panels[0]]
    for panel in panels[1:]:
        parts += [line, panel]
    return np.concatenate(parts, axis=-2)


def difference(truth: Frames, dream: Frames) -> Frames:
    """Absolute difference, uint8."""
    return np.maximum(truth, dream) - np.minimum(truth, dream)


def wrong_pixels(truth: Frames, dream: Frames, tolerance: int = 8) -> NDArray[np.int64]:
    """How many pixels of a frame differ by more than ``tolerance`` of 255 in any channel, int [...]."""
    return (difference(truth, dream) > tolerance).any(-1).sum((-1, -2))


def snap(frames: Frames, palette: tuple[tuple[int, ...], ...]) -> Frames:
    """Each pixel replaced by the nearest colour of ``palette``; frames without a palette stay as they are."""
    if not palette:
        return frames
    colours = np.array(palette, np.uint8)
    if len(colours) == 2 and colours.shape[1] == 1:  # two greys: one comparison
        low, high = sorted(int(value) for value in colours[:, 0])
        return np.where(frames > (low + high) // 2, np.uint8(high), np.uint8(low))
    return colours.take(nearest(frames, palette), axis=0, mode="clip")  # brackets take several times as long


def nearest(frames: Frames, palette: tuple[tuple[int, ...], ...]) -> NDArray[np.uint8]:
    """The index of the colour of ``palette`` that is nearest to each pixel, [..., H, W]; of equals the first."""
    indices = _known(palette)[colour_codes(frames)]
    strange = indices < 0
    if strange.any():  # most frames have colours of the palette alone, and looking them up is thirty times as quick
        distance = np.abs(frames[strange][:, None].astype(np.int16) - np.array(palette, np.int16)).sum(-1)
        indices[strange] = distance.argmin(-1)
    return indices.astype(np.uint8)


@lru_cache(maxsize=8)
def _known(palette: tuple[tuple[int, ...], ...]) -> NDArray[np.int16]:
    """By colour code, the index of each colour of ``palette``, -1 for others."""
    table = np.full(256 ** len(palette[0]), -1, np.int16)
    table[colour_codes(np.array(palette, np.uint8))[::-1]] = np.arange(len(palette))[::-1]
    return table


def pixels_wrong(truth: Frames, dream: Frames, palette: tuple[tuple[int, ...], ...]) -> NDArray[np.bool_]:
    """Whether any pixel has the wrong palette colour (without a palette: is off by more than 8 of 255), [...]."""
    return wrong_pixels(truth, snap(dream, palette)) > 0
