"""Do growing sequences train long ones faster?

The seed's GRU-GRU-32 with row and column profiles on its own game. Every batch has as many frames, whatever the length
of its windows; all are judged on the same held-out windows of 256 ticks. Success is a loss below that of the floor
"no ball" (0.09925 nats a pixel, ``docs/results.md``), as soon as the planks are where they belong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickworld.config import override
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.recipes.pong import seed_gru

from . import angle
from .rows import Effort, Figures, Question, Results, Row, both, draw, over, table

GROWN = {"first": 16, "last": 256}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "256 from the beginning": ("growth_none", {"first": 256, "last": 256}),
    "grown 16 to 256": ("growth_share", GROWN),
    "grown by success": ("growth_success", GROWN | {"below": 159.0, "over": 10}),
    "grown, earlier lengths mixed in": ("growth_mixed", GROWN | {"mixed": 0.3}),
}


def train(way: dict[str, Any], seed: int, effort: Effort) -> Figures:
    """The loss on the way, and which length of windows it came to."""
    changes = {"world.renderer": ProfilesConfig(shapes=12).model_dump(mode="json"), "training.rate.peak": 3e-3}
    config = override(seed_gru(), changes | {f"training.ticks.{name}": value for name, value in way.items()})
    config, world, points = angle.trained(config, seed, effort)
    return {"weights": world.size(), "iterations": config.training.iterations, "points": points}


def show(results: Results, out: Path) -> str:
    """Loss on the way to the end."""
    draw(out / "growth.png", {"nats a frame, 256 ticks": over(results, "loss")}, "processor minutes", "y")
    head = ["windows", "iterations", "minutes", "half way", "in the end"]
    return table(
        head,
        (
            [
                label,
                both(rows, lambda row: row["iterations"], "{:,}"),
                both(rows, lambda row: row["points"][-1]["minutes"]),
                both(rows, lambda row: row["points"][len(row["points"]) // 2]["loss"], "{:.1f}"),
                both(rows, lambda row: row["points"][-1]["loss"], "{:.1f}"),
            ]
            for label, rows in results.items()
        ),
    )


ROWS = tuple(
    Row(label, name, lambda seed, effort, way=way: train(way, seed, effort)) for label, (name, way) in WAYS.items()
)
QUESTION = Question("Do growing sequences train long ones faster?", ROWS, show)
