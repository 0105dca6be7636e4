"""Rows in processes of their own: one that breaks stops no other, and what is done is not done again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tickworld.errors import UserError
from tickworld.recipes.bench.row import Bench, Row, row_folder
from tickworld.recipes.bench.run import Chosen, _error, begin_bench, chosen_rows, run_bench

BENCH = Bench(suite="seed", smoke=True)


def test_rows_are_chosen_by_pattern_and_seed() -> None:
    rows = chosen_rows("seed", Chosen(seeds=(3, 4), rows="*-gru-*"))
    assert rows == [Row(game, "gru", seed) for seed in (3, 4) for game in ("pong_angle", "pong")]
    assert len(chosen_rows("seed", Chosen())) == 2 * len(chosen_rows("seed", Chosen(seeds=(0,))))


def test_unknown_suites_and_rows_are_told() -> None:
    with pytest.raises(UserError, match="there is no suite 'sead'; did you mean 'seed'"):
        chosen_rows("sead", Chosen())
    with pytest.raises(UserError, match="no row is called 'pong-gro-0'; did you mean 'pong-gru-0'"):
        chosen_rows("seed", Chosen(rows="pong-gro-0"))


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    begin_bench(tmp_path / "new", BENCH)
    begin_bench(tmp_path / "new", BENCH)
    with pytest.raises(UserError, match="with smoke = True; got False"):
        begin_bench(tmp_path / "new", Bench(suite="seed"))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match="is not empty and holds no bench"):
        begin_bench(tmp_path, BENCH)


def test_how_a_process_ended_is_one_sentence(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Traceback ...\nValueError: no\n\n")
    assert _error(0, log) == ""
    assert _error(1, log) == "ValueError: no"
    assert "SIGKILL" in _error(-signal.SIGKILL, log)
    log.write_text("")
    assert "code 3" in _error(3, log)


@pytest.mark.slow
def test_a_broken_row_stops_no_other_and_is_tried_again(tmp_path: Path) -> None:
    broken, sound = Row("pong_angle", "gru", 0), Row("pong_angle", "lstm", 0)
    chosen = Chosen(seeds=(0,), rows="pong_angle-[gl]*", jobs=1)
    planted = row_folder(tmp_path, broken) / "notes.txt"
    begin_bench(tmp_path, BENCH)
    planted.parent.mkdir(parents=True)
    planted.touch()
    assert run_bench(tmp_path, BENCH, chosen) == [broken]
    table = (tmp_path / "table.md").read_text()
    assert "gru, seed 0, failed: " in table and "is not empty and holds no run" in table and "| lstm " in table
    made = (row_folder(tmp_path, sound) / "row.json").stat().st_mtime_ns

    planted.unlink()
    assert run_bench(tmp_path, BENCH, chosen) == []
    assert (row_folder(tmp_path, sound) / "row.json").stat().st_mtime_ns == made
    table = (tmp_path / "table.md").read_text()
    assert "failed" not in table and "| gru " in table and "| lstm " in table
