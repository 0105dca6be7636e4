"""The players that look at nothing: idle, random and sticky; and the streams that all players draw numbers from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.seeds import mix
from tickworld.simulator import Simulator, Spec

Streams = NDArray[np.uint64]
"""[N, P]: a seed for each row and player."""


def player_streams(seeds: NDArray[np.uint64], spec: Spec, stream: str) -> Streams:
    """One seed for each row and player, uint64 [N, P], from ``stream``: no two kinds of player share one."""
    return np.stack([mix(seeds, stream, name) for name in spec.players], 1)


def numbers(streams: Streams, when: str | int) -> NDArray[np.float64]:
    """Four independent numbers in [0, 1), in steps of 2**-16, for each of ``streams``: float64 [4, N, P].

    One hash gives all four: hashing is most of what a simple player costs, and behaviour needs no finer chances.
    """
    quarters = mix(streams, when)[..., None].view(np.uint16)
    return np.moveaxis(quarters.astype(np.float64) * 2.0**-16, -1, 0)


def any_action(chance: NDArray[np.float64], spec: Spec) -> NDArray[np.uint8]:
    """The actions that numbers in [0, 1) stand for, all alike probable; uint8 of the same shape."""
    return (chance * len(spec.actions)).astype(np.uint8)


class Idle(Config):
    """Never presses anything: the first action of the game."""

    kind: Literal["idle"] = "idle"

    def build(self, game: Simulator) -> Player:
        """The player for ``game``."""
        return _Idle(len(game.spec.players))


@dataclass(frozen=True)
class _Idle:
    players: int

    def init(self, seeds: NDArray[np.uint64]) -> None:
        return None

    def act(self, memory: None, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], None]:
        return np.zeros((len(frames), self.players), np.uint8), None


class Random(Config):
    """Presses any key, a new one every tick."""

    kind: Literal["random"] = "random"

    def build(self, game: Simulator) -> Player:
        """The player for ``game``."""
        return _Random(game.spec)


@dataclass(frozen=True)
class _Random:
    spec: Spec

    def init(self, seeds: NDArray[np.uint64]) -> Streams:
        return player_streams(seeds, self.spec, "random")

    def act(self, memory: Streams, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Streams]:
        return any_action(numbers(memory, tick)[0], self.spec), memory


class Sticky(Config):
    """Holds a key for a while, then presses any key again."""

    kind: Literal["sticky"] = "sticky"
    keep: float = Field(default=0.9, ge=0, le=1)
    """chance a tick that the key is held on"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``."""
        return _Sticky(game.spec, self.keep)


class Held(NamedTuple):
    """What a sticky player remembers."""

    streams: Streams
    action: NDArray[np.uint8]  # [N, P] the key that is down


@dataclass(frozen=True)
class _Sticky:
    spec: Spec
    keep: float

    def init(self, seeds: NDArray[np.uint64]) -> Held:
        streams = player_streams(seeds, self.spec, "sticky")
        return Held(streams, any_action(numbers(streams, "first")[0], self.spec))

    def act(self, memory: Held, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Held]:
        keep, press, _, _ = numbers(memory.streams, tick)
        action = np.where(keep < self.keep, memory.action, any_action(press, self.spec))
        return action, memory._replace(action=action)
