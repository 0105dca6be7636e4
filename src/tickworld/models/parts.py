"""The three swappable parts of a world, as abstract classes, and the law of recurrence.

    start = initializer(params, frames, actions)      state = core.init(start)
    every tick:  state = core.update(state, x)         logits = renderer(state.out)
    on evidence: seen, nats = renderer.read(frames)    state, surprise = core.observe(state, seen)

A state is a flat NamedTuple of tensors whose first axis is the batch; its field ``out`` is what the renderer sees. Ring
buffers, memories, windows and generated weights are fields like any other. Axes as in ``tickworld.tensors``.

Randomness is an argument everywhere; no part draws on its own. A part that draws says how many standard normal numbers
it takes, its ``noise``; zeros in their place give the mean or the mode. Parts hold weights and nothing else: no
optimiser, no loss weights, no dataset.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor, nn

Part = Literal["initializer", "core", "renderer"]
"""The name of one of a world's parts."""

State = Any
"""A flat NamedTuple of batch-first tensors with a field ``out``."""


class Initializer(nn.Module, ABC):
    """What a world starts from: params and/or the first frames -> ``start``."""

    opening: int
    """How many first frames it must be shown; 0: it needs params alone."""

    @abstractmethod
    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """``start`` [B, *start_shape] from params [B, S], frames [B, K, C, H, W] in 0..1 and the one-hot actions
        between them [B, K-1, A]; K = ``opening``."""


class Core(nn.Module, ABC):
    """The world's rule: what the state becomes when a tick passes under an input."""

    start_shape: tuple[int, ...]
    """Shape of one row of ``start``."""
    out_shape: tuple[int, ...]
    """Shape of one row of ``state.out``."""
    noise: int = 0
    """How many standard normal numbers N it takes each tick; 0: the future follows from state and actions."""
    samples: bool = True
    """Whether a dream gives it that noise; False: a dream goes on with the mean or the mode."""
    seen_shape: tuple[int, ...] | None = None
    """Shape of one row of what it can observe; None: it imagines only."""

    @abstractmethod
    def init(self, start: Tensor) -> State:
        """The first state, from ``start`` [B, *start_shape]; every field depends on row b of ``start`` only."""

    @abstractmethod
    def update(self, state: State, x: Tensor) -> State:
        """The state one tick later, under the one-hot actions and then the noise in ``x`` [B, A + N]. Never changes
        ``state``."""

    def smooth(self) -> Core:
        """A core of the same weights that is differentiated through: itself, unless it carries decisions on, which have
        no slope."""
        return self

    def smoothed(self, state: State) -> State:
        """One of its states as ``smooth()`` holds it."""
        return state

    def unroll(self, state: State, x: Tensor) -> tuple[Tensor, State]:
        """``out`` after each of T ticks, [B, T, *out_shape], and the last state, under ``x`` [B, T, A + N].

        A core may replace it, for speed; a test holds it equal to this loop.
        """
        outs = []
        for step in x.unbind(1):
            state = self.update(state, step)
            outs.append(state.out)
        return torch.stack(outs, 1), state

    def observe(self, state: State, seen: Tensor, noise: Tensor) -> tuple[State, Tensor]:
        """The state corrected by what the renderer reads of the true frame, ``seen`` [B, *seen_shape], drawn with
        ``noise`` [B, N]; and the nats [B] by which that surprised it."""
        raise NotImplementedError("a core with a seen_shape says how it observes")

    def follow(self, state: State, x: Tensor, seen: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, State]:
        """``out`` [B, T, *out_shape] and surprise [B, T] when ``seen`` [B, T, *seen_shape] is observed after each of T
        ticks, and the last state, under ``x`` [B, T, A + N] and ``noise`` [B, T, N].

        A core may replace it, for speed; a test holds it equal to this loop.
        """
        outs, nats = [], []
        for step, sight, chance in zip(x.unbind(1), seen.unbind(1), noise.unbind(1), strict=True):
            state, surprise = self.observe(self.update(state, step), sight, chance)
            outs.append(state.out)
            nats.append(surprise)
        return torch.stack(outs, 1), torch.stack(nats, 1), state


class Renderer(nn.Module, ABC):
    """What the state looks like, as a distribution over frames."""

    exact: bool = False
    """Whether ``pixels`` are colours of the game's palette only."""
    noise: int = 0
    """How many standard normal numbers ``read`` takes for each frame."""
    code_shape: tuple[int, ...] | None = None
    """Shape of one row of what ``read`` gives; None: the frames as they are."""
    learns_by: str | None = None
    """The one objective that trains it; None: any that asks for its ``pixel_loss``."""

    @abstractmethod
    def forward(self, out: Tensor) -> Tensor:
        """Logits of the frame, [B, ...], from ``out`` [B, *out_shape]."""

    @abstractmethod
    def pixels(self, logits: Tensor) -> Tensor:
        """The expected frame [B, C, H, W] in 0..1."""

    @abstractmethod
    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Negative log-likelihood of ``frames`` [B, C, H, W], per pixel in nats: [B, H, W]."""

    def colour_nats(self, logits: Tensor, palette: Tensor) -> Tensor:
        """How likely each colour of ``palette`` [Q, C] in 0..1 is at each pixel, as its logarithm, [B, Q, H, W] in
        nats."""
        shown = self.pixels(logits)
        every = [-self.pixel_loss(logits, colour.view(-1, 1, 1).expand_as(shown)) for colour in palette]
        return torch.stack(every, 1)

    def read(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What a core is given to observe of ``frames`` [B, C, H, W], and the nats [B] that it takes to tell it; drawn
        with ``noise`` [B, N].

        A renderer with an encoder gives an ``out`` that it would draw as these frames; others the frames as they are.
        """
        return frames, frames.new_zeros(len(frames))
