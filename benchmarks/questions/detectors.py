"""Do feature detectors that are made at run time beat fixed ones?

On ``pong_angle``: core ``runtime`` against ``gru`` and ``transition``, and renderer ``runtime`` against ``profiles``
(``gru runtime`` is the gru drawn by it), about 60,000 weights a world, from the bench's suite. And on a task that is a
product by nature, a key that turns the state round: parity over 32 ticks, judged over 32 and over 128.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.runtime import RuntimeConfig
from tickworld.models.cores.transition import TransitionConfig
from tickworld.training.tasks import NO_MEMORY, parity

from . import sizes
from .rows import Effort, Figures, Question, Results, Row, both, draw, over, table
from .solving import solved
from .stacking import angle_row, compare

TICKS, LONGER = 32, 128
JUDGED = {"loss": parity(TICKS, batch=64), "longer": parity(LONGER, batch=64)}
PARITY: dict[str, tuple[Any, dict[str, Any]]] = {
    "parity, gru": (GruConfig, {"layers": 1}),
    "parity, transition": (TransitionConfig, {"blocks": 2}),
    "parity, runtime": (RuntimeConfig, {"rank": 48}),
}


def turn(label: str, seed: int, effort: Effort) -> Figures:
    """The core of a row on parity."""
    kind, changes = PARITY[label]
    return solved(lambda size: sizes.sized(kind, size, **changes), parity(TICKS), seed, effort, JUDGED)


def show(results: Results, out: Path) -> str:
    """The worlds, then the task."""
    worlds = {label: rows for label, rows in results.items() if label not in PARITY}
    turned = {label.removeprefix("parity, "): rows for label, rows in results.items() if label in PARITY}
    told = compare(worlds, out / "detectors.png")
    panels = {f"parity, {TICKS} ticks: nats": over(turned, "loss"), f"{LONGER} ticks: nats": over(turned, "longer")}
    draw(out / "detectors_parity.png", panels, "processor minutes")
    head = ["core", "weights", "steps", f"parity, {TICKS} ticks", f"{LONGER} ticks"]
    lines = [
        [
            label,
            f"{rows[0]['weights']:,}",
            both(rows, lambda row: row["points"][-1]["steps"], "{:,}"),
            *(both(rows, lambda row, name=name: row["points"][-1][name], "{:.3f}") for name in JUDGED),
        ]
        for label, rows in turned.items()
    ]
    return f"{told}\n\nWithout memory parity costs {NO_MEMORY:.3f} nats:\n\n{table(head, lines)}"


ROWS = (
    *(angle_row(label) for label in ("gru", "transition", "runtime", "gru_runtime")),
    *(
        Row(label, label.replace(", ", "_"), lambda seed, effort, label=label: turn(label, seed, effort))
        for label in PARITY
    ),
)
QUESTION = Question("Do run-time feature detectors beat fixed ones?", ROWS, show)
