"""Text as crisp pixels, drawn into frames with Pillow's built-in bitmap font: no font files, the same everywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from tickworld.frames import Frames

Colour = tuple[int, int, int]

LETTER = (6, 11)
"""Width and height of a letter at scale 1, in pixels."""


class Ink(NamedTuple):
    """``colour`` as RGB of 0..255; every pixel of a letter becomes ``scale`` x ``scale``."""

    colour: Colour
    scale: int = 1


def width(text: str, scale: int = 1) -> int:
    """Pixels that ``text`` takes from left to right."""
    return LETTER[0] * scale * len(text)


def stamp(canvas: Frames, text: str, corner: tuple[int, int], ink: Ink) -> None:
    """Draws ``text`` into ``canvas`` [..., H, W, 3], in place, with its top left at ``corner`` (x, y).

    What falls outside is cut off; letters the font lacks (beyond Latin-1) become question marks.
    """
    x, y = corner
    letters = _letters(text, ink.scale)
    region = canvas[..., y : y + letters.shape[0], x : x + letters.shape[1], :]
    region[..., letters[: region.shape[-3], : region.shape[-2]], :] = ink.colour


@lru_cache(maxsize=1024)
def _letters(text: str, scale: int) -> NDArray[np.bool_]:
    """[height, width] true where a letter is."""
    across, down = width(text), LETTER[1]
    mask = ImageFont.load_default_imagefont().getmask(text.encode("latin-1", "replace"))
    lit = np.zeros((down, across), bool)
    if text:
        drawn = np.array(mask, np.uint8).reshape(mask.size[::-1]) > 0
        lit[: drawn.shape[0], : drawn.shape[1]] = drawn[:down, :across]
    return lit.repeat(scale, 0).repeat(scale, 1)
