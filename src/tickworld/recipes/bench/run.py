"""A whole bench: its recordings, then its rows, each in a process of its own, and the table after every one.

Done rows are skipped, so a bench that was cut short goes on when it is asked for again; failed rows are tried again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tickworld import config as configs
from tickworld import files
from tickworld.agents import player
from tickworld.data.record import record
from tickworld.errors import UserError, choose, near_match
from tickworld.progress import Progress, Silent
from tickworld.recipes.bench.row import FILE, Bench, Row, data_folder, row_config, row_folder
from tickworld.recipes.bench.suites import SUITES
from tickworld.recipes.bench.table import error_path, write_table


@dataclass(frozen=True)
class Chosen:
    """Which rows of a suite are made, and how many at a time."""

    seeds: tuple[int, ...] = (0, 1)
    rows: str = "*"
    """a pattern such as ``pong-*-0``"""
    jobs: int = 1


def chosen_rows(suite: str, chosen: Chosen) -> list[Row]:
    """The rows, all of one seed before those of the next. Raises UserError when there is no such suite or row."""
    worlds = choose(SUITES, suite, "suite")()
    rows = [Row(game, name, seed) for seed in chosen.seeds for game in worlds for name in worlds[game]]
    if found := [row for row in rows if fnmatchcase(str(row), chosen.rows)]:
        return found
    raise UserError(f"no row is called {chosen.rows!r}; {near_match(chosen.rows, map(str, rows))}")


def begin_bench(out: Path, bench: Bench) -> None:
    """Makes ``out`` the folder of ``bench``, or goes on with it. Raises UserError when it holds anything else."""
    if (out / FILE).exists():
        if differs := configs.difference(configs.load(Bench, out / FILE), bench):
            raise UserError(
                f"{out} holds a bench with {differs}; use the same settings to go on with it, or another --out"
            )
    elif out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and holds no bench; choose another --out")
    else:
        configs.save(bench, out / FILE)


def run_bench(out: Path, bench: Bench, chosen: Chosen, show: Progress | None = None) -> list[Row]:
    """Makes the rows that are not done and writes the table; returns those that failed.

    Raises UserError when there is no such suite or row, or ``out`` holds anything else.
    """
    show = show or Silent()
    rows = chosen_rows(bench.suite, chosen)
    begin_bench(out, bench)
    left = [row for row in rows if not (row_folder(out, row) / "row.json").exists()]
    for row in {row.game: row for row in left}.values():
        record_game(out, bench, row, show)
    for row in left:
        error_path(out, row).unlink(missing_ok=True)
    failed = []
    with show.bar(f"bench {bench.suite}", len(rows), "rows", len(rows) - len(left)) as at:
        for done, (row, error) in enumerate(_made(out, left, chosen.jobs), len(rows) - len(left) + 1):
            if error:
                failed.append(row)
                files.write_text(error_path(out, row), error + "\n")
                show.say(f"{row} failed: {error}")
            write_table(out, bench, chosen.seeds)
            at(done, str(row))
    write_table(out, bench, chosen.seeds)
    return failed


def record_game(out: Path, bench: Bench, row: Row, show: Progress) -> None:
    """Records the game of ``row`` unless that is done."""
    config = row_config(out, bench, row)
    game, plan = config.game.build(), config.record
    with show.bar(f"recording {row.game}", plan.episodes * plan.ticks, "frames") as at:
        record(game, player(plan.players, game), plan, data_folder(out, row.game), lambda done, _: at(done, ""))


def _made(out: Path, rows: Sequence[Row], jobs: int) -> Iterator[tuple[Row, str]]:
    """Rows as they end, up to ``jobs`` at a time, each with what went wrong; empty when nothing did."""
    waiting, running = list(rows), dict[Row, subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                row = waiting.pop(0)
                running[row] = _started(out, row)
            ended = [row for row, process in running.items() if process.poll() is not None]
            for row in ended:
                yield row, _error(running.pop(row).returncode, _log(out, row))
            if not ended:
                time.sleep(0.1)
    finally:
        for process in running.values():
            process.terminate()
            process.wait()


def _started(out: Path, row: Row) -> subprocess.Popen[bytes]:
    """The process that makes ``row``, on one thread."""
    words = [sys.executable, "-m", "tickworld.recipes.bench", str(out), row.game, row.name, str(row.seed)]
    path = _log(out, row)
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, env=os.environ | {"OMP_NUM_THREADS": "1"})


def _log(out: Path, row: Row) -> Path:
    return out / "rows" / f"{row}.log"


def _error(code: int, log: Path) -> str:
    """What went wrong with a process, in one sentence; empty when nothing did."""
    if code == 0:
        return ""
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}, as happens when memory is short; ask for it again"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"it ended with code {code} and said nothing; see {log}"
