"""One row of a bench: a run like any other, and ``row.json`` with the figures of the table.

OUT/  bench.yaml · table.md · table.json
data/<game>/     the recording that all rows of a game learn from
rows/<row>/      the run · usage.json: what its training took · row.json: written last
rows/<row>.log   what went wrong, in full
rows/<row>.error the same in one sentence, until the row is done
"""

from __future__ import annotations

import math
import resource
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field
from torch import nn

from tickworld import config as configs
from tickworld import files
from tickworld.config import Config, override
from tickworld.data import store
from tickworld.errors import choose
from tickworld.evaluation.evaluate import DREAM
from tickworld.recipes.bench.pace import fitting
from tickworld.recipes.bench.suites import SUITES
from tickworld.recipes.config import RunConfig
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, train
from tickworld.simulator import BallGame
from tickworld.training import checkpoint, log

TICKS = (10, 50, 100, 500)
"""Ticks at which the places of ball and paddles are told."""
FILE = "bench.yaml"


class Bench(Config):
    """What is the same for all rows of a bench, kept in bench.yaml."""

    suite: str
    """which worlds; see ``suites``"""
    minutes: float = Field(default=5.0, gt=0)
    """processor time that each row may train"""
    smoke: bool = False
    """whether it only shows that everything works"""


class Row(NamedTuple):
    """Which world of a suite, on which game, from which seed."""

    game: str
    name: str
    seed: int

    def __str__(self) -> str:
        return f"{self.game}-{self.name}-{self.seed}"


def row_folder(out: Path, row: Row) -> Path:
    """Where the run of ``row`` lies."""
    return out / "rows" / str(row)


def data_folder(out: Path, game: str) -> Path:
    """Where the recording of ``game`` lies."""
    return (out / "data" / game).resolve()


def row_config(out: Path, bench: Bench, row: Row) -> RunConfig:
    """The run of ``row``, its iterations still to be decided. Raises UserError for a suite that there is none of."""
    config = choose(SUITES, bench.suite, "suite")()[row.game][row.name]
    if bench.smoke:
        config = _smoke(config)
    return override(config, {"seed": row.seed, "threads": 1, "data": str(data_folder(out, row.game))})


def _smoke(config: RunConfig) -> RunConfig:
    """``config`` at a size that takes a second; the network stays as it is."""
    small = {
        "record.episodes": 12, "record.ticks": 40, "training.batch": 4, "training.ticks.first": 2,
        "training.ticks.last": 4, "training.rate.warmup": 1, "training.sampler.fresh": 16, "training.sampler.pool": 16,
        "evaluation.rollouts": 4, "evaluation.frames": 12,
    }  # fmt: skip
    usual = dict(configs.leaves(config.model_dump(mode="json")))
    return override(config, {name: min(value, usual[name]) for name, value in small.items() if name in usual})


def make_row(out: Path, bench: Bench, row: Row) -> dict[str, Any]:
    """Trains and judges ``row``, going on where it stopped; returns what row.json holds.

    The recording must be there. Raises UserError for a world that cannot be built, trained or judged.
    """
    folder = row_folder(out, row)
    config = row_config(out, bench, row)
    iterations = _iterations(folder, config, bench)
    written = {"log": max(iterations // 200, 1), "save": max(iterations // 5, 1), "picture": iterations + 1}
    config = override(config, {"training.iterations": iterations, "output": written})
    run = begin_run(folder, config)
    _train(run)
    result = figures(run, row, conclude(run))
    files.write_json(folder / "row.json", result)
    return result


def _iterations(folder: Path, config: RunConfig, bench: Bench) -> int:
    """How long the row trains: as was decided when it began, or as fits into the minutes."""
    if (folder / "config.yaml").exists():
        return configs.load(RunConfig, folder / "config.yaml").training.iterations
    assert config.data is not None
    episodes = store.open(config.data).read()
    if bench.smoke:
        return min(fitting(config, episodes, bench.minutes, least=0), 3)
    return fitting(config, episodes, bench.minutes)


def _train(run: Run) -> None:
    """Trains and notes what it took. Of a training in several parts the last is measured, and its processor time
    counted for all iterations alike."""
    done = checkpoint.checkpoints(run.checkpoints)
    total = run.config.training.iterations
    rest = total - (done[-1].iteration if done else 0)
    if rest <= 0:
        return
    started = time.process_time()
    train(run)
    seconds = (time.process_time() - started) * total / rest
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # its units
    files.write_json(run.folder / "usage.json", {"cpu_minutes": seconds / 60, "memory_mb": peak / 1e6})


def figures(run: Run, row: Row, result: dict[str, Any]) -> dict[str, Any]:
    """What the table tells of a trained run, from its files and its evaluation ``result``."""
    playable, usage = run.playable(), run.folder / "usage.json"
    world, opening = playable.world.world, playable.world.spec.opening
    records = log.read(run.folder / "log.jsonl")
    over, truth = result["over_time"], playable.game
    ball = truth.ball if isinstance(truth, BallGame) else ""
    keys = ("pixel_horizon", "object_horizon", "mse", "bce")
    return {
        **row._asdict(),
        "starts_from": f"{opening} frames" if opening else "params",
        "weights": {part: _size(getattr(world, part)) for part in ("initializer", "core", "renderer")},
        "iterations": run.config.training.iterations,
        "minutes": run.seconds / 60,
        **(files.read_json(usage, "usage of a row") if usage.exists() else {"cpu_minutes": None, "memory_mb": None}),
        "training_loss": records[-1]["loss"] if records else None,
        **{key: result[key] for key in keys},
        **_places(over[DREAM], ball),
        "ticks_per_second": result["ticks_per_second"],
        "games": {str(tick): _at(over[DREAM]["judged"], tick) or 0 for tick in TICKS},
        "floors": {
            name: {key: floor[key] for key in keys} | _places(over[name], ball)
            for name, floor in result["floors"].items()
        },
    }


def _size(part: nn.Module) -> int:
    return sum(parameter.numel() for parameter in part.parameters())


def _places(over: dict[str, Any], ball: str) -> dict[str, Any]:
    """``off`` and ``lost`` of the ball and of the paddles, which are all other objects, at ``TICKS``."""
    objects = over["positions"]
    parts = {"ball": [ball] if ball in objects else [], "paddle": [name for name in objects if name != ball]}
    return {
        part: {key: {str(tick): _mean([_at(objects[name][key], tick) for name in names]) for tick in TICKS}
               for key in ("off", "lost")}
        for part, names in parts.items()
    }  # fmt: skip


def _at(values: list[Any], tick: int) -> Any:
    return values[tick] if tick < len(values) else None


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
