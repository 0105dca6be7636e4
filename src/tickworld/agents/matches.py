"""Matches: games of an arena played to their end or limit, and what they bring.

A *match* is one game from its seed until it is over or the arena's limit cuts it off; its *return* is the sum of the
rewards of the agent's side, undiscounted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.agents.arena import Arena, Rows
from tickworld.data.player import Player
from tickworld.seeds import mix

Choice = Callable[[Rows, int], NDArray[np.integer]]
"""What an agent presses at a tick of its games, [N]."""


class Estimate(NamedTuple):
    """The mean return of ``matches`` matches, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float
    matches: int


def play(arena: Arena, seeds: NDArray[np.uint64], choose: Choice) -> NDArray[np.float64]:
    """The returns [N] of a match from each of ``seeds`` [N]. Raises UserError for a simulator without rewards."""
    rows, side = arena.begin(seeds), arena.sides[0]
    returns, going = np.zeros(len(seeds)), np.ones(len(seeds), bool)
    for tick in range(arena.config.limit):
        rows, brought = arena.step(rows, tick, choose(rows, tick)[:, None])
        returns += np.where(going, brought.reward[:, side], 0)
        going &= ~brought.over
        if not going.any():
            break
    return returns


def played(arena: Arena, seeds: NDArray[np.uint64], who: Player) -> NDArray[np.float64]:
    """As ``play``, where any player takes the agent's side."""
    memory, side = who.init(mix(seeds, "player")), arena.sides[0]

    def choose(rows: Rows, tick: int) -> NDArray[np.integer]:
        nonlocal memory
        frames = arena.simulator.render(rows.state) if rows.frames is None else rows.frames
        actions, memory = who.act(memory, tick, frames)
        return actions[:, side]

    return play(arena, seeds, choose)


def estimate(returns: NDArray[np.float64]) -> Estimate:
    """Their mean and its 95 % interval, by the normal distribution."""
    mean, count = float(returns.mean()), len(returns)
    spread = 1.96 * float(returns.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    return Estimate(mean, mean - spread, mean + spread, count)
