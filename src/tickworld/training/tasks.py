"""Small tasks with a known floor: what a core that remembers nothing cannot get below, however long it trains.

They are games reduced to what must be remembered: keys in, the answer to one question out, no frames. The tests hold
every core to one of them, ``benchmarks/hypotheses.py`` compares cores by them, and a core of your own can be tried:

    solver = learn(MyConfig().build(KEYS), echo(6, 18), iterations=300)
    held_out(solver, echo(6, 18)) < NO_MEMORY
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import one_hot

KEYS = Spec(
    "keys", height=1, width=1, channels=1, players=("one",), actions=("rest", "one", "two"), palette=((0,), (1,))
)
"""The game that they belong to, for which a core is built; any game of one player and three actions will do."""
NO_MEMORY = math.log(2)
"""Loss of every task for whoever can only guess: the answers are fair coins."""


class Task(NamedTuple):
    """One-hot actions [B, T, A], the right answers [B, T], 0 or 1, and where they count [B, T]."""

    x: Tensor
    answer: Tensor
    asked: Tensor


Draw = Callable[[torch.Generator], Task]


def pressed(keys: Tensor) -> Tensor:
    """One-hot actions [B, T, A] of the one player, who presses ``keys`` [B, T]."""
    return one_hot(keys.unsqueeze(-1), len(KEYS.actions))


def echo(delay: int, ticks: int, batch: int = 16) -> Draw:
    """Which of two keys was pressed ``delay`` ticks ago? So many keys must be remembered at once."""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, ticks), generator=chance)
        asked = torch.arange(ticks).expand(batch, -1) >= delay
        return Task(pressed(bits + 1), bits.roll(delay, 1), asked)

    return draw


def serve(wait: int, batch: int = 16) -> Draw:
    """A key is pressed once, at one of the first ``wait`` ticks; which of two was it, so many ticks later? As who has
    scored must be remembered until the serve."""

    def draw(chance: torch.Generator) -> Task:
        when = torch.randint(wait, (batch, 1), generator=chance)
        bits = torch.randint(2, (batch, 1), generator=chance)
        ticks = torch.arange(2 * wait).expand(batch, -1)
        return Task(pressed((ticks == when) * (bits + 1)), bits.expand_as(ticks), ticks == when + wait)

    return draw


def parity(ticks: int, batch: int = 16) -> Draw:
    """Which way does a thing go that turns round whenever a key is pressed?"""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, ticks), generator=chance)
        return Task(pressed(bits), bits.cumsum(1) % 2, torch.ones(batch, ticks, dtype=torch.bool))

    return draw


def recall(length: int, batch: int = 16) -> Draw:
    """The copy task: ``length`` keys are pressed; then, while nothing is pressed, which were they, in order?"""

    def draw(chance: torch.Generator) -> Task:
        bits = torch.randint(2, (batch, length), generator=chance)
        keys = torch.cat([bits + 1, torch.zeros_like(bits)], 1)
        asked = torch.arange(2 * length).expand(batch, -1) >= length
        return Task(pressed(keys), torch.cat([bits, bits], 1), asked)

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


def practice(solver: Solver, draw: Draw, rate: float = 1e-2, seed: int = 7) -> Iterator[float]:
    """The loss before each step of training on ``draw``, without end: Adam, gradients cut at length 1."""
    chance = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(solver.parameters(), rate)
    while True:
        adam.zero_grad()
        loss = solver.loss(draw(chance))
        loss.backward()
        nn.utils.clip_grad_norm_(solver.parameters(), 1)
        adam.step()
        yield loss.item()


def learn(core: Core, draw: Draw, iterations: int, rate: float = 1e-2) -> Solver:
    """``core`` after so many steps of ``practice``."""
    solver = Solver(core)
    for _ in islice(practice(solver, draw, rate), iterations):
        pass
    return solver


@torch.no_grad()
def held_out(solver: Solver, draw: Draw) -> float:
    """Loss on sequences that were not trained on."""
    return float(solver.loss(draw(torch.Generator().manual_seed(8))))
