"""Planning: which keys make this frame happen? Sought in a simulator, by trial or by slopes.

    cem        keys are drawn from a table of chances for each tick and player; the chances move towards those of the
               best tenth (cross-entropy method: Rubinstein 1999, de Boer et al. 2005), in any branchable simulator
    by_slope   keys are relaxed to shares, softmax(logits / tau) with tau falling from 1 to 0.1; Adam on the logits,
               through the smooth twin of a learned world, from many starts. The shares are then snapped to keys.

Both end with keys that are played in the simulator as it is, never in a relaxed one, and the best plan is the one that
is best there. Whether it also holds in the true game is for the caller to see: ``played``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tickworld import seeds, states
from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.models.smooth import Smooth
from tickworld.simulator import Simulator, Spec
from tickworld.tensors import blurred, to_tensor

Cost = Callable[[Tensor], Tensor]
"""What is to be small: from the last frames of K plans for each of M states, [M, K, C, H, W] in 0..1, to [M, K]."""

SIGMAS = (1.0, 2.0, 4.0)
"""Pixels: frames are compared as they are, and blurred by these, so that what does not overlap is pulled too."""
ROWS = 1024
"""How many plans are played at once."""


class CemConfig(Config):
    """How keys are tried."""

    population: int = Field(default=128, gt=1)
    """plans that are tried each time"""
    elites: float = Field(default=0.1, gt=0, le=1)
    """share of them that the chances move towards"""
    rounds: int = Field(default=8, gt=0)
    """how many times"""
    step: float = Field(default=0.7, gt=0, le=1)
    """how far the chances move"""
    least: float = Field(default=0.02, ge=0, lt=0.3)
    """least chance of any key, so that none is given up"""
    seed: int = Field(default=0, ge=0)
    """of what is drawn"""


class SlopeConfig(Config):
    """How shares of keys go downhill."""

    starts: int = Field(default=8, gt=0)
    """plans that are begun with"""
    iterations: int = Field(default=60, gt=0)
    """steps of each"""
    rate: float = Field(default=0.3, gt=0)
    """length of a step of a logit"""
    spread: float = Field(default=0.5, ge=0)
    """standard deviation of the first logits"""
    tau: tuple[float, float] = (1.0, 0.1)
    """first and last temperature of the shares"""
    seed: int = Field(default=0, ge=0)
    """of the first logits"""


class Plan(NamedTuple):
    """For each of M states the best keys that were found, ``actions`` [M, T, P], and what they ``cost`` [M] in the
    simulator as it is."""

    actions: NDArray[np.int64]
    cost: NDArray[np.float64]


class Wish:
    """How far a frame is from the one that is wished for: squared differences of brightness, of the frames as they are
    and blurred. ``frames`` uint8 [M, H, W, C], one for each state."""

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        self.frames = to_tensor(frames).unsqueeze(1)

    def __call__(self, frames: Tensor) -> Tensor:
        """[M, K] from [M, K, C, H, W]."""
        off = frames - self.frames.to(frames.dtype)
        parts = [off, *(sigma * blurred(off, sigma) for sigma in SIGMAS)]
        return torch.stack([part.square().flatten(2).sum(2) for part in parts]).sum(0)


def cem(simulator: Simulator, state: Any, ticks: int, cost: Cost, config: CemConfig | None = None) -> Plan:
    """The best keys for ``ticks`` ticks from each of the M states in ``state``. Raises UserError for a simulator whose
    old states do not stay valid."""
    config, spec = config or CemConfig(), simulator.spec
    _check(spec, ticks)
    count, shape = _count(spec, state), (ticks, len(spec.players), len(spec.actions))
    chances = np.full((count, *shape), 1 / shape[-1])
    best = Plan(np.zeros((count, *shape[:2]), np.int64), np.full(count, np.inf))
    keep = max(round(config.elites * config.population), 1)
    for turn in range(config.rounds):
        lot = seeds.generator(config.seed, "cem", turn).random((count, config.population, *shape[:2], 1))
        tried = (lot > np.cumsum(chances, 3)[:, None, ..., :-1]).sum(-1)
        if turn:
            tried[:, 0] = best.actions
        costs = _costs(simulator, state, tried, cost)
        order = np.argsort(costs, 1, kind="stable")[:, :keep]
        rows = np.arange(count)
        better = costs[rows, order[:, 0]] < best.cost
        first = tried[rows, order[:, 0]]
        best = Plan(
            np.where(better[:, None, None], first, best.actions), np.where(better, costs[rows, order[:, 0]], best.cost)
        )
        elite = np.take_along_axis(tried, order[:, :, None, None], 1)
        share = (elite[..., None] == np.arange(shape[-1])).mean(1)
        chances = (1 - config.step) * chances + config.step * share
        chances = np.maximum(chances, config.least)
        chances /= chances.sum(-1, keepdims=True)
    return best


def by_slope(world: Learned, state: Any, ticks: int, cost: Cost, config: SlopeConfig | None = None) -> Plan:
    """As ``cem``, by gradient through ``world``; of the starts' ends that is taken which is best in the hard world."""
    config, spec, smooth = config or SlopeConfig(), world.spec, Smooth(world)
    _check(spec, ticks)
    count, starts = len(smooth.soften(state).out), config.starts
    begun = states.take(smooth.soften(state), np.repeat(np.arange(count), starts))
    first = seeds.generator(config.seed, "slope").standard_normal(
        (count * starts, ticks, len(spec.players), len(spec.actions))
    )
    logits = torch.from_numpy(config.spread * first).float().requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=config.rate)
    high, low = config.tau
    for iteration in range(config.iterations):
        tau = high * (low / high) ** (iteration / max(config.iterations - 1, 1))
        last = smooth.last(begun, (logits / tau).softmax(-1))
        optimizer.zero_grad()
        cost(last.unflatten(0, (count, starts))).sum().backward()
        optimizer.step()
    found = logits.detach().argmax(-1).numpy().reshape(count, starts, ticks, -1).astype(np.int64)
    costs = _costs(world, state, found, cost)
    rows, best = np.arange(count), costs.argmin(1)
    return Plan(found[rows, best], costs[rows, best])


def played(simulator: Simulator, state: Any, actions: NDArray[np.integer]) -> NDArray[np.uint8]:
    """The frames [N, H, W, C] to which ``actions`` [N, T, P] lead from the N states of ``state``."""
    for tick in range(actions.shape[1]):
        state = simulator.update(state, actions[:, tick])
    return simulator.render(state)


def _costs(simulator: Simulator, state: Any, tried: NDArray[np.int64], cost: Cost) -> NDArray[np.float64]:
    """What K plans [M, K, T, P] for each of M states cost in the simulator as it is, [M, K]."""
    count, many = tried.shape[:2]
    rows, flat = np.repeat(np.arange(count), many), tried.reshape(count * many, *tried.shape[2:])
    frames = []
    for first in range(0, len(rows), ROWS):
        part = slice(first, first + ROWS)
        frames.append(played(simulator, states.take(state, rows[part]), flat[part]))
    shown = to_tensor(np.concatenate(frames)).unflatten(0, (count, many))
    with torch.no_grad():
        return cost(shown).double().numpy()


def _count(spec: Spec, state: Any) -> int:
    """How many rows a state has."""
    while isinstance(state, tuple):
        state = state[0]
    if not len(state):
        raise UserError(f"there is no state of {spec.name} to plan from; give at least one game")
    return len(state)


def _check(spec: Spec, ticks: int) -> None:
    if not spec.branchable:
        raise UserError(
            f"{spec.name} cannot go on from an old state, and a plan is sought by trying; plan in a learned world of it"
        )
    if ticks < 1:
        raise UserError(f"a plan is for one tick or more; got {ticks}")
