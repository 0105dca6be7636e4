"""Players that look at nothing and press to a beat: mashing hammers two keys, patterns presses long, regular waves.

A world that learned from players who follow the ball has seen little of either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.agents.plain import Streams, numbers, player_streams
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.seeds import mix
from tickworld.simulator import Simulator, Spec

SLOWEST = 3
"""Ticks that a hammered key is down, at most."""
LONGEST = 64
"""Ticks that a key is down within a wave, at most."""


class Mashing(Config):
    """Hammers two keys by turns, as fast as can be or nearly, and changes keys and rhythm now and then."""

    kind: Literal["mashing"] = "mashing"
    switch_ticks: float = Field(default=30.0, ge=1)
    """mean ticks until keys and rhythm are chosen anew"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``."""
        return _Rhythm(game.spec, self.kind, self.switch_ticks, _hammered)


class Patterns(Config):
    """Presses regular waves: one key held, two keys by turns, or a short press every few ticks (a staircase).

    Every player but the first presses a wave of its own, or what the first one does, or the opposite.
    """

    kind: Literal["patterns"] = "patterns"
    switch_ticks: float = Field(default=100.0, ge=1)
    """mean ticks until a player's wave is chosen anew"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``."""
        return _Rhythm(game.spec, self.kind, self.switch_ticks, _waves)


class Beat(NamedTuple):
    """``first`` is down for ``long`` ticks, then ``second`` for ``rest`` ticks, and so on; all [N, P]."""

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    long: NDArray[np.int64]
    rest: NDArray[np.int64]
    follow: NDArray[np.int64]  # 0: this beat; 1: what the first player presses; 2: the opposite of that


class Beats(NamedTuple):
    """What a player to a beat remembers."""

    streams: Streams
    beat: Beat


@dataclass(frozen=True)
class _Rhythm:
    spec: Spec
    stream: str
    switch_ticks: float
    draw: Callable[[NDArray[np.float64], Spec], Beat]  # from numbers in [0, 1), [5, N, P]

    def init(self, seeds: NDArray[np.uint64]) -> Beats:
        streams = player_streams(seeds, self.spec, self.stream)
        return Beats(streams, self._beat(streams, "first")[1])

    def act(self, memory: Beats, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Beats]:
        switch, new = self._beat(memory.streams, tick)
        changed = switch < 1 / self.switch_ticks
        beat = Beat(*(np.where(changed, after, before) for after, before in zip(new, memory.beat, strict=True)))
        action = np.where(tick % (beat.long + beat.rest) < beat.long, beat.first, beat.second)
        leader = action[:, :1]
        action = np.select([beat.follow == 1, beat.follow == 2], [leader, _opposite(leader, self.spec)], action)
        return action.astype(np.uint8), memory._replace(beat=beat)

    def _beat(self, streams: Streams, when: str | int) -> tuple[NDArray[np.float64], Beat]:
        """A number in [0, 1) that says whether to change, [N, P], and the beat to change to."""
        switch, *some = numbers(streams, when)
        return switch, self.draw(np.stack([*some, *numbers(mix(streams, "beat"), when)[:2]]), self.spec)


def _hammered(chances: NDArray[np.float64], spec: Spec) -> Beat:
    """Two keys but the first, which is to rest; with two keys at all, these."""
    resting = int(len(spec.actions) > 2)
    first, second = (each + np.uint8(resting) for each in _two(chances[:2], len(spec.actions) - resting))
    long, rest = (1 + (chances[2:4] * SLOWEST)).astype(np.int64)
    return Beat(first, second, long, rest, np.zeros_like(long))


def _waves(chances: NDArray[np.float64], spec: Spec) -> Beat:
    """A quarter of holds, and as many staircases as square waves; long waves are as many as short ones."""
    first, second = _two(chances[:2], len(spec.actions))
    kind, length, follow = chances[2:]
    ticks = np.round(2 ** (length * np.log2(LONGEST))).astype(np.int64)
    held, stairs = kind < 0.25, kind > 0.625
    rest = np.where(held, 0, ticks)
    follow = np.select([follow < 0.5, follow < 0.75], [0, 1], 2)
    follow[:, :1] = 0
    return Beat(first, second, np.where(stairs, 1, ticks), rest, follow)


def _two(chances: NDArray[np.float64], count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two of the first ``count`` actions, different ones where there are two."""
    first = (chances[0] * count).astype(np.uint8)
    further = 1 + (chances[1] * max(count - 1, 1)).astype(np.uint8)
    return first, (first + further) % np.uint8(count)


def _opposite(action: NDArray[np.uint8], spec: Spec) -> NDArray[np.uint8]:
    """The action on the other side: the first is to rest, the others mirror each other; of two, the other one."""
    count = len(spec.actions)
    return ((count - action) % count if count > 2 else count - 1 - action).astype(np.uint8)
