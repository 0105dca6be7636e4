"""Every row of every suite from nothing to its figures, at smoke size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.progress import Silent
from tickworld.recipes.bench import row as rows
from tickworld.recipes.bench.row import Bench, Row, make_row, row_config, row_folder
from tickworld.recipes.bench.run import record_game
from tickworld.recipes.bench.suites import SUITES
from tickworld.recipes.bench.table import error_path, gathered, markdown, write_table
from tickworld.recipes.config import RunConfig
from tickworld.recipes.playable import judge
from tickworld.recipes.run import open_run

BENCH = Bench(suite="seed", smoke=True)
ROWS = [Row(game, name, 0) for game, worlds in SUITES["seed"]().items() for name in worlds]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bench with its recordings."""
    out = tmp_path_factory.mktemp("bench")
    for row in {row.game: row for row in ROWS}.values():
        record_game(out, BENCH, row, Silent())
    return out


@pytest.fixture(scope="module")
def done(out: Path) -> dict[str, Any]:
    """The figures of one row."""
    return make_row(out, BENCH, Row("pong_angle", "gru", 7))


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_of_the_suite_comes_to_its_figures(out: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its report, which takes longer than all else and is the same for all."""
    monkeypatch.setattr(rows, "conclude", lambda run: judge(run.playable(), run.config.evaluation).to_json())
    figures = make_row(out, BENCH, row)
    assert json.loads((row_folder(out, row) / "row.json").read_text()) == figures
    lines = markdown(BENCH, gathered(out, BENCH, [0])).splitlines()
    [line] = [line for line in lines if line.startswith(f"| {row.name} ") and figures["starts_from"] in line][-1:]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert all(cells) and "-" not in cells


def test_figures_are_those_of_the_run(out: Path, done: dict[str, Any]) -> None:
    run = open_run(row_folder(out, Row("pong_angle", "gru", 7)))
    evaluation = json.loads((run.folder / "evaluation.json").read_text())
    over = evaluation["over_time"]["copy"]["positions"]
    assert (run.folder / "report.html").exists()
    assert run.config.seed == 7 and run.config.threads == 1
    assert done["weights"] == {"initializer": 2736, "core": 15600, "renderer": 40960}
    assert done["iterations"] == run.config.training.iterations and done["minutes"] == run.seconds / 60
    assert done["bce"] == evaluation["bce"] and done["pixel_horizon"] == evaluation["pixel_horizon"]
    assert done["games"] == {"10": evaluation["over_time"]["dream"]["judged"][10], "50": 0, "100": 0, "500": 0}
    floor = done["floors"]["copy"]
    assert floor["ball"]["off"]["10"] == over["ball"]["off"][10] > 0 and floor["ball"]["off"]["50"] is None
    assert floor["paddle"]["off"]["10"] == (over["left"]["off"][10] + over["right"]["off"][10]) / 2
    assert 0 < done["cpu_minutes"] < 1 and 100 < done["memory_mb"] < 10_000


def test_a_row_trains_as_long_as_was_decided_when_it_began(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("pong_angle", "gru", 8)
    monkeypatch.setattr(rows, "fitting", lambda *_, **__: 2)
    monkeypatch.setattr(rows, "train", lambda run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_row(out, BENCH, row)
    monkeypatch.undo()
    monkeypatch.setattr(rows, "fitting", lambda *_, **__: 1 / 0)
    assert make_row(out, BENCH, row)["iterations"] == 2
    assert configs.load(RunConfig, row_folder(out, row) / "config.yaml").training.iterations == 2


def test_what_training_took_is_kept_when_judging_was_cut_short(
    out: Path, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row("pong_angle", "gru", 7)
    (row_folder(out, row) / "row.json").unlink()
    monkeypatch.setattr(rows, "train", lambda run: 1 / 0)
    again = make_row(out, BENCH, row)
    assert again == done


def test_a_suite_that_there_is_none_of_is_told(out: Path) -> None:
    with pytest.raises(UserError, match="there is no suite 'sead'; did you mean 'seed'"):
        row_config(out, Bench(suite="sead"), ROWS[0])


def test_the_table_tells_rows_floors_and_failures(out: Path, done: dict[str, Any]) -> None:
    error_path(out, Row("pong", "lstm", 7)).write_text("training stopped at iteration 3\n")
    text = write_table(out, BENCH, [7])
    assert (out / "table.md").read_text() == text
    lines = text.splitlines()
    assert sum(line.startswith("| gru ") for line in lines) == 1
    assert sum(line.startswith("| floor: ") for line in lines) == 3
    assert "lstm, seed 7, failed: training stopped at iteration 3" in lines
    assert "dnc" not in text
    table = json.loads((out / "table.json").read_text())
    assert table["suite"] == "seed" and table["smoke"]
    assert table["rows"] == [
        done,
        {"game": "pong", "name": "lstm", "seed": 7, "error": "training stopped at iteration 3"},
    ]
