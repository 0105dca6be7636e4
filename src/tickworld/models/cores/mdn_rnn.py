"""A recurrent net that says which codes may come next, as a mixture of Gaussians, and draws one.

    h' = LSTM(h, (z, a))        pi, mu, sigma = M h'        z' ~ sum_k pi_k N(mu_k, sigma_k^2)        out = z'
    surprise of a true code z*: -log sum_k pi_k N(z*; mu_k, sigma_k^2)

The M of "World models" (Ha and Schmidhuber 2018, 1803.10122): a mixture density network (Bishop 1994) on an LSTM, over
the codes of renderer ``vae``, the paper's V. The temperature is theirs: logits / t, variances t.

Differs from the paper: one choice k serves all numbers of a code, where theirs has a mixture for each number: a jump
moves them together. V and M learn at once instead of one after the other; a code is a fixed target for M (no gradient
reaches the encoder that way, else codes would shrink to be foreseen). The first code is drawn as all others, from the h
of the start.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.gaussians import Mixture, draw_mixture, mixture_log_density
from tickworld.models.parts import Core
from tickworld.simulator import Spec

NARROWEST, WIDEST = -5.0, 2.0
"""Range of the logarithm of a component's deviation; narrower ones would make the likelihood grow without end."""


class MdnRnnConfig(Config):
    """LSTM with a mixture of Gaussians over the next code."""

    kind: Literal["mdn_rnn"] = "mdn_rnn"
    mode: Literal["sample", "likeliest"] = "sample"
    """how a dream goes on: with a code drawn at each tick, or with the likeliest; training is the same"""
    size: int = Field(default=256, gt=0)
    """units of the LSTM"""
    code: int = Field(default=32, gt=0)
    """numbers in a code"""
    components: int = Field(default=5, gt=0)
    """Gaussians of the mixture"""
    temperature: float = Field(default=1.0, gt=0)
    """how varied sampled codes are: 1 as learned, towards 0 the likeliest, above 1 wilder"""

    def build(self, spec: Spec) -> MdnRnn:
        """The core for the actions of ``spec``."""
        return MdnRnn(len(spec.players) * len(spec.actions), self)


class MdnRnnState(NamedTuple):
    """``hidden`` and ``cell`` [B, S] of the LSTM; ``out`` [B, Z] is the code."""

    hidden: Tensor
    cell: Tensor
    out: Tensor


class MdnRnn(Core):
    """See the module docstring."""

    def __init__(self, inputs: int, config: MdnRnnConfig) -> None:
        super().__init__()
        self.temperature = config.temperature
        self.samples = config.mode == "sample"
        self.inputs = inputs
        self.start_shape = (2 * config.size,)
        self.out_shape = self.seen_shape = (config.code,)
        self.noise = config.components + config.code
        self.rnn = nn.LSTM(config.code + inputs, config.size, batch_first=True)
        self.sizes = (config.components, config.components * config.code, config.components * config.code)
        self.head = nn.Linear(config.size, sum(self.sizes))

    def init(self, start: Tensor) -> MdnRnnState:
        """Hidden, squashed to its range, and cell from ``start``; the likeliest first code."""
        hidden, cell = start.chunk(2, 1)
        hidden = hidden.tanh()
        return MdnRnnState(hidden, cell, self._draw(hidden, hidden.new_zeros(len(hidden), self.noise)))

    def update(self, state: MdnRnnState, x: Tensor) -> MdnRnnState:
        """One tick."""
        keys, noise = x.split((self.inputs, self.noise), 1)
        hiddens, cell = self._run(state, torch.cat([state.out, keys], 1).unsqueeze(1))
        return MdnRnnState(hiddens[:, -1], cell, self._draw(hiddens[:, -1], noise))

    def observe(self, state: MdnRnnState, seen: Tensor, noise: Tensor) -> tuple[MdnRnnState, Tensor]:
        """The code ``seen`` [B, Z] in place of the imagined one; no noise is needed."""
        return state._replace(out=seen), self._surprise(state.hidden, seen)

    def follow(self, state: MdnRnnState, x: Tensor, seen: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, MdnRnnState]:
        """All ticks in one call of the fused kernel, as every code but the last is known beforehand."""
        codes = torch.cat([state.out.unsqueeze(1), seen[:, :-1]], 1)
        hiddens, cell = self._run(state, torch.cat([codes, x[..., : self.inputs]], 2))
        return seen, self._surprise(hiddens, seen), MdnRnnState(hiddens[:, -1], cell, seen[:, -1])

    def _run(self, state: MdnRnnState, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states [B, T, S] and the last cell [B, S] under ``inputs`` [B, T, Z + A]."""
        first = (state.hidden.unsqueeze(0).contiguous(), state.cell.unsqueeze(0).contiguous())
        hiddens, (_, cell) = self.rnn(inputs, first)
        return hiddens, cell[0]

    def mixture(self, hidden: Tensor) -> Mixture:
        """Which codes may come where ``hidden`` [..., S] is."""
        logits, mean, log_deviation = self.head(hidden).split(self.sizes, -1)
        mean, log_deviation = (each.unflatten(-1, (self.sizes[0], -1)) for each in (mean, log_deviation))
        return Mixture(logits, mean, log_deviation.clamp(NARROWEST, WIDEST))

    def _draw(self, hidden: Tensor, noise: Tensor) -> Tensor:
        return draw_mixture(self.mixture(hidden), noise, self.temperature)

    def _surprise(self, hidden: Tensor, seen: Tensor) -> Tensor:
        return -mixture_log_density(self.mixture(hidden), seen.detach())
