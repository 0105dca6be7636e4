"""Does stacking inside a tick help, at equal weights, alone and with dilation?

Worlds of the bench's suite ``seed`` on ``pong_angle``, about 60,000 weights each. A tick of the transition passes two
networks of two layers, each with a gated shortcut around it; without the shortcut its gates are held open, so that
every tick rewrites the whole state, h' = DNN(x, h) to the letter, and the weights of the gates do not count.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tickworld.config import override
from tickworld.models.cores.dilated import DilatedConfig
from tickworld.models.cores.transition import TransitionConfig
from tickworld.models.world import World
from tickworld.recipes.bench.suites import seed as suite
from tickworld.recipes.config import RunConfig
from tickworld.visual.curves import Series

from . import angle, sizes
from .rows import Effort, Figures, Question, Results, Row, both, draw, over, table

OPEN = 200.0
"""A gate's bias with which its logistic is exactly 1 and has no slope, in single precision."""
SHUT = "transition, no shortcut"


def gates(world: World) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of the gates of a core ``transition``."""
    cell: Any = world.core.cell
    size = world.core.out_shape[0]
    last = [layer for layer in cell.layers if layer.out_features == 2 * size]
    return [(layer.weight[size:], layer.bias[size:]) for layer in last]


@torch.no_grad()
def hold_open(world: World) -> None:
    """Takes the shortcuts away: no gradient ever reaches the gates again."""
    for weight, bias in gates(world):
        weight.zero_()
        bias.fill_(OPEN)


def used(world: World) -> int:
    """The weights of a world whose gates are held open."""
    return world.size() - sum(weight.numel() + bias.numel() for weight, bias in gates(world))


def config_of(label: str) -> RunConfig:
    """The world of a row."""
    worlds = suite()["pong_angle"]
    if label in worlds:
        return worlds[label]
    spec = worlds["gru"].game.build().spec

    def sized(size: int) -> Any:
        deep = TransitionConfig(size=size, blocks=2)
        core = deep if label == SHUT else DilatedConfig(cell=TransitionConfig(size=size))
        return override(worlds["gru"], {"world.core": core.model_dump(mode="json")}).world

    world = sizes.nearest(sized, spec, used if label == SHUT else sizes.weights)
    return override(worlds["gru"], {"world.core": world.core.model_dump(mode="json")})


def train(label: str, seed: int, effort: Effort) -> Figures:
    """Loss on the way, and for how long objects are where they belong."""
    config = override(config_of(label), {"evaluation.rollouts": 32, "evaluation.frames": 128})
    config, world, points = angle.trained(config, seed, effort, hold_open if label == SHUT else lambda world: None)
    size = used(world) if label == SHUT else world.size()
    figures = {"weights": size, "iterations": config.training.iterations, "points": points}
    return figures | angle.horizon(config, world)


def compare(results: Results, path: Path) -> str:
    """Table and plot of worlds on ``pong_angle``; also used by ``detectors``."""
    right = [
        Series(label, each["object_survival"][1:41], at=range(1, len(each["object_survival"][1:41]) + 1))
        for label, rows in results.items()
        for each in rows
    ]
    draw(path, {"nats a frame, 256 ticks": over(results, "loss")}, "processor minutes", "y")
    draw(path.with_stem(f"{path.stem}_horizon"), {"share of games still right": right}, "ticks since the start")
    head = ["core", "weights", "iterations", "nats a frame", "object horizon, median", "p10", "mean"]
    return table(
        head,
        (
            [
                label,
                f"{rows[0]['weights']:,}",
                both(rows, lambda row: row["iterations"], "{:,}"),
                both(rows, lambda row: row["points"][-1]["loss"], "{:.1f}"),
                *(
                    both(rows, lambda row, name=name: row["object_horizon"][name], "{:.1f}")
                    for name in ("median", "p10", "mean")
                ),
            ]
            for label, rows in results.items()
        ),
    )


def angle_row(label: str) -> Row:
    """The row of a world on ``pong_angle``."""
    name = label.replace(",", "").replace(" ", "_")
    return Row(label, f"angle_{name}", lambda seed, effort: train(label, seed, effort))


LABELS = ("gru", "lstm", "transition", SHUT, "dilated", "dilated transition")
ROWS = tuple(angle_row(label) for label in LABELS)
QUESTION = Question("Does internal stacking help?", ROWS, lambda results, out: compare(results, out / "stacking.png"))
