"""A neural Turing machine: a controller with heads that read from and write to rows of a memory.

For each head, from the controller's h: key k, strength b >= 0, gate g, shift s over (-1, 0, 1), power y >= 1.

    c  = softmax_i(b cos(k, M_i))            where the content looks like the key
    v  = g c + (1 - g) w                     ... or where the head was, w
    v'(i) = sum_j s(j) v(i - j)              one row back, the same, one row on, around the ring of rows
    w' = v'^y / sum v'^y                     sharpened: shifts blur
    M' = M prod_heads (1 - w' e^T) + sum_heads w' a^T        erase e in 0..1, add a
    r  = sum_i w'(i) M'_i                    read

Graves, Wayne and Danihelka 2014 (1410.5401), with their LSTM controller, fed by the input and the last reads. The paper
leaves open which memory a head looks at: here all heads are aimed by the memory of the last tick, then it is written,
then read, so that one lookup serves all heads. It also leaves open how to begin: every row holds 1e-6 (Collier and Beel
2018, 1807.08518), the controller and the first reads come from ``start``, and the heads' first places are learned,
around row 0. Were they equal for all rows, no shift and no key could ever tell one row from another. Squared lengths
in the cosine get 1e-6 more, so that an empty row is like nothing.
``out`` is [h, r]: the paper's output layer is the renderer's first one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec

EMPTY = 1e-6
"""What an unwritten memory holds."""
TINY = 1e-6
"""Added to squared lengths: it keeps slopes finite at zero."""
AIM = 5.0
"""By how many nats a head begins at row 0 rather than at another one."""


class NtmConfig(Config):
    """Neural Turing machine."""

    kind: Literal["ntm"] = "ntm"
    size: int = Field(default=128, gt=0)
    """units of the controller"""
    rows: int = Field(default=32, ge=3)
    """rows of the memory"""
    width: int = Field(default=16, gt=0)
    """numbers in a row of the memory"""
    read_heads: int = Field(default=1, gt=0)
    """how many places are read each tick"""
    write_heads: int = Field(default=1, gt=0)
    """how many places are written each tick"""

    def build(self, spec: Spec) -> Ntm:
        """The core for the actions of ``spec``."""
        return Ntm(self, len(spec.players) * len(spec.actions))


class NtmState(NamedTuple):
    """``memory`` [B, N, W]; ``focus`` [B, R + H, N], where the R reading and then the H writing heads are, each row a
    distribution; ``cell`` [B, S] of the controller; ``out`` [B, S + R W], its output and what was read."""

    memory: Tensor
    focus: Tensor
    cell: Tensor
    out: Tensor


class Ntm(Core):
    """See the module docstring."""

    def __init__(self, config: NtmConfig, inputs: int) -> None:
        super().__init__()
        self.config = config
        size, read = config.size, config.read_heads * config.width
        heads = config.read_heads + config.write_heads
        self.start_shape = (2 * size + read,)
        self.out_shape = (size + read,)
        self.inputs = nn.Linear(inputs, 4 * size)
        self.recurrent = nn.Linear(size + read, 4 * size, bias=False)
        self.aims = nn.Linear(size, heads * (config.width + 6))
        self.writes = nn.Linear(size, config.write_heads * 2 * config.width)
        self.first = nn.Parameter(torch.zeros(heads, config.rows))
        nn.init.constant_(self.first[:, 0], AIM)

    def init(self, start: Tensor) -> NtmState:
        """An empty memory; ``start`` holds the controller's hidden and cell values and what was read last."""
        size, batch = self.config.size, len(start)
        hidden, cell, read = start.split([size, size, start.shape[1] - 2 * size], 1)
        memory = start.new_full((batch, self.config.rows, self.config.width), EMPTY)
        focus = self.first.softmax(-1).expand(batch, -1, -1)
        return NtmState(memory, focus, cell, torch.cat([hidden.tanh(), read.tanh()], 1))

    def update(self, state: NtmState, x: Tensor) -> NtmState:
        """One tick."""
        return self._tick(state, self.inputs(x))

    def unroll(self, state: NtmState, x: Tensor) -> tuple[Tensor, NtmState]:
        """All ticks; what the input adds to the controller is worked out beforehand."""
        outs = []
        for drive in self.inputs(x).unbind(1):
            state = self._tick(state, drive)
            outs.append(state.out)
        return torch.stack(outs, 1), state

    def _tick(self, state: NtmState, drive: Tensor) -> NtmState:
        """The state after a tick whose input adds ``drive`` [B, 4S] to the controller's gates."""
        hidden, cell = lstm(drive + self.recurrent(state.out), state.cell)
        readers, writers, width = self.config.read_heads, self.config.write_heads, self.config.width
        aims = self.aims(hidden).unflatten(1, (readers + writers, width + 6))
        focus = address(aims, state.memory, state.focus)
        erase, add = self.writes(hidden).unflatten(1, (2, writers, width)).unbind(1)
        memory = write(state.memory, focus[:, readers:], erase.sigmoid(), add)
        read = (focus[:, :readers] @ memory).flatten(1)
        return NtmState(memory, focus, cell, torch.cat([hidden, read], 1))


def lstm(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """``hidden`` and ``cell`` [B, S] of an LSTM from its summed gates [B, 4S] (input, forget, output, new) and its last
    cell."""
    kept, new = gates.tensor_split([3 * cell.shape[1]], 1)
    enter, forget, leave = kept.sigmoid().chunk(3, 1)
    cell = forget * cell + enter * new.tanh()
    return leave * cell.tanh(), cell


def address(aims: Tensor, memory: Tensor, focus: Tensor) -> Tensor:
    """Where the heads go [B, H, N], from their raw settings ``aims`` [B, H, W + 6], the memory [B, N, W] and where they
    were [B, H, N]."""
    key, strength, gate, turn, power = aims.split([memory.shape[2], 1, 1, 3, 1], 2)
    gate = gate.sigmoid()
    found = (nn.functional.softplus(strength) * cosine(key, memory)).softmax(2)
    mixed = gate * found + (1 - gate) * focus
    return sharpen(shift(mixed, turn.softmax(2)), 1 + nn.functional.softplus(power))


def cosine(keys: Tensor, memory: Tensor) -> Tensor:
    """How alike keys [B, H, W] and rows of memory [B, N, W] are, in -1..1: [B, H, N]; 0 for what is nearly zero."""
    keys, memory = (each * (each.square().sum(2, keepdim=True) + TINY).rsqrt() for each in (keys, memory))
    return keys @ memory.transpose(1, 2)


def shift(weights: Tensor, turn: Tensor) -> Tensor:
    """``weights`` [B, H, N] moved around the ring of rows: ``turn`` [B, H, 3] says how much of each goes one row back,
    stays, goes one row on."""
    back, stay, on = turn.split(1, 2)
    return back * weights.roll(-1, 2) + stay * weights + on * weights.roll(1, 2)


def sharpen(weights: Tensor, power: Tensor) -> Tensor:
    """Distributions ``weights`` [B, H, N] raised to ``power`` [B, H, 1] >= 1 and made to sum to 1 again."""
    scaled = weights / weights.detach().amax(2, keepdim=True)  # the scale cancels, and nothing underflows
    raised = scaled**power
    return raised / raised.sum(2, keepdim=True)


def write(memory: Tensor, weights: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """``memory`` [B, N, W] after every head with ``weights`` [B, H, N] has erased [B, H, W] in 0..1, then added [B, H,
    W]."""
    kept = 1 - weights.unsqueeze(3) * erase.unsqueeze(2)
    for head in kept.unbind(1):  # a loop: the gradient of prod() is slower than that of a product
        memory = memory * head
    return memory + weights.transpose(1, 2) @ add
