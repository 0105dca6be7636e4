"""Worlds that learn ``pong_angle``, the seed's game, for so much processor time, judged on games they never saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import torch

from tickworld import seeds
from tickworld.agents import player
from tickworld.config import override
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.evaluation.evaluate import evaluate
from tickworld.games import game
from tickworld.models.learned import Learned
from tickworld.models.world import World, seeded_world
from tickworld.recipes.bench.pace import fitting
from tickworld.recipes.config import RunConfig
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, Record, fit, make_optimizer
from tickworld.training.objectives import combine
from tickworld.training.shards import tensors

from .rows import Effort, Figures, practised

EPISODES, HELD_OUT, TICKS = 1024, 32, 256
"""Games to learn from, games to be judged on, and the ticks of each at most."""


@lru_cache(maxsize=2)
def games(who: str, count: int, ticks: int) -> Episodes:
    """Games of ``pong_angle`` played by ``who``, the same each time."""
    angle = game("pong_angle")
    return play_episodes(angle, player(who, angle), seeds.rows(0, 0, count), ticks)


def steps(config: RunConfig, world: World, episodes: Episodes) -> Iterator[Record]:
    """Training of ``world`` in place, one record an iteration."""
    torch.set_num_threads(config.threads)
    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config.training))
    sampler = config.training.sampler.build(episodes, world.initializer.opening, config.seed)
    return fit(fabric, wrapped, optimizer, Lesson(config.training, sampler, config.seed))


@torch.no_grad()
def loss(config: RunConfig, world: World, ticks: int = TICKS) -> float:
    """Nats a frame over free-running windows of games that training never saw, by players that it never saw."""
    held_out = games("held_out", HELD_OUT, ticks)
    objective = config.training.objective
    batch = tensors(windows(held_out, WindowShape(world.initializer.opening, ticks, HELD_OUT), 0, 0))
    losses = world(objective, batch, torch.Generator())
    return combine(losses, objective.weights, batch.mask).item()


def horizon(config: RunConfig, world: World) -> Figures:
    """The object horizon: its median in ticks, and the share of games still right at each tick."""
    truth, judged = config.game.build(), config.evaluation
    found = evaluate(Learned(world, truth.spec), truth, player(judged.players, truth), judged)
    over_time = found.to_json()["over_time"]["dream"]
    return {"object_horizon": found.object_horizon, "object_survival": over_time["object_survival"]}


def trained(
    config: RunConfig, seed: int, effort: Effort, begin: Callable[[World], None] = lambda world: None
) -> tuple[RunConfig, World, list[Figures]]:
    """``config`` trained from ``seed`` for the effort, and its loss on the way. ``begin`` changes the first weights."""
    length = 8 if effort.smoke else TICKS
    config = override(config, {"seed": seed, "threads": 1, **(_SMOKE if effort.smoke else {})})
    episodes = games("mixed", 8 if effort.smoke else EPISODES, length)
    iterations = 2 if effort.smoke else fitting(config, episodes, effort.minutes)
    warmup = min(config.training.rate.warmup, iterations // 10)
    config = override(config, {"training.iterations": iterations, "training.rate.warmup": warmup})
    world = seeded_world(config.world, config.game.build().spec, seed)
    begin(world)
    taken = steps(config, world, episodes)
    return config, world, list(practised(taken, lambda: {"loss": loss(config, world, length)}, effort, whole=True))


_SMOKE: dict[str, Any] = {
    "training.batch": 4, "training.ticks.first": 2, "training.ticks.last": 4, "evaluation.rollouts": 4,
    "evaluation.frames": 8,
}  # fmt: skip
