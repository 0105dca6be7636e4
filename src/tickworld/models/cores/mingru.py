"""A linear recurrence that is trained by a parallel scan and played in one step: stacked minGRU blocks.

    y_0 = E x      v = norm(y_{l-1})      a = sigmoid(A v + b)      n = N v + c      h'_l = a h_l + (1 - a) n
    m = y_{l-1} + W h'_l + w              y_l = m + MLP(norm(m))                     out = norm(y_L)

with products elementwise and an MLP of one hidden layer of 2 S units. Feng et al. 2024 (2410.01201), with a = 1 - z.
Gate and candidate do not look at h, so that T ticks are one scan over pairs (a, (1 - a) n): some multiple of log2 T
operations one after the other, instead of T.

What differs. The paper sums logarithms, which loses digits as the sums grow with T and needs n > 0; here pairs of ticks
are merged, then pairs of pairs, and so on (Blelloch 1990). Nothing is divided and no factor exceeds 1: float32 serves
for any T, and n may be negative.

With ``signed``, a = tanh(A v + b) and h' = a h + (1 - |a|) n: a tick may turn the sign of what is remembered. Factors
in 0..1 cannot follow for long what turns round again and again, such as the way a ball flies; factors in -1..1 can
(Grazzi et al. 2024, 2411.12537). Both forms are weighted means, so h stays as bounded as n.

The first ``out`` is read from the first h_l with y_0 = 0: nothing has been pressed yet.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import pad

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec


class MinGruConfig(Config):
    """Stacked minGRU blocks: a linear recurrence, trained in parallel."""

    kind: Literal["mingru"] = "mingru"
    size: int = Field(default=128, gt=0)
    """units of each block"""
    layers: int = Field(default=2, gt=0)
    """how many blocks on top of each other"""
    signed: bool = False
    """whether a tick may turn the sign of what is remembered"""

    def build(self, spec: Spec) -> MinGru:
        """The core for the actions of ``spec``."""
        return MinGru(len(spec.players) * len(spec.actions), self)


class MinGruState(NamedTuple):
    """``hidden`` [B, L, S], one vector a block; ``out`` [B, S] is what comes out at the top."""

    hidden: Tensor
    out: Tensor


class MinGru(Core):
    """See the module docstring."""

    def __init__(self, inputs: int, config: MinGruConfig) -> None:
        super().__init__()
        self.start_shape = (config.layers * config.size,)
        self.out_shape = (config.size,)
        self.entry = nn.Linear(inputs, config.size)
        self.blocks = nn.ModuleList(Block(config.size, config.signed) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.size)

    def init(self, start: Tensor) -> MinGruState:
        """Every block starts from its own slice of ``start``."""
        hidden = start.unflatten(1, (len(self.blocks), -1))
        y = torch.zeros_like(hidden[:, 0])
        for block, each in zip(self._blocks(), hidden.unbind(1), strict=True):
            y = block.read(y, each)
        return MinGruState(hidden, self.norm(y))

    def update(self, state: MinGruState, x: Tensor) -> MinGruState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: MinGruState, x: Tensor) -> tuple[Tensor, MinGruState]:
        """All ticks at once, block by block."""
        y, last = self.entry(x), []
        for block, first in zip(self._blocks(), state.hidden.unbind(1), strict=True):
            hidden = block.remember(y, first)
            y = block.read(y, hidden)
            last.append(hidden[:, -1])
        outs = self.norm(y)
        return outs, MinGruState(torch.stack(last, 1), outs[:, -1])

    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]


class Block(nn.Module):
    """One recurrence and the small network that reads it."""

    def __init__(self, size: int, signed: bool) -> None:
        super().__init__()
        self.signed = signed
        self.drive = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * size))
        self.back = nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))

    def remember(self, y: Tensor, first: Tensor) -> Tensor:
        """What is remembered after each tick [B, T, S] under ``y`` [B, T, S], from ``first`` [B, S] on."""
        gate, new = self.drive(y).chunk(2, -1)
        keep = gate.tanh() if self.signed else gate.sigmoid()
        share = 1 - keep.abs() if self.signed else 1 - keep
        return scan(keep, share * new, first)

    def read(self, y: Tensor, hidden: Tensor) -> Tensor:
        """What goes on to the next block: ``y`` [..., S] and what ``hidden`` [..., S] has to say."""
        y = y + self.back(hidden)
        return y + self.mlp(y)


def scan(keep: Tensor, gain: Tensor, first: Tensor) -> Tensor:
    """h_t = keep_t h_{t-1} + gain_t for T ticks, [B, T, S], from ``keep`` and ``gain`` [B, T, S] and h_{-1} = ``first``
    [B, S]. Exact to rounding while every |keep| is at most 1."""
    begun = torch.addcmul(gain[:, :1], keep[:, :1], first.unsqueeze(1))
    return begun if gain.shape[1] == 1 else _scan(keep, torch.cat([begun, gain[:, 1:]], 1))


class _Scan(torch.autograd.Function):
    """The scan from nothing. Its gradient is a scan too, from the last tick to the first: only inputs and results are
    stored, none of the pairs in between."""

    @staticmethod
    def forward(ctx: Any, keep: Tensor, gain: Tensor) -> Tensor:
        states = torch.empty_like(gain)
        _merge(keep, gain, states)
        ctx.save_for_backward(keep, states)
        return states

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor]:
        keep, states = ctx.saved_tensors
        later = torch.cat([keep[:, :1], keep[:, 1:].flip(1)], 1)  # what comes first in a scan is not looked at
        of_gain = _scan(later, slopes[0].flip(1)).flip(1)
        return pad(of_gain[:, 1:] * states[:, :-1], (0, 0, 1, 0)), of_gain


def _scan(keep: Tensor, gain: Tensor) -> Tensor:
    states = _Scan.apply(keep, gain)
    assert isinstance(states, Tensor)
    return states


def _merge(keep: Tensor, gain: Tensor, states: Tensor) -> None:
    """Writes h_t = keep_t h_{t-1} + gain_t, h_{-1} = 0, into ``states`` [B, T, S]: merges ticks two by two, so that
    every second state is found by a scan of half the length, and each of the others from the one before it."""
    ticks = keep.shape[1]
    states[:, 0] = gain[:, 0]
    if ticks == 1:
        return
    early, late = slice(0, ticks - 1, 2), slice(1, ticks, 2)
    merged = torch.addcmul(gain[:, late], keep[:, late], gain[:, early])
    _merge(keep[:, early] * keep[:, late], merged, states[:, late])
    if ticks > 2:
        between = slice(2, ticks, 2)
        torch.addcmul(gain[:, between], keep[:, between], states[:, 1 : ticks - 1 : 2], out=states[:, between])
