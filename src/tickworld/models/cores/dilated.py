"""Levels of recurrent cells that look back 1, 2, 4, 8, ... ticks.

    h^l_t = cell_l(x^l_t, h^l_{t - d})        d = 2^(l-1)        x^1 = actions        x^{l+1} = h^l        out = h^L

Chang et al. 2017 (1710.02224). At level l a gradient from the end to the beginning passes T / d cells instead of T,
and what a level remembers need not survive the ticks in between. Level 1 steps from tick to tick: a rule that needs the
last tick's state has it there. The state carries the last d vectors of every level, the oldest first.

The d chains of one level never meet inside it, so a level is a batch of d recurrences of T / d ticks, and a level with
a long dilation is the quicker. With cell ``transition`` a tick is deep inside as well (the seed's "internally
stacked").

The paper's sequences begin with nothing in their past; here a level begins as if its slice of the start had been its
state for d ticks.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad

from tickworld.config import Config
from tickworld.models.cores.transition import TransitionConfig
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class GruCellConfig(Config):
    """A gated recurrent unit."""

    kind: Literal["gru"] = "gru"
    size: int = Field(default=128, gt=0)
    """units of each level"""

    def cell(self, inputs: int) -> nn.Module:
        """The recurrence, for ``inputs`` numbers a tick."""
        return nn.GRU(inputs, self.size, batch_first=True)


class DilatedConfig(Config):
    """Levels of cells that look back 1, 2, 4, 8, ... ticks."""

    kind: Literal["dilated"] = "dilated"
    levels: int = Field(default=4, gt=0, le=12)
    """how many levels; the last looks back 2^(levels - 1) ticks"""
    cell: GruCellConfig | TransitionConfig = Field(default=GruCellConfig(), discriminator="kind")
    """the recurrence of every level"""

    def build(self, spec: Spec) -> Dilated:
        """The core for the actions of ``spec``."""
        inputs = [len(spec.players) * len(spec.actions)] + [self.cell.size] * (self.levels - 1)
        return Dilated([self.cell.cell(count) for count in inputs], self.cell.size)


class DilatedState(NamedTuple):
    """``ring`` [B, 2^L - 1, S], the last vectors of level 1 (one), level 2 (two), level 3 (four), ..., in each the
    oldest first; ``out`` [B, S] is the newest one of the top level."""

    ring: Tensor
    out: Tensor


class Dilated(Core):
    """See the module docstring."""

    def __init__(self, cells: list[nn.Module], size: int) -> None:
        super().__init__()
        self.start_shape = (len(cells) * size,)
        self.out_shape = (size,)
        self.cells = nn.ModuleList(cells)
        self.dilations = [2**level for level in range(len(cells))]

    def init(self, start: Tensor) -> DilatedState:
        """Every level starts from its own slice of ``start``, squashed to the range of its state, in all its slots."""
        hidden = start.tanh().unflatten(1, (len(self.cells), -1)).split(1, 1)
        slots = [each.expand(-1, dilation, -1) for each, dilation in zip(hidden, self.dilations, strict=True)]
        return DilatedState(torch.cat(slots, 1), hidden[-1][:, 0])

    def update(self, state: DilatedState, x: Tensor) -> DilatedState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: DilatedState, x: Tensor) -> tuple[Tensor, DilatedState]:
        """All ticks, level by level, each with its interleaved chains side by side."""
        rings = []
        for cell, ring in zip(self.cells, state.ring.split(self.dilations, 1), strict=True):
            x = _chains(cell, x, ring)
            rings.append(torch.cat([ring, x], 1)[:, -ring.shape[1] :])
        return x, DilatedState(torch.cat(rings, 1), x[:, -1])


def _chains(cell: nn.Module, x: Tensor, ring: Tensor) -> Tensor:
    """What a level puts out [B, T, S] under ``x`` [B, T, I], after the d vectors in ``ring`` [B, d, S]."""
    ticks = x.shape[1]
    chains = min(ring.shape[1], ticks)  # fewer ticks than chains: the others rest
    padded = pad(x, (0, 0, 0, -ticks % chains)) if ticks % chains else x
    side_by_side = padded.unflatten(1, (-1, chains)).transpose(1, 2).flatten(0, 1)
    outs, _ = cell(side_by_side, ring[:, :chains].flatten(0, 1).unsqueeze(0))
    return outs.unflatten(0, (-1, chains)).transpose(1, 2).flatten(1, 2)[:, :ticks]
