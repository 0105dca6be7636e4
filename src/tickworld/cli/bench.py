"""The command that compares worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from pydantic import Field

from tickworld.cli.command import Command, Json, print_json
from tickworld.cli.console import Terminal

Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Bench(Command):
    """Train and judge worlds side by side, with equal data and equal processor time, and write one table.

    Each row is a run of its own in OUT/rows. Given again, rows that are done are kept and the others go on where they
    stopped. The exit code is 1 when a row failed; the table says why.
    """

    suite: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SUITE")]
    """which worlds: seed, every core on both games of Pong"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """folder of the bench; by default runs/bench-SUITE"""
    minutes: float = Field(default=5.0, gt=0)
    """minutes of processor time that each row may train"""
    seeds: tuple[Seed, ...] = Field(default=(0, 1), min_length=1)
    """one row of each world for each of these"""
    jobs: int = Field(default=1, gt=0)
    """rows at a time, each on one thread"""
    rows: str = "*"
    """only rows like this, such as 'pong_angle-*-0'"""
    smoke: bool = False
    """only show that everything works: tiny recordings, a few iterations, the first seed"""
    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> int:
        """Makes the rows and prints the table."""
        from tickworld import files
        from tickworld.recipes.bench.row import Bench as Shared
        from tickworld.recipes.bench.run import Chosen, run_bench

        out = self.out or Path("runs") / f"bench-{self.suite}"
        seeds = self.seeds[:1] if self.smoke else self.seeds
        bench = Shared(suite=self.suite, minutes=self.minutes, smoke=self.smoke)
        failed = run_bench(out, bench, Chosen(seeds, self.rows, self.jobs), Terminal())
        if self.json_output:
            print_json(files.read_json(out / "table.json", "table of a bench"))
        else:
            print((out / "table.md").read_text(encoding="utf-8"))
        return 1 if failed else 0
