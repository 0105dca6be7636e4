"""Does external memory help where something must be remembered?

Cores of equal weights on three tasks, equal processor time for each: which key was pressed 12 ticks ago, which 60
ticks ago (one key a game, as who has scored must be remembered until the serve), and which twelve keys in order.
``window`` and ``transformer`` look back 64 ticks, so that all of it is in their sight.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickworld.training.tasks import NO_MEMORY, Draw, recall, serve

from . import sizes
from .rows import Effort, Figures, Question, Results, Row, both, draw, over, table
from .solving import solved

TASKS: dict[str, tuple[Draw, Draw]] = {
    "a key 12 ticks ago": (serve(12), serve(12, batch=64)),
    "a key 60 ticks ago": (serve(60), serve(60, batch=64)),
    "12 keys in order": (recall(12), recall(12, batch=64)),
}
CHANGES: dict[str, dict[str, Any]] = {
    "gru": {"layers": 1},
    "dilated": {},
    "ntm": {},
    "dnc": {},
    "window": {"ticks": 64},
    "transformer": {"ticks": 64},
}
RATES = {"transformer": 1e-3}
"""Learning rates of those that the bench trains at another one than the rest."""


def remember(kind: str, seed: int, effort: Effort) -> Figures:
    """A core on every task."""
    each = {
        name: solved(
            lambda size: sizes.sized(sizes.KINDS[kind], size, **CHANGES[kind]),
            task,
            seed,
            effort.of(1 / len(TASKS)),
            {"loss": judged},
            RATES.get(kind, 3e-3),
        )
        for name, (task, judged) in TASKS.items()
    }
    return {"weights": next(iter(each.values()))["weights"], **{name: one["points"] for name, one in each.items()}}


def show(results: Results, out: Path) -> str:
    """The losses on the way and in the end."""
    draw(out / "memory.png", {f"{name}: nats": over(results, "loss", name) for name in TASKS}, "processor minutes")
    lines = [
        [
            label,
            f"{rows[0]['weights']:,}",
            *(both(rows, lambda row, name=name: row[name][-1]["loss"], "{:.3f}") for name in TASKS),
            both(rows, lambda row: row["a key 60 ticks ago"][-1]["steps"], "{:,}"),
        ]
        for label, rows in results.items()
    ]
    head = ["core", "weights", *TASKS, "steps of the second"]
    return f"Whoever forgets pays {NO_MEMORY:.3f} nats:\n\n{table(head, lines)}"


ROWS = tuple(
    Row(kind, f"memory_{kind}", lambda seed, effort, kind=kind: remember(kind, seed, effort)) for kind in CHANGES
)
QUESTION = Question("Does external memory help where something must be remembered?", ROWS, show)
