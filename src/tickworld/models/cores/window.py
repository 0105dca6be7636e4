"""A memory network over a window: what was pressed and what came of it in the last N ticks, looked up in several hops.

    m_t = [x_t, out_t]                       an entry of the window; i counts ticks back, 0 the newest
    q   = B [x_t, out_{t-1}]
    p   = softmax_i(q . (A m_i + K_i) / sqrt(D))          o = sum_i p_i (C m_i + V_i)
    q'  = relu half of (H q + o)             the next hop's q; A, C and H are the same in every hop
    out_t = tanh(W q)                        after the last hop

Sukhbaatar, Szlam, Weston and Fergus 2015 (End-to-end memory networks, 1503.08895), in their layer-wise form for
language models, with the temporal encodings K and V, and a relu on half of the units. A m and C m are worked out once,
when an entry enters. Differences: the query is the present and not a constant, and out is a vector and not a choice of
a word; scores are scaled; there is no linear start (training without the softmax at first): it belongs to a schedule.

The window moves by one entry a tick rather than being a ring with a pointer: as a state is never changed in place,
either costs one copy, and so K and V always meet the same slot. Before the first tick it is full of [0, tanh(start)],
as if the game had stood still. What has left it is known only through ``out`` of the ticks that are still in it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class WindowConfig(Config):
    """Memory network over the last ticks."""

    kind: Literal["window"] = "window"
    size: int = Field(default=128, gt=1)
    """numbers in an entry and in the output"""
    ticks: int = Field(default=32, gt=0)
    """how many entries the window holds"""
    hops: int = Field(default=3, gt=0)
    """how many times it is looked up each tick"""

    def build(self, spec: Spec) -> Window:
        """The core for the actions of ``spec``."""
        return Window(self, len(spec.players) * len(spec.actions))


class WindowState(NamedTuple):
    """``keys`` and ``values`` [B, N, S] of the entries, oldest first, without temporal encodings; ``out`` [B, S] in
    -1..1."""

    keys: Tensor
    values: Tensor
    out: Tensor


class Window(Core):
    """See the module docstring."""

    def __init__(self, config: WindowConfig, inputs: int) -> None:
        super().__init__()
        size = config.size
        self.hops = config.hops
        self.start_shape = self.out_shape = (size,)
        self.inputs = nn.Linear(inputs, 3 * size)
        self.query = nn.Linear(size, size, bias=False)
        self.entry = nn.Linear(size, 2 * size, bias=False)
        self.hop = nn.Linear(size, size, bias=False)
        self.outputs = nn.Linear(size, size)
        self.key_ages, self.value_ages = (nn.Parameter(0.1 * torch.randn(config.ticks, size)) for _ in range(2))

    def init(self, start: Tensor) -> WindowState:
        """A window full of entries without any action whose outputs are ``start``."""
        out = start.tanh()
        keys, values = self.entry(out).unsqueeze(1).expand(-1, len(self.key_ages), -1).chunk(2, 2)
        return WindowState(keys, values, out)

    def update(self, state: WindowState, x: Tensor) -> WindowState:
        """One tick."""
        return self._tick(state, self.inputs(x))

    def unroll(self, state: WindowState, x: Tensor) -> tuple[Tensor, WindowState]:
        """All ticks; entries hold outputs, so they must come one by one, and only inputs are worked out beforehand."""
        outs = []
        for drive in self.inputs(x).unbind(1):
            state = self._tick(state, drive)
            outs.append(state.out)
        return torch.stack(outs, 1), state

    def _tick(self, state: WindowState, drive: Tensor) -> WindowState:
        """The state after a tick whose input adds ``drive`` [B, 3S] to the query and to its entry's key and value."""
        ask, enter = drive.tensor_split([state.out.shape[1]], 1)
        query = ask + self.query(state.out)
        for _ in range(self.hops):
            query = self._hop(query, state)
        out = self.outputs(query).tanh()
        key, value = (enter + self.entry(out)).unsqueeze(1).chunk(2, 2)
        keys, values = torch.cat([state.keys[:, 1:], key], 1), torch.cat([state.values[:, 1:], value], 1)
        return WindowState(keys, values, out)

    def _hop(self, query: Tensor, state: WindowState) -> Tensor:
        """The next hop's query [B, S]. Contents and ages are multiplied apart, to spare a copy of the window."""
        size = query.shape[1]
        scores = (state.keys @ query.unsqueeze(2)).squeeze(2) + query @ self.key_ages.T
        weights = (scores / size**0.5).softmax(1)
        found = (weights.unsqueeze(1) @ state.values).squeeze(1) + weights @ self.value_ages
        linear, bent = (self.hop(query) + found).tensor_split([size // 2], 1)
        return torch.cat([linear, bent.relu()], 1)
