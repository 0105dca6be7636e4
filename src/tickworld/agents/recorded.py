"""The player of a recording: it presses what was pressed, since a recording goes on in no other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.simulator import Replayed, Simulator


class AsRecorded(Config):
    """Presses what was pressed while a recording was made."""

    kind: Literal["recorded"] = "recorded"

    def build(self, game: Simulator) -> Player:
        """The player for ``game``. Raises UserError for one that is played and no recording."""
        if not isinstance(game, Replayed):
            raise UserError(
                f"player recorded presses what was pressed in a recording, and {game.spec.name} is played anew; choose "
                "another player"
            )
        return _AsRecorded(game)


@dataclass(frozen=True)
class _AsRecorded:
    """What it remembers is where its games stand: it begins where the recording does, by the same seeds."""

    game: Replayed

    def init(self, seeds: NDArray[np.uint64]) -> Any:
        return self.game.init(self.game.spec.defaults(len(seeds)), seeds)

    def act(self, memory: Any, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Any]:
        actions = self.game.recorded_actions(memory)
        return actions, self.game.update(memory, actions)
