"""Complete runs that take seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tickworld import config as configs
from tickworld.recipes import begun
from tickworld.recipes.config import RunConfig
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, train

TINY: dict[str, Any] = {
    "threads": 1,
    "record.episodes": 8,
    "record.ticks": 40,
    "record.block": 2,
    "training.iterations": 12,
    "training.batch": 8,
    "training.rate.warmup": 3,
    "training.ticks.first": 1,
    "training.ticks.last": 1,
    "training.sampler.pool": 64,
    "training.sampler.fresh": 64,
    "training.sampler.played": 8,
    "training.sampler.common": 8,
    "training.sampler.renew": 5,
    "evaluation.rollouts": 4,
    "evaluation.frames": 20,
    "evaluation.events": 20,
    "evaluation.events_ticks": 2000,
    "evaluation.rules_frames": 20,
    "output.log": 1,
    "output.save": 4,
    "output.picture": 6,
}
SMALL_CORE = {"world.core.width": 8, "world.core.summary": 4, "world.core.radius": (1, 1), "world.core.ages": 4}


def tiny(name: str, changes: dict[str, Any]) -> RunConfig:
    """Recipe ``name``, or that for the game of this name, at a size that runs in seconds."""
    config = begun(name, {}).config
    there = dict(configs.leaves(config.model_dump(mode="json")))
    small = {key: value for key, value in TINY.items() if key in there}
    if pushed := there.get("training.objective.push"):
        small |= {"training.ticks.first": pushed + 1, "training.ticks.last": pushed + 1}
    return configs.override(config, small | changes)


@pytest.fixture(scope="session")
def tiny_demo() -> RunConfig:
    return tiny("demo", SMALL_CORE)


@pytest.fixture
def run_tiny(tmp_path: Path) -> Any:
    """Runs a recipe at tiny size, with changes, from nothing to its report; before it the one that it begins with."""

    def run_tiny(name: str, **changes: Any) -> Run:
        earlier = begun(name, {}).config.begin.run  # runs/<recipe>
        if earlier is not None and "begin.run" not in changes:
            changes["begin.run"] = str(run_tiny(earlier.name).folder)
        run = begin_run(tmp_path / name, tiny(name, changes))
        train(run)
        conclude(run)
        return run

    return run_tiny


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_demo: RunConfig) -> Run:
    """A tiny demo that was never interrupted. Not to be changed."""
    run = begin_run(tmp_path_factory.mktemp("runs") / "demo", tiny_demo)
    train(run)
    conclude(run)
    return run
