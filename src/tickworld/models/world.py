"""A world: initializer, core and renderer put together, in torch.

    state = world.init(params, frames, actions)
    state = world.update(state, actions)
    pixels = world.render(state)

The only place that knows how the three parts meet. ``tickworld.models.learned`` wears a world as a Simulator; training
calls it with an objective.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.models.cores import CoreConfig
from tickworld.models.initializers import InitializerConfig
from tickworld.models.parts import Core, Initializer, Renderer, State
from tickworld.models.renderers import RendererConfig
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


class World(nn.Module):
    """See the module docstring."""

    def __init__(self, initializer: Initializer, core: Core, renderer: Renderer, spec: Spec) -> None:
        super().__init__()
        self.initializer = initializer
        self.core = core
        self.renderer = renderer
        self.action_count = len(spec.actions)

    def init(self, params: Tensor, frames: Tensor, actions: Tensor) -> State:
        """The state at the last of the K opening frames: params [B, S], frames [B, K, C, H, W], actions [B, K-1, P]."""
        return self.core.init(self.initializer(params, frames, one_hot(actions, self.action_count)))

    def update(self, state: State, actions: Tensor) -> State:
        """The state one tick later under ``actions`` [B, P]."""
        return self.core.update(state, one_hot(actions, self.action_count))

    def render(self, state: State) -> Tensor:
        """The expected frame [B, C, H, W] in 0..1."""
        return self.renderer.pixels(self.renderer(state.out))

    def unroll(self, state: State, actions: Tensor) -> Tensor:
        """Logits [B, T+1, ...] of the frame of ``state`` and of the T that follow, free running under ``actions`` [B,
        T, P]."""
        outs, _ = self.core.unroll(state, one_hot(actions, self.action_count))
        outs = torch.cat([state.out.unsqueeze(1), outs], 1)
        return self.renderer(outs.flatten(0, 1)).unflatten(0, outs.shape[:2])

    def forward(self, objective: Callable[..., Any], *arguments: Any) -> Any:
        """``objective(self, *arguments)``: the one door through which training enters, so that an engine can wrap
        it."""
        return objective(self, *arguments)

    def size(self) -> int:
        """How many trained numbers it has."""
        return sum(parameter.numel() for parameter in self.parameters())


def seeded_world(config: WorldConfig, spec: Spec, seed: int) -> World:
    """A new world whose first weights follow from ``seed`` alone; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.build(spec)
