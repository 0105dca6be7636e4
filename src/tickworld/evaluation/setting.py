"""What every measure is given: who is judged, against what, under which player and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from tickworld.data.player import Player
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.progress import Progress, Silent
from tickworld.simulator import Simulator


class PlayerConfig(Protocol):
    """What makes a player."""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``. Raises UserError when it cannot play it."""
        ...


@dataclass(frozen=True)
class Setting:
    """``dream`` is judged against ``truth``; ``player`` presses the keys (by ``config.players``). A measure opens its
    own bar on ``show``. ``players`` is the table that a measure takes other players from, by their names."""

    dream: Simulator
    truth: Simulator
    player: Player
    config: EvaluationConfig
    show: Progress = Silent()
    players: Mapping[str, PlayerConfig] = field(default_factory=dict)


class Measure(NamedTuple):
    """One line of the table: the key of its result in evaluation.json, and what makes it.

    A result is plain values for JSON: numbers, text, None, and mappings of rows for tables. ``take`` gives None where
    the game or the world has nothing to measure.
    """

    key: str
    take: Callable[[Setting], dict[str, Any] | None]
