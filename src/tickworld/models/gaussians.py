"""Normal distributions and mixtures of them: densities, draws and divergences, as pure functions.

Every draw takes its noise, independent standard normal numbers; no noise, or zeros, gives the mean (of a Gaussian) or
the mean of the likeliest component (of a mixture). Divergences are Kullback and Leibler's, in nats. KL(q || p) with the
posterior q first is the *reverse* one, which a variational autoencoder pays: q may leave modes of p out. KL(p || q) is
the *forward* one: q has to cover all of p.

Between a Gaussian and a mixture neither has a closed form; the bounds here do (Hershey and Olsen 2007, "Approximating
the Kullback Leibler divergence between Gaussian mixture models"), lie above and are exact for one component.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class Gaussian(NamedTuple):
    """Independent normal numbers: ``mean`` and ``log_deviation`` [..., Z], natural logarithm of the standard
    deviation."""

    mean: Tensor
    log_deviation: Tensor


class Mixture(NamedTuple):
    """K Gaussians over the same Z numbers: ``logits`` [..., K] of the components, ``mean`` and ``log_deviation``
    [..., K, Z]."""

    logits: Tensor
    mean: Tensor
    log_deviation: Tensor

    @property
    def components(self) -> Gaussian:
        """All K Gaussians, [..., K, Z]."""
        return Gaussian(self.mean, self.log_deviation)


def draw(source: Gaussian, noise: Tensor | None = None) -> Tensor:
    """Mean + deviation noise, [..., Z]: the reparameterised draw, through which gradients pass (1312.6114)."""
    return source.mean if noise is None else source.mean + source.log_deviation.exp() * noise


def log_density(source: Gaussian, x: Tensor) -> Tensor:
    """Log p(x) of each number on its own, [..., Z]."""
    return -0.5 * ((x - source.mean) / source.log_deviation.exp()).square() - source.log_deviation - HALF_LOG_TAU


def divergence(one: Gaussian, other: Gaussian) -> Tensor:
    """KL(one || other) of each number on its own, [..., Z]."""
    ratio = 2 * (one.log_deviation - other.log_deviation)
    apart = ((one.mean - other.mean) / other.log_deviation.exp()).square()
    return 0.5 * (ratio.exp() + apart - 1 - ratio)


def mixture_log_density(mixture: Mixture, x: Tensor) -> Tensor:
    """Log sum_k pi_k p_k(x) of all Z numbers together, [...]."""
    each = log_density(mixture.components, x.unsqueeze(-2)).sum(-1)
    return (mixture.logits.log_softmax(-1) + each).logsumexp(-1)


def divergence_to_mixture(one: Gaussian, mixture: Mixture) -> Tensor:
    """An upper bound of KL(one || mixture) [...]: -log sum_k pi_k exp(-KL(one || p_k))."""
    each = divergence(Gaussian(*(part.unsqueeze(-2) for part in one)), mixture.components).sum(-1)
    return -(mixture.logits.log_softmax(-1) - each).logsumexp(-1)


def divergence_from_mixture(mixture: Mixture, other: Gaussian) -> Tensor:
    """An upper bound of KL(mixture || other) [...]: sum_k pi_k KL(p_k || other)."""
    each = divergence(mixture.components, Gaussian(*(part.unsqueeze(-2) for part in other))).sum(-1)
    return (mixture.logits.softmax(-1) * each).sum(-1)


def gumbel(noise: Tensor) -> Tensor:
    """Standard normal noise as Gumbel noise, by their distribution functions: -log(-log Phi(noise)). Zeros give equal
    numbers, which leave the highest of any logits the highest."""
    return -(-torch.special.log_ndtr(noise)).log()


def draw_mixture(mixture: Mixture, noise: Tensor, temperature: float = 1.0) -> Tensor:
    """One draw [..., Z]; the first K of ``noise`` [..., K + Z] choose the component (Gumbel-max), the others its
    numbers.

    ``temperature`` t divides the logits and multiplies the variances (Ha and Schmidhuber 2018): towards 0 the likeliest
    component's mean, above 1 more varied than what was learned. No gradient passes through the choice.
    """
    count, size = mixture.mean.shape[-2:]
    chosen = (mixture.logits / temperature + gumbel(noise[..., :count])).argmax(-1)
    index = chosen[..., None, None].expand(*chosen.shape, 1, size)
    each = (part.expand(*chosen.shape, count, size) for part in mixture.components)
    mean, log_deviation = (part.gather(-2, index).squeeze(-2) for part in each)
    return mean + math.sqrt(temperature) * log_deviation.exp() * noise[..., count:]
