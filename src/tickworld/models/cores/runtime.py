"""A recurrent layer whose feature detectors are predicted from its own input: the seed's "runtime feature detectors".

    x = (h, a)        (g, c) = W_0 x + b + W(x) x        h' = h + sigmoid(g) (tanh(c) - h)

State and action choose the weights that map state and action to the new state: how W(x) is predicted and where that
comes from is told in ``tickworld.models.filters``. In a plain layer an action adds to what the state does; here it may
turn it round, h' = -h under a key, which is what walls, switches and toggles do. The gate is an addition to the papers
(a minimal gated unit, Zhou et al. 2016, 1603.09420): it keeps h within (-1, 1) and lets it stand still.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from tickworld.config import Config
from tickworld.models.filters import Filtered, Kind
from tickworld.models.parts import Core
from tickworld.simulator import Spec

REST = -1.0
"""Starting bias of the gate: a new core keeps 73 % of its state from tick to tick."""


class RuntimeConfig(Config):
    """A layer whose weights are predicted from state and action."""

    kind: Literal["runtime"] = "runtime"
    size: int = Field(default=128, gt=0)
    """numbers in the state"""
    filters: Kind = "product"
    """how the predicted weights are written: all of them, pairs of filters, or gains of fixed filters"""
    rank: int = Field(default=64, gt=0)
    """pairs or gains that are predicted; not used by full"""
    hidden: int = Field(default=0, ge=0)
    """units of the network that predicts; 0: none, so that the layer is a polynomial of its input"""

    def build(self, spec: Spec) -> Runtime:
        """The core for the actions of ``spec``."""
        return Runtime(len(spec.players) * len(spec.actions), self)


class RuntimeState(NamedTuple):
    """``out`` [B, S], each within (-1, 1)."""

    out: Tensor


class Runtime(Core):
    """See the module docstring."""

    def __init__(self, inputs: int, config: RuntimeConfig) -> None:
        super().__init__()
        self.start_shape = self.out_shape = (config.size,)
        self.layer = Filtered(config.size + inputs, 2 * config.size, config.filters, config.rank, config.hidden)
        self.layer.read.bias.data[: config.size] = REST

    def init(self, start: Tensor) -> RuntimeState:
        """``start``, squashed to the range that the state lives in."""
        return RuntimeState(start.tanh())

    def update(self, state: RuntimeState, x: Tensor) -> RuntimeState:
        """One tick."""
        gate, candidate = self.layer(torch.cat([state.out, x], 1)).chunk(2, 1)
        return RuntimeState(torch.lerp(state.out, candidate.tanh(), gate.sigmoid()))
