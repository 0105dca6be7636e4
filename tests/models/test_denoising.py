"""The formulas of drawing by denoising: against a hand computation, and with denoisers that are known to be ideal."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tickworld.models.denoising import SIZE, denoised, drawn, levels, scales, weight


@pytest.mark.parametrize("sigma", [0.01, 0.5, 3.0])
def test_the_scales_are_those_of_the_paper(sigma: float) -> None:
    """Table 1 of Karras et al. 2022, written out."""
    at = scales(torch.tensor([sigma]))
    total = sigma**2 + 0.25
    by_hand = (0.25 / total, sigma * 0.5 / math.sqrt(total), 1 / math.sqrt(total), math.log(sigma) / 4)
    torch.testing.assert_close(torch.cat(at), torch.tensor(by_hand))
    torch.testing.assert_close(weight(torch.tensor(sigma)), torch.tensor(total / (sigma * 0.5) ** 2))
    torch.testing.assert_close(weight(torch.tensor(sigma)) * at.out.square(), torch.ones(1))


def test_the_guess_is_made_of_what_is_left_in_and_what_the_network_gives() -> None:
    noisy, sigma = torch.randn(2, 1, 3, 3), torch.tensor([0.5, 2.0])
    given: list[Tensor] = []

    def network(x: Tensor, told: Tensor) -> Tensor:
        given.extend((x, told))
        return torch.ones_like(x)

    guess = denoised(network, noisy, sigma)
    torch.testing.assert_close(given[0][1], noisy[1] / math.sqrt(4.25))
    torch.testing.assert_close(given[1], sigma.log() / 4)
    torch.testing.assert_close(guess[0], noisy[0] * 0.5 + 0.25 / math.sqrt(0.5))
    torch.testing.assert_close(guess[1], noisy[1] * 0.25 / 4.25 + 1 / math.sqrt(4.25))


def test_what_the_network_is_given_and_is_to_give_is_of_size_one_at_every_noise() -> None:
    chance = torch.Generator().manual_seed(0)
    data = SIZE * torch.randn(100_000, generator=chance)
    for sigma in (0.01, 0.5, 10.0):
        noisy, at = data + sigma * torch.randn(100_000, generator=chance), scales(torch.tensor(sigma))
        assert (at.into * noisy).std() == pytest.approx(1, abs=0.02)
        assert ((data - at.skip * noisy) / at.out).std() == pytest.approx(1, abs=0.02)


def test_levels_fall_from_the_highest_to_the_lowest_and_then_to_nothing() -> None:
    assert levels(1, 5.0, 0.02) == pytest.approx((5.0, 0))
    found = levels(4, 5.0, 0.02)
    assert found == pytest.approx((5.0, found[1], found[2], 0.02, 0)) and sorted(found, reverse=True) == list(found)
    assert found[1] ** (1 / 7) == pytest.approx(5 ** (1 / 7) + (0.02 ** (1 / 7) - 5 ** (1 / 7)) / 3)


def test_a_single_picture_is_found_in_one_step_or_many() -> None:
    """Where all there is is one picture, the ideal guess is that picture whatever the noise."""
    picture, noise = torch.rand(1, 3, 4, 4), torch.randn(5, 3, 4, 4)
    for steps in (1, 3, 10):
        found = drawn(lambda x, sigma: picture.expand_as(x), noise, levels(steps, 5.0, 0.02))
        torch.testing.assert_close(found, picture.expand_as(noise))


def test_a_gaussian_is_drawn_with_its_mean_and_deviation() -> None:
    """Of N(m, s^2) the ideal guess is the mean of m and x, weighed by their variances."""
    mean, deviation = 0.7, 0.3

    def ideal(x: Tensor, sigma: Tensor) -> Tensor:
        share = deviation**2 / (deviation**2 + sigma**2)
        return mean + share * (x - mean)

    noise = torch.randn(20_000, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    found = drawn(ideal, noise, levels(200, 20.0, 0.002))
    assert found.mean() == pytest.approx(mean, abs=0.02) and found.std() == pytest.approx(deviation, rel=0.05)
    few = drawn(ideal, noise, levels(3, 20.0, 0.002))
    assert few.mean() == pytest.approx(mean, abs=0.02) and few.std() < deviation  # large steps go too far


def test_of_two_pictures_one_is_drawn_and_not_their_mean() -> None:
    """The ideal guess between -1 and 1 is tanh(x / s^2); what is drawn are the two, by halves."""
    noise = torch.randn(2000, 1, 1, 1, generator=torch.Generator().manual_seed(0))
    found = drawn(lambda x, sigma: (x / sigma.square()).tanh(), noise, levels(3, 5.0, 0.02))
    assert (found.abs() - 1).abs().max() < 0.02
    assert (found > 0).float().mean() == pytest.approx(0.5, abs=0.05)
