"""One call from two simulators to all figures: horizons, floors, errors over time, speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import seeds
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.evaluation import errors
from tickworld.evaluation.floors import mean_ball
from tickworld.evaluation.horizon import Horizon, curve, objects_wrong
from tickworld.evaluation.positions import Positions
from tickworld.evaluation.rollout import Start, Tick, rollout
from tickworld.frames import Frames, pixels_wrong
from tickworld.simulator import Probed, Simulator

DREAM = "dream"
SHOWN = 6
"""How many rollouts are kept to be looked at."""


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


@dataclass
class Scores:
    """What is measured of one dream or floor, tick by tick; ``judged`` counts the rows that were not over."""

    pixel: Horizon
    object: Horizon | None
    judged: list[int] = field(default_factory=list)
    mse: list[float] = field(default_factory=list)
    bce: list[float] = field(default_factory=list)
    ssim: dict[int, float] = field(default_factory=dict)
    positions: Positions = field(default_factory=Positions)

    def horizons(self) -> dict[str, Any]:
        """The two horizons for JSON; the object horizon is None for a game whose frames cannot be read."""
        return {
            "pixel_horizon": self.pixel.summary(),
            "object_horizon": self.object.summary() if self.object else None,
        }

    def means(self) -> dict[str, float]:
        """MSE and BCE over all frames that were judged, a pixel."""
        return {name: float(np.average(getattr(self, name), weights=self.judged)) for name in ("mse", "bce")}

    def over_time(self) -> dict[str, Any]:
        """Errors and survival by tick, for JSON."""
        ticks = len(self.mse) - 1
        squared = np.array(self.mse)
        return {
            "judged": self.judged,
            "mse": curve(squared),
            "bce": curve(np.array(self.bce)),
            "psnr": curve(errors.psnr(squared)),
            "ssim": {str(tick): round(value, 5) for tick, value in self.ssim.items()},
            "pixel_survival": curve(self.pixel.survival(ticks)),
            "object_survival": curve(self.object.survival(ticks)) if self.object else None,
            "positions": self.positions.over_time(),
        }


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
) -> Evaluation:
    """Plays ``config.rollouts`` games of ``config.frames`` ticks in truth and dream, open loop, and measures.

    ``player`` is who presses the keys (by ``config.players``); it watches the truth. ``progress`` is told the ticks
    done.
    """
    config = config or EvaluationConfig()
    start = Start(player, config.rollouts, config.seed)
    scores: dict[str, Scores] = {}
    shown = np.empty((2, min(SHOWN, config.rollouts), config.frames + 1, *truth.spec.frame_shape), np.uint8)
    timed = _Timed(dream)
    ball = mean_ball(truth, player, seeds.derive(config.seed, "floor"))
    last = 0
    for tick in rollout(truth, {DREAM: timed}, start, config.frames, ball):
        _judge(scores, tick, truth)
        shown[:, :, tick.index] = tick.truth[:SHOWN], tick.dreams[DREAM][:SHOWN]
        last = tick.index
        if progress:
            progress(tick.index)
    return Evaluation(
        game=truth.spec.name,
        rollouts=config.rollouts,
        frames=config.frames,
        scores=scores,
        ticks_per_second={"batch": timed.rate(), "alone": speed_alone(dream, truth, player)},
        truth_shown=shown[0, :, : last + 1],
        dream_shown=shown[1, :, : last + 1],
    )


def speed_alone(dream: Simulator, truth: Simulator, player: Player, ticks: int = 50) -> float:
    """Ticks a second of one dreamt game, update and render."""
    timed = _Timed(dream)
    for _ in rollout(truth, {DREAM: timed}, Start(player, 1, 0), ticks):
        pass
    return timed.rate()


def _judge(scores: dict[str, Scores], tick: Tick, truth: Simulator) -> None:
    """Adds one tick to the scores of the dream and every floor; rows that are over are left out."""
    playing = tick.playing
    probe = truth.objects if isinstance(truth, Probed) else None
    true_objects = probe(tick.truth) if probe else None
    for name, frames in tick.dreams.items():
        count = len(frames)
        score = scores.setdefault(name, Scores(Horizon(count), Horizon(count) if probe else None))
        score.judged.append(int(playing.sum()))
        score.mse.append(errors.mse(tick.truth[playing], frames[playing]))
        score.bce.append(errors.bce(tick.truth[playing], frames[playing]))
        if tick.index in errors.SSIM_TICKS and min(truth.spec.frame_shape[:2]) >= errors.SSIM_WINDOW:
            score.ssim[tick.index] = errors.ssim(tick.truth[playing], frames[playing])
        objects = probe(frames) if probe else None
        if objects and true_objects:
            score.positions.add(true_objects, objects, playing)
        if tick.index == 0:  # the common start was shown, not dreamt
            continue
        score.pixel.add(pixels_wrong(tick.truth, frames, truth.spec.palette), playing)
        if objects and true_objects and score.object:
            score.object.add(objects_wrong(true_objects, objects), playing)


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
