"""The training loop as a generator: one record per iteration; logging, evaluation and saving are ordinary lines in the
caller's ``for``.

    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    for record in fit(fabric, wrapped, optimizer, Lesson(config, sampler, seed)):
        ...

Batch, curriculum and noise of an iteration are pure functions of (seed, iteration), so a run that resumes at iteration
i with the same weights, optimiser, sampler and growth goes on to the same losses, bit for bit on one device.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, get_args

import torch
from pydantic import Field, model_validator

from tickworld import seeds
from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Part
from tickworld.models.world import World
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.growth import Growth
from tickworld.training.objectives import ObjectiveConfig, TransitionConfig
from tickworld.training.samplers import SamplerConfig
from tickworld.training.sampling import PoolConfig, Sampler, UniformConfig
from tickworld.training.shards import Asked, Shards


class TrainingConfig(Config):
    """How a world is trained."""

    objective: ObjectiveConfig = TransitionConfig()
    """what it is asked to get right"""
    sampler: SamplerConfig = UniformConfig()
    """which windows it sees"""
    iterations: int = Field(default=1000, gt=0)
    """how many updates of the weights"""
    batch: int = Field(default=64, gt=0)
    """windows of the longest length in a batch"""
    ticks: GrowthConfig = GrowthConfig()
    """length of the windows"""
    rate: RateConfig = RateConfig()
    """learning rate"""
    decay: float = Field(default=1e-4, ge=0)
    """weight decay of AdamW"""
    clip: float = Field(default=1.0, gt=0)
    """longest gradient; a longer one is cut to this"""
    frozen: tuple[Part, ...] = ()
    """parts of the world whose weights stay as they are: initializer, core, renderer"""

    @model_validator(mode="after")
    def _keeps_a_pool(self) -> Self:
        if self.ticks.mixed and isinstance(self.sampler, PoolConfig):
            raise ValueError(
                f"ticks.mixed {self.ticks.mixed:g} changes the length of the windows all the time, and sampler "
                f"{self.sampler.kind} forgets its pool whenever it changes; set it to 0 or use sampler.kind uniform"
            )
        return self

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        if self.objective.kind == "denoise" and "renderer" in self.frozen and not self.objective.core:
            raise ValueError(
                "objective denoise trains the renderer alone, and frozen holds it; leave it out or set objective.core"
            )
        return self

    def windows(self, ticks: int) -> int:
        """How many windows of ``ticks`` ticks a batch has; windows x ticks stays what the longest ones have."""
        return max(self.batch * self.ticks.last // ticks, 1)

    def check(self, world: World) -> None:
        """Raises UserError when ``world`` cannot be trained so."""
        only = world.renderer.learns_by
        if only and self.objective.kind != only and "renderer" not in self.frozen:
            raise UserError(
                f"this world's renderer learns by objective {only} alone, and {self.objective.kind} is asked; use "
                f"--training.objective.kind {only}, or --training.frozen '[\"renderer\"]' for one that has learned"
            )
        self.objective.check(world, self.ticks.last)


class Record(NamedTuple):
    """What one iteration brought. ``losses`` are averages over the batch's frames; ``gradient`` is its length before
    the cut; ``frames`` counts the frames judged; ``seconds`` is the time it took."""

    iteration: int
    loss: float
    losses: dict[str, float]
    rate: float
    gradient: float
    ticks: int
    frames: int
    seconds: float


@dataclass(frozen=True)
class Lesson:
    """All that decides what training does: the config, where batches come from, and the seed of its noise."""

    config: TrainingConfig
    sampler: Sampler
    seed: int

    @functools.cached_property
    def growth(self) -> Growth:
        """How long its windows are; when they grow by success it remembers, and is saved as the sampler is."""
        return Growth(self.config.ticks, self.config.iterations, self.seed)


def make_optimizer(world: World, config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW (1711.05101) over the world's weights but those of frozen parts: from now on these take no gradient and
    only pass it through.

    Raises UserError when no weight is left to be learned.
    """
    for part in get_args(Part):
        world.get_submodule(part).requires_grad_(part not in config.frozen)
    learned = world.learned().values()
    if not learned:
        raise UserError(
            f"all weights of this world are frozen (training.frozen is {', '.join(config.frozen)}), so nothing is "
            "learned; leave a part out"
        )
    return torch.optim.AdamW(learned, lr=config.rate.peak, betas=(0.9, 0.99), weight_decay=config.decay, fused=True)


def fit(
    fabric: Any, world: Any, optimizer: Any, lesson: Lesson, first: int = 0, accumulate: int = 1
) -> Iterator[Record]:
    """One record per iteration, from iteration ``first`` to the last of ``lesson.config``; ``world`` and ``optimizer``
    are what ``fabric.setup`` returned, and change in place. Batches are shared out among the processes of ``fabric``,
    and in each of them taken in ``accumulate`` parts; every process yields the same records, but for the time.

    Raises UserError, before the weights are touched, when the loss or its gradient stops being a number, and for a
    batch that cannot be shared out.
    """
    config, shards = lesson.config, Shards(fabric, accumulate)
    shards.check(config.batch)
    world.train()
    for iteration in range(first, config.iterations):
        started = time.perf_counter()
        rate = config.rate.at(iteration, config.iterations)
        for group in optimizer.param_groups:
            group["lr"] = rate
        noise = torch.Generator().manual_seed(seeds.derive(lesson.seed, "noise", iteration))
        objective, ticks = config.objective.at(iteration, config.iterations), lesson.growth.at(iteration)
        asked = Asked(world, objective, config.objective, shards, noise)
        windows = config.windows(ticks)
        batch = lesson.sampler.draw(iteration, windows, ticks, asked.score, shards.mine(windows))
        optimizer.zero_grad()
        found = asked(batch, windows, fabric.backward)
        _check_finite("loss", found.loss, iteration)
        gradient = float(fabric.clip_gradients(world, optimizer, max_norm=config.clip, error_if_nonfinite=False))
        _check_finite("gradient", gradient, iteration)
        optimizer.step()
        lesson.sampler.learn(found.windows)
        lesson.growth.learn(ticks, found.loss)
        yield Record(
            iteration=iteration,
            loss=found.loss,
            losses=found.losses,
            rate=rate,
            gradient=gradient,
            ticks=ticks,
            frames=found.frames,
            seconds=time.perf_counter() - started,
        )


def _check_finite(what: str, value: float, iteration: int) -> None:
    if not math.isfinite(value):
        raise UserError(
            f"training stopped at iteration {iteration}: the {what} became {value}; checkpoints so far are kept; "
            "try a lower --training.rate.peak with another --out"
        )
