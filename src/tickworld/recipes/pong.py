"""Recipes that learn Pong."""

from __future__ import annotations

from tickworld.config import override
from tickworld.data.manifest import Plan
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores.bodies import BodiesConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.sprites import SpritesConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import RolloutConfig, TransitionConfig
from tickworld.training.rare import RareConfig


def demo() -> RunConfig:
    """Pong from frames and actions in ten minutes on two cores: a core of snapped frames, trained on single
    transitions of which the rare ones are sought out."""
    return RunConfig(
        recipe="demo",
        game=GameConfig(name="pong"),
        record=Plan(players="mixed", episodes=4096, ticks=64),  # short: as many different starts as can be
        world=WorldConfig(initializer=HistoryConfig(), core=SnappedConfig(reach=(2, 1)), renderer=PaletteConfig()),
        training=TrainingConfig(
            objective=TransitionConfig(),
            sampler=RareConfig(played=8192),
            iterations=12_000,
            batch=32,
            rate=RateConfig(peak=2e-3, warmup=200, shape="linear"),
            decay=0.1,
            clip=5.0,
        ),
        evaluation=EvaluationConfig(rollouts=64, frames=500),
        threads=1,  # the other core plays the games that are needed next
    )


def pong() -> RunConfig:
    """Pong, exact for thousands of ticks, in less than half an hour on two cores: demo with more games, trained for
    longer."""
    return override(
        demo(),
        {
            "recipe": "pong",
            "record.episodes": 16_384,
            "training.sampler.played": 24_576,
            "training.iterations": 56_000,
            "evaluation.frames": 2000,
            "evaluation.measures": ["events", "rules", "trust"],
            "output.save": 3000,
            "output.picture": 3000,
        },
    )


def pong_polish() -> RunConfig:
    """What a finished run of pong still gets wrong, sought in long games: among rare transitions, and among millions of
    common ones that it is asked about. It begins with runs/pong unless --begin.run says another."""
    return override(
        pong(),
        {
            "recipe": "pong_polish",
            "begin.run": "runs/pong",
            "record.episodes": 4096,
            "record.ticks": 512,
            "record.seed": 1,
            "training.sampler": RareConfig(played=3072, fresh=32_768, common=262_144, pool=32_768).model_dump(),
            "training.iterations": 12_000,
            "training.rate.peak": 5e-4,
        },
    )


def seed_gru() -> RunConfig:
    """The seed's own network on its own game: GRU-GRU-32 from the angle, one dense layer to the frame, 62,688 weights
    there."""
    return RunConfig(
        recipe="seed_gru",
        game=GameConfig(name="pong_angle"),
        record=Plan(players="mixed", episodes=2048, ticks=256),
        world=WorldConfig(initializer=ParamsConfig(size=32), core=GruConfig(size=32, layers=2), renderer=DenseConfig()),
        training=TrainingConfig(
            objective=RolloutConfig(moving=0.0),
            iterations=1500,
            batch=32,
            ticks=GrowthConfig(first=256, last=256),
            rate=RateConfig(peak=5e-3, warmup=100),
        ),
        evaluation=EvaluationConfig(rollouts=64, frames=256),
    )


def pong_angle() -> RunConfig:
    """The seed's game from the angle alone, to the end of its rallies: three bodies that fly and bounce, drawn as
    boxes."""
    return RunConfig(
        recipe="pong_angle",
        game=GameConfig(name="pong_angle"),
        record=Plan(players="tracking", episodes=512, ticks=500),  # who keeps the ball in play shows what comes late
        world=WorldConfig(
            initializer=ParamsConfig(size=0), core=BodiesConfig(bodies=3), renderer=SpritesConfig(inside=True)
        ),
        training=TrainingConfig(
            objective=RolloutConfig(moving=0.0, patience=100.0),
            iterations=1200,
            batch=16,
            ticks=GrowthConfig(first=8, last=500, share=0.75, steps=8),
            rate=RateConfig(peak=2e-2, warmup=50, last=2.5e-3, shape="geometric"),
            decay=0.0,
        ),
        evaluation=EvaluationConfig(rollouts=64, frames=500),
    )


def pong_speed() -> RunConfig:
    """The seed's game from angle and speed, with a ball of half to one and a half pixels a tick: pong_angle in shorter
    windows, which also reads the products of its params."""
    return override(
        pong_angle(),
        {
            "recipe": "pong_speed",
            "game.params.speed": [0.5, 1.5],
            "record.episodes": 1024,
            "record.ticks": 128,
            "world.initializer.products": True,
            "training.ticks.last": 128,
            "training.batch": 32,
            "evaluation.frames": 128,
        },
    )
