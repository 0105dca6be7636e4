"""One tick of a learned world as a function of tensors, what a state of it looks like, and where its games begin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tickworld import seeds
from tickworld.models.learned import Learned
from tickworld.models.trust import trust
from tickworld.simulator import Opening

STARTS = 8
"""First states that are kept, at most."""


class Traceable(nn.Module, ABC):
    """A function of tensors, each with a free first axis, that can become a graph. ``inputs`` and ``outputs`` are the
    names of what it takes and gives."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @abstractmethod
    def example(self) -> tuple[Tensor | tuple[Tensor, ...], ...]:
        """What it may be called with, of two rows: a single row would stay the only one."""


class Tick(Traceable):
    """(state, actions, noise) -> the fields of the next state, then its frame: what ``world`` does in a tick.

    ``spec`` is what it shows and takes, ``noise`` how many numbers are drawn each tick, ``start`` the state of K games
    that begin, and ``fields`` are the names of what a state holds.
    """

    def __init__(self, world: Learned) -> None:
        super().__init__()
        self.world = world.world
        self.spec = world.spec
        self.noise = world.noise
        self.start = first_states(world)
        self.record = type(self.start)
        self.fields: tuple[str, ...] = self.start._fields
        self.inputs = (*self.fields, "actions", *(["noise"] if self.noise else []))
        self.outputs = (*(f"{name}_out" for name in self.fields), "frame")

    def forward(self, state: tuple[Tensor, ...], actions: Tensor, noise: Tensor | None = None) -> tuple[Tensor, ...]:
        """From the fields of a state, ``actions`` uint8 [B, P] and ``noise`` [B, N] where the world draws; the frame
        [B, C, H, W] in 0..1."""
        later = self.world.update(self.record(*state), actions, noise)
        return (*later, self.world.render(later))

    def example(self) -> tuple[Tensor | tuple[Tensor, ...], ...]:
        """Two first states, and some keys."""
        return tuple(torch.cat([field, field])[:2] for field in self.start), *self.given(2, 0)

    def given(self, rows: int, number: int) -> tuple[Tensor, ...]:
        """Some actions [B, P] and, where the world draws, noise [B, N]; the same for the same ``number``."""
        chance = seeds.generator(number, "export")
        actions = chance.integers(len(self.spec.actions), size=(rows, len(self.spec.players)), dtype=np.uint8)
        noise = chance.standard_normal((rows, self.noise), np.float32)
        return tuple(torch.from_numpy(each) for each in ((actions, noise) if self.noise else (actions,)))


class Look(Traceable):
    """out -> the frame [B, C, H, W] in 0..1 that ``world`` draws, and how far it trusts it [B] (see ``models.trust``).

    ``decides``: whether it shows colours of the palette only.
    """

    def __init__(self, world: Learned, start: Any) -> None:
        super().__init__()
        self.renderer = world.world.renderer
        self.out: Tensor = start.out
        self.inputs = ("out",)
        self.decides = self.renderer.exact
        self.palette = world.palette
        self.outputs = ("frame", "trust")

    def forward(self, out: Tensor) -> tuple[Tensor, ...]:
        """From ``out`` [B, ...] of a state."""
        logits = self.renderer(out)
        frame = self.renderer.pixels(logits)
        return frame, trust(self.renderer, logits, self.palette)

    def example(self) -> tuple[Tensor | tuple[Tensor, ...], ...]:
        """What the renderer sees of two first states."""
        return (torch.cat([self.out, self.out])[:2],)


def first_states(world: Learned) -> Any:
    """The states, at most ``STARTS``, from which games begin: at the end of the world's own openings if it has some,
    else for params drawn as its game draws them. Raises UserError for a world that must be shown an opening and has
    none."""
    own = world.starts
    shown = None if own is None else Opening(own.frames[:STARTS], own.actions[:STARTS])
    streams = seeds.rows(0, 0, STARTS if shown is None else len(shown.frames))
    state = world.core_state(world.init(world.spec.draw(streams), streams, shown))
    return type(state)(*(field.clone().contiguous() for field in state))  # plain tensors again, that can be traced
