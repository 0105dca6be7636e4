"""Environment steps a second: the learned Pong against the true one, and catch, alone and 256 games at a time; and what
of a dream's tick its rewards cost.

    python benchmarks/environments.py [--seconds 10]

All is measured on one thread, in processor seconds, in rounds that take turns, so that whatever else the machine does
falls on all alike; the median of the rounds is shown. A step is a whole one: opponent, tick, frame, reward and end.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tickworld import environments
from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.env import BatchEnvironment, Environment
from tickworld.environments import Played
from tickworld.models.rewarded import Rewarded

BATCH, ROUNDS = 256, 5


def alone(arena: Arena) -> Callable[[int], int]:
    """Plays so many steps of one game; gives their number."""
    env = Environment(arena)
    env.reset(seed=0)
    keys = np.random.default_rng(0).integers(0, len(arena.spec.actions), 4096)

    def play(steps: int) -> int:
        for step in range(steps):
            if env.step(keys[step % len(keys)])[3]:
                env.reset()
        return steps

    return play


def together(arena: Arena) -> Callable[[int], int]:
    """Plays so many steps of ``BATCH`` games; gives the number of all."""
    env = BatchEnvironment(arena, BATCH)
    env.reset(seed=0)
    keys = np.random.default_rng(0).integers(0, len(arena.spec.actions), (64, BATCH))

    def play(steps: int) -> int:
        for step in range(steps):
            env.step(keys[step % len(keys)])
        return steps * BATCH

    return play


def rates(plays: dict[str, Callable[[int], int]], seconds: float) -> dict[str, float]:
    """Steps a processor second of each, the median of rounds that take turns, about ``seconds`` for each in all."""
    counts, found = {}, {name: list[float]() for name in plays}
    for name, play in plays.items():
        play(2)  # the first ones make what later ones use again
        counts[name] = max(int(seconds / ROUNDS / _took(play, 4)[0] * 4), 4)
    for _ in range(ROUNDS):
        for name, play in plays.items():
            took, steps = _took(play, counts[name])
            found[name].append(steps / took)
    return {name: float(np.median(each)) for name, each in found.items()}


def cost_of_rewards(played: Played, rows: int, ticks: int) -> tuple[float, float]:
    """Milliseconds of a dream's tick with its frame, and of what tells its reward beside them."""
    world: Any = played.simulator
    assert isinstance(world, Rewarded), "this world does not know its rewards; see tickworld rewards"
    seeds = np.arange(rows, dtype=np.uint64)
    state, keys = world.init(world.spec.draw(seeds), seeds), np.zeros((rows, len(world.spec.players)), np.int64)
    took = np.zeros(2)
    for _ in range(ticks):
        times = [time.process_time()]
        state = world.update(state, keys)
        times.append(time.process_time())
        world.status(state)
        times.append(time.process_time())
        took += np.diff(times)
    ahead, told = 1000 * took / ticks
    return float(ahead), float(told)


def _took(play: Callable[[int], int], steps: int) -> tuple[float, int]:
    began = time.process_time()
    done = play(steps)
    return max(time.process_time() - began, 1e-6), done


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    dream = environments.dream_of("cartridge:pong")
    worlds = {
        "pong, learned": dream,
        "pong, true": Played(dream.game, dream.game),
        "catch, true": environments.truth_of("catch"),
    }
    print(f"{'steps a processor second':<26}{'alone':>12}{f'{BATCH} at once':>14}")
    ways = {"alone": alone, "together": together}
    plays = {
        f"{name} {way}": make(Arena(*played, ArenaConfig()))
        for name, played in worlds.items()
        for way, make in ways.items()
    }
    found = rates(plays, seconds)
    for name in worlds:
        print(f"{name:<26}{found[f'{name} alone']:>12,.0f}{found[f'{name} together']:>14,.0f}")
    for rows, ticks in ((1, 200), (BATCH, 10)):
        tick, told = cost_of_rewards(dream, rows, ticks)
        print(f"a learned tick of {rows:>3}: {tick:.2f} ms and {told:.2f} ms for its rewards, {told / tick:.0%}")


if __name__ == "__main__":
    main()
