"""What is made of every frame of a source: cut out, made smaller, grey, and one of every so many kept.

All of it works on one frame at a time, so that a long video is never held whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.config import Config
from tickworld.data.importing.source import Shot
from tickworld.errors import UserError

_SOON = 1e-4
"""Seconds by which a frame may come after the moment it is taken for."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


Cut = Annotated[int, Field(ge=0, le=4096)]
Side = Annotated[int, Field(ge=1, le=4096)]


class Looks(Config):
    """How the frames of an import look."""

    crop: tuple[Cut, Cut, Cut, Cut] = (0, 0, 0, 0)
    """pixels cut off before all else: at the top, at the bottom, on the left, on the right"""
    size: tuple[Side, Side] | None = None
    """height and width of a frame in pixels; by default as it is shown"""
    resize: Literal["area", "nearest"] = "area"
    """how: the mean of the pixels that fall together, or the nearest one"""
    grey: bool = False
    """one channel of brightness in place of three of colour"""
    fps: float | None = Field(default=None, gt=0, le=1000)
    """ticks a second, for sources that tell times"""
    skip: int = Field(default=1, gt=0)
    """frames of the source in a tick: the first of them is shown, and its action counts"""


class Chosen(NamedTuple):
    """A frame that is kept, and the shot that it is of."""

    number: int
    time: float
    pixels: NDArray[np.uint8]  # [H, W, C] as it will be stored


def chosen(shots: Iterable[Shot], looks: Looks, where: str) -> Iterator[Chosen]:
    """The frames that are kept of a clip called ``where``, as they will look.

    With ``looks.fps`` the k-th is what stood there k / fps seconds after the first, shown again where nothing new came.
    Raises UserError where a frame has another size than those before it, or is too small for what is cut off.
    """
    size: tuple[int, ...] | None = None
    for number, time, pixels in _kept(shots, looks, where):
        if size not in (None, pixels.shape):
            raise UserError(
                f"frame {number} of {where} is {pixels.shape[1]} x {pixels.shape[0]} with {pixels.shape[2]} channels, "
                f"and those before it {size[1]} x {size[0]} with {size[2]}; bring them to one size"
            )
        size = pixels.shape
        yield Chosen(number, time, looked(pixels, looks, where))


def looked(pixels: NDArray[np.uint8], looks: Looks, where: str) -> NDArray[np.uint8]:
    """One frame [H, W, C] as ``looks`` says. Raises UserError when it is too small for what is cut off."""
    top, bottom, left, right = looks.crop
    height, width = (side - cut for side, cut in zip(pixels.shape, (top + bottom, left + right), strict=False))
    if min(height, width) < 1:
        raise UserError(
            f"cutting off {top} + {bottom} rows and {left} + {right} columns leaves nothing of the frames of {where}, "
            f"which have {pixels.shape[0]} and {pixels.shape[1]}; crop less"
        )
    pixels = pixels[top : top + height, left : left + width]
    if looks.grey and pixels.shape[-1] == 3:
        pixels = np.round(pixels @ _LUMA).astype(np.uint8)[..., None]
    if looks.size and looks.size != pixels.shape[:2]:
        pixels = _resized(pixels, looks)
    return np.ascontiguousarray(pixels)


def _resized(pixels: NDArray[np.uint8], looks: Looks) -> NDArray[np.uint8]:
    from PIL import Image

    assert looks.size is not None
    way = Image.Resampling.BOX if looks.resize == "area" else Image.Resampling.NEAREST
    grey = pixels.shape[-1] == 1
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if grey else pixels))
    made = np.asarray(image.resize((looks.size[1], looks.size[0]), way))
    return made[..., None] if grey else made


def _kept(shots: Iterable[Shot], looks: Looks, where: str) -> Iterator[Shot]:
    """The shots that become ticks."""
    if looks.fps is None:
        for position, shot in enumerate(shots):
            if position % looks.skip == 0:
                yield shot
        return
    if looks.skip != 1:
        raise UserError(f"--fps and --skip both choose frames; got {looks.fps:g} and {looks.skip}; give one of them")
    ticks, standing = 0, None
    for shot in shots:
        if not np.isfinite(shot.time):
            raise UserError(f"{where} tells no times, so --fps cannot choose among its frames; use --skip")
        while standing is not None and ticks / looks.fps + _SOON < shot.time:
            yield standing._replace(time=ticks / looks.fps)
            ticks += 1
        standing = shot
    if standing is not None and ticks / looks.fps <= standing.time + _SOON:
        yield standing._replace(time=ticks / looks.fps)
