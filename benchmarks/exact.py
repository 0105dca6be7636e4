"""What each ingredient of the exact world buys: recipe demo, shortened, with one thing taken away at a time.

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/exact.py --out runs/exact

Every row is a run of its own, on the same games: what is finished is not trained again, so rows can be shared out among
processes by naming them, and the last call without names prints the table and draws survival.png. About six minutes a
row on one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import tickworld as tw
from tickworld.progress import Progress
from tickworld.visual import curves

COMMON: dict[str, Any] = {"training.iterations": 12_000, "threads": 1, "evaluation.frames": 2000}
ROWS: dict[str, dict[str, Any]] = {
    "all of it": {},
    "not snapped": {"world.core.mode": "soft"},
    "no memory": {"world.core.ages": 1},
    "hard, but not rare": {"training.sampler.kind": "hard"},
    "uniform sampling": {"training.sampler.kind": "uniform"},
    "no low-rate tail": {"training.rate.last": 1.0},
    "no weight decay": {"training.decay": 0.0},
    "a quarter of the games": {},
}
QUARTER = "a quarter of the games"


def main() -> None:
    """Trains the rows that were asked for, then prints the table of all that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=f"which rows: {', '.join(ROWS)}; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/exact"), help="where the runs are kept")
    asked = parser.parse_args()
    for name in asked.rows or ROWS:
        plan = tw.recipes.recipe("demo").record
        episodes = plan.episodes // 4 if name == QUARTER else plan.episodes
        changes = COMMON | {"record.episodes": episodes} | ROWS[name]
        tw.train("demo", out=asked.out / name.replace(" ", "_"), show=Progress(), **changes)
    lines = []
    print("| | pixel median | p10 | right to the end | ticks a mistake |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in ROWS:
        path = asked.out / name.replace(" ", "_") / "evaluation.json"
        if path.exists():
            result = json.loads(path.read_text())
            horizon = result["pixel_horizon"]
            failed = result["rollouts"] * (1 - horizon["survived"])
            rate = f"{result['rollouts'] * horizon['mean'] / failed:,.0f}" if failed else "none seen"
            print(f"| {name} | {horizon['median']:,.0f} | {horizon['p10']:,.0f} | {horizon['survived']:.0%} | {rate} |")
            lines.append(curves.Series(name, result["over_time"]["dream"]["pixel_survival"]))
    (asked.out / "survival.png").write_bytes(curves.png(curves.survival(lines)))


if __name__ == "__main__":
    main()
