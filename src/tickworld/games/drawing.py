"""What games draw with: palettes, boxes, and shapes whose edges lie between pixels.

Positions are (x, y) in pixels; a pixel's own middle lies at half numbers, so pixel 0 reaches from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import Frames

Colour = tuple[int, int, int]


def coloured(indices: NDArray[np.integer], palette: Sequence[tuple[int, ...]]) -> Frames:
    """Frames [..., H, W, C] of palette indices [..., H, W]."""
    return np.array(palette, np.uint8).take(indices, axis=0, mode="clip")  # brackets take several times as long


def span(first: NDArray[np.integer], length: NDArray[np.integer] | int, cells: int) -> NDArray[np.bool_]:
    """Which of ``cells`` cells in a row lie in the ``length`` ones from ``first`` on, [..., cells]."""
    cell = np.arange(cells)
    end = first + length
    return (cell >= first[..., None]) & (cell < np.asarray(end)[..., None])


def box(
    x: NDArray[np.integer],
    y: NDArray[np.integer],
    size: tuple[NDArray[np.integer] | int, NDArray[np.integer] | int],
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """The pixels [..., H, W] of a box of ``size`` (width, height) whose top-left pixel is (x, y), cut at the edges."""
    height, width = shape
    return span(y, size[1], height)[..., :, None] & span(x, size[0], width)[..., None, :]


def disc(x: NDArray[np.floating], y: NDArray[np.floating], radius: float, shape: tuple[int, int]) -> NDArray:
    """How much of each pixel a disc covers, about, in 0..1: [..., H, W]. Its edge is one pixel wide and straight."""
    rows, columns = (np.arange(cells) + 0.5 for cells in shape)
    away = np.hypot(columns - x[..., None, None], rows[:, None] - y[..., None, None])
    return np.clip(radius + 0.5 - away, 0, 1)


def line(
    start: tuple[NDArray[np.floating], NDArray[np.floating]],
    end: tuple[NDArray[np.floating], NDArray[np.floating]],
    width: float,
    shape: tuple[int, int],
) -> NDArray:
    """How much of each pixel a line with round ends covers, about, in 0..1: [..., H, W]."""
    rows, columns = (np.arange(cells) + 0.5 for cells in shape)
    (x, y), (to_x, to_y) = ((each[..., None, None] for each in point) for point in (start, end))
    along_x, along_y = to_x - x, to_y - y
    length = np.maximum(along_x**2 + along_y**2, 1e-12)
    share = np.clip(((columns - x) * along_x + (rows[:, None] - y) * along_y) / length, 0, 1)
    away = np.hypot(columns - x - share * along_x, rows[:, None] - y - share * along_y)
    return np.clip(width / 2 + 0.5 - away, 0, 1)
