"""One tiny run made by the command itself, for all tests that need a trained world."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tickworld.cli import main

TINY: str = (
    "--threads 1 --record.episodes 6 --record.ticks 40 "
    "--record.block 3 --world.core.width 8 --world.core.summary 4 "
    "--world.core.radius [1,1] --world.core.ages 4 --training.sampler.fresh 64 --training.sampler.played 8 "
    "--training.iterations 6 --training.batch 8 --training.rate.warmup 2 "
    "--output.log 1 --output.save 3 --evaluation.rollouts 3 "
    "--evaluation.frames 10"
)


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Overrides that make the demo a matter of seconds."""
    return TINY.split()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run. Not to be changed."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert main(["train", "demo", "--out", str(folder), *TINY.split()]) == 0
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be damaged."""
    return shutil.copytree(made, tmp_path / "run")
