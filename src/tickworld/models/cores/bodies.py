"""A few bodies that fly straight, turn round at walls and are moved by keys as far as bounds.

    moved = p + v + clip(W a)                                free flight, and keys until a bound is reached, in pixels
    hit   = (moved < l and v < 0) or (moved > h and v > 0)   a wall has been passed on the way out
    v'    = -v where hit, else v                             p' = moved

for each body and axis. What is learned: the first places, W, the walls l, h and the bounds. Free flight and turning
round need no learning and are exact, so an error of the start grows with time only, never with contacts. Bodies do not
see each other: a wall stands wherever something always stands.

A contact is a decision, and so has no slope. Its gradient is that of a mirror, dp'/d moved = -1 and dp'/dl = 2: let the
wall be one pixel further in, and after the contact everything is two pixels further in, averaged over where between two
ticks the wall is passed. A softened decision in its place does worse (``docs/log.md``): its slope through later
contacts points the wrong way. The part of a step that keys made is not mirrored.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.parts import Core
from tickworld.simulator import Spec

UNITS = 4.0
"""Lengths are learned in units of this share of the frame."""


class BodiesConfig(Config):
    """Bodies that fly, bounce and are moved by keys."""

    kind: Literal["bodies"] = "bodies"
    bodies: int = Field(default=3, gt=0)
    """how many things move"""

    def build(self, spec: Spec) -> Bodies:
        """The core for frames and actions of ``spec``."""
        return Bodies(self, spec)


class BodiesState(NamedTuple):
    """``place`` and ``speed`` [B, M, 2], (x, y) in pixels and pixels a tick; ``out`` [B, 2M] is the places in a
    row."""

    place: Tensor
    speed: Tensor
    out: Tensor


class Bodies(Core):
    """See the module docstring."""

    unit: Tensor

    def __init__(self, config: BodiesConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        self.start_shape = (4 * config.bodies,)
        self.out_shape = (2 * config.bodies,)
        self.register_buffer("unit", torch.tensor([spec.width, spec.height]) / UNITS, persistent=False)
        self.home = nn.Parameter(UNITS * _ring(config.bodies))
        sides = UNITS * torch.tensor([[1, 7], [2, 6]]) / 8  # narrow: what is never met has no gradient
        self.court = nn.Parameter(sides.view(2, 2, 1, 1).repeat(1, 1, config.bodies, 2))  # [wall/bound, low/high, M, 2]
        self.players = len(spec.players)
        self.keys = nn.Linear(self.players * (len(spec.actions) - 1), 2 * config.bodies, bias=False)
        nn.init.normal_(self.keys.weight, std=1e-3)

    def init(self, start: Tensor) -> BodiesState:
        """Places around the learned first ones, and speeds, both in ``start``."""
        place, speed = start.unflatten(1, (2, -1, 2)).unbind(1)
        place = place + self.unit * self.home
        return BodiesState(place, speed, place.flatten(1))

    def update(self, state: BodiesState, x: Tensor) -> BodiesState:
        """One tick."""
        _, state = self.unroll(state, x.unsqueeze(1))
        return state

    def unroll(self, state: BodiesState, x: Tensor) -> tuple[Tensor, BodiesState]:
        """All ticks; what keys do is worked out beforehand."""
        outs = []
        (low, high), (lowest, highest) = self.unit * self.court
        place, speed, _ = state
        for push in self._pushes(x).unbind(1):
            flown = place + speed
            moved = flown + push.minimum((highest - flown).relu()).maximum(-(flown - lowest).relu())
            below, above = (moved < low) & (speed < 0), (moved > high) & (speed > 0)
            own = (speed / (moved - place)).detach().nan_to_num(0).clamp(0, 1) * (below | above)
            inwards = 2 * own * (torch.where(below, low, high) - moved)
            speed = torch.where(below | above, -speed, speed)
            place = moved + (inwards - inwards.detach())
            outs.append(place)
        seen = torch.stack(outs, 1).flatten(2)
        return seen, BodiesState(place, speed, seen[:, -1])

    def _pushes(self, x: Tensor) -> Tensor:
        """How far keys move each body, [B, T, M, 2]. The first action is to rest and moves nothing: else speed and keys
        could cancel out until a wall turns one of them round."""
        pressed = x.unflatten(2, (self.players, -1))[..., 1:].flatten(2)
        return self.keys(pressed).unflatten(2, (-1, 2))


def _ring(count: int) -> Tensor:
    """Where the bodies are at first, as shares of the frame [M, 2]: one in the middle, the others around it."""
    turn = torch.arange(count) * (2 * math.pi / max(count - 1, 1))
    around = 0.5 + 0.4 * torch.stack([turn.cos(), turn.sin()], 1)
    around[-1] = 0.5
    return around
