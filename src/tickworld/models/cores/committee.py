"""Several snapped cores that decide together: the first alone while it is sure, all of them where it is not.

    logits(p) = logits_1(p)                      if its least lead over all pixels of the frame is above ``sure``
              = mean_i logits_i(p)               otherwise

Worlds that were trained from different weights on different games are wrong at different ticks, and seldom sure of it
(docs/log.md); the mean of their logits is the normalised product of what they expect (products of experts, Hinton
2002), so one that is unsure and wrong is outvoted by one that is sure and right. The others are asked only in need: of
the rarest transitions of Pong that is one in twelve. Members may be trained together, or apart and then joined
(``tickworld join``).

In ``soft`` mode all are always asked, so that gradients see one smooth rule.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.cores.snapping import SnappedState, by_rows
from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import lead


class CommitteeConfig(Config):
    """Several snapped cores that decide together."""

    kind: Literal["committee"] = "committee"
    member: SnappedConfig = SnappedConfig()
    """what each of them is"""
    members: int = Field(default=3, gt=0)
    """how many there are"""
    sure: float = Field(default=15.0, ge=0)
    """nats by which the first must prefer its choice at every pixel to decide alone"""

    def build(self, spec: Spec) -> Committee:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette."""
        return Committee(self, [self.member.build(spec) for _ in range(self.members)])


class Committee(Core):
    """See the module docstring."""

    def __init__(self, config: CommitteeConfig, members: list[Snapped]) -> None:
        super().__init__()
        self.config = config
        self.start_shape, self.out_shape = members[0].start_shape, members[0].out_shape
        self.members = nn.ModuleList(members)

    @property
    def cores(self) -> list[Snapped]:
        """The members."""
        return [member for member in self.members if isinstance(member, Snapped)]

    def init(self, start: Tensor) -> SnappedState:
        """As one member starts: what is carried holds no weights."""
        return self.cores[0].init(start)

    def smooth(self) -> Committee:
        """The same members in soft mode."""
        return Committee(self.config, [each.smooth() for each in self.cores])

    def smoothed(self, state: SnappedState) -> SnappedState:
        """As a member does it."""
        return self.cores[0].smoothed(state)

    def update(self, state: SnappedState, x: Tensor) -> SnappedState:
        """One tick, decided together where need be."""
        return self.cores[0].advance(state, by_rows(self.out, state, x))

    def out(self, state: SnappedState, x: Tensor) -> Tensor:
        """Logits [B, Q, H, W] of the next frame's colours."""
        first, *others = self.cores
        out = first.out(state, x)
        if first.soft:
            return self._mean(out, state, x)
        doubts = lead(out).flatten(1).min(1).values < self.config.sure
        if torch.compiler.is_compiling():  # a graph does the same whatever it sees: all are asked, and some are heard
            return torch.where(doubts.view(-1, 1, 1, 1), self._mean(out, state, x), out)
        unsure = doubts.nonzero().flatten()
        if len(unsure) and others:
            part, keys = type(state)(*(each[unsure] for each in state)), x[unsure]
            out[unsure] = self._mean(out[unsure], part, keys)
        return out

    def _mean(self, out: Tensor, state: SnappedState, x: Tensor) -> Tensor:
        """What all members expect, [B, Q, H, W], when the first expects ``out``."""
        return torch.stack([out, *(each.out(state, x) for each in self.cores[1:])]).mean(0)
