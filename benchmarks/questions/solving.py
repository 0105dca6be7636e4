"""Cores of equal weights on the tasks of ``tickworld.training.tasks``."""

from __future__ import annotations

from typing import Any

import torch

from tickworld.training.tasks import KEYS, Draw, Solver, held_out, practice

from . import sizes
from .rows import Effort, Figures, practised


def solved(make: Any, draw: Draw, seed: int, effort: Effort, judged: dict[str, Draw], rate: float = 3e-3) -> Figures:
    """The core that ``make`` sizes after practising ``draw`` for the effort: its weights, and ``points``, the held-out
    losses on the way of the tasks that are ``judged``, by their names."""
    config = sizes.nearest(make, KEYS)
    torch.manual_seed(seed)
    solver = Solver(config.build(KEYS))

    def judge() -> Figures:
        return {name: held_out(solver, task) for name, task in judged.items()}

    points = list(practised(practice(solver, draw, rate, seed), judge, effort))
    return {"weights": sizes.weights(solver.core), "points": points}
