"""A renderer with an encoder: what the state shows is a code, and frames can be turned back into it.

    (mu, log sigma) = encoder(frame)      code = mu + sigma noise      logits = decoder(code)
    nats of a code = max(KL(q(code | frame) || p(code)), free)          ELBO = -pixel loss - nats

Variational autoencoder (Kingma and Welling 2013, 1312.6114); it is the V of "World models" (Ha and Schmidhuber 2018,
1803.10122). The prior p is a standard normal, or a learned mixture of Gaussians (Dilokthanakul et al. 2016,
1611.02648); the KL to a mixture is its closed upper bound. ``free`` nats cost nothing (Kingma et al. 2016, 1606.04934;
here per frame as in Dreamer, not per group): without them a decoder that gains little from the code at first ignores it
for good, the posterior collapse.

Differs from "World models" in the networks: the encoder is two dense layers over pixels and their row and column sums,
of which the place of a small thing is a linear function, and the decoder is any of the plain renderers.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.gaussians import (
    Gaussian,
    Mixture,
    divergence,
    divergence_from_mixture,
    divergence_to_mixture,
    draw,
)
from tickworld.models.parts import Renderer
from tickworld.models.renderers.deconv import DeconvConfig
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.simulator import Spec
from tickworld.tensors import sums_size, with_sums

NARROWEST, WIDEST = -6.0, 2.0
"""Range of the logarithm of the deviation of a code: no code is exact, and none says nothing on a grand scale."""


class VaeConfig(Config):
    """A decoder with an encoder: a variational autoencoder."""

    kind: Literal["vae"] = "vae"
    decoder: Annotated[DenseConfig | DeconvConfig | ProfilesConfig, Field(discriminator="kind")] = ProfilesConfig()
    """what draws the code"""
    size: int = Field(default=256, gt=0)
    """units of the encoder's hidden layer"""
    components: int = Field(default=1, gt=0)
    """Gaussians of the prior; 1: a standard normal, more: learned"""
    divergence: Literal["reverse", "forward"] = "reverse"
    """which way codes are pulled to the prior: reverse as in the ELBO, forward to make them cover all of it"""
    free: float = Field(default=0.0, ge=0)
    """nats a frame that the code may hold at no cost"""

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Vae:
        """The renderer for frames of ``spec``; its code has the shape of the core's ``out``."""
        return Vae(self, spec, out_shape)


class Vae(Renderer):
    """See the module docstring."""

    def __init__(self, config: VaeConfig, spec: Spec, out_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.config = config
        self.out_shape = self.code_shape = out_shape
        self.noise = math.prod(out_shape)
        self.decoder: Renderer = config.decoder.build(spec, out_shape)
        self.encoder = nn.Sequential(
            nn.Linear(sums_size(spec.frame_shape), config.size), nn.ReLU(), nn.Linear(config.size, 2 * self.noise)
        )
        if config.components > 1:
            self.prior_logits = nn.Parameter(torch.zeros(config.components))
            self.prior_mean = nn.Parameter(torch.randn(config.components, self.noise))
            self.prior_log_deviation = nn.Parameter(torch.zeros(config.components, self.noise))

    def forward(self, out: Tensor) -> Tensor:
        """The decoder's logits."""
        return self.decoder(out)

    def pixels(self, logits: Tensor) -> Tensor:
        """As the decoder."""
        return self.decoder.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """As the decoder."""
        return self.decoder.pixel_loss(logits, frames)

    def posterior(self, frames: Tensor) -> Gaussian:
        """What the code [B, Z] of ``frames`` [B, C, H, W] may be."""
        mean, log_deviation = self.encoder(with_sums(frames)).chunk(2, 1)
        return Gaussian(mean, log_deviation.clamp(NARROWEST, WIDEST))

    def read(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """A code [B, *code_shape] drawn with ``noise`` [B, Z], and its nats [B]."""
        posterior = self.posterior(frames)
        nats = self.nats(posterior).clamp(min=self.config.free)
        return draw(posterior, noise).unflatten(1, self.out_shape), nats

    def nats(self, posterior: Gaussian) -> Tensor:
        """Divergence between ``posterior`` [B, Z] and the prior, [B]."""
        reverse = self.config.divergence == "reverse"
        if self.config.components == 1:
            prior = Gaussian(*(torch.zeros_like(each) for each in posterior))
            return divergence(*((posterior, prior) if reverse else (prior, posterior))).sum(1)
        mixture = Mixture(self.prior_logits, self.prior_mean, self.prior_log_deviation)
        if reverse:
            return divergence_to_mixture(posterior, mixture)
        return divergence_from_mixture(mixture, posterior)
