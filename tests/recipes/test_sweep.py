"""Sweeps: what is tried, workers that go and come back, trials that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.recipes.conftest import SMALL_CORE, TINY

from tickworld.errors import UserError
from tickworld.recipes import sweep
from tickworld.recipes.sweep import Axis, SweepConfig, axis, run_sweep, table

TINY_DEMO = {name: str(value) for name, value in (TINY | SMALL_CORE).items() if name != "world.core.radius"}
PEAK, WIDTH = "training.rate.peak=1e-4..1e-2:log", "world.core.width=8,16"


@pytest.fixture
def wanted() -> SweepConfig:
    pytest.importorskip("optuna")
    return SweepConfig(recipe="demo", over=(PEAK, WIDTH), trials=4)


def judged(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> list[tuple[Path, dict[str, Any]]]:
    """Has trials end as ``outcomes`` say, one after the other; what each was asked is in the list."""
    asked: list[tuple[Path, dict[str, Any]]] = []

    def value(folder: Path, config: SweepConfig, params: dict[str, Any]) -> float:
        asked.append((folder, params))
        outcome = outcomes[len(asked) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(sweep, "_value", value)
    return asked


def test_what_is_tried_is_said_in_a_word() -> None:
    assert axis("a.b=1e-4..1e-2:log") == Axis("a.b", 1e-4, 1e-2, log=True)
    assert axis("a=3..9") == Axis("a", 3, 9, whole=True)
    assert axis("a=0.5..9") == Axis("a", 0.5, 9)
    assert axis("a=gru, lstm") == Axis("a", choices=("gru", "lstm"))
    for wrong in ("a", "a=", "=3", "a=3..", "a=9..3", "a=0..1:log", "a=1..inf", "a=1..2:lin", "a=x..y"):
        with pytest.raises(UserError, match="--over takes NAME=LOW..HIGH"):
            axis(wrong)


def test_the_best_come_first_and_a_failed_one_says_why(
    wanted: SweepConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = judged(monkeypatch, 3.0, UserError("the loss became nan"), 1.0, 2.0)
    rows = run_sweep(tmp_path / "s", wanted)
    assert [row["value"] for row in rows] == [1.0, 2.0, 3.0, None]
    assert [folder.name for folder, _ in asked] == ["0", "1", "2", "3"]
    for _, params in asked:
        assert 1e-4 <= params["training.rate.peak"] <= 1e-2 and params["world.core.width"] in ("8", "16")
    assert "| 1 | failed: the loss became nan |" in (tmp_path / "s" / "table.md").read_text()
    assert (tmp_path / "s" / "sweep.png").read_bytes()[:4] == b"\x89PNG"
    assert run_sweep(tmp_path / "s", wanted) == rows and len(asked) == 4  # there is nothing left to do


def test_a_trial_whose_worker_is_gone_goes_on_in_its_folder(
    wanted: SweepConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = judged(monkeypatch, 3.0, KeyboardInterrupt(), 1.0, 2.0, 5.0)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(tmp_path / "s", wanted)
    rows = run_sweep(tmp_path / "s", wanted)
    assert [row["value"] for row in rows] == [1.0, 2.0, 3.0, 5.0]
    assert asked[2] == asked[1] and sorted(row["number"] for row in rows) == [0, 1, 3, 4]


def test_real_runs_are_tried(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    config = SweepConfig(
        recipe="demo", over=("training.rate.peak=1e-4..1e-2:log",), goal="floors.copy.mse", trials=1, changes=TINY_DEMO
    )
    (row,) = run_sweep(tmp_path / "s", config)
    assert row["value"] > 0 and (tmp_path / "s" / "trials" / "0" / "report.html").exists()
    nothing = config.model_copy(update={"goal": "pixel_horizon.medain"})
    (row,) = run_sweep(tmp_path / "t", nothing)
    assert "an evaluation has no number 'pixel_horizon.medain'; did you mean 'pixel_horizon.median'" in row["error"]


def test_mistakes_are_told(wanted: SweepConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(monkeypatch, 1.0, 1.0, 1.0, 1.0)
    run_sweep(tmp_path / "s", wanted)
    with pytest.raises(UserError, match="holds a sweep with trials = 4; got 5; use the same settings to join it"):
        run_sweep(tmp_path / "s", wanted.model_copy(update={"trials": 5}))
    with pytest.raises(UserError, match="demo has no setting 'training.rat.peak'; did you mean 'training.rate.peak'"):
        run_sweep(tmp_path / "t", wanted.model_copy(update={"over": ("training.rat.peak=1..2",)}))
    (tmp_path / "u").mkdir()
    (tmp_path / "u" / "note").write_text("mine")
    with pytest.raises(UserError, match="is not empty and holds no sweep; choose another --out"):
        run_sweep(tmp_path / "u", wanted)


def test_a_table_of_nothing_is_a_heading() -> None:
    assert table([], "loss") == "| trial | loss |\n| --- | ---: |\n"
