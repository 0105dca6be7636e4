"""Recipes that learn many games with one network: an engine, and a vector for each game."""

from __future__ import annotations

from tickworld.config import override
from tickworld.models.cores.engine import EngineConfig
from tickworld.models.initializers.described import DescribedConfig
from tickworld.models.initializers.table import TableConfig
from tickworld.recipes.config import RunConfig
from tickworld.recipes.pong import demo
from tickworld.training.sampling import HardConfig


def engine_pong() -> RunConfig:
    """A game engine for the ball games of family rally, from their params, in 45 minutes on two cores: a network,
    low-rank changes of its weights, and a vector for each of 64 games."""
    return override(
        demo(),
        {
            "recipe": "engine_pong",
            "game.name": "rally",
            "game.split": "seen",
            "game.games": 64,
            "record.episodes": 8192,
            "world.initializer": DescribedConfig().model_dump(mode="json"),
            # The ball flies 2.75 pixels a tick, and as much sideways as down.
            "world.core": EngineConfig(radius=(6, 6), reach=(3, 3), stirred=320).model_dump(mode="json"),
            "training.sampler.played": 8192,
            "training.sampler.pool": 8192,
            # Judging a window costs as much as training on it, and a renewal of 16,384 took three minutes.
            "training.sampler.fresh": 4096,
            "training.sampler.renew": 4000,
            # A ball of 8x8 pixels changes up to 128 when it is served: where fewer pass a gradient on, those that stay
            # as they are never do, and the loss grows.
            "training.objective.pixels": 160,
            "training.batch": 16,
            "training.iterations": 16_000,
            "evaluation.frames": 500,
            "output.save": 2000,
            "output.picture": 4000,
        },
    )


def engine_fit() -> RunConfig:
    """The vector of a game that an engine has not seen, fitted to a recording through the frozen engine: give the game,
    such as --game.params.speed 13, or a recording of it with --data. It begins with runs/engine_pong unless --begin.run
    says another."""
    return override(
        engine_pong(),
        {
            "recipe": "engine_fit",
            "game.split": None,
            "begin.run": "runs/engine_pong",
            "begin.parts": ["core", "renderer"],
            "record.episodes": 16,
            "world.initializer": TableConfig(spread=0.0).model_dump(mode="json"),
            "training.frozen": ["core", "renderer"],
            "training.sampler": HardConfig(share=0.25, pool=256, fresh=512, renew=250).model_dump(mode="json"),
            "training.iterations": 500,
            "training.rate.peak": 5e-2,
            "training.rate.warmup": 20,
            "training.decay": 0.0,
            "output.save": 250,
            "output.picture": 500,
        },
    )
