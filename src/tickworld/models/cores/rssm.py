"""Recurrent state-space model: a deterministic path, and beside it a latent that is drawn and that evidence corrects.

    h' = GRU(h, (z, a))        prior p(z' | h')        posterior q(z' | h', frame)        out = (h', z')
    imagining draws z' from the prior, observing from the posterior; surprise = max(KL(q || p), free)

Hafner et al. 2018 (PlaNet, 1811.04551) with a Gaussian latent; 2020 (DreamerV2, 2010.02193) with G choices among K
classes, whose gradients pass straight through the draw. KL balancing (DreamerV2): the value is the KL, but ``balance``
of its gradient teaches the prior to foresee the posterior, the rest holds the posterior back. The first latent is
corrected as all others, from the h of the start.

Differs from the papers: frames are encoded by one dense layer over pixels and their row and column sums, not by
convolutions; prior and posterior have one hidden layer; the classes are not mixed with a uniform distribution. Without
noise the latent is its mean or its likeliest classes, where Dreamer draws at all times.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.gaussians import Gaussian, divergence, draw, gumbel
from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import sums_size, with_sums

NARROWEST, WIDEST = -4.0, 2.0
"""Range of the logarithm of a Gaussian latent's deviation."""


class RssmConfig(Config):
    """GRU with a drawn latent beside it."""

    kind: Literal["rssm"] = "rssm"
    mode: Literal["sample", "likeliest"] = "sample"
    """how a dream goes on: with a latent drawn at each tick, or with the likeliest; training is the same"""
    size: int = Field(default=256, gt=0)
    """units of the GRU"""
    latent: Literal["categorical", "gaussian"] = "categorical"
    """what is drawn: choices among classes, or numbers"""
    groups: int = Field(default=16, gt=0)
    """choices, or numbers, that are drawn each tick"""
    classes: int = Field(default=16, gt=1)
    """among how many classes each choice is made; not used by gaussian"""
    hidden: int = Field(default=128, gt=0)
    """units of the hidden layers of encoder, prior and posterior"""
    balance: float = Field(default=0.8, ge=0, le=1)
    """share of the KL's gradient that goes to the prior"""
    free: float = Field(default=1.0, ge=0)
    """nats of surprise that cost nothing"""

    def build(self, spec: Spec) -> Rssm:
        """The core for frames and actions of ``spec``."""
        return Rssm(self, spec)


class RssmState(NamedTuple):
    """``hidden`` [B, S]; ``latent`` [B, Z], Z = groups or groups x classes, one-hot; ``out`` [B, S + Z] is both."""

    hidden: Tensor
    latent: Tensor
    out: Tensor


class Rssm(Core):
    """See the module docstring."""

    def __init__(self, config: RssmConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        self.samples = config.mode == "sample"
        self.inputs = len(spec.players) * len(spec.actions)
        self.seen_shape = (spec.channels, spec.height, spec.width)
        chosen = config.latent == "categorical"
        self.noise = config.groups * (config.classes if chosen else 1)
        told = self.noise if chosen else 2 * self.noise
        self.start_shape = (config.size,)
        self.out_shape = (config.size + self.noise,)
        self.rnn = nn.GRUCell(self.noise + self.inputs, config.size)
        self.encoder = nn.Sequential(nn.Linear(sums_size(spec.frame_shape), config.hidden), nn.ReLU())
        self.prior = _net(config.size, config.hidden, told)
        self.posterior = _net(config.size + config.hidden, config.hidden, told)

    def init(self, start: Tensor) -> RssmState:
        """The GRU's state from ``start``, squashed to its range; the likeliest latent."""
        hidden = start.tanh()
        return self._drawn(hidden, self.prior(hidden), hidden.new_zeros(len(hidden), self.noise))

    def update(self, state: RssmState, x: Tensor) -> RssmState:
        """One tick, imagined."""
        keys, noise = x.split((self.inputs, self.noise), 1)
        hidden = self.rnn(torch.cat([state.latent, keys], 1), state.hidden)
        return self._drawn(hidden, self.prior(hidden), noise)

    def observe(self, state: RssmState, seen: Tensor, noise: Tensor) -> tuple[RssmState, Tensor]:
        """The latent drawn again, now that the frame ``seen`` [B, C, H, W] is known."""
        posterior = self.posterior(torch.cat([state.hidden, self.encoder(with_sums(seen))], 1))
        return self._drawn(state.hidden, posterior, noise), self.surprise(posterior, self.prior(state.hidden))

    def follow(self, state: RssmState, x: Tensor, seen: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, RssmState]:
        """All frames encoded at once; no latent is drawn that is then replaced; all surprises at once."""
        outs, told = [], []
        encoded = self.encoder(with_sums(seen.flatten(0, 1))).unflatten(0, seen.shape[:2])
        for keys, sight, chance in zip(
            x[..., : self.inputs].unbind(1), encoded.unbind(1), noise.unbind(1), strict=True
        ):
            hidden = self.rnn(torch.cat([state.latent, keys], 1), state.hidden)
            told.append(self.posterior(torch.cat([hidden, sight], 1)))
            state = self._drawn(hidden, told[-1], chance)
            outs.append(state.out)
        corrected = torch.stack(outs, 1)
        prior = self.prior(corrected[..., : self.config.size])
        return corrected, self.surprise(torch.stack(told, 1), prior), state

    def surprise(self, posterior: Tensor, prior: Tensor) -> Tensor:
        """Balanced nats [...] from what ``posterior`` and ``prior`` [..., told] say, free ones at no cost."""
        taught = self._divergence(posterior.detach(), prior)
        held = self._divergence(posterior, prior.detach())
        return (self.config.balance * taught + (1 - self.config.balance) * held).clamp(min=self.config.free)

    def _divergence(self, one: Tensor, other: Tensor) -> Tensor:
        """KL [...] between two latents as told."""
        if self.config.latent == "gaussian":
            return divergence(_gaussian(one), _gaussian(other)).sum(-1)
        ours, theirs = (self._classes(each).log_softmax(-1) for each in (one, other))
        return (ours.exp() * (ours - theirs)).sum((-1, -2))

    def _drawn(self, hidden: Tensor, told: Tensor, noise: Tensor) -> RssmState:
        """The state with a latent drawn from ``told``."""
        if self.config.latent == "gaussian":
            latent = draw(_gaussian(told), noise)
        else:
            logits = self._classes(told)
            choice = (logits + gumbel(self._classes(noise))).argmax(-1, keepdim=True)
            chance = logits.softmax(-1)
            latent = (torch.zeros_like(logits).scatter(-1, choice, 1.0) + chance - chance.detach()).flatten(-2)
        return RssmState(hidden, latent, torch.cat([hidden, latent], 1))

    def _classes(self, flat: Tensor) -> Tensor:
        return flat.unflatten(-1, (self.config.groups, self.config.classes))


def _net(inputs: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def _gaussian(told: Tensor) -> Gaussian:
    mean, log_deviation = told.chunk(2, -1)
    return Gaussian(mean, log_deviation.clamp(NARROWEST, WIDEST))
