"""The border between numpy and torch: the one conversion of frames, and the legend of the axes.

Axes, in every annotation and docstring: B batch, T time (ticks), A actions, P players, S size of a vector, C channels,
H height, W width, N rows of a simulator.

On the numpy side a frame is uint8 [..., H, W, C]; on the torch side float32 [..., C, H, W] in 0..1.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(frames: NDArray[np.uint8]) -> Tensor:
    """float32 [..., C, H, W] in 0..1 from uint8 [..., H, W, C]."""
    pixels = np.moveaxis(frames, -1, -3).astype(np.float32, order="C")  # always a copy: stored frames are read-only
    return torch.from_numpy(pixels).div_(255)


def to_frames(pixels: Tensor) -> NDArray[np.uint8]:
    """uint8 [..., H, W, C] from [..., C, H, W] in 0..1 (rounded; values outside are cut)."""
    whole = pixels.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return whole.movedim(-3, -1).contiguous().cpu().numpy()


def one_hot(actions: NDArray[np.integer] | Tensor, count: int) -> Tensor:
    """float32 [..., P * count] from action indices [..., P]: the players' one-hot vectors side by side.

    Built by comparison, so that each row marks its own action only, whatever the batch looks like.
    """
    indices = actions.long() if isinstance(actions, Tensor) else torch.from_numpy(actions.astype(np.int64))
    marks = indices.unsqueeze(-1) == torch.arange(count, device=indices.device)
    return marks.flatten(-2).float()


def nearest_colour(pixels: Tensor, palette: Tensor) -> Tensor:
    """Index (uint8 [..., H, W]) of the colour of ``palette`` [Q, C] nearest to each pixel of ``pixels`` [..., C, H, W],
    both in 0..1.

    Two greys take one comparison; else it goes colour by colour, since ``argmin`` over a short axis is ten times slower
    on a CPU.
    """
    if palette.shape == (2, 1):
        brighter = pixels[..., 0, :, :] > palette.mean()
        return (brighter if palette[1] > palette[0] else ~brighter).to(torch.uint8)
    nearest = torch.zeros(pixels.shape[:-3] + pixels.shape[-2:], dtype=torch.uint8, device=pixels.device)
    best = torch.full(nearest.shape, torch.inf, device=pixels.device)
    for index, colour in enumerate(palette):
        distance = torch.zeros_like(best)
        for channel, shade in enumerate(colour):  # not all at once: what is three times as large leaves the cache
            distance += (pixels.select(-3, channel) - shade).abs_()
        nearest.masked_fill_(distance < best, index)
        best = torch.minimum(best, distance)
    return nearest


def best_colour(logits: Tensor) -> Tensor:
    """Index (uint8 [B, H, W]) of the highest of the logits [B, Q, H, W]; the first of equals. Colour by colour, for the
    same reason as ``nearest_colour``."""
    best, index = logits[:, 0], torch.zeros(logits[:, 0].shape, dtype=torch.uint8, device=logits.device)
    for colour in range(1, logits.shape[1]):
        higher = logits[:, colour] > best
        best, index = torch.maximum(best, logits[:, colour]), index.masked_fill(higher, colour)
    return index


def lead(logits: Tensor) -> Tensor:
    """By how much the highest of the logits [B, Q, H, W] exceeds the next, [B, H, W]. Colour by colour: ``topk`` over a
    short axis takes ten to thirty times as long."""
    best, second = logits[:, 0], torch.full_like(logits[:, 0], -torch.inf)
    for colour in range(1, logits.shape[1]):
        second = torch.maximum(second, torch.minimum(best, logits[:, colour]))
        best = torch.maximum(best, logits[:, colour])
    return best - second


def with_sums(frames: Tensor) -> Tensor:
    """Pixels, row sums and column sums side by side, [B, S] from frames [B, ..., H, W]: the place of a small thing is a
    linear function of its sums."""
    return torch.cat([part.flatten(1) for part in (frames, frames.sum(-1), frames.sum(-2))], 1)


def sums_size(shape: tuple[int, int, int]) -> int:
    """How many numbers ``with_sums`` gives for a frame of ``shape`` (H, W, C)."""
    height, width, channels = shape
    return channels * (height * width + height + width)


def blurred(frames: Tensor, sigma: float) -> Tensor:
    """``frames`` [..., H, W] under a Gaussian of ``sigma`` pixels; dark beyond the edges."""
    return _bell(frames.shape[-2], sigma, frames.dtype) @ frames @ _bell(frames.shape[-1], sigma, frames.dtype)


def _bell(size: int, sigma: float, dtype: torch.dtype) -> Tensor:
    """Weights [size, size] that spread each place over its neighbours."""
    place = torch.arange(size, dtype=dtype)
    bell = (-0.5 * ((place.unsqueeze(1) - place) / sigma).square()).exp()
    return bell / (sigma * math.sqrt(2 * math.pi))
