"""A world: initializer, core and renderer put together, in torch.

    state = world.init(params, frames, actions)
    state = world.update(state, actions)
    pixels = world.render(state)
    state, surprise = world.observe(state, frames, noise)       for cores that draw: evidence corrects them

The only place that knows how the three parts meet. ``tickworld.models.learned`` wears a world as a Simulator; training
calls it with an objective.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.cores import CoreConfig
from tickworld.models.initializers import InitializerConfig
from tickworld.models.parts import Core, Initializer, Renderer, State
from tickworld.models.renderers import RendererConfig
from tickworld.models.unrolling import partly_shown, truncated
from tickworld.simulator import Spec
from tickworld.tensors import one_hot


class WorldConfig(Config):
    """Which three parts a world is made of."""

    initializer: InitializerConfig
    """what it starts from"""
    core: CoreConfig
    """what happens when a tick passes"""
    renderer: RendererConfig
    """what the state looks like"""

    def build(self, spec: Spec) -> World:
        """The world for ``spec``, with weights drawn from torch's global generator (``seeded_world`` sets it).

        Raises UserError when the parts do not fit together or do not suit the game.
        """
        core = self.core.build(spec)
        return World(
            self.initializer.build(spec, core.start_shape), core, self.renderer.build(spec, core.out_shape), spec
        )


class Corrected(NamedTuple):
    """``outs`` [B, T+1, *out_shape] of the corrected states, ``told`` and ``surprise`` as in ``Followed``."""

    outs: Tensor
    told: Tensor
    surprise: Tensor


class Followed(NamedTuple):
    """``logits`` [B, T+1, ...] of the frames of the corrected states; ``told`` [B, T+1], nats in which the renderer
    told them, and ``surprise`` [B, T+1], nats by which they surprised the core."""

    logits: Tensor
    told: Tensor
    surprise: Tensor


class World(nn.Module):
    """See the module docstring."""

    def __init__(self, initializer: Initializer, core: Core, renderer: Renderer, spec: Spec) -> None:
        super().__init__()
        self.initializer = initializer
        self.core = core
        self.renderer = renderer
        self.action_count = len(spec.actions)
        self.frame_shape = (spec.channels, spec.height, spec.width)

    def init(self, params: Tensor, frames: Tensor, actions: Tensor) -> State:
        """The state at the last of the K opening frames: params [B, S], frames [B, K, C, H, W], actions [B, K-1, P]."""
        return self.core.init(self.start(params, frames, actions))

    def start(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """What the initializer makes of the same, [B, ...]."""
        return self.initializer(params, frames, one_hot(actions, self.action_count))

    def update(self, state: State, actions: Tensor, noise: Tensor | None = None) -> State:
        """The state one tick later under ``actions`` [B, P] and the core's ``noise`` [B, N]; None: the mean or the
        mode."""
        return self.core.update(state, self._inputs(actions, noise))

    def observe(self, state: State, frames: Tensor, noise: Tensor) -> tuple[State, Tensor]:
        """The state corrected by the true ``frames`` [B, C, H, W], and its surprise [B] in nats. ``noise`` [B, M + N]:
        the renderer's, then the core's.

        Raises UserError for parts that cannot observe.
        """
        for_renderer, for_core = noise.split((self.renderer.noise, self.core.noise), 1)
        return self.core.observe(state, self._read(frames, for_renderer)[0], for_core)

    def render(self, state: State) -> Tensor:
        """The expected frame [B, C, H, W] in 0..1."""
        return self.renderer.pixels(self.renderer(state.out))

    def advance(self, state: State, actions: Tensor) -> State:
        """The state T ticks later under ``actions`` [B, T, P]; means or modes."""
        return self.core.unroll(state, self._inputs(actions, None))[1]

    def unroll(self, state: State, actions: Tensor, noise: Tensor | None = None, truncate: int = 0) -> Tensor:
        """Logits [B, T+1, ...] of the frame of ``state`` and of the T that follow, free running under ``actions`` [B,
        T, P] and ``noise`` [B, T, N]; None: means or modes. With ``truncate`` the gradient is cut every so many
        ticks."""
        return self._drawn(self.outs(state, actions, noise, truncate))

    def outs(self, state: State, actions: Tensor, noise: Tensor | None = None, truncate: int = 0) -> Tensor:
        """What the renderer sees in that, ``out`` of T+1 states, [B, T+1, *out_shape]."""
        x = self._inputs(actions, noise)
        outs, _ = truncated(self.core, state, x, truncate) if truncate else self.core.unroll(state, x)
        return torch.cat([state.out.unsqueeze(1), outs], 1)

    def follow(
        self, state: State, actions: Tensor, frames: Tensor, noise: Tensor, shown: Tensor | None = None
    ) -> Followed:
        """What the world makes of the true ``frames`` [B, T+1, C, H, W] of a window, one after the other: ``state`` is
        its guess at the first. ``noise`` [B, T+1, M + 2N]: the renderer's, the core's to observe and the core's to
        imagine. ``shown`` [B, T]: after which ticks it goes on from the corrected state; None: after all.

        Raises UserError for parts that cannot observe.
        """
        outs, told, surprise = self.corrected(state, actions, frames, noise, shown)
        return Followed(self._drawn(outs), told, surprise)

    def corrected(
        self, state: State, actions: Tensor, frames: Tensor, noise: Tensor, shown: Tensor | None = None
    ) -> Corrected:
        """The same, with what the renderer sees of the corrected states in place of what it makes of it."""
        sizes = (self.renderer.noise, self.core.noise, self.core.noise)
        reading, observing, imagining = noise.split(sizes, 2)
        seen, told = self._read(frames.flatten(0, 1), reading.flatten(0, 1))
        seen, told = (each.unflatten(0, frames.shape[:2]) for each in (seen, told))
        state, first = self.core.observe(state, seen[:, 0], observing[:, 0])
        x = self._inputs(actions, imagining[:, 1:])
        if shown is None:
            outs, later, _ = self.core.follow(state, x, seen[:, 1:], observing[:, 1:])
        else:
            outs, later, _ = partly_shown(self.core, state, x, seen[:, 1:], observing[:, 1:], shown)
        outs = torch.cat([state.out.unsqueeze(1), outs], 1)
        return Corrected(outs, told, torch.cat([first.unsqueeze(1), later], 1))

    def check_observes(self) -> None:
        """Raises UserError unless the core can observe what the renderer reads of a frame."""
        read, observed = self.renderer.code_shape or self.frame_shape, self.core.seen_shape
        if observed is None:
            raise UserError("this world's core cannot observe frames; use one that can, such as --world.core.kind rssm")
        if read != observed:
            raise UserError(
                f"this world's renderer reads frames as {list(read)} and its core observes {list(observed)}; give a "
                "core of codes, such as mdn_rnn, a renderer with an encoder, such as vae, and a core of frames, such "
                "as rssm, one without"
            )

    def _drawn(self, outs: Tensor) -> Tensor:
        """The renderer's logits [B, T, ...] of ``outs`` [B, T, *out_shape]."""
        return self.renderer(outs.flatten(0, 1)).unflatten(0, outs.shape[:2])

    def _read(self, frames: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What the core observes of ``frames`` [B, C, H, W] and the nats [B] it takes to tell."""
        self.check_observes()
        return self.renderer.read(frames, noise)

    def _inputs(self, actions: Tensor, noise: Tensor | None) -> Tensor:
        """What the core is given: one-hot actions, then the noise if it takes any, [..., A + N]."""
        x = one_hot(actions, self.action_count)
        if not self.core.noise:
            return x
        return torch.cat([x, x.new_zeros(*x.shape[:-1], self.core.noise) if noise is None else noise], -1)

    def forward(self, objective: Callable[..., Any], *arguments: Any) -> Any:
        """``objective(self, *arguments)``: the one door through which training enters, so that an engine can wrap
        it."""
        return objective(self, *arguments)

    def size(self) -> int:
        """How many trained numbers it has."""
        return sum(parameter.numel() for parameter in self.parameters())

    def learned(self) -> dict[str, nn.Parameter]:
        """The weights that training changes, by name, in order: all but those of frozen parts."""
        return {name: each for name, each in self.named_parameters() if each.requires_grad}


def seeded_world(config: WorldConfig, spec: Spec, seed: int) -> World:
    """A new world whose first weights follow from ``seed`` alone; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.build(spec)
