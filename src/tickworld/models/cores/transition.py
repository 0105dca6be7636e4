"""A recurrent network that is deep inside a tick: the seed's "internally stacked" core, h' = DNN(x, h).

    s_0 = h                                                  h' = s_K
    u_1 = V_1 s_{k-1} + b_1 (+ W x in the first block)       u_d = V_d tanh(u_{d-1}) + b_d,    d = 2..D
    (n, g) = u_D                                             s_k = s_{k-1} + sigmoid(g) (tanh(n) - s_{k-1})

for the blocks k = 1..K of D layers each, every one with its own weights. A block is a network with a gated shortcut
around it: a state can stay as it is, and gradients have a way past the network, however deep a tick is.

One block is the deep transition with shortcut, DT(S)-RNN, of Pascanu et al. 2013 (1312.6026). Their shortcut has no
gate; ours has, as in a GRU: without one, every tick rewrites the whole state. Blocks of one layer are the recurrent
highway network of Zilly et al. 2017 (1607.03474) with their coupled gates (carry = 1 - transform); as there, the gates
begin with a bias below zero, so that a new network carries its state along.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec

GATE_BIAS = -1.0
"""The gates' first bias. In 300 steps of training, three blocks of one layer learned to tell the action of six ticks
ago to 0.26 nats, with -2 to 0.38, with 0 not at all (1.10; two seeds each); one block of two layers is best with 0."""


class TransitionConfig(Config):
    """Deep from tick to tick: a network with gated shortcuts."""

    kind: Literal["transition"] = "transition"
    size: int = Field(default=128, gt=0)
    """units of the state and of each layer"""
    blocks: int = Field(default=1, gt=0)
    """networks that a tick passes one after the other, each with a gated shortcut around it"""
    depth: int = Field(default=2, gt=0)
    """layers of each of these networks; with 1 the core is a recurrent highway network"""

    def build(self, spec: Spec) -> Transition:
        """The core for the actions of ``spec``."""
        return Transition(self.cell(len(spec.players) * len(spec.actions)), self.size)

    def cell(self, inputs: int) -> DeepCell:
        """The recurrence alone, for ``inputs`` numbers a tick."""
        return DeepCell(inputs, self)


class DeepCell(nn.Module):
    """The equations of the module docstring, called like a ``torch.nn.GRU`` of one layer with the batch first."""

    def __init__(self, inputs: int, config: TransitionConfig) -> None:
        super().__init__()
        size, self.depth = config.size, config.depth
        widths = ([size] * (config.depth - 1) + [2 * size]) * config.blocks
        self.entry = nn.Linear(inputs, widths[0])
        # the very first layer has no bias of its own: the input's share brings it
        self.layers = nn.ModuleList(nn.Linear(size, width, bias=at > 0) for at, width in enumerate(widths))
        for layer in (self.entry, *self.layers):
            if isinstance(layer, nn.Linear) and layer.bias is not None and len(layer.bias) == 2 * size:
                nn.init.constant_(layer.bias[size:], GATE_BIAS)

    def forward(self, x: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """The states after each of T ticks [B, T, S] and the last one [1, B, S], from ``x`` [B, T, I] and ``hidden``
        [1, B, S]."""
        layers = [(layer.weight.t(), layer.bias) for layer in self.layers if isinstance(layer, nn.Linear)]
        state, outs = hidden[0], []
        for drive in self.entry(x.transpose(0, 1)).unbind(0):
            deep = state
            for number, (weight, bias) in enumerate(layers, 1):
                deep = torch.addmm(drive if bias is None else bias, deep, weight)
                if number % self.depth:
                    deep = deep.tanh()
                else:
                    new, gate = deep.chunk(2, 1)
                    deep = state = torch.lerp(state, new.tanh(), gate.sigmoid())
            outs.append(state)
        return torch.stack(outs, 1), state.unsqueeze(0)


class TransitionState(NamedTuple):
    """``out`` [B, S] is all there is: the state vector, in -1..1."""

    out: Tensor


class Transition(Core):
    """See the module docstring."""

    def __init__(self, cell: DeepCell, size: int) -> None:
        super().__init__()
        self.start_shape = self.out_shape = (size,)
        self.cell = cell

    def init(self, start: Tensor) -> TransitionState:
        """``start`` squashed to the range that the state lives in."""
        return TransitionState(start.tanh())

    def update(self, state: TransitionState, x: Tensor) -> TransitionState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: TransitionState, x: Tensor) -> tuple[Tensor, TransitionState]:
        """All ticks; the inputs' share of them is worked out in one product beforehand."""
        outs, hidden = self.cell(x, state.out.unsqueeze(0))
        return outs, TransitionState(hidden[0])
