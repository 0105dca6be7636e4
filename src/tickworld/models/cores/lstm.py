"""Stacked long short-term memory.

    i, f, o = sigmoid(W x + U h)    g = tanh(W_g x + U_g h)    c' = f c + i g    h' = o tanh(c')

Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, in the form of ``torch.nn.LSTM``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class LstmConfig(Config):
    """Stacked LSTM."""

    kind: Literal["lstm"] = "lstm"
    size: int = Field(default=256, gt=0)
    """units of each layer"""
    layers: int = Field(default=1, gt=0)
    """how many LSTMs on top of each other"""

    def build(self, spec: Spec) -> Lstm:
        """The core for the actions of ``spec``."""
        return Lstm(len(spec.players) * len(spec.actions), self.size, self.layers)


class LstmState(NamedTuple):
    """``hidden`` and ``cell`` [B, L, S], one vector a layer; ``out`` [B, S] is the top hidden one."""

    hidden: Tensor
    cell: Tensor
    out: Tensor


class Lstm(Core):
    """See the module docstring."""

    def __init__(self, inputs: int, size: int, layers: int) -> None:
        super().__init__()
        self.start_shape = (2 * layers * size,)
        self.out_shape = (size,)
        self.layers = layers
        self.rnn = nn.LSTM(inputs, size, layers, batch_first=True)

    def init(self, start: Tensor) -> LstmState:
        """Every layer starts from its own slices of ``start``; hidden values are squashed to their range."""
        hidden, cell = start.unflatten(1, (2, self.layers, -1)).unbind(1)
        hidden = hidden.tanh()
        return LstmState(hidden, cell, hidden[:, -1])

    def update(self, state: LstmState, x: Tensor) -> LstmState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: LstmState, x: Tensor) -> tuple[Tensor, LstmState]:
        """All ticks in one call of the fused kernel."""
        layers_first = (state.hidden.transpose(0, 1).contiguous(), state.cell.transpose(0, 1).contiguous())
        outs, (hidden, cell) = self.rnn(x, layers_first)
        hidden, cell = hidden.transpose(0, 1), cell.transpose(0, 1)
        return outs, LstmState(hidden, cell, hidden[:, -1])
