"""The player that goes to a goal, seeing itself and the goal in the frames by the game's own probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.agents.plain import Streams, any_action, numbers, player_streams
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.simulator import Quest, Simulator

_KEYS = ("left", "right", "up", "down")


class Seeking(Config):
    """Goes straight to the goal, sideways or up and down as chance has it, and strays now and then."""

    kind: Literal["seeking"] = "seeking"
    noise: float = Field(default=0.15, ge=0, le=1)
    """chance a tick of pressing any key instead"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``. Raises UserError unless its frames show who walks and where to."""
        return _Seeking(seekable(game), self)


def seekable(game: Simulator) -> Quest:
    """``game`` if a seeking player can play it. Raises UserError that says what it lacks."""
    spec = game.spec
    if not isinstance(game, Quest):
        raise UserError(f"seeking cannot play {spec.name}: it has no goal; choose another player, e.g. sticky")
    if missing := set(_KEYS) - set(spec.actions):
        raise UserError(
            f"seeking cannot play {spec.name}: it needs the actions {', '.join(_KEYS)}; missing is "
            f"{', '.join(sorted(missing))}; choose another player"
        )
    return game


@dataclass(frozen=True)
class _Seeking:
    game: Quest
    config: Seeking

    def init(self, seeds: NDArray[np.uint64]) -> Streams:
        return player_streams(seeds, self.game.spec, "seeking")

    def act(self, memory: Streams, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Streams]:
        slip, slip_to, sideways, _ = numbers(memory, tick)
        action = np.where(slip < self.config.noise, any_action(slip_to, self.game.spec), self._go(frames, sideways))
        return action, memory

    def _go(self, frames: NDArray[np.uint8], sideways: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The keys that bring the walker nearer, [N, P]; the first action where one of the two is not seen."""
        spec, seen = self.game.spec, self.game.objects(frames).positions
        way = (seen[self.game.goal] - seen[self.game.walker])[:, :2]
        left, right, up, down = (spec.actions.index(name) for name in _KEYS)
        keys = np.stack([np.where(way[:, 0] > 0, right, left), np.where(way[:, 1] > 0, down, up)], 1)
        share = np.abs(np.nan_to_num(way))
        axis = (sideways * share.sum(1, keepdims=True) >= share[:, :1]).astype(np.intp)  # the longer way more often
        chosen = np.take_along_axis(keys, axis, 1)
        return np.where(np.isnan(way).any(1, keepdims=True), 0, chosen).astype(np.uint8)
