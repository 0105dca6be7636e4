"""The player that follows the ball with its paddle, seeing both in the frames by the game's own probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.agents.plain import Streams, any_action, numbers, player_streams
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.simulator import BallGame, Simulator, Spec

_NEAR = 0.5
"""Pixels off the mark at which a paddle rests: it moves by whole pixels, its middle may lie at half ones."""


class Tracking(Config):
    """Follows the ball with its paddle, hits it with a changing part of it, and misses now and then."""

    kind: Literal["tracking"] = "tracking"
    spread: float = Field(default=1.25, ge=0)
    """how far off its middle the paddle meets the ball, in square roots of its pixels; the far ends miss"""
    noise: tuple[float, float] = (0.0, 0.3)
    """least and greatest chance a tick of pressing any key instead; the chance changes with the aim"""
    aim_ticks: float = Field(default=40.0, ge=1)
    """mean ticks until it takes a new aim"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``. Raises UserError unless its frames show a ball and paddles that go up and down, or
        left and right."""
        low, high = self.noise
        if not 0 <= low <= high <= 1:
            raise UserError(f"noise of a tracking player must be two chances, least first, in 0..1; got {self.noise}")
        return _Tracking(trackable(game), self)


def ways(spec: Spec) -> tuple[int, int, int] | None:
    """The axis that paddles move along, 0: x, 1: y, and the actions that move them back and forth on it; None where
    there are none."""
    for axis, names in enumerate((("left", "right"), ("up", "down"))):
        if set(names) <= set(spec.actions):
            return axis, spec.actions.index(names[0]), spec.actions.index(names[1])
    return None


def trackable(game: Simulator) -> BallGame:
    """``game`` if a tracking player can play it. Raises UserError that says what it lacks."""
    spec = game.spec
    lacks = f"tracking cannot play {spec.name}: "
    if not isinstance(game, BallGame):
        raise UserError(f"{lacks}it has no probe that finds objects in its frames; choose another player, e.g. sticky")
    if ways(spec) is None:
        raise UserError(
            f"{lacks}it needs the actions up and down, or left and right; got {', '.join(spec.actions)}; choose "
            "another player"
        )
    seen = game.objects(np.zeros((1, *spec.frame_shape), np.uint8)).positions
    unseen = [name for name in (*spec.players, game.ball) if name not in seen]
    if unseen:
        raise UserError(
            f"{lacks}its probe does not find {', '.join(unseen)}, only {', '.join(seen)}; choose another player"
        )
    return game


class Aim(NamedTuple):
    """What a tracking player remembers."""

    streams: Streams
    offset: NDArray[np.float64]  # [N, P] where the ball shall meet the paddle, in square roots of the paddle's pixels
    noise: NDArray[np.float64]  # [N, P] chance of any key


@dataclass(frozen=True)
class _Tracking:
    game: BallGame
    config: Tracking

    def init(self, seeds: NDArray[np.uint64]) -> Aim:
        streams = player_streams(seeds, self.game.spec, "tracking")
        offset, noise, _, _ = numbers(streams, "first")
        return Aim(streams, self._offset(offset), self._noise(noise))

    def act(self, memory: Aim, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Aim]:
        again, slip, slip_to, offset = numbers(memory.streams, tick)
        again = again < 1 / self.config.aim_ticks
        offset = np.where(again, self._offset(offset), memory.offset)
        noise = np.where(again, self._noise(slip_to), memory.noise)
        action = np.where(slip < noise, any_action(slip_to, self.game.spec), self._follow(frames, offset))
        return action, memory._replace(offset=offset, noise=noise)

    def _follow(self, frames: NDArray[np.uint8], offset: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The keys that bring each paddle to where it meets the ball as aimed."""
        spec = self.game.spec
        axis, back, forth = ways(spec) or (0, 0, 0)
        seen = self.game.objects(frames).positions
        paddles = np.stack([seen[name] for name in spec.players], 1)  # [N, P, 3]
        # A paddle's shape is not known, its pixels are. Where ball or paddle is not seen, NaN makes both tests false.
        way = seen[self.game.ball][:, None, axis] - offset * np.sqrt(paddles[..., 2]) - paddles[..., axis]
        action = np.zeros(way.shape, np.uint8)  # to rest is the first action, as for an idle player
        action[way > _NEAR] = forth
        action[way < -_NEAR] = back
        return action

    def _offset(self, chance: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.config.spread * (2 * chance - 1)

    def _noise(self, chance: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = self.config.noise
        return low + (high - low) * chance
