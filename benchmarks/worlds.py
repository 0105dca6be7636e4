"""How fast each recipe's world trains and ticks, on one thread, and which operations take the time:

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/worlds.py

Random frames and fresh weights: what is timed does not depend on them. All rows of one call are comparable with each
other; rows of two calls or machines are not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.profiler import profile

from tickworld.data.batches import Batch
from tickworld.models.learned import Learned
from tickworld.models.world import seeded_world
from tickworld.recipes import RECIPES, RunConfig, recipe
from tickworld.simulator import Opening, Spec
from tickworld.training.fit import make_optimizer, tensors
from tickworld.training.objectives import combine


def rate(act: Callable[[], object], seconds: float) -> float:
    """Calls a second, after a warm-up, for about ``seconds``."""
    act()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        act()
        calls += 1
    return calls / (time.perf_counter() - started)


def random_batch(spec: Spec, opening: int, windows: int, ticks: int) -> Batch:
    """A batch of the right shapes, frames of the palette's first two colours with one pixel in twenty lit."""
    numbers = np.random.default_rng(0)

    def frames(count: int) -> np.ndarray:
        lit = numbers.random((windows, count, *spec.frame_shape)) < 0.05
        return np.where(lit, np.uint8(255), np.uint8(0))

    def actions(count: int) -> np.ndarray:
        return numbers.integers(0, len(spec.actions), (windows, count, len(spec.players)), np.uint8)

    mask = np.ones((windows, ticks + 1), bool)
    params = spec.defaults(windows)
    return Batch(params, frames(opening), actions(max(opening - 1, 0)), frames(ticks + 1), actions(ticks), mask)


def training_step(config: RunConfig) -> tuple[Callable[[], None], int]:
    """One update of the weights, and how many frames it judges."""
    spec, training = config.game.build().spec, config.training
    world = seeded_world(config.world, spec, 0)
    optimizer = make_optimizer(world, training)
    windows, ticks = training.shape_at(training.iterations)
    batch = random_batch(spec, world.initializer.opening, windows, ticks)

    def step() -> None:
        read = tensors(batch)
        losses = world(training.objective, read, torch.Generator().manual_seed(0))
        mask = read.mask[:, -next(iter(losses.values())).shape[1] :]
        optimizer.zero_grad()
        combine(losses, training.objective.weights, mask).backward()
        optimizer.step()

    return step, windows * ticks


def one_tick(config: RunConfig, rows: int) -> Callable[[], None]:
    """Update and render of ``rows`` dreamt games."""
    spec = config.game.build().spec
    world = Learned(seeded_world(config.world, spec, 0), spec)
    batch = random_batch(spec, world.spec.opening, rows, 1)
    state = world.init(batch.params, np.zeros(rows, np.uint64), Opening(batch.opening_frames, batch.opening_actions))

    def tick() -> None:
        world.render(world.update(state, batch.actions[:, 0]))

    return tick


def limits(step: Callable[[], None], count: int = 4) -> str:
    """The operations that take most of a step's own time."""
    with profile() as watched:
        step()
    events = sorted(watched.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return ", ".join(f"{event.key} {event.self_cpu_time_total / total:.0%}" for event in events[:count])


def main() -> None:
    """Prints a line for each recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), help="which recipes; by default all")
    parser.add_argument("--seconds", type=float, default=3.0, help="time spent on each figure")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.recipes:
        config = recipe(name)
        step, frames = training_step(config)
        steps = rate(step, asked.seconds)
        alone, together = (rate(one_tick(config, rows), asked.seconds) * rows for rows in (1, 64))
        print(f"{name}: {steps:.1f} training steps/s ({steps * frames:,.0f} frames/s)")
        print(f"  ticks/s: {alone:,.0f} alone, {together:,.0f} at batch 64 ({together / alone:.1f} times alone)")
        print(f"  a training step is {limits(step)}")


if __name__ == "__main__":
    main()
