"""A differentiable neural computer: a memory that knows which rows are free and in which order they were written.

Everything but M, u, L, p and w (state) comes from the controller's h; C(M, k, b, m) = softmax_i(b cos(m k, m M_i)).

    keep = prod_r (1 - f_r w_r)              rows that reading head r frees with gate f_r
    u'   = (u + w - u w) keep                usage, w being the last writing weights
    a_i  = (1 - u'_i) prod_{j used less than i} u'_j         allocation: the least used row
    w'   = g_w (g_a a + (1 - g_a) C(M, k, b, m))
    M'   = M keep (1 - w' e^T) + w' v^T
    L'_ij = (1 - w'_i - w'_j) L_ij + w'_i p_j, 0 for i = j   row i was written right after row j
    p'   = (1 - sum w') p + w'
    w'_r = z_back S(L'^T w_r, s_b) + z_look C(M', k_r, b_r, m_r) + z_on S(L' w_r, s_f)       read modes z sum to 1
    r    = M'^T w'_r

Graves et al. 2016 (Hybrid computing using a neural network with dynamic external memory, Nature 538), with the three
corrections of Csordas and Schmidhuber 2019 (1904.10278): lookups under a mask m, so that a row can hold a key beside
its value; ``keep`` wipes what is freed, so that it is not found again; S(d, s) = d^s / sum d^s sharpens what was
followed along the links. Differences: S gives 0, not 0 / 0, where nothing was linked yet; rows of equal usage are
allocated by number; squared lengths in the cosine get 1e-6 more, so that an empty row is like nothing; one LSTM layer
is the controller; ``out`` is [h, r], as the paper's output layer is the renderer's first one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.cores.ntm import TINY, lstm
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class DncConfig(Config):
    """Differentiable neural computer."""

    kind: Literal["dnc"] = "dnc"
    size: int = Field(default=128, gt=0)
    """units of the controller"""
    rows: int = Field(default=16, gt=1)
    """rows of the memory"""
    width: int = Field(default=16, gt=0)
    """numbers in a row of the memory"""
    read_heads: int = Field(default=2, gt=0)
    """how many places are read each tick"""

    def build(self, spec: Spec) -> Dnc:
        """The core for the actions of ``spec``."""
        return Dnc(self, len(spec.players) * len(spec.actions))


class DncState(NamedTuple):
    """``memory`` [B, N, W]; ``usage`` [B, N] in 0..1; ``links`` [B, N, N], row i after row j; ``precedence`` [B, N],
    how far each row was the last one written; ``writing`` [B, N] and ``reading`` [B, R, N], the heads' weights, each
    row's sum at most 1; ``cell`` [B, S] of the controller; ``out`` [B, S + R W], its output and what was read."""

    memory: Tensor
    usage: Tensor
    links: Tensor
    precedence: Tensor
    writing: Tensor
    reading: Tensor
    cell: Tensor
    out: Tensor


class Dnc(Core):
    """See the module docstring."""

    def __init__(self, config: DncConfig, inputs: int) -> None:
        super().__init__()
        self.config = config
        size, heads, width = config.size, config.read_heads, config.width
        self.start_shape = (2 * size + heads * width,)
        self.out_shape = (size + heads * width,)
        self.inputs = nn.Linear(inputs, 4 * size)
        self.recurrent = nn.Linear(size + heads * width, 4 * size, bias=False)
        self.writes = nn.Linear(size, 4 * width + 3 + heads)
        self.reads = nn.Linear(size, heads * (2 * width + 6))

    def init(self, start: Tensor) -> DncState:
        """An empty, unused memory; ``start`` holds the controller's hidden and cell values and what was read last."""
        size, heads, rows = self.config.size, self.config.read_heads, self.config.rows
        hidden, cell, read = start.split([size, size, heads * self.config.width], 1)
        row, many = start.new_zeros(len(start), rows), start.new_zeros(len(start), heads, rows)
        memory, links = (start.new_zeros(len(start), rows, columns) for columns in (self.config.width, rows))
        return DncState(memory, row, links, row, row, many, cell, torch.cat([hidden.tanh(), read.tanh()], 1))

    def update(self, state: DncState, x: Tensor) -> DncState:
        """One tick."""
        return self._tick(state, self.inputs(x))

    def unroll(self, state: DncState, x: Tensor) -> tuple[Tensor, DncState]:
        """All ticks; what the input adds to the controller is worked out beforehand."""
        outs = []
        for drive in self.inputs(x).unbind(1):
            state = self._tick(state, drive)
            outs.append(state.out)
        return torch.stack(outs, 1), state

    def _tick(self, state: DncState, drive: Tensor) -> DncState:
        """The state after a tick whose input adds ``drive`` [B, 4S] to the controller's gates."""
        hidden, cell = lstm(drive + self.recurrent(state.out), state.cell)
        state = self._write(state, self.writes(hidden))
        reading = self._aim(state, self.reads(hidden).unflatten(1, (self.config.read_heads, -1)))
        out = torch.cat([hidden, (reading @ state.memory).flatten(1)], 1)
        return state._replace(reading=reading, cell=cell, out=out)

    def _write(self, state: DncState, raw: Tensor) -> DncState:
        """``state`` with memory, usage, links, precedence and writing weights after a write with raw settings [B, 4W +
        3 + R]."""
        width = self.config.width
        key, value, bounded, strength, gates = raw.split([width, width, 2 * width, 1, raw.shape[1] - 4 * width - 1], 1)
        mask, erase = bounded.sigmoid().chunk(2, 1)
        allocate, put, free = gates.sigmoid().split([1, 1, self.config.read_heads], 1)
        keep = retention(free, state.reading)
        usage = used(state.usage, state.writing, keep)
        found = lookup(state.memory, *(each.unsqueeze(1) for each in (key, strength, mask))).squeeze(1)
        writing = put * (allocate * allocation(usage) + (1 - allocate) * found)
        across = writing.unsqueeze(2)
        memory = state.memory * (keep.unsqueeze(2) * (1 - across * erase.unsqueeze(1))) + across * value.unsqueeze(1)
        links, precedence = linked(state.links, state.precedence, writing)
        return state._replace(memory=memory, usage=usage, links=links, precedence=precedence, writing=writing)

    def _aim(self, state: DncState, raw: Tensor) -> Tensor:
        """Where the reading heads go, [B, R, N], with raw settings [B, R, 2W + 6]."""
        width = self.config.width
        key, mask, strength, powers, modes = raw.split([width, width, 1, 2, 3], 2)
        back_power, on_power = (1 + nn.functional.softplus(powers)).split(1, 2)
        back = sharpen(state.reading @ state.links, back_power)
        on = sharpen(state.reading @ state.links.transpose(1, 2), on_power)
        return blend(modes.softmax(2), back, lookup(state.memory, key, strength, mask.sigmoid()), on)


def retention(free: Tensor, reading: Tensor) -> Tensor:
    """How much of each row is kept, [B, N], when the reading heads, at ``reading`` [B, R, N], free with gates [B,
    R]."""
    keep, *others = (1 - free.unsqueeze(2) * reading).unbind(1)
    for head in others:  # a loop: the gradient of prod() is slower than that of a product
        keep = keep * head
    return keep


def used(usage: Tensor, writing: Tensor, keep: Tensor) -> Tensor:
    """``usage`` [B, N] after the last write, less what is freed now."""
    return (usage + writing - usage * writing) * keep


def allocation(usage: Tensor) -> Tensor:
    """Where to write new things, [B, N], from ``usage`` [B, N] in 0..1. Without sorting: the share 1 - u of each row is
    multiplied by the usage of all rows that come before it in the order of usage."""
    usage = TINY + (1 - TINY) * usage  # so that the logarithm and its slope are finite
    mine, other = usage.detach().unsqueeze(2), usage.detach().unsqueeze(1)
    earlier = torch.ones(usage.shape[1], usage.shape[1], dtype=torch.bool, device=usage.device).tril(-1)
    before = ((other < mine) | (other == mine) & earlier).to(usage.dtype)
    return (1 - usage) * (before @ usage.log().unsqueeze(2)).squeeze(2).exp()


def lookup(memory: Tensor, key: Tensor, strength: Tensor, mask: Tensor) -> Tensor:
    """Where rows of ``memory`` [B, N, W] look like ``key`` under ``mask`` in 0..1, both [B, R, W]: distributions [B, R,
    N], the sharper the larger the raw ``strength`` [B, R, 1]."""
    square = mask.square()
    product = (key * square) @ memory.transpose(1, 2)
    lengths = (square * key.square()).sum(2, keepdim=True) + TINY, square @ memory.square().transpose(1, 2) + TINY
    return ((1 + nn.functional.softplus(strength)) * product * lengths[0].rsqrt() * lengths[1].rsqrt()).softmax(2)


def linked(links: Tensor, precedence: Tensor, writing: Tensor) -> tuple[Tensor, Tensor]:
    """``links`` [B, N, N] and ``precedence`` [B, N] after a write with weights [B, N]."""
    after, before = writing.unsqueeze(2), writing.unsqueeze(1)
    links = (1 - after - before) * links + after * precedence.unsqueeze(1)
    links = links * (1 - torch.eye(links.shape[1], dtype=links.dtype, device=links.device))
    return links, (1 - writing.sum(1, keepdim=True)) * precedence + writing


def sharpen(weights: Tensor, power: Tensor) -> Tensor:
    """``weights`` [B, R, N] raised to ``power`` [B, R, 1] >= 1 and made to sum to 1; 0 where they sum to 0."""
    raised = weights.clamp(min=0) ** power  # rounding may leave a link just below 0
    return raised / (raised.sum(2, keepdim=True) + TINY)


def blend(modes: Tensor, back: Tensor, look: Tensor, on: Tensor) -> Tensor:
    """The three ways to aim, each [B, R, N], in the shares ``modes`` [B, R, 3]."""
    shares = modes.split(1, 2)
    return shares[0] * back + shares[1] * look + shares[2] * on
