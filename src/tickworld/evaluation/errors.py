"""Errors of frames over time. None of them stands alone: on a mostly empty frame a world that lost the ball looks
fine."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import Frames

SSIM_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""SSIM is costly, so it is measured at these ticks only."""
SSIM_WINDOW = 11
"""Side of its window, in pixels; smaller frames have no SSIM."""
_CERTAIN = 1 / 512
"""Half a grey level: a frame in 256 levels cannot be surer than that."""


def mse(truth: Frames, dream: Frames) -> float:
    """Mean squared error of brightness in 0..1, over all rows, pixels and channels."""
    difference = truth.astype(np.float32) - dream
    return float(np.mean(np.square(difference)) / 255**2)


def bce(truth: Frames, dream: Frames) -> float:
    """Binary cross-entropy a pixel, in nats, with the dream's brightness as a probability."""
    return float(_cross_entropies()[truth, dream].mean())


def psnr(mean_squared: NDArray[np.floating]) -> NDArray[np.floating]:
    """Peak signal-to-noise ratio in dB, NaN where the error is 0."""
    with np.errstate(divide="ignore"):
        return np.where(mean_squared > 0, -10 * np.log10(np.maximum(mean_squared, 1e-30)), np.nan)


def ssim(truth: Frames, dream: Frames) -> float:
    """Structural similarity (Wang et al. 2004), mean over rows."""
    # torchmetrics takes a second to import; only an evaluation needs it.
    from torchmetrics.functional.image import structural_similarity_index_measure

    from tickworld.tensors import to_tensor

    value = structural_similarity_index_measure(to_tensor(dream), to_tensor(truth), data_range=1.0)
    assert not isinstance(value, tuple)
    return value.item()


@functools.cache
def _cross_entropies() -> NDArray[np.float32]:
    """Cross-entropy of every (true, dreamt) pair of the 256 levels: a look-up is 20 times quicker than two
    logarithms."""
    level = np.arange(256) / 255
    chance = np.clip(level, _CERTAIN, 1 - _CERTAIN)
    true = level[:, None]
    return (-true * np.log(chance) - (1 - true) * np.log(1 - chance)).astype(np.float32)
