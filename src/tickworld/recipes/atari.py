"""Recipes that learn games of the Atari from what its emulator shows; they need the extra ``gym``."""

from __future__ import annotations

from tickworld.config import override
from tickworld.data.manifest import Plan
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.games.gym_config import GymConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import TransitionConfig
from tickworld.training.sampling import HardConfig


def ale_pong() -> RunConfig:
    """Pong of the Atari from its own frames: the field below the score at half size, where all but the walls' ends
    moves by whole pixels; four steps of the emulator in a tick, as is usual."""
    return RunConfig(
        recipe="ale_pong",
        game=GameConfig(
            name="gym:ALE/Pong-v5",
            gym=GymConfig(
                crop=(34, 16, 0, 0),
                size=(80, 80),
                skip=4,
                noops=30,
                actions={"noop": "NOOP", "up": "RIGHT", "down": "LEFT"},
                objects={"player": (92, 186, 92), "ball": (236, 236, 236), "opponent": (213, 130, 74)},
            ),
        ),
        record=Plan(players="mixed", episodes=256, ticks=512),
        world=WorldConfig(
            initializer=HistoryConfig(),
            # A paddle may go 12 pixels in a tick, the ball 6 down and 4 across; a ball is served after 16 ticks.
            core=SnappedConfig(frames=3, radius=(14, 4), glance=(3, 3), reach=(13, 4), ages=17, stirred=192),
            renderer=PaletteConfig(),
        ),
        training=TrainingConfig(
            objective=TransitionConfig(pixels=128),  # a paddle that leaps changes fifty
            sampler=HardConfig(pool=2048, fresh=4096, renew=1000),  # a window has two hundred kilobytes and more
            iterations=5000,
            batch=16,
            rate=RateConfig(peak=2e-3, warmup=200, shape="linear"),
            decay=0.1,
            clip=5.0,
        ),
        evaluation=EvaluationConfig(rollouts=32, frames=300, measures=("control",)),
        threads=1,
    )


def ale_pong_polish() -> RunConfig:
    """A finished run of ale_pong goes on from frames of its own making: the game hides a little, so now and then a
    dream is wrong, and must come back from what no recording shows. It begins with runs/ale_pong unless --begin.run
    says another."""
    return override(
        ale_pong(),
        {
            "recipe": "ale_pong_polish",
            "begin.run": "runs/ale_pong",
            "training.objective.push": 3,
            "training.ticks": GrowthConfig(first=4, last=4).model_dump(mode="json"),
            "training.iterations": 3000,
            "training.rate.peak": 5e-4,
        },
    )


def ale_pong_large() -> RunConfig:
    """As ale_pong, of a size for a GPU: every pixel and every step of the emulator, more games, a wider rule."""
    return override(
        ale_pong(),
        {
            "recipe": "ale_pong_large",
            "game.gym.size": (0, 0),
            "game.gym.skip": 2,
            "record.episodes": 1024,
            "world.core.radius": (24, 8),
            "world.core.reach": (13, 5),
            "world.core.ages": 34,
            "world.core.stirred": 768,
            "world.core.width": 256,
            "world.core.glance_width": 128,
            "world.core.summary": 128,
            "training.objective.pixels": 512,
            "training.batch": 128,
            "training.iterations": 60_000,
        },
    )
