"""Recipes that learn the other games of few colours: each says what its game asks of the rule."""

from __future__ import annotations

from tickworld.config import override
from tickworld.data.manifest import Plan
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores.cellular import CellularConfig
from tickworld.models.cores.recall import RecallConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.recipes.pong import demo
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import RolloutConfig


def life() -> RunConfig:
    """Conway's Life with an editing cursor, exact for ever: a cellular automaton, trained on single ticks."""
    return RunConfig(
        recipe="life",
        game=GameConfig(name="life"),
        record=Plan(players="random", episodes=4096, ticks=8),  # short: first boards have cells of every density
        world=WorldConfig(initializer=HistoryConfig(), core=CellularConfig(), renderer=PaletteConfig()),
        training=TrainingConfig(
            objective=RolloutConfig(moving=0.0),
            iterations=3000,
            batch=8,
            ticks=GrowthConfig(first=1, last=1),
            rate=RateConfig(peak=1e-2, warmup=50, shape="linear"),
            clip=100.0,
        ),
        evaluation=EvaluationConfig(rollouts=64, frames=1000),
        threads=1,
    )


def catch() -> RunConfig:
    """Catch: nothing is hidden but which way the fruit drifts, which two frames show. Games are long enough for all
    lamps to be lit."""
    core = SnappedConfig(radius=(3, 3), reach=(1, 1), ages=3, stirred=64, far=16)
    longer = {"record.episodes": 1024, "record.ticks": 256, "training.sampler.played": 2048}
    return override(_by_rule("catch", 5000, core), longer)


def breakout() -> RunConfig:
    """Breakout: many bricks to look at, each gone for good, and a serve that is waited for."""
    return _by_rule("breakout", 12_000, SnappedConfig(radius=(3, 6), reach=(1, 2), stirred=256))


def snake() -> RunConfig:
    """Snake: a single frame shows all there is, in many colours; crashes change all of it at once."""
    return _by_rule("snake", 5000, SnappedConfig(frames=1, radius=(2, 2), reach=(1, 1), ages=1, stirred=160, far=24))


def maze() -> RunConfig:
    """Maze: what was lit at first must be recalled when the lantern comes there again. It is shown how the light goes
    out: that happens once, and in all of the frame."""
    core = RecallConfig(frames=1, radius=(2, 2), glance=(1, 1), reach=(2, 2), ages=1, stirred=24, shown=18, far=16)
    return override(_by_rule("maze", 4000, core), {"record.ticks": 40})


def _by_rule(name: str, iterations: int, core: SnappedConfig) -> RunConfig:
    """Recipe demo with another game and the core for it."""
    changes = {
        "recipe": name,
        "game.name": name,
        "world.core": core.model_dump(mode="json"),
        "training.iterations": iterations,
        "evaluation.frames": 1000,
    }
    return override(demo(), changes)
