"""Trains an agent in a dream or in the true game, judges it in both, and keeps it in a folder.

    <name>/  agent.yaml · log.jsonl · saved.safetensors · trained.agent · evaluation.json

Run again, it goes on where it stopped; what was played since the last save, some seconds before a kill, is played anew.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as packed

from tickworld import __version__, files, seeds
from tickworld import config as configs
from tickworld.agents import trained
from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.matches import Estimate, estimate, played
from tickworld.agents.methods import MethodConfig
from tickworld.agents.methods.policy_gradient import PolicyGradient
from tickworld.agents.methods.task import Report, Saved, Task
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.games import GAMES, game
from tickworld.games.gym_config import is_gym
from tickworld.progress import Progress, Silent
from tickworld.recipes.shelf import open_playable
from tickworld.simulator import Replayed, Simulator

Where = Literal["dream", "truth"]
SAVE_SECONDS = 20.0
"""Between two saves."""
AT_ONCE = 250
"""Matches that are judged at once, so that their frames fit into memory."""


class AgentConfig(Config):
    """Everything that decides how an agent is trained and judged."""

    world: str
    """a world that knows its rewards: folder of a run, a cartridge or cartridge:NAME; for the truth also a game"""
    where: Where = "dream"
    """where it is trained: in the dream alone, or in the true game"""
    steps: int = Field(default=400_000, gt=0)
    """ticks that are played to train it, of all games together"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """of the first weights, the games and all noise in training"""
    arena: ArenaConfig = ArenaConfig(opponent="noisy", observation="objects", limit=500)
    """how it plays"""
    method: MethodConfig = PolicyGradient()
    """how it is trained"""
    matches: int = Field(default=1000, gt=1)
    """matches in which it is judged in the true game"""
    dreamt: int = Field(default=100, gt=1)
    """matches in which it is judged in the dream"""


class Stage:
    """What there is to play at ``place``: ``game``, and the ``dream`` of it unless that is a true game's name.

    Raises UserError where there is nothing.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.dream: Simulator | None = None
        if place in GAMES or is_gym(place):
            self.game = game(place)
        else:
            playable = open_playable(place)
            self.game, self.dream = playable.game, playable.world

    def arena(self, where: Where, config: ArenaConfig) -> Arena:
        """Where agents play in the dream or the truth. Raises UserError where there is none, or ``config`` does not
        fit."""
        simulator = self.dream if where == "dream" else self.game
        if simulator is None:
            raise UserError(
                f"{self.place} is a true game and no dream; train in it with --where truth, or give a run's folder or "
                "a cartridge, such as cartridge:pong"
            )
        if isinstance(simulator, Replayed):
            raise UserError(f"{self.place} learned a recording, and there is no game to play; train with --where dream")
        return Arena(simulator, self.game, config)


def train_agent(folder: Path, config: AgentConfig, show: Progress | None = None) -> dict[str, Any]:
    """Trains the agent of ``folder``, or goes on with it, and returns how it was judged, as ``evaluation.json`` has it.

    Raises UserError for a world that does not know its rewards, settings that do not fit, and a folder that holds
    anything else.
    """
    show, stage = show or Silent(), Stage(config.world)
    task = Task(stage.arena(config.where, config.arena), config.steps, config.seed)
    task.arena.begin(seeds.rows(0, 0, 1))  # what it cannot play is told before the folder is made
    _begin(folder, config)
    result = folder / "evaluation.json"
    if result.exists():
        return files.read_json(result, "evaluation")
    agent = _trained(folder, config, task, show)
    told = {
        "game": stage.game.spec.name,
        "side": agent.label.side,
        "opponent": config.arena.opponent if len(stage.game.spec.players) > 1 else None,
        "where": config.where,
        "method": config.method.kind,
        "limit": config.arena.limit,
        **{name: agent.label.origin[name] for name in ("steps", "seconds")},
        **judged(stage, trained.seated(agent, stage.game), config, show),
    }
    files.write_json(result, told)
    return told


def judged(stage: Stage, who: Player, config: AgentConfig, show: Progress | None = None) -> dict[str, Any]:
    """The returns of ``who`` on the agent's side of ``config``, in the ``dream`` and in the ``truth``, each an
    ``Estimate`` as plain values; None where there is none, as there is no truth of a recording."""
    show, found = show or Silent(), dict[str, Any]()
    counts: dict[Where, int] = {"dream": config.dreamt, "truth": config.matches}
    for where, count in counts.items():
        simulator = stage.dream if where == "dream" else stage.game
        there = simulator is not None and not isinstance(simulator, Replayed)
        plain = config.arena.model_copy(update={"penalty": 0.0})  # what it costs to learn is no part of the game
        found[where] = _judged(stage.arena(where, plain), who, count, show)._asdict() if there else None
    return found


def _judged(arena: Arena, who: Player, count: int, show: Progress) -> Estimate:
    rows, returns = seeds.rows(0, 0, count), []
    with show.bar(f"judging in {count:,} matches of {arena.spec.name}", count, "matches") as at:
        for first in range(0, count, AT_ONCE):
            returns.append(played(arena, rows[first : first + AT_ONCE], who))
            at(min(first + AT_ONCE, count), "")
    return estimate(np.concatenate(returns))


def _begin(folder: Path, config: AgentConfig) -> None:
    """Makes ``folder`` that of this training, or goes on with it. Raises UserError when it holds anything else."""
    path = folder / "agent.yaml"
    if path.exists():
        if differs := configs.difference(configs.load(AgentConfig, path), config):
            raise UserError(
                f"{folder} holds an agent with {differs}; use the same settings to go on with it, or another --out"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty and holds no agent; choose another --out")
    else:
        configs.save(config, path)
    files.clear_partials(folder)


def _trained(folder: Path, config: AgentConfig, task: Task, show: Progress) -> trained.Agent:
    """The agent, trained to the end."""
    saved, told = _read_saved(folder / "saved.safetensors"), _log(folder / "log.jsonl")
    first, before = (told[-1]["steps"], told[-1]["seconds"]) if saved and told else (0, 0.0)
    if not saved:
        told = []
    began = last = time.perf_counter()
    report: Report | None = None
    with show.bar(f"training {config.method.kind} in the {config.where}", config.steps, "ticks", first) as at:
        try:
            for report in config.method.train(task, saved):
                seconds = before + time.perf_counter() - began
                gained = report.gained
                told.append({"steps": report.steps, "seconds": round(seconds, 2), "return": gained})
                at(min(report.steps, config.steps), "" if gained is None else f"return {gained:.2f}")
                if time.perf_counter() - last > SAVE_SECONDS:
                    _save(folder, config, task, report, told)
                    last = time.perf_counter()
        finally:
            if report is not None:
                _save(folder, config, task, report, told)
    return trained.read(folder)


def _save(folder: Path, config: AgentConfig, task: Task, report: Report, told: list[dict[str, Any]]) -> None:
    """Writes the agent, its log and all that is needed to go on."""
    spec = task.arena.spec
    label = trained.Label(
        game=task.arena.game.spec.name,
        players=spec.players,
        actions=spec.actions,
        arena=config.arena.model_copy(update={"side": spec.players[task.arena.sides[0]]}),
        origin={
            "world": config.world,
            "where": config.where,
            "method": config.method.kind,
            "steps": report.steps,
            "seconds": told[-1]["seconds"],
            "seed": config.seed,
            "tickworld": __version__,
        },
    )
    trained.write(folder / trained.FILE, trained.Agent(label, report.network))
    files.write_text(folder / "log.jsonl", "".join(json.dumps(each) + "\n" for each in told))
    files.write_bytes(folder / "saved.safetensors", packed(report.saved))


def _read_saved(path: Path) -> Saved:
    """What was saved to go on; nothing where nothing was. Raises UserError when it is damaged."""
    try:
        return load_file(path) if path.exists() else {}
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete its folder and begin anew"
        ) from error


def _log(path: Path) -> list[dict[str, Any]]:
    """The lines of the log. Raises UserError when it is damaged."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    except (ValueError, OSError) as error:
        raise UserError(f"{path} is damaged ({error}); delete its folder and begin anew") from error
