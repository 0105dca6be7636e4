"""Drawing by taking noise away step by step: the formulas, whatever network does it.

    D(x; s) = skip(s) x + out(s) F(into(s) x; told(s))      the best guess at what x was before noise of size s
    skip = d^2 / (s^2 + d^2)      out = s d / sqrt(s^2 + d^2)      into = 1 / sqrt(s^2 + d^2)      told = ln(s) / 4
    x' = x + (s' - s) (x - D(x; s)) / s                     a step of Euler's from noise s to less noise s'

The preconditioning and the sampler of Karras et al. 2022 ("EDM", 2206.00364), as DIAMOND uses them (Alonso et al. 2024,
2405.12399). With these four scales what the network F is given and what it is to give are of about size one at every
noise, and its error weighs the same at every noise: ``weight``. Noise is a standard deviation, in the units of what is
drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

SIZE = 0.5
"""d: the deviation that what is drawn is taken to have."""
BEND = 7.0
"""How much closer together the levels of noise lie where there is little; EDM's rho."""


class Scales(NamedTuple):
    """The four scales of the module docstring, each of the shape of the noise that they are for."""

    skip: Tensor
    out: Tensor
    into: Tensor
    told: Tensor


def scales(sigma: Tensor) -> Scales:
    """The scales at noise ``sigma``, above 0."""
    both = sigma.square() + SIZE**2
    return Scales(SIZE**2 / both, sigma * SIZE * both.rsqrt(), both.rsqrt(), sigma.log() / 4)


def weight(sigma: Tensor) -> Tensor:
    """What a squared error of D counts at noise ``sigma``: then one of the network counts one."""
    return (sigma.square() + SIZE**2) / (sigma * SIZE).square()


def denoised(network: Callable[[Tensor, Tensor], Tensor], noisy: Tensor, sigma: Tensor) -> Tensor:
    """D of ``noisy`` [B, C, H, W] at noise ``sigma`` [B], or [1] for all rows; ``network`` is F, and is given a picture
    [B, C, H, W] and ``told`` of the shape of ``sigma``."""
    at = scales(sigma)
    skip, out, into = (each.view(-1, 1, 1, 1) for each in at[:3])
    return skip * noisy + out * network(into * noisy, at.told)


def levels(steps: int, highest: float, lowest: float) -> tuple[float, ...]:
    """The noise before each of ``steps`` steps, from ``highest`` down to ``lowest``, and the 0 after the last; of a
    single step it is ``highest``."""
    ends = [each ** (1 / BEND) for each in (highest, lowest)]
    shares = [step / max(steps - 1, 1) for step in range(steps)]
    return (*((ends[0] + share * (ends[1] - ends[0])) ** BEND for share in shares), 0.0)


def drawn(denoise: Callable[[Tensor, Tensor], Tensor], noise: Tensor, at: Sequence[float]) -> Tensor:
    """What standard normal ``noise`` [B, C, H, W] becomes, step by step through the ``levels`` ``at``; ``denoise`` is
    D, and is given x and its noise [1]."""
    x = noise * at[0]
    for now, after in zip(at, at[1:], strict=False):
        guess = denoise(x, x.new_full((1,), now))
        x = guess + (x - guess) * (after / now)  # Euler's step, written so that the last one gives the guess itself
    return x
