"""A game engine: the core of snapped frames for many games at once. Its state holds a vector that says which game it
is, and the vector makes the weights of the rule.

    h_1, h_2, .. as in ``snapped``, every linear layer with the weights theta(e) that ``models.adapted`` makes of e

The engine is the network, the vector is the game. It comes from an initializer that gives frames and a vector, such as
``described``, and stays as it is while the game is played; so one can play what no vector of training described, such
as the mean of two. ``baked`` makes a plain snapped core of an engine and one vector.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld.errors import UserError
from tickworld.models.adapted import Adapter, Adapts
from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.cores.snapping import SnappedState, Snapping, check_palette
from tickworld.models.parts import State
from tickworld.simulator import Spec

LAYERS = ("see", "gather", "look_patch", "think", "answer")
"""The layers of the rule that a vector adapts."""


class EngineConfig(SnappedConfig):
    """Snapped frames, a local rule whose weights follow from a vector that describes the game."""

    kind: Literal["engine"] = "engine"  # type: ignore[assignment]
    vector: int = Field(default=16, gt=0, le=256)
    """numbers that describe a game"""
    adapts: Adapts = "rank"
    """how they change the weights: concat, film, rank or full"""
    rank: int = Field(default=8, gt=0)
    """rank of the change of each layer's weights, with rank alone"""

    def build(self, spec: Spec) -> Engine:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette, and for a vector
        as long as a frame."""
        check_palette("engine", spec)
        check_vector(self.vector, spec)
        return Engine(self, spec)

    def plain(self) -> SnappedConfig:
        """Of what an engine with one vector becomes."""
        own = set(EngineConfig.model_fields) - set(SnappedConfig.model_fields)
        return SnappedConfig(**self.model_dump(exclude={"kind", *own}))


def check_vector(vector: int, spec: Spec) -> None:
    """Raises UserError for a vector of so many numbers that it could not be told from a frame."""
    pixels = math.prod(spec.frame_shape)
    if vector >= pixels:
        raise UserError(f"a vector of an engine has fewer numbers than a frame, {pixels}; got {vector}")


class EngineState(NamedTuple):
    """As a ``SnappedState``, and the vector ``game`` [B, E]."""

    frames: Tensor
    age: Tensor
    game: Tensor
    out: Tensor


class ByVector(Snapping):
    """What engines have in common: a vector that stays in the state and says which game is played."""

    vector: int
    """How many numbers it has."""

    def take_vector(self, vector: int, spec: Spec) -> None:
        """Starts from now on with so many numbers beside the frames."""
        self.spec, self.vector = spec, vector
        self.shown_shape = self.start_shape
        self.start_shape = (math.prod(self.shown_shape) + vector, 1)

    @abstractmethod
    def baked(self, game: Tensor) -> Snapping:
        """The plain core of the game ``game`` [E]."""

    def init(self, start: Tensor) -> State:
        """The frames that were shown and the vector, which follow each other in the column ``start`` [B, .., 1]."""
        frames, game = start[:, : -self.vector, 0], start[:, -self.vector :, 0]
        return self._with(super().init(frames.unflatten(1, self.shown_shape)), game)

    def smoothed(self, state: State) -> State:
        """With probabilities of colours, all of them sure."""
        return state if self.soft else self._with(super().smoothed(state), state.game)

    def advance(self, state: State, out: Tensor) -> State:
        """The state one tick later, when ``out`` [B, Q, H, W] are the logits of the next frame's colours."""
        return self._with(super().advance(state, out), state.game)

    def _with(self, state: SnappedState, game: Tensor) -> EngineState:
        return EngineState(state.frames, state.age, game, state.out)


class Engine(ByVector, Snapped):
    """See the module docstring."""

    def __init__(self, config: EngineConfig, spec: Spec) -> None:
        super().__init__(config, spec)
        self.take_vector(config.vector, spec)
        self.adapters = nn.ModuleDict(
            {name: Adapter(config.adapts, getattr(self, name), config.vector, config.rank) for name in LAYERS}
        )

    @torch.no_grad()
    def baked(self, game: Tensor) -> Snapped:
        """The plain core of the game ``game`` [E]."""
        plain = Snapped(self.config.plain(), self.spec)
        weights = {name: each for name, each in self.state_dict().items() if not name.startswith("adapters.")}
        for name, adapter in self._adapters().items():
            weights[f"{name}.weight"], weights[f"{name}.bias"] = adapter.baked(getattr(self, name), game)
        plain.load_state_dict(weights)
        return plain

    def _layer(self, name: str, x: Tensor, rows: Tensor, state: State) -> Tensor:
        return self._adapters()[name](getattr(self, name), x, rows, state.game)

    def _adapters(self) -> dict[str, Adapter]:
        return {name: each for name, each in self.adapters.items() if isinstance(each, Adapter)}
