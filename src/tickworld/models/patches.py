"""The surroundings of single pixels, cut out of frames with a margin."""

from __future__ import annotations

import torch
from torch import Tensor


def patches(marks: Tensor, margin: tuple[int, int], radius: tuple[int, int], rows: Tensor, pixels: Tensor) -> Tensor:
    """What N pixels see within ``radius`` (up and down, left and right), [N, (2 Ry + 1) (2 Rx + 1) M].

    ``marks`` [B, H', W', M] are frames with a ``margin`` around each, at least as wide as ``radius``; a pixel is given
    by its row of the batch and its index in the flattened frame without margin.
    """
    batch, height, width, size = marks.shape
    top, left = (wide - reach for wide, reach in zip(margin, radius, strict=True))
    y, x = (2 * reach + 1 for reach in radius)
    inside = width - 2 * margin[1]
    row, column = pixels // inside, pixels % inside
    if torch.compiler.is_compiling():  # a graph knows no strides, so it picks the cells by number
        first = (rows * height + top + row) * width + left + column
        down, right = (torch.arange(count, device=pixels.device) for count in (y, x))
        around = (down.unsqueeze(1) * width + right).flatten()
        return marks.flatten(0, 2)[first.unsqueeze(1) + around].flatten(1)
    line = width * size
    shape = (batch, height - 2 * margin[0], inside, y, x * size)
    view = marks.as_strided(shape, (height * line, line, size, line, 1), top * line + left * size)
    return view[rows, row, column].flatten(1)
