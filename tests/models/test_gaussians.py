"""Densities, draws and divergences against closed forms worked out by hand, torch's own distributions and Monte-Carlo
numbers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

from tickworld.models.gaussians import (
    Gaussian,
    Mixture,
    divergence,
    divergence_from_mixture,
    divergence_to_mixture,
    draw,
    draw_mixture,
    gumbel,
    log_density,
    mixture_log_density,
)

MANY = 100_000


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def gaussian(*shape: int, seed: int = 0) -> Gaussian:
    return Gaussian(normal(*shape, seed=seed), 0.5 * normal(*shape, seed=seed + 1))


def mixture(count: int = 3, size: int = 2) -> Mixture:
    return Mixture(normal(count, seed=5), 2 * normal(count, size, seed=6), 0.5 * normal(count, size, seed=7))


def theirs(source: Gaussian) -> Normal:
    return Normal(source.mean, source.log_deviation.exp())


def their_mixture(source: Mixture) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(logits=source.logits), Independent(theirs(source.components), 1))


def test_divergences_by_hand() -> None:
    """Between N(0, 1) and N(1, 2^2): log 2 + (1 + 1) / 8 - 1/2 one way, -log 2 + (4 + 1) / 2 - 1/2 the other."""
    one = Gaussian(torch.tensor(0.0), torch.tensor(0.0))
    other = Gaussian(torch.tensor(1.0), torch.tensor(math.log(2)))
    assert divergence(one, other).item() == pytest.approx(math.log(2) - 0.25)
    assert divergence(other, one).item() == pytest.approx(2 - math.log(2))
    assert divergence(other, other).item() == pytest.approx(0)


def test_densities_and_divergences_are_those_of_torch() -> None:
    one, other, x = gaussian(5, 2), gaussian(5, 2, seed=2), normal(5, 2, seed=4)
    torch.testing.assert_close(log_density(one, x), theirs(one).log_prob(x))
    torch.testing.assert_close(divergence(one, other), kl_divergence(theirs(one), theirs(other)))
    torch.testing.assert_close(mixture_log_density(mixture(), x), their_mixture(mixture()).log_prob(x))


def test_a_draw_is_reparameterised() -> None:
    source = Gaussian(torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([0.0, math.log(3)]))
    assert torch.equal(draw(source), source.mean) and torch.equal(draw(source, torch.zeros(2)), source.mean)
    drawn = draw(source, torch.tensor([0.5, -1.0]))
    torch.testing.assert_close(drawn, torch.tensor([1.5, -1.0]))
    drawn.sum().backward()
    assert source.mean.grad is not None and source.mean.grad.tolist() == [1, 1]


def test_divergences_agree_with_monte_carlo() -> None:
    one, other = gaussian(2), gaussian(2, seed=2)
    for q, p in ((one, other), (other, one)):
        x = draw(q, normal(MANY, 2, seed=9))
        estimate = (log_density(q, x) - log_density(p, x)).sum(-1)
        error = estimate.std().item() / math.sqrt(MANY)
        assert divergence(q, p).sum().item() == pytest.approx(estimate.mean().item(), abs=4 * error)


def test_bounds_lie_above_monte_carlo_and_below_plainer_ones() -> None:
    source, near = mixture(), gaussian(2)
    x = draw(near, normal(MANY, 2, seed=9))
    reverse = (log_density(near, x).sum(-1) - mixture_log_density(source, x)).mean()
    each = [divergence(near, Gaussian(*part)).sum() for part in zip(*source.components, strict=True)]
    nearest = (torch.stack(each) - source.logits.log_softmax(0)).min()  # by naming one component
    assert reverse <= divergence_to_mixture(near, source) <= nearest
    x = draw_mixture(source, normal(MANY, 5, seed=9))
    forward = (mixture_log_density(source, x) - log_density(near, x).sum(-1)).mean()
    entropy = Categorical(logits=source.logits).entropy()
    assert forward <= divergence_from_mixture(source, near) <= forward + entropy


def test_bounds_are_exact_for_one_component() -> None:
    near, alone = gaussian(4, 2), gaussian(1, 2, seed=3)
    source = Mixture(torch.zeros(1, dtype=torch.double), *alone)
    torch.testing.assert_close(divergence_to_mixture(near, source), divergence(near, alone).sum(-1))
    torch.testing.assert_close(divergence_from_mixture(source, near), divergence(alone, near).sum(-1))


def test_reverse_seeks_one_mode_and_forward_covers_both() -> None:
    """Two far modes: the one-mode Gaussian is best by the reverse divergence, the wide one by the forward one. The
    mode left out costs log 2 nats."""
    modes = torch.tensor([[-4.0], [4.0]])
    source = Mixture(torch.zeros(2), modes, torch.zeros(2, 1))
    one = Gaussian(torch.tensor([4.0]), torch.tensor([0.0]))
    wide = Gaussian(torch.tensor([0.0]), torch.tensor([math.log(17) / 2]))  # the mixture's own mean and variance
    assert divergence_to_mixture(one, source).item() == pytest.approx(math.log(2), abs=1e-4)
    assert divergence_to_mixture(one, source) < divergence_to_mixture(wide, source)
    assert divergence_from_mixture(source, wide) < divergence_from_mixture(source, one)


def test_gumbel_noise_has_its_mean_and_variance() -> None:
    noise = gumbel(normal(MANY))
    assert noise.mean().item() == pytest.approx(0.5772, abs=0.02)
    assert noise.var().item() == pytest.approx(math.pi**2 / 6, abs=0.04)
    assert gumbel(torch.tensor([-9.0, 9.0])).isfinite().all()


def test_draws_of_a_mixture_have_its_moments() -> None:
    source = mixture()
    drawn = draw_mixture(source, normal(MANY, 5, seed=9))
    own = their_mixture(source)
    error = (own.variance / MANY).sqrt()
    assert ((drawn.mean(0) - own.mean).abs() < 4 * error).all()
    torch.testing.assert_close(drawn.var(0), own.variance, rtol=0.03, atol=0)


def test_temperature_makes_draws_tamer_or_wilder() -> None:
    """Of two equal components only the spread within changes: variance 4^2 + t. Of two unequal ones the likelier gets
    9 / 10 at t = 1 and 81 / 82 at t = 1/2."""
    modes, narrow = torch.tensor([[-4.0], [4.0]]).double(), torch.zeros(2, 1).double()
    equal = Mixture(torch.zeros(2).double(), modes, narrow)
    unequal = equal._replace(logits=torch.tensor([0, math.log(9)]).double())
    for temperature, share in ((1.0, 0.9), (0.5, 81 / 82), (1e-6, 1.0)):
        drawn = draw_mixture(equal, normal(MANY, 3, seed=9), temperature)
        assert drawn.var().item() == pytest.approx(16 + temperature, rel=0.02)
        drawn = draw_mixture(unequal, normal(MANY, 3, seed=9), temperature)
        assert (drawn > 0).double().mean().item() == pytest.approx(share, abs=0.005)
    assert draw_mixture(unequal, torch.zeros(3).double()).item() == 4
