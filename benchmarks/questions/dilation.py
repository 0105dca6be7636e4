"""Does dilation carry gradient further, and does that help to remember?

Three cores of equal weights: two stacked GRUs, four dilated levels (the last looks back 8 ticks) and eight (128 ticks).
The gradient: the norm of the change of ``out`` at tick 512, in a random direction of length 1, with the keys of d ticks
before, root mean square over 16 games of an echo of ``SHOWN`` ticks; as a new core has it, and after it has practised
that echo over 2 ``SHOWN`` ticks. Learning: which key was pressed d ticks ago, a new core for each d, equal processor
time.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tickworld.models.cores.dilated import DilatedConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.parts import Core
from tickworld.training.tasks import KEYS, NO_MEMORY, Solver, echo, held_out, practice
from tickworld.visual.curves import Series

from . import sizes
from .rows import Effort, Figures, Question, Results, Row, both, draw, practised, table

TICKS, GAMES = 512, 16
DELAYS = (4, 8, 16, 32, 64)
SHOWN = 16
CORES: dict[str, tuple[Any, dict[str, Any]]] = {
    "gru, 2 layers": (GruConfig, {"layers": 2}),
    "dilated, 4 levels": (DilatedConfig, {"levels": 4}),
    "dilated, 8 levels": (DilatedConfig, {"levels": 8}),
}


def new_core(label: str, seed: int) -> Core:
    """A core of about 60,000 weights for the keys of the tasks."""
    kind, changes = CORES[label]
    config = sizes.nearest(lambda size: sizes.sized(kind, size, **changes), KEYS)
    torch.manual_seed(seed)
    return config.build(KEYS)


def reach(solver: Solver, ticks: int, seed: int) -> list[float]:
    """The norm of the gradient for each distance 0 .. ticks - 1; in double precision, since it may be tiny."""
    solver = copy.deepcopy(solver).double()
    chance = torch.Generator().manual_seed(seed)
    x = echo(SHOWN, ticks, GAMES)(chance).x.double().requires_grad_()
    outs, _ = solver.core.unroll(solver.core.init(solver.start.expand(GAMES, -1)), x)
    way = torch.randn(outs[:, -1].shape, generator=chance).double()
    (outs[:, -1] * way / way.norm(dim=1, keepdim=True)).sum().backward()
    assert x.grad is not None
    return x.grad.square().sum(2).mean(0).sqrt().flip(0).tolist()


def smooth(norms: list[float], label: str = "", span: int = 8) -> Series:
    """Geometric means over ``span`` ticks, which chains of a level share unevenly, in the middle of each."""
    logs = np.log10(norms[: len(norms) // span * span]).reshape(-1, span).mean(1)
    return Series(label, 10**logs, at=np.arange(len(logs)) * span + (span - 1) / 2)


def answer(label: str, seed: int, effort: Effort) -> Figures:
    """The gradients of a core and its loss for every delay."""
    ticks = 16 if effort.smoke else TICKS
    figures: Figures = {"weights": sizes.weights(new_core(label, seed)), "loss": {}, "steps": {}}
    figures["new"] = reach(Solver(new_core(label, seed)), ticks, seed)
    for delay in DELAYS:
        solver, task = Solver(new_core(label, seed)), echo(delay, 2 * delay)
        steps = practice(solver, task, 3e-3, seed)
        *_, last = practised(steps, dict, effort.of(1 / len(DELAYS)), marks=1)
        figures["loss"][str(delay)] = held_out(solver, echo(delay, 2 * delay, batch=64))
        figures["steps"][str(delay)] = last["steps"]
        if delay == SHOWN:
            figures["learned"] = reach(solver, ticks, seed)
    return figures


def show(results: Results, out: Path) -> str:
    """How much gradient is left after how many ticks, and what each core has learned."""
    panels = {
        f"gradient, {words}": [smooth(each[name], label) for label, rows in results.items() for each in rows]
        for name, words in (("new", "new core"), ("learned", f"echo {SHOWN} practised"))
    }
    draw(out / "dilation.png", panels, "ticks back", "y")
    shortest = min((len(row["new"]) for rows in results.values() for row in rows), default=0)
    far = [distance for distance in (16, 64, 256, 511) if distance < shortest]
    head = ["", "weights"]
    head += [f"{words}, {distance} ticks back" for words in ("new", "practised") for distance in far]
    lines = []
    for label, rows in results.items():
        left = [
            both(rows, lambda row, name=name, at=at: row[name][at] / row[name][0], "{:.0e}")
            for name in ("new", "learned")
            for at in far
        ]
        lines.append([label, f"{rows[0]['weights']:,}", *left])
    learned = [
        [label, *(both(rows, lambda row, delay=delay: row["loss"][str(delay)]) for delay in DELAYS)]
        for label, rows in results.items()
    ]
    losses = table([f"loss (guessing: {NO_MEMORY:.2f})", *(f"echo {delay}" for delay in DELAYS)], learned)
    return f"Gradient as a share of that of the last tick:\n\n{table(head, lines)}\n\n{losses}"


ROWS = tuple(
    Row(label, f"dilation_{name}", lambda seed, effort, label=label: answer(label, seed, effort))
    for label, name in zip(CORES, ("gru", "dilated4", "dilated8"), strict=True)
)
QUESTION = Question("Does dilation carry gradient further?", ROWS, show)
