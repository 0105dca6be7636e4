"""Recipes that teach a finished world to draw by diffusion: its initializer and core stay as they are."""

from __future__ import annotations

from pathlib import Path

from tickworld.config import override
from tickworld.data.manifest import Plan
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.renderers.diffusion import DiffusionConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import BeginConfig, GameConfig, RunConfig
from tickworld.recipes.games import catch
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.denoise import DenoiseConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.sampling import UniformConfig


def diffusion() -> RunConfig:
    """Smoke with edges and curls in place of a haze: a diffusion renderer on the frozen recurrent core of a finished
    run of smoke, runs/smoke unless --begin.run says another. It can learn from that run's recording: --data
    runs/smoke/data."""
    return RunConfig(
        recipe="diffusion",
        game=GameConfig(name="smoke"),
        record=Plan(players="mixed", episodes=256, ticks=128),
        world=WorldConfig(
            initializer=FramesConfig(opening=4, size=128),
            core=GruConfig(size=256, layers=1),
            renderer=DiffusionConfig(),
        ),
        begin=BeginConfig(run=Path("runs/smoke"), parts=("initializer", "core")),
        training=TrainingConfig(
            objective=DenoiseConfig(),
            iterations=1200,
            batch=16,
            ticks=GrowthConfig(first=24, last=24),
            rate=RateConfig(peak=2e-3, warmup=100),
            decay=1e-2,
            frozen=("initializer", "core"),
        ),
        evaluation=EvaluationConfig(rollouts=32, frames=100, measures=("valid_time",)),
        threads=1,
    )


def diffusion_catch() -> RunConfig:
    """Catch drawn by diffusion from the snapped state: a renderer on the frozen core of a finished run of catch,
    runs/catch unless --begin.run says another."""
    training = TrainingConfig(
        objective=DenoiseConfig(frames=1),
        sampler=UniformConfig(),
        iterations=800,
        batch=32,
        rate=RateConfig(peak=2e-3, warmup=100),
        decay=1e-2,
        frozen=("initializer", "core"),
    )
    return override(
        catch(),
        {
            "recipe": "diffusion_catch",
            "world.renderer": DiffusionConfig().model_dump(mode="json"),
            "begin.run": "runs/catch",
            "begin.parts": ["initializer", "core"],
            "training": training.model_dump(mode="json"),
            "evaluation.rollouts": 16,  # a frame costs as much as fifty by the palette do
            "evaluation.frames": 500,
        },
    )
