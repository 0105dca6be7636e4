"""A learned world with all that playing and judging it needs, wherever it came from: a run or a cartridge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from tickworld.agents import PLAYERS, player
from tickworld.data.player import Player
from tickworld.errors import choose
from tickworld.evaluation.evaluate import Evaluation, EvaluationConfig, evaluate
from tickworld.evaluation.measures import chosen, measure
from tickworld.evaluation.setting import Setting
from tickworld.models.learned import Learned
from tickworld.progress import Progress, Silent
from tickworld.simulator import Simulator
from tickworld.workers import Workers


@dataclass(frozen=True)
class Playable:
    """``world`` learned ``game``; it is judged as ``evaluation`` says, on as many processor ``threads``."""

    world: Learned
    game: Simulator
    evaluation: EvaluationConfig
    threads: int


def check_names(config: EvaluationConfig, game: Simulator) -> Player:
    """The player that ``config`` names. Raises UserError for a measure or a player that there is not: a misspelt one
    is told before anything takes its time."""
    chosen(config.measures)
    if "suites" in chosen(config.measures):
        for name in config.suites:
            choose(PLAYERS, name, "player")  # one that cannot play this game is left out when it is measured
    return player(config.players, game)


def judge(
    playable: Playable, config: EvaluationConfig, show: Progress | None = None, by: Workers | None = None
) -> Evaluation:
    """Evaluates a world open loop against its game, with the measures that ``config`` names. ``by``: who plays the
    games; None: this process, which takes all measures."""
    torch.set_num_threads(playable.threads)
    return assess(playable.world, playable.game, config, show, by)


def assess(
    world: Simulator,
    game: Simulator,
    config: EvaluationConfig,
    show: Progress | None = None,
    by: Workers | None = None,
) -> Evaluation:
    """As ``judge``, for any two simulators. Raises UserError for a measure or player that there is not."""
    show = show or Silent()
    who = check_names(config, game)
    with show.bar(f"evaluating {config.rollouts} rollouts", config.frames, "ticks") as at:
        evaluation = evaluate(world, game, who, config, lambda done: at(done, ""), by)
    return replace(evaluation, measured=measure(Setting(world, game, who, config, show, PLAYERS)))
