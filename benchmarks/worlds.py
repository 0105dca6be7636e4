"""How fast each recipe's world trains and ticks, on one thread, and which operations take the time:

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/worlds.py

Recorded frames and fresh weights that have watched the game for a while: what is timed does not depend on how well it
is learned. The shipped cartridges follow, with the weights that they have, and the first member of a committee alone.
All rows of one call are comparable with each other; rows of two calls or machines are not.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.profiler import profile

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.batches import Batch, WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.models.cores.committee import Committee
from tickworld.models.learned import Learned
from tickworld.models.world import World, seeded_world
from tickworld.recipes import RECIPES, RunConfig, recipe
from tickworld.recipes.shelf import PREFIX, open_playable, shipped
from tickworld.simulator import Opening
from tickworld.training.fit import make_optimizer
from tickworld.training.objectives import combine
from tickworld.training.shards import tensors


def rate(act: Callable[[], object], seconds: float) -> float:
    """Calls a second, after a warm-up, for about ``seconds``."""
    act()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        act()
        calls += 1
    return calls / (time.perf_counter() - started)


def recorded(config: RunConfig, world: World, count: int, ticks: int) -> Batch:
    """``count`` windows of the recipe's game, played as it records it."""
    game, opening = config.game.build(), world.initializer.opening
    played = play_episodes(game, player(config.record.players, game), seeds.rows(0, 0, 64), opening + max(ticks, 64))
    return windows(played, WindowShape(opening, ticks, count), 0, 0)


def training_step(config: RunConfig) -> tuple[Callable[[], None], int]:
    """One update of the weights, and how many frames it judges."""
    training = config.training
    world = seeded_world(config.world, config.game.build().spec, 0)
    optimizer = make_optimizer(world, training)
    count, ticks = training.batch, training.ticks.last
    batch = recorded(config, world, count, ticks)

    def step() -> None:
        read = tensors(batch)
        losses = world(training.objective, read, torch.Generator().manual_seed(0))
        mask = read.mask[:, -next(iter(losses.values())).shape[1] :]
        optimizer.zero_grad()
        combine(losses, training.objective.weights, mask).backward()
        optimizer.step()

    return step, count * ticks


def fresh(config: RunConfig) -> World:
    """The recipe's world, untrained."""
    world = seeded_world(config.world, config.game.build().spec, 0)
    with torch.no_grad():  # a core that learns which pixels ever change has seen them
        batch = recorded(config, world, 512, config.training.ticks.last)
        world(config.training.objective, tensors(batch), torch.Generator())
    return world


def one_tick(config: RunConfig, world: World, rows: int) -> Callable[[], None]:
    """Update and render of ``rows`` dreamt games."""
    dream = Learned(world, config.game.build().spec)
    batch = recorded(config, world, rows, 1)
    state = dream.init(batch.params, np.zeros(rows, np.uint64), Opening(batch.opening_frames, batch.opening_actions))

    def tick() -> None:
        dream.render(dream.update(state, batch.actions[:, 0]))

    return tick


def limits(step: Callable[[], None], count: int = 4) -> str:
    """The operations that take most of a step's own time."""
    with profile() as watched:
        step()
    events = sorted(watched.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return ", ".join(f"{event.key} {event.self_cpu_time_total / total:.0%}" for event in events[:count])


def time_ticks(name: str, config: RunConfig, world: World, seconds: float) -> None:
    """Prints how many ticks a second ``world`` makes."""
    alone, together = (rate(one_tick(config, world, rows), seconds) * rows for rows in (1, 256))
    print(f"{name}: ticks/s: {alone:,.0f} alone, {together:,.0f} at batch 256 ({together / alone:.1f} times alone)")


def time_recipe(name: str, seconds: float) -> None:
    """Prints the lines of a recipe."""
    config = recipe(name)
    step, frames = training_step(config)
    steps = rate(step, seconds)
    time_ticks(name, config, fresh(config), seconds)
    print(f"  {steps:.1f} training steps/s ({steps * frames:,.0f} frames/s); a step is {limits(step)}")


def time_cartridge(name: str, seconds: float) -> None:
    """Prints the lines of a shipped cartridge of Pong."""
    world, config = open_playable(name).world.world, recipe("pong")
    time_ticks(name, config, world, seconds)
    if isinstance(world.core, Committee):
        first = World(world.initializer, world.core.cores[0], world.renderer, config.game.build().spec)
        time_ticks("  its first member alone", config, first, seconds)


def main() -> None:
    """Prints how fast each of them is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cartridges = [PREFIX + name for name in shipped()]
    every = [*RECIPES, *cartridges]
    parser.add_argument("names", nargs="*", default=every, help="recipes, and cartridge:NAME; by default all")
    parser.add_argument("--seconds", type=float, default=3.0, help="time spent on each figure")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.names:
        if name in cartridges:
            time_cartridge(name, asked.seconds)
        else:
            time_recipe(name, asked.seconds)


if __name__ == "__main__":
    main()
