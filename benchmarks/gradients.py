"""What slopes through a learned world are worth: tables for docs/gradients.md.

python benchmarks/gradients.py identify runs/pong_speed        params of held-out games, by frames of evidence

OMP_NUM_THREADS=1 taskset -c 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tickworld.cli.console import Terminal
from tickworld.evaluation.identification import IdentificationConfig
from tickworld.recipes.identify import identified
from tickworld.recipes.shelf import open_playable

FRAMES = (4, 8, 16, 32, 64)

Row = tuple[str, ...]


def table(heading: Row, rows: Sequence[Row]) -> None:
    """Prints a table."""
    print("| " + " | ".join(heading) + " |")
    print("| ---: |" + " ---: |" * (len(heading) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def identify(asked: argparse.Namespace) -> None:
    """Median and worst error of each param, and the share of games in which all are within a hundredth."""
    playable, rows = open_playable(asked.run), []
    names: list[str] = []
    for frames in FRAMES:
        config = IdentificationConfig(frames=frames, games=asked.games)
        result = identified(playable, None, "tracking", config, Terminal())
        names = list(result["params"])
        cells = [str(frames)]
        for row in result["params"].values():
            cells += [
                f"{row['error']['median']:.4f}",
                f"{row['error']['worst']:.4f}",
                f"{np.median(row['spread']):.4f}",
            ]
        cells += [f"{row['within_1_percent']:.0%}" for row in result["params"].values()]
        rows.append(tuple(cells))
    heads = [f"{name}, {what}" for name in names for what in ("median error", "worst", "spread")]
    table(("frames", *heads, *(f"{name} within 0.01" for name in names)), rows)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made: dict[str, Any] = {"identify": identify}
    parser.add_argument("what", choices=tuple(made))
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--games", type=int, default=32, help="held-out games")
    asked = parser.parse_args()
    made[asked.what](asked)


if __name__ == "__main__":
    main()
