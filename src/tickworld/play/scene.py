"""What there is to play, the same for everyone who opens the page, and what the server says of it at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import config as configs
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.simulator import Candid, Inspectable, Observing, Opening, Simulator, State
from tickworld.web import TICKS_PER_SECOND


@dataclass(frozen=True)
class Limits:
    """What one who plays may ask for, so that nobody can take all there is."""

    clients: int = 8
    """pages that are open at once"""
    state_bytes: int = 256 * 2**20
    """bytes that the states of one page may take"""
    message_bytes: int = 2**20
    """bytes of the longest request"""
    episode_ticks: int = 36_000
    """ticks of the longest game that is saved, ten minutes at 60 a second"""
    episode_bytes: int = 256 * 2**20
    """bytes that its frames may take"""
    gif_ticks: int = 600
    """ticks of the longest picture"""
    slow_seconds: float = 20.0
    """how long a page may leave a reply unread before it is let go"""


@dataclass(frozen=True)
class Scene:
    """``truth`` is played, and ``dream`` beside it if there is one. ``players`` by name can press the keys; those in
    ``own`` take one side only, by its name, and have it at first. Episodes go below ``folder``; ``provenance`` and
    ``calibration``, of its trust, are told to the page as they are, plain values for JSON."""

    title: str
    truth: Simulator
    dream: Simulator | None = None
    players: Mapping[str, Player] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None
    limits: Limits = Limits()

    def simulator(self, what: str) -> Simulator:
        """The "truth" or the "dream". Raises UserError where there is no dream."""
        if what == "truth":
            return self.truth
        if self.dream is None:
            raise UserError(
                f"there is no dream here, {self.truth.spec.name} is played alone; open a run or a cartridge"
            )
        return self.dream

    def hello(self) -> dict[str, Any]:
        """What a page is told first, plain values for JSON."""
        dream = self.dream
        return {
            "title": self.title,
            "truth": configs.plain(self.truth.spec),
            "dream": None if dream is None else configs.plain(dream.spec),
            "players": list(self.players),
            "own": dict(self.own),
            "observes": dream is not None and (observes(dream) or dream.spec.opening > 0),
            "trust": isinstance(dream, Candid),
            "fields": isinstance(dream, Inspectable),
            "calibration": self.calibration,
            "provenance": dict(self.provenance),
            "ticks_per_second": TICKS_PER_SECOND,
            "folder": None if self.folder is None else str(self.folder),
        }


class Sight(NamedTuple):
    """What a dream is set right by: how its game began, the true frame [1, H, W, C] of its tick, and the last frames
    for one that can only begin anew."""

    params: NDArray[np.float64]
    seeds: NDArray[np.uint64]
    frame: Frames
    opening: Opening | None


def observes(dream: Simulator) -> bool:
    """Whether ``dream`` itself can be corrected by a frame."""
    return isinstance(dream, Observing) and dream.observes


def anchored(dream: Simulator, state: State, sight: Sight) -> State:
    """``state`` of ``dream``, set right by the truth: corrected if it can be, else begun anew from the last frames.

    Raises UserError for a dream that begins from params alone and cannot be corrected, and for other frames than it
    takes.
    """
    if isinstance(dream, Observing) and dream.observes:
        return dream.observe(state, sight.frame)
    if dream.spec.opening == 0:
        raise UserError(
            f"this world of {dream.spec.name} can be shown nothing: it begins from params, and its core does not "
            "observe frames; begin again, or open a world that begins from frames"
        )
    if sight.opening is None:
        raise UserError(
            f"this world of {dream.spec.name} is set right by the truth's last {dream.spec.opening} frames; send them "
            "as its opening"
        )
    return dream.init(sight.params, sight.seeds, sight.opening)


def trust(simulator: Simulator, state: State) -> float | None:
    """How far ``simulator`` trusts the frame of ``state``, in nats; None where that is not known."""
    if not isinstance(simulator, Candid):
        return None
    value = float(simulator.trust(state)[0])
    return value if np.isfinite(value) else None
