"""The recurrent state-space model: prior, posterior and balanced divergence against torch's own, and hidden coins that
it learns to see and to throw."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Normal, kl_divergence
from torch.nn.functional import one_hot

from tickworld.models.cores.rssm import Rssm, RssmConfig
from tickworld.models.renderers.profiles import Profiles, ProfilesConfig
from tickworld.simulator import Spec
from tickworld.tensors import with_sums

LATENTS = ["categorical", "gaussian"]
LINE = Spec("line", 1, 4, 1, ("one",), ("stay", "throw"))


def core(spec: Spec, latent: Any = "categorical", **settings: Any) -> Rssm:
    torch.manual_seed(0)
    return RssmConfig(size=16, latent=latent, groups=3, classes=4, hidden=16, **settings).build(spec)


def some(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen_by_hand(built: Rssm, hidden: Tensor, frames: Tensor | None) -> Tensor:
    """What the prior says, or the posterior when there are frames."""
    if frames is None:
        return built.prior(hidden)
    return built.posterior(torch.cat([hidden, built.encoder(with_sums(frames))], 1))


def expected_latent(built: Rssm, told: Tensor, noise: Tensor) -> Tensor:
    if built.config.latent == "gaussian":
        return told[:, :3] + told[:, 3:].exp() * noise
    chance = -(-(0.5 * (1 + (noise / math.sqrt(2)).erf())).log()).log()
    return one_hot((told + chance).view(-1, 3, 4).argmax(2), 4).float().flatten(1)


@pytest.mark.parametrize("latent", LATENTS)
def test_imagining_draws_from_the_prior_and_observing_from_the_posterior(spec: Spec, latent: str) -> None:
    built = core(spec, latent)
    state, keys = built.init(some(1, 4, 16)), one_hot(torch.tensor([0, 2, 1, 1]), 3).float()
    noise, frames = some(2, 4, built.noise), some(3, 4, 3, 9, 7)
    imagined = built.update(state, torch.cat([keys, noise], 1))
    hidden = built.rnn(torch.cat([state.latent, keys], 1), state.hidden)
    torch.testing.assert_close(imagined.hidden, hidden)
    for now, shown in ((imagined, None), (built.observe(imagined, frames, noise)[0], frames)):
        expected = expected_latent(built, seen_by_hand(built, hidden, shown), noise)
        torch.testing.assert_close(now.latent, expected)
        torch.testing.assert_close(now.out, torch.cat([hidden, expected], 1))


@pytest.mark.parametrize("latent", LATENTS)
def test_surprise_is_the_divergence_of_posterior_and_prior(latent: str, spec: Spec) -> None:
    built = core(spec, latent, free=0.0)
    state, frames = built.init(some(1, 4, 16)), some(3, 4, 3, 9, 7)
    _, surprise = built.observe(state, frames, torch.zeros(4, built.noise))
    told = [seen_by_hand(built, state.hidden, shown) for shown in (frames, None)]
    if latent == "gaussian":
        ours, theirs = (Normal(each[:, :3], each[:, 3:].exp()) for each in told)
    else:
        ours, theirs = (Categorical(logits=each.view(4, 3, 4)) for each in told)
    torch.testing.assert_close(surprise, kl_divergence(ours, theirs).sum(1))


def test_balance_shares_the_gradient_and_free_nats_stop_it(spec: Spec) -> None:
    told = some(1, 2, 12).requires_grad_(), some(2, 2, 12).requires_grad_()

    def pulls(**settings: Any) -> tuple[Tensor, ...]:
        return torch.autograd.grad(core(spec, **settings).surprise(*told).sum(), told)

    whole = pulls(free=0.0, balance=0.0)[0], pulls(free=0.0, balance=1.0)[1]
    for part, all_of_it, share in zip(pulls(free=0.0, balance=0.8), whole, (0.2, 0.8), strict=True):
        torch.testing.assert_close(part, share * all_of_it)
    assert not any(part.any() for part in pulls(free=100.0))
    assert core(spec, free=100.0).surprise(*told).tolist() == [100, 100]


def test_gradients_pass_straight_through_choices(spec: Spec) -> None:
    """The gradient of a drawn one-hot is that of its probabilities."""
    built = core(spec)
    hidden, weights = some(1, 2, 16), some(2, 2, 12)
    state = built.init(hidden)
    probabilities = built.prior(state.hidden).view(-1, 3, 4).softmax(2).flatten(1)
    drawn, chance = ((each * weights).sum() for each in (state.latent, probabilities))
    gradients = [
        torch.autograd.grad(each, list(built.prior.parameters()), retain_graph=True) for each in (drawn, chance)
    ]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def thrown(seed: int, batch: int = 32, ticks: int = 8) -> tuple[Tensor, Tensor]:
    """Keys [B, T], and frames [B, T, 1, 1, 4] where one of four pixels is lit: a throw lights any, else it stays."""
    chance = torch.Generator().manual_seed(seed)
    keys = torch.randint(2, (batch, ticks), generator=chance)
    keys[:, 0] = 1
    faces = torch.randint(4, (batch, ticks), generator=chance)
    shown = [faces[:, 0]]
    for tick in range(1, ticks):
        shown.append(torch.where(keys[:, tick] == 1, faces[:, tick], shown[-1]))
    return keys, one_hot(torch.stack(shown, 1), 4).float()[:, :, None, None]


def learned(latent: Any, steps: int = 400) -> tuple[Rssm, Profiles, float]:
    """A core and a renderer that have seen dice thrown, and what pixels cost them last, in nats a frame."""
    torch.manual_seed(0)
    built = RssmConfig(size=32, latent=latent, groups=4, classes=4, hidden=32, free=0.0).build(LINE)
    renderer = ProfilesConfig(shapes=4).build(LINE, built.out_shape)
    weights = [*built.parameters(), *renderer.parameters()]
    optimizer = torch.optim.Adam(weights, lr=1e-2)
    pixels = torch.zeros(())
    for step in range(steps):
        keys, frames = thrown(step)
        x = torch.cat([one_hot(keys, 2).float(), torch.zeros(*keys.shape, built.noise)], 2)
        start = built.init(torch.zeros(len(keys), 32))
        outs, surprise, _ = built.follow(start, x, frames, some(step, *keys.shape, built.noise))
        pixels = renderer.pixel_loss(renderer(outs.flatten(0, 1)), frames.flatten(0, 1)).sum((1, 2)).mean()
        optimizer.zero_grad()
        (pixels + surprise.mean()).backward()
        nn.utils.clip_grad_norm_(weights, 10.0)
        optimizer.step()
    return built, renderer, pixels.item()


@pytest.mark.parametrize("latent", LATENTS)
def test_it_learns_to_throw_a_die_and_to_leave_it(latent: str) -> None:
    """What is seen is drawn again: without a latent that was told, a throw's pixels cost 4 log 4 - 3 log 3 = 2.25 nats,
    1.27 a frame. What is imagined: all four faces, the same until the next throw (by chance it is in 1 of 4), and then
    one that has nothing to do with the last."""
    built, renderer, pixels = learned(latent)
    assert pixels < 0.4
    keys = torch.tensor([1, 0, 0, 0, 1, 0, 0, 0]).repeat(400, 1)
    x = torch.cat([one_hot(keys, 2).float(), some(1, 400, 8, built.noise)], 2)
    with torch.no_grad():
        outs, _ = built.unroll(built.init(torch.zeros(400, 32)), x)
        face = renderer.pixels(renderer(outs.flatten(0, 1))).view(400, 8, 4).argmax(2)
    for first in (0, 4):
        assert all(0.1 < (face[:, first] == each).float().mean() < 0.4 for each in range(4))
        assert (face[:, first] == face[:, first + 3]).float().mean() > 0.65
    assert (face[:, 0] == face[:, 4]).float().mean() < 0.4
