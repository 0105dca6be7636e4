"""One call from two simulators to all figures: horizons, floors, errors over time, speed.

Games are played ``AT_ONCE`` at a time, whoever plays them, so figures do not depend on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import seeds
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.evaluation.beginning import OverTooSoon, Start
from tickworld.evaluation.floors import mean_ball
from tickworld.evaluation.rollout import rollout
from tickworld.evaluation.scores import Scores, joined, judge
from tickworld.frames import Frames
from tickworld.simulator import Probed, Simulator
from tickworld.workers import Workers

DREAM = "dream"
SHOWN = 6
"""How many rollouts are kept to be looked at."""
AT_ONCE = 64
"""Games that are played side by side. Another number may change the last bits of a figure."""


class EvaluationConfig(Config):
    """How a world is judged: on seeds and players that training never saw."""

    rollouts: int = Field(default=64, gt=0)
    """how many games are played"""
    frames: int = Field(default=500, gt=0)
    """ticks of each game"""
    players: str = "held_out"
    """who plays them"""
    seed: int = Field(default=0, ge=0)
    """which games"""
    measures: tuple[str, ...] = ()
    """what is measured beside the horizons, e.g. [events]; [all] takes every measure"""
    events: int = Field(default=10_000, gt=0)
    """errors by event: how many ticks of each event are dreamt"""
    events_ticks: int = Field(default=20_000_000, gt=0)
    """errors by event: ticks that the true game plays, at most, in search of rare events"""
    rules_rollouts: int = Field(default=16, gt=0)
    """rules: how many games are dreamt"""
    rules_frames: int = Field(default=10_000, gt=0)
    """rules: ticks of each dreamt game"""
    suites: tuple[str, ...] = ("random", "sticky", "tracking", "seeking", "idle", "mashing", "patterns")
    """suites: the players under which the world is judged"""
    suites_rollouts: int = Field(default=16, gt=0)
    """suites: how many games each of them plays, of `frames` ticks"""
    search_ticks: int = Field(default=8192, gt=0)
    """search: ticks that are tried with guidance, and as many without"""
    repair_rollouts: int = Field(default=16, gt=0)
    """repair: how many games are shown wrong, in each way"""
    repair_ticks: int = Field(default=200, gt=0)
    """repair: ticks that a world has to find back to the true course"""
    determinism_ticks: int = Field(default=100, gt=0)
    """determinism: ticks of the games that are dreamt again and again"""
    trust_rollouts: int = Field(default=64, gt=0)
    """trust: how many games are watched until they go wrong"""
    trust_frames: int = Field(default=1000, gt=0)
    """trust: ticks of each of them, at most; more than 100, or nothing is known of the next 100"""
    rewards_rollouts: int = Field(default=64, gt=0)
    """rewards: how many games are played"""
    rewards_frames: int = Field(default=500, gt=0)
    """rewards: ticks of each of them"""


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation, and the frames of a few rollouts to look at."""

    game: str
    rollouts: int
    frames: int
    scores: dict[str, Scores]
    ticks_per_second: dict[str, float]
    truth_shown: NDArray[np.uint8]  # [SHOWN, frames + 1, H, W, C]
    dream_shown: NDArray[np.uint8]
    measured: dict[str, Any] = field(default_factory=dict)  # results of ``config.measures``, by their keys

    @property
    def pixel_horizon(self) -> dict[str, float]:
        """median, p10, mean in ticks, and the share that survived."""
        return self.scores[DREAM].pixel.summary()

    @property
    def object_horizon(self) -> dict[str, float] | None:
        """As ``pixel_horizon``, or None when the game's frames cannot be read."""
        judged = self.scores[DREAM].object
        return judged.summary() if judged else None

    def to_json(self) -> dict[str, Any]:
        """What ``evaluation.json`` holds."""
        floors = {name: scores for name, scores in self.scores.items() if name != DREAM}
        return {
            "game": self.game,
            "rollouts": self.rollouts,
            "frames": self.frames,
            **self.scores[DREAM].horizons(),
            **self.scores[DREAM].means(),
            "floors": {name: scores.horizons() | scores.means() for name, scores in floors.items()},
            "ticks_per_second": self.ticks_per_second,
            "over_time": {name: scores.over_time() for name, scores in self.scores.items()},
            **self.measured,
        }


def evaluate(
    dream: Simulator,
    truth: Simulator,
    player: Player,
    config: EvaluationConfig | None = None,
    progress: Callable[[int], None] | None = None,
    by: Workers | None = None,
) -> Evaluation:
    """Plays ``config.rollouts`` games of ``config.frames`` ticks in truth and dream, open loop, and measures.

    ``player`` is who presses the keys (by ``config.players``); it watches the truth. ``progress`` is told the ticks
    done. ``by``: who plays, ``AT_ONCE`` games at a time; None: this process. Whoever it is, the figures are the same,
    but for the speeds.
    """
    config, tell = config or EvaluationConfig(), progress or (lambda done: None)
    ball = mean_ball(truth, player, seeds.derive(config.seed, "floor"))
    firsts, found = range(0, config.rollouts, AT_ONCE), dict[int, Played]()

    def done(ticks: int) -> None:
        tell((len(found) * config.frames + ticks) // len(firsts))

    play = Games(dream, truth, player, config, ball)
    if by is None:
        for first in firsts:
            found[first] = play(first, done)
    else:
        for first, played in by.each(play.with_threads(), firsts):
            found[first] = played
            done(0)
    parts = [found[first] for first in firsts]
    lasting = [part for part in parts if not part.too_soon]
    if not lasting:
        raise UserError(parts[0].too_soon)
    names = list(lasting[0].scores)
    probed = isinstance(truth, Probed)
    scores = {
        name: joined([part.scores.get(name) or Scores.blank(part.games, probed) for part in parts]) for name in names
    }
    return Evaluation(
        game=truth.spec.name,
        rollouts=config.rollouts,
        frames=config.frames,
        scores=scores,
        ticks_per_second={
            "batch": sum(part.rows for part in parts) / max(sum(part.seconds for part in parts), 1e-9),
            "alone": speed_alone(dream, truth, player),
        },
        truth_shown=lasting[0].shown[0],
        dream_shown=lasting[0].shown[1],
    )


class Played(NamedTuple):
    """What some ``games`` brought: their scores; the frames of the first of them, [2, SHOWN, T+1, H, W, C], truth and
    dream; how many ticks were dreamt in how many seconds; and why there is nothing, where all were over too soon."""

    games: int
    scores: dict[str, Scores]
    shown: NDArray[np.uint8]
    rows: int
    seconds: float
    too_soon: str = ""


class Games(NamedTuple):
    """Plays some of the games of an evaluation."""

    dream: Simulator
    truth: Simulator
    player: Player
    config: EvaluationConfig
    ball: NDArray[np.uint8] | None
    threads: int | None = None  # of torch; another number may change the last bits of a figure

    def with_threads(self) -> Games:
        """The same for other processes, which are to use as many threads as this one."""
        import torch  # takes seconds to load, and many simulators do without

        return self._replace(threads=torch.get_num_threads())

    def __call__(self, first: int, tell: Callable[[int], None] | None = None) -> Played:
        """The games from number ``first`` on, ``AT_ONCE`` of them; ``tell`` is told the ticks done."""
        if self.threads:
            import torch

            torch.set_num_threads(self.threads)
        config, truth, timed = self.config, self.truth, _Timed(self.dream)
        start = Start(self.player, min(AT_ONCE, config.rollouts - first), config.seed, first)
        shown = np.empty((2, min(SHOWN, start.count), config.frames + 1, *truth.spec.frame_shape), np.uint8)
        scores: dict[str, Scores] = {}
        last = 0
        try:
            for tick in rollout(truth, {DREAM: timed}, start, config.frames, self.ball):
                judge(scores, tick, truth)
                shown[:, :, tick.index] = tick.truth[:SHOWN], tick.dreams[DREAM][:SHOWN]
                last = tick.index
                if tell:
                    tell(last)
        except OverTooSoon as error:  # other games may last
            return Played(start.count, {}, shown[:, :, :0], 0, 0.0, str(error))
        return Played(start.count, scores, shown[:, :, : last + 1].copy(), timed.rows, timed.seconds)


def speed_alone(dream: Simulator, truth: Simulator, player: Player, ticks: int = 50) -> float:
    """Ticks a second of one dreamt game, update and render."""
    timed = _Timed(dream)
    for _ in rollout(truth, {DREAM: timed}, Start(player, 1, 0), ticks):
        pass
    return timed.rate()


class _Timed:
    """A simulator that counts how long its ticks take."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.spec = simulator.spec
        self.init = simulator.init
        self.status = simulator.status
        self.seconds, self.rows = 0.0, 0

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        started = time.perf_counter()
        state = self.simulator.update(state, actions)
        self.seconds += time.perf_counter() - started
        self.rows += len(actions)
        return state

    def render(self, state: Any) -> Frames:
        started = time.perf_counter()
        frames = self.simulator.render(state)
        self.seconds += time.perf_counter() - started
        return frames

    def rate(self) -> float:
        """Ticks (of single games) a second."""
        return self.rows / self.seconds if self.seconds else 0.0
