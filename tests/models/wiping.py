"""What a memory is worth: the loss without it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tickworld.training.tasks import Draw, Solver


@torch.no_grad()
def wiped(solver: Solver, draw: Draw, empty: Tensor) -> float:
    """``held_out`` when the state's memory is ``empty`` [1, N, W] again before every tick."""
    task = draw(torch.Generator().manual_seed(8))
    state, outs = solver.core.init(solver.start.expand(len(task.x), -1)), []
    for x in task.x.unbind(1):
        state = solver.core.update(state._replace(memory=empty.expand_as(state.memory)), x)
        outs.append(state.out)
    guesses = solver.read(torch.stack(outs, 1))[task.asked]
    return float(nn.functional.cross_entropy(guesses, task.answer[task.asked]))
