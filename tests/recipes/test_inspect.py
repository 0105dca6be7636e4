"""An inspection from a run to its folder: the same for a seed, whole in itself, for worlds of all kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.inspection.visits import InspectionConfig
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.recipes.inspect import inspect
from tickworld.recipes.inspect_page import remembered, well_read
from tickworld.recipes.playable import Playable
from tickworld.recipes.run import Run

SMALL = InspectionConfig(games=20, ticks=12, every=3, states=1, ahead=2, components=12)
FILES = {"inspect.json", "inspect.html", "influence.png", "strongest.png", "probes.png", "map.png"}


@pytest.fixture(scope="module")
def untrained() -> Playable:
    """A GRU that knows nothing of the seed's game."""
    truth = game("pong_angle")
    parts = WorldConfig(initializer=ParamsConfig(size=8), core=GruConfig(size=6), renderer=DenseConfig())
    return Playable(Learned(seeded_world(parts, truth.spec, 0), truth.spec), truth, EvaluationConfig(), 1)


def test_a_run_is_inspected(finished: Run, tmp_path: Path) -> None:
    result = inspect(finished.playable(), SMALL, tmp_path / "deep" / "folder")
    folder = tmp_path / "deep" / "folder"
    assert {each.name for each in folder.iterdir()} == FILES | {"layout.png"}
    assert json.loads((folder / "inspect.json").read_text()) == json.loads(json.dumps(result, allow_nan=False))
    assert list(result["sensitivity"]) == ["frames", "age", "out"]
    assert list(result["sensitivity"]["frames"]["ticks_ahead"]) == ["0", "1", "2"]
    assert len(result["map"]["places"]) == result["states"] == 20 * 5
    page = (folder / "inspect.html").read_text()
    assert page.count("<img") == 5 and "Inside a learned pong" in page and "<script" not in page


def test_the_same_seed_gives_the_same_files(untrained: Playable, tmp_path: Path) -> None:
    for name in ("one", "other"):
        inspect(untrained, SMALL, tmp_path / name)
    made = [{each.name: each.read_bytes() for each in (tmp_path / name).iterdir()} for name in ("one", "other")]
    assert made[0] == made[1] and made[0].keys() == FILES
    other = inspect(untrained, SMALL.model_copy(update={"seed": 1}), tmp_path / "third")
    assert other != json.loads(made[0]["inspect.json"])


def test_what_counts_as_read() -> None:
    def number(state: float) -> dict[str, Any]:
        return {"kind": "number", "state": {"score": state}, "floor": {"score": -0.1}}

    def value(state: float) -> dict[str, Any]:
        return {"kind": "value", "state": {"score": state}, "floor": {"score": 0.8}}

    read = {"a": number(0.95), "b": number(0.5), "c": value(0.9), "d": value(0.99), "e": number(-7.0)}
    assert well_read(read, "state") == ["a", "d"]


def test_what_counts_as_remembered() -> None:
    read = {
        name: {"kind": "number", "state": {"score": state}, "pixels": {"score": pixels}, "floor": {"score": 0.0}}
        for name, state, pixels in (("place", 0.99, 1.0), ("speed", 0.7, -0.3), ("guess", 0.1, 0.0))
    }
    assert remembered(read) == ["speed"]


def test_a_player_that_there_is_not_is_told(untrained: Playable, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no player 'nobody'"):
        inspect(untrained, SMALL.model_copy(update={"players": "nobody"}), tmp_path / "x")
    assert not (tmp_path / "x").exists()
