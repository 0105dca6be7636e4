"""Small tasks with a known floor: what a core that remembers nothing cannot get below, however long it trains."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tickworld.models.parts import Core

SYMBOLS = 3
"""Actions of the ``spec`` of these tests; the first one is to rest."""
NO_MEMORY = math.log(2)
"""Loss of ``echo``, ``parity`` and ``recall`` for whoever can only guess: the answers are fair coins."""


class Task(NamedTuple):
    """One-hot actions [B, T, A], the right answers [B, T], 0 or 1, and where they count [B, T]."""

    x: Tensor
    answer: Tensor
    asked: Tensor


Draw = Callable[[torch.Generator], Task]


def one_hot(keys: Tensor) -> Tensor:
    return nn.functional.one_hot(keys, SYMBOLS).float()


def echo(delay: int, ticks: int, batch: int = 16) -> Draw:
    """Which of two keys was pressed ``delay`` ticks ago?"""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, ticks), generator=chance)
        asked = torch.arange(ticks).expand(batch, -1) >= delay
        return Task(one_hot(bits + 1), bits.roll(delay, 1), asked)

    return draw


def parity(ticks: int, batch: int = 16) -> Draw:
    """Which way does a thing go that turns round whenever a key is pressed?"""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, ticks), generator=chance)
        return Task(one_hot(bits), bits.cumsum(1) % 2, torch.ones(batch, ticks, dtype=torch.bool))

    return draw


def recall(length: int, batch: int = 16) -> Draw:
    """The copy task: ``length`` keys are pressed; then, while nothing is pressed, which were they, in order?"""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, length), generator=chance)
        keys = torch.cat([bits + 1, torch.zeros_like(bits)], 1)
        asked = torch.arange(2 * length).expand(batch, -1) >= length
        return Task(one_hot(keys), torch.cat([bits, bits], 1), asked)

    return draw


class Solver(nn.Module):
    """A core with a learned start and a linear reading of its output."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self.core = core
        self.start = nn.Parameter(torch.zeros(1, *core.start_shape))
        self.read = nn.Linear(core.out_shape[0], 2)

    def loss(self, task: Task) -> Tensor:
        """Mean negative log-likelihood of the answers that are asked for, in nats."""
        outs, _ = self.core.unroll(self.core.init(self.start.expand(len(task.x), -1)), task.x)
        return nn.functional.cross_entropy(self.read(outs)[task.asked], task.answer[task.asked])


def learn(core: Core, draw: Draw, iterations: int, rate: float = 1e-2) -> Solver:
    """``core`` after training on ``draw`` with Adam, gradients cut at length 1."""
    solver = Solver(core)
    chance = torch.Generator().manual_seed(7)
    adam = torch.optim.Adam(solver.parameters(), rate)
    for _ in range(iterations):
        adam.zero_grad()
        solver.loss(draw(chance)).backward()
        nn.utils.clip_grad_norm_(solver.parameters(), 1)
        adam.step()
    return solver


@torch.no_grad()
def held_out(solver: Solver, draw: Draw) -> float:
    """Loss on sequences that were not trained on."""
    return float(solver.loss(draw(torch.Generator().manual_seed(8))))


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
