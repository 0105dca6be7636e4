"""Single pixels of frames: some that are marked, and what lies around them.

The first two have a second form that holds in a graph, for export; ``tests/models/test_traced.py`` holds them equal.
"""

from __future__ import annotations

import torch
from torch import Tensor


def marked(marks: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The indices [B, count] of marked pixels, of the 0 and 1 in ``marks`` [B, P], and before them whether each of them
    is one: where fewer are marked, others fill the row. Where more are, torch leaves open which are left out; in a
    graph, which runs elsewhere, it is the last ones."""
    if not torch.compiler.is_compiling():
        return marks.topk(count, 1)
    first = torch.arange(marks.shape[1], 0, -1, dtype=marks.dtype, device=marks.device)
    pixels = (marks * marks.shape[1] + first).topk(count, 1).indices
    return marks.gather(1, pixels), pixels


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


def widened(marks: Tensor, reach: tuple[int, int]) -> Tensor:
    """Marks, bool [..., H, W], spread to all pixels at most ``reach`` away in y and in x; by shifting them, which is
    ten times quicker than pooling."""
    for axis, far in zip((-2, -1), reach, strict=True):
        size, wide = marks.shape[axis], marks.clone()
        for step in range(1, min(far, size - 1) + 1):
            wide.narrow(axis, step, size - step).logical_or_(marks.narrow(axis, 0, size - step))
            wide.narrow(axis, 0, size - step).logical_or_(marks.narrow(axis, step, size - step))
        marks = wide
    return marks
