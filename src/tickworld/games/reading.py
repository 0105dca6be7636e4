"""Reading objects back out of frames: the measurements that games' probes share.

Both are matrix products: numpy's own sums over short axes of bytes take several times as long, and players look at
every tick.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_SLAB = 256
"""Regions measured at once: as many as stay in the cache while their pixels are floats."""


def lit_centre(lit: NDArray[np.bool_], first_column: int, first_row: int) -> NDArray[np.float64]:
    """(x, y, size) of the lit pixels of a region [..., H, W] whose corner is (first_column, first_row) of the frame.

    x and y are the centre in pixels, size the number of lit pixels; all NaN where nothing is lit. Float [..., 3].
    """
    height, width = lit.shape[-2:]
    weights = _weights(height, width)
    regions = lit.reshape(-1, height * width)
    sums = np.empty((len(regions), 3))
    for first in range(0, len(regions), _SLAB):
        sums[first : first + _SLAB] = regions[first : first + _SLAB].astype(weights.dtype) @ weights
    size = sums[:, 2]
    size[size == 0] = np.nan
    sums[:, 0] = sums[:, 0] / size + first_column
    sums[:, 1] = sums[:, 1] / size + first_row
    return sums.reshape(*lit.shape[:-2], 3)


def digit(lit: NDArray[np.bool_], glyphs: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which of the different ``glyphs`` [D, H, W] a region [..., H, W] shows exactly, int [...]; -1 for none."""
    pixels = glyphs[0].size
    powers = np.float32(2) ** np.arange(pixels, dtype=np.float32)  # a picture's number in binary, exact up to 24 pixels
    shown = lit.reshape(-1, pixels).astype(np.float32) @ powers
    fits = shown[:, None] == glyphs.reshape(-1, pixels) @ powers
    place = fits.astype(np.float32) @ np.arange(1, len(glyphs) + 1, dtype=np.float32)  # from 1; 0 where none fits
    return place.astype(np.int64).reshape(lit.shape[:-2]) - 1


@lru_cache(maxsize=32)
def _weights(height: int, width: int) -> NDArray[np.floating]:
    """[H * W, 3]: every pixel's column, row and one. Single precision where its sums of whole numbers are exact."""
    exact = height * width * max(height, width) < 2**24
    weights = np.ones((height, width, 3), np.float32 if exact else np.float64)
    weights[..., 0], weights[..., 1] = np.arange(width), np.arange(height)[:, None]
    return weights.reshape(-1, 3)
