"""The benchmark of engines makes every one of its tables, with an engine that has hardly learned anything."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engines
from tickworld.config import override
from tickworld.recipes import recipe
from tickworld.recipes.run import Run, begin_run, train

TINY: dict[str, Any] = {
    "threads": 1,
    "game.games": 6,
    "record.episodes": 24,
    "record.ticks": 24,
    "world.core": {"kind": "unet", "reach": (3, 3), "ages": 4, "widths": (8, 8), "dense": 8, "told": 8, "vector": 5},
    "training.batch": 4,
    "training.iterations": 12,
    "training.rate.warmup": 2,
    "training.sampler": {"kind": "uniform"},
    "evaluation.rollouts": 3,
    "evaluation.frames": 8,
    "output.save": 12,
    "output.picture": 100,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    made = begin_run(tmp_path_factory.mktemp("engine") / "run", override(recipe("engine_pong"), TINY))
    train(made)
    return made


def asked(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(out=folder, games=2, rollouts=4, frames=12)


def test_unseen_games_are_judged_with_their_own_and_the_nearest_vector(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engines.unseen(run, asked(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 2 * len(engines.SPLITS) and lines[4].startswith("| between | engine | ")
    near = engines.nearest_seen(run)(np.array(run.config.game.build().spec.games[:3]))
    assert near.shape == (3, 5) and not near.isnan().any()


def test_a_world_of_one_game_has_its_share_of_data_and_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "SHARE", 6)
    config = engines.alone_config(run, {"speed": 12.0})
    assert (config.record.episodes, config.training.iterations) == (4, 2)
    assert config.world.core.kind == "unet" and config.world.core.vector == 0
    assert config.game.params == {"speed": 12.0} and config.game.split is None


def test_a_world_alone_beside_the_engine(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engines.alone(run, asked(tmp_path))
    told = capsys.readouterr().out
    assert "| between:1 | " in told and "median over games: engine " in told
    assert (tmp_path / "alone_1" / "config.yaml").exists()


def test_the_algebra(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "SHARES", (0.0, 1.0))
    engines.algebra(run, argparse.Namespace(out=tmp_path, games=1, rollouts=3, frames=12))
    told = capsys.readouterr().out
    assert all(f"| {axis} | " in told for axis in engines.PROBES) and "| fast short itself | " in told


def test_probes_of_true_games(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engines.probes(argparse.Namespace(games=4, rollouts=16, frames=200))
    assert "| ball_size | 100% | " in capsys.readouterr().out


def test_a_vector_is_fitted(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {name: value for name, value in TINY.items() if not name.startswith(("game.", "record."))}
    monkeypatch.setattr(engines, "recipe", lambda name: override(recipe(name), small))
    monkeypatch.setattr(engines, "SCRATCH", 3)
    engines.fit(run, argparse.Namespace(out=tmp_path, games=1, rollouts=3, frames=12))
    assert "| between:0 | " in capsys.readouterr().out


def test_adapters_at_equal_size(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "WIDTHS", (8, 16))
    monkeypatch.setattr(engines, "BATCHES", 1)
    engines.adapters(run, argparse.Namespace(out=tmp_path, games=2, rollouts=4, frames=24, iterations=2))
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["| concat", "| film", "| rank", "| full"]
    assert all(float(each.strip(" |")) > 0 for row in rows for each in row[4:])
