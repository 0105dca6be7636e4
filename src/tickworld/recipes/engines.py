"""Recipes that learn many games with one network: an engine, and a vector for each game."""

from __future__ import annotations

from tickworld.config import override
from tickworld.models.cores.unet import UnetConfig
from tickworld.models.initializers.described import DescribedConfig
from tickworld.models.initializers.table import TableConfig
from tickworld.recipes.config import RunConfig
from tickworld.recipes.pong import demo
from tickworld.training.sampling import HardConfig


def engine_pong() -> RunConfig:
    """A game engine for the ball games of family rally, from their params, in an hour of one core with
    --precision bf16-mixed: a network that sees whole frames, and a vector for each of four thousand games."""
    return override(
        demo(),
        {
            "recipe": "engine_pong",
            "game.name": "rally",
            "game.split": "seen",
            # With 64 games it knows those games: half of what it could do was gone in games between them.
            "game.games": 4096,
            "record.episodes": 8192,
            "world.initializer": DescribedConfig().model_dump(mode="json"),
            # The ball flies 2.75 pixels a tick, and as much sideways as down.
            "world.core": UnetConfig(reach=(3, 3), vector=32).model_dump(mode="json"),
            "training.sampler": HardConfig(share=0.25, pool=8192, fresh=8192, renew=1000).model_dump(),
            "training.objective.pixels": 1024,  # all: the rule has looked at them anyway
            "training.batch": 64,
            "training.iterations": 17_000,
            "training.rate.peak": 3e-3,
            "training.clip": 20.0,
            "evaluation.frames": 500,
            "output.save": 1000,
            "output.picture": 2000,
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


def engine_tune() -> RunConfig:
    """All of an engine, learning one game on from where its vector was fitted: give the same game or recording as to
    engine_fit. It begins with runs/engine_fit unless --begin.run says another."""
    return override(
        engine_fit(),
        {
            "recipe": "engine_tune",
            "begin.run": "runs/engine_fit",
            "begin.parts": ["initializer", "core", "renderer"],
            "training.frozen": [],
            "training.rate.peak": 5e-4,
            "training.decay": 0.1,
        },
    )
