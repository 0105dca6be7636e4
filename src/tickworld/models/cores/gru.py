"""Stacked gated recurrent units: the seed's own core (its "GRU-GRU").

    r = sigmoid(W_r x + U_r h)    z = sigmoid(W_z x + U_z h)    n = tanh(W_n x + r (U_n h))    h' = (1 - z) n + z h

Cho et al. 2014 (1406.1078), in the form of ``torch.nn.GRU``; layer l + 1 reads h' of layer l.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class GruConfig(Config):
    """Stacked GRU."""

    kind: Literal["gru"] = "gru"
    size: int = Field(default=256, gt=0)
    """units of each layer"""
    layers: int = Field(default=2, gt=0)
    """how many GRUs on top of each other"""

    def build(self, spec: Spec) -> Gru:
        """The core for the actions of ``spec``."""
        return Gru(len(spec.players) * len(spec.actions), self.size, self.layers)


class GruState(NamedTuple):
    """``hidden`` [B, L, S], one vector a layer; ``out`` [B, S] is the top one."""

    hidden: Tensor
    out: Tensor


class Gru(Core):
    """See the module docstring."""

    def __init__(self, inputs: int, size: int, layers: int) -> None:
        super().__init__()
        self.start_shape = (layers * size,)
        self.out_shape = (size,)
        self.layers = layers
        self.rnn = nn.GRU(inputs, size, layers, batch_first=True)

    def init(self, start: Tensor) -> GruState:
        """Every layer starts from its own slice of ``start``, squashed to the range that a GRU's state lives in."""
        hidden = start.tanh().unflatten(1, (self.layers, -1))
        return GruState(hidden, hidden[:, -1])

    def update(self, state: GruState, x: Tensor) -> GruState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: GruState, x: Tensor) -> tuple[Tensor, GruState]:
        """All ticks in one call of the fused kernel."""
        outs, hidden = self.rnn(x, state.hidden.transpose(0, 1).contiguous())
        hidden = hidden.transpose(0, 1)
        return outs, GruState(hidden, hidden[:, -1])
