"""A renderer with an encoder: codes, what they cost, and the posterior collapse that free nats prevent."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tickworld.models.gaussians import Gaussian, Mixture, divergence, draw, log_density, mixture_log_density
from tickworld.models.renderers.vae import NARROWEST, WIDEST, Vae, VaeConfig
from tickworld.simulator import Spec

LINE = Spec("line", 1, 8, 1, ("one",), ("stay",))
CODE, UNTOLD = 2, 7 * math.log(8 / 7) + math.log(8)
"""Nats a frame without a code: each of eight pixels is lit in one frame of eight."""


def vae(spec: Spec = LINE, **settings: Any) -> Vae:
    torch.manual_seed(0)
    return VaeConfig.model_validate({"size": 32} | settings).build(spec, (CODE,))


def trained(renderer: Vae, weight: float, steps: int = 500) -> tuple[float, float]:
    """Nats a frame of pixels and of codes, the free ones too, after training on eight frames with one pixel lit."""
    frames = torch.eye(8).view(8, 1, 1, 8).repeat(4, 1, 1, 1)
    optimizer = torch.optim.Adam(renderer.parameters(), lr=1e-2)
    chance = torch.Generator().manual_seed(1)
    pixels = torch.zeros(())
    for _ in range(steps):
        optimizer.zero_grad()
        code, nats = renderer.read(frames, torch.randn(32, CODE, generator=chance))
        pixels = renderer.pixel_loss(renderer(code), frames).sum((1, 2)).mean()
        (pixels + weight * nats.mean()).backward()
        optimizer.step()
    return pixels.item(), renderer.nats(renderer.posterior(frames)).mean().item()


def test_a_code_is_drawn_with_the_noise_it_is_given(spec: Spec) -> None:
    renderer = vae(spec)
    frames, noise = torch.rand(3, 3, 9, 7), torch.randn(3, CODE)
    posterior = renderer.posterior(frames)
    code, nats = renderer.read(frames, noise)
    torch.testing.assert_close(code, posterior.mean + posterior.log_deviation.exp() * noise)
    assert torch.equal(renderer.read(frames, torch.zeros(3, CODE))[0], posterior.mean)
    by_hand = 0.5 * (posterior.mean.square() + (2 * posterior.log_deviation).exp() - 1 - 2 * posterior.log_deviation)
    torch.testing.assert_close(nats, by_hand.sum(1))
    torch.testing.assert_close(renderer(code), renderer.decoder(code))


def test_deviations_are_bounded() -> None:
    renderer = vae()
    posterior = renderer.posterior(torch.randn(50, 1, 1, 8) * 1e4)
    assert posterior.log_deviation.min() == NARROWEST and posterior.log_deviation.max() == WIDEST


def test_forward_and_reverse_swap_the_two() -> None:
    posterior = Gaussian(torch.tensor([[0.5, -1.0]]), torch.tensor([[-1.0, 0.25]]))
    normal = Gaussian(torch.zeros(1, 2), torch.zeros(1, 2))
    torch.testing.assert_close(vae().nats(posterior), divergence(posterior, normal).sum(1))
    torch.testing.assert_close(vae(divergence="forward").nats(posterior), divergence(normal, posterior).sum(1))


def test_nats_of_a_mixture_prior_are_a_little_above_monte_carlo() -> None:
    renderer = vae(components=3)
    posterior = Gaussian(torch.tensor([[0.5, -1.0]]), torch.tensor([[-1.0, 0.25]]))
    code = draw(posterior, torch.randn(50_000, CODE, generator=torch.Generator().manual_seed(2)))
    prior = Mixture(renderer.prior_logits, renderer.prior_mean, renderer.prior_log_deviation)
    estimate = (log_density(posterior, code).sum(1) - mixture_log_density(prior, code)).mean().item()
    assert estimate - 0.02 < renderer.nats(posterior).item() < estimate + math.log(3)


def test_it_tells_which_frame_it_sees() -> None:
    """The ELBO costs log 8 = 2.08 nats a frame at best, all of it for the code; without one it costs 3.01."""
    pixels, nats = trained(vae(), weight=1.0, steps=1000)
    assert UNTOLD == pytest.approx(3.014, abs=1e-3)
    assert math.log(8) - 0.05 < pixels + nats < 2.8
    assert nats > 1


def test_the_posterior_collapses_under_a_heavy_weight_and_free_nats_prevent_it() -> None:
    pixels, nats = trained(vae(), weight=8.0)
    assert nats < 0.02 and pixels == pytest.approx(UNTOLD, abs=0.1)
    pixels, nats = trained(vae(free=3.0), weight=8.0)
    assert 2.5 < nats < 3.5 and pixels < UNTOLD / 2


def seen_again(renderer: Vae, frames: Tensor) -> Tensor:
    with torch.no_grad():
        return renderer.pixels(renderer(renderer.read(frames, torch.zeros(len(frames), CODE))[0]))


@pytest.mark.parametrize("settings", [{"components": 8}, {"decoder": {"kind": "deconv", "width": 8}}])
def test_other_priors_and_decoders_draw_the_frame_again(settings: dict[str, Any]) -> None:
    renderer = vae(**settings)
    trained(renderer, weight=0.1)
    frames = torch.eye(8).view(8, 1, 1, 8)
    assert torch.equal(seen_again(renderer, frames).flatten(1).argmax(1), torch.arange(8))
