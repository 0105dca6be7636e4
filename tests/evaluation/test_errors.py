"""Errors of frames against their formulas and another implementation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from tickworld.evaluation import errors
from tickworld.frames import Frames


def noise(seed: int, channels: int = 1) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (3, 24, 16, channels), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_mse_is_the_mean_square_of_brightness(channels: int) -> None:
    truth, dream = noise(0, channels), noise(1, channels)
    assert errors.mse(truth, dream) == pytest.approx(np.mean((truth / 255 - dream / 255) ** 2), rel=1e-5)
    assert errors.mse(truth, truth) == 0
    black = np.zeros_like(truth)
    assert errors.mse(black, black + 255) == errors.mse(black + 255, black) == pytest.approx(1)  # no wrap-around


def test_bce_is_the_cross_entropy_of_levels_that_are_never_certain() -> None:
    truth, dream = noise(0), noise(1)
    chance = np.clip(dream / 255, 1 / 512, 1 - 1 / 512)
    expected = np.mean(-(truth / 255) * np.log(chance) - (1 - truth / 255) * np.log(1 - chance))
    assert errors.bce(truth, dream) == pytest.approx(expected, rel=1e-5)
    assert torch.nn.functional.binary_cross_entropy(
        torch.tensor(chance), torch.tensor(truth / 255)
    ).item() == pytest.approx(errors.bce(truth, dream), rel=1e-5)


def test_bce_of_a_sure_and_of_an_unsure_frame() -> None:
    black = np.zeros((1, 8, 8, 1), np.uint8)
    assert errors.bce(black, black) == pytest.approx(-np.log(1 - 1 / 512))
    assert errors.bce(black, black + 255) == pytest.approx(np.log(512), rel=1e-5)  # finite where it is surely wrong
    assert errors.bce(black, black + 128) == pytest.approx(np.log(2), rel=1e-2)


def test_psnr_follows_from_the_mean_square() -> None:
    truth, dream = noise(0), noise(1)
    expected = peak_signal_noise_ratio(torch.tensor(dream / 255), torch.tensor(truth / 255), data_range=1.0)
    ours = errors.psnr(np.array([errors.mse(truth, dream), 0.01, 1.0, 0.0]))
    assert ours[0] == pytest.approx(expected.item(), rel=1e-4)
    assert ours[1:3] == pytest.approx([20, 0]) and np.isnan(ours[3])


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_that_of_another_implementation(channels: int) -> None:
    truth, dream = noise(0, channels), noise(1, channels)
    one, two = (torch.tensor(each / 255).movedim(-1, 1).float() for each in (dream, truth))
    expected = structural_similarity_index_measure(one, two, data_range=1.0)
    assert isinstance(expected, torch.Tensor)
    assert errors.ssim(truth, dream) == pytest.approx(expected.item(), abs=1e-5)
    assert errors.ssim(truth, truth) == pytest.approx(1)
    rows = [errors.ssim(truth[row : row + 1], dream[row : row + 1]) for row in range(3)]
    assert errors.ssim(truth, dream) == pytest.approx(np.mean(rows), abs=1e-5)
