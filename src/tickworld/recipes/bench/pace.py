"""How many iterations fit into so much processor time: a few are timed, of every length of window, and averaged.

What a run is then told is a number of iterations, so a run that is cut short and goes on is the same training.
Processor time, not time on the clock: other work on the machine would decide who may train for longer.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import median

import torch

from tickworld.data.episode import Episodes
from tickworld.models.world import seeded_world
from tickworld.recipes.config import RunConfig
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, fit, make_optimizer
from tickworld.training.sampling import PoolConfig

PLANNED = 1000
"""Iterations of the training that is timed at some places: enough for every length to come up more than once."""


def fitting(config: RunConfig, episodes: Episodes, minutes: float, least: float = 1.0) -> int:
    """The iterations of ``config`` on ``episodes`` that take about ``minutes`` of processor time, 1 at least.

    Every length of window is timed for ``least`` seconds. Raises UserError for a world that cannot be trained so.
    """
    training = config.training.model_copy(update={"iterations": PLANNED})
    world = seeded_world(config.world, config.game.build().spec, config.seed)
    torch.set_num_threads(config.threads)
    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, training))
    sampler = training.sampler.build(episodes, world.initializer.opening, config.seed)
    lesson = Lesson(training, sampler, config.seed)

    def timed(iteration: int) -> float:
        started = time.process_time()
        next(fit(fabric, wrapped, optimizer, lesson, iteration))
        return time.process_time() - started

    renew = training.sampler.renew if isinstance(training.sampler, PoolConfig) else 0
    lengths = [training.ticks.at(iteration, PLANNED) for iteration in range(PLANNED)]
    return max(int(minutes * 60 / average(lengths, timed, renew, least)), 1)


def average(lengths: Sequence[int], timed: Callable[[int], float], renew: int, least: float) -> float:
    """Seconds an iteration takes, on average over a training whose windows have ``lengths``.

    ``timed`` trains one iteration and says how long it took. ``renew``: iterations between two of those that renew a
    sampler's pool, as the first of a length does; 0: none does.
    """
    total = 0.0
    for length, count in Counter(lengths).items():
        first = lengths.index(length)
        renewal = timed(first)  # without a pool it only warms up: a new shape costs once
        times: list[float] = []
        while len(times) < 3 or sum(times) < least:
            times.append(timed(first + 1))
        each = median(times)
        total += count * (each + (max(renewal - each, 0.0) / renew if renew else 0.0))
    return total / len(lengths)
