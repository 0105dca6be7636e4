"""Evolution: a linear controller by CMA-ES, as in World Models (Ha & Schmidhuber 2018). It needs no gradient.

In each generation every candidate plays the same few matches, all candidates' matches as one batch. The agent is the
mean of the distribution that is searched with. What is saved are the returns of all candidates so far: told again in
order, they bring the search to exactly where it was.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import seeds
from tickworld.agents.arena import Rows
from tickworld.agents.matches import play
from tickworld.agents.methods.task import Report, Saved, Task
from tickworld.agents.network import Layer, Network, flat
from tickworld.config import Config
from tickworld.errors import UserError, check_installed

MOST = 2000
"""Weights of the largest controller: the search keeps a square of as many."""


class Evolution(Config):
    """A linear controller, evolved by CMA-ES."""

    kind: Literal["cma"] = "cma"
    """which method"""
    population: int = Field(default=16, ge=4, le=4096)
    """candidates in a generation"""
    matches: int = Field(default=4, gt=0, le=4096)
    """matches that each candidate plays, the same for all of a generation"""
    sigma: float = Field(default=0.5, gt=0)
    """how far apart the first candidates lie"""

    def train(self, task: Task, saved: Saved) -> Iterator[Report]:
        """See ``agents.methods``. Raises UserError for an agent that sees too much, and where cma is not installed."""
        check_installed(["cma"], "agents")
        count = task.actions * (task.inputs + 1)
        if count > MOST:
            raise UserError(
                f"a linear controller of {task.inputs:,} numbers and {task.actions} actions has {count:,} weights, and "
                f"CMA-ES takes up to {MOST:,}; let it see objects with a smaller stack, or choose the method ppo"
            )
        told = saved.get("returns", np.zeros((0, self.population)))
        if told.shape[1:] != (self.population,) or not np.isfinite(told).all():
            raise UserError("what was saved of this training does not fit it; choose another --out")
        search = _search(self, task, count)
        cost, generation = self.population * self.matches * task.arena.config.limit, 0
        while generation < len(told) or generation * cost < task.steps:
            candidates, played = np.array(search.ask()), generation < len(told)
            if not played:
                returns = self._returns(task, candidates, generation)
                told = np.concatenate([told, returns[None]])
            search.tell(list(candidates), list(-told[generation]))
            generation += 1
            if not played:
                network = Network((_layer(search.mean, task),))
                yield Report(generation * cost, float(told[-1].mean()), network, {"returns": told})

    def _returns(self, task: Task, candidates: NDArray[np.float64], generation: int) -> NDArray[np.float64]:
        """The mean return of each candidate, [population]."""
        games = seeds.rows(seeds.derive(task.seed, "generation", generation), 0, self.matches)
        weights = candidates.reshape(len(candidates), task.actions, -1).astype(np.float32)

        def choose(rows: Rows, tick: int) -> NDArray[np.integer]:
            seen = flat(task.arena.seen(rows)).reshape(len(candidates), self.matches, -1)
            logits = seen @ weights[:, :, :-1].swapaxes(1, 2) + weights[:, None, :, -1]
            return logits.argmax(-1).reshape(-1)

        returns = play(task.arena, np.tile(games, len(candidates)), choose)
        return returns.reshape(len(candidates), -1).mean(1)


def _search(config: Evolution, task: Task, count: int) -> Any:
    """The search before the first generation; what it draws follows from the seed alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of packages that it could draw pictures with
        import cma
    draw = seeds.generator(task.seed, "evolution")
    options = {
        "popsize": config.population,
        "seed": np.nan,
        "randn": lambda *shape: draw.standard_normal(shape),
        "verbose": -9,
        "verb_log": 0,
    }
    return cma.CMAEvolutionStrategy(np.zeros(count), config.sigma, options)


def _layer(numbers: NDArray[np.float64], task: Task) -> Layer:
    rows = np.asarray(numbers).reshape(task.actions, -1).astype(np.float32)
    return Layer(rows[:, :-1], rows[:, -1])
