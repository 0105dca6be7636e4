"""Recipes of "World models" (Ha and Schmidhuber 2018, 1803.10122), one part after the other as there: V, which tells
frames as codes, then M, which foresees the codes. `tickworld train vae`, then `tickworld train world_models`."""

from __future__ import annotations

from pathlib import Path

from tickworld.data.manifest import Plan
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.vae import VaeConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import BeginConfig, GameConfig, OutputConfig, RunConfig
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import EvidenceConfig

CODE = 32
"""Numbers in a code, as in the paper."""
V = VaeConfig(decoder=ProfilesConfig(shapes=24), size=256)
TOLD = 0.1
"""Weight of the nats of a code. At full weight telling where a ball of one pixel is costs about as much as it saves,
and V finds the ball late or never: posterior collapse, of the rarest things first."""


def vae() -> RunConfig:
    """V alone: a variational autoencoder of Pong's frames, for world_models; nothing moves in it yet."""
    return RunConfig(
        recipe="vae",
        game=GameConfig(name="pong"),
        record=Plan(players="mixed", episodes=2048, ticks=64),
        world=WorldConfig(
            initializer=FramesConfig(opening=1, size=16), core=MdnRnnConfig(size=16, code=CODE), renderer=V
        ),
        training=TrainingConfig(
            objective=EvidenceConfig(told=TOLD, surprise=0.0),
            iterations=8000,
            batch=64,
            rate=RateConfig(peak=2e-3, warmup=200),
            decay=0.0,
            frozen=("initializer", "core"),
        ),
        evaluation=EvaluationConfig(rollouts=16, frames=16),  # its dreams mean nothing: no part of it has learned them
        output=OutputConfig(picture=4000),
        threads=1,
    )


def world_models() -> RunConfig:
    """M on the codes of V, which stays as it is: a recurrent mixture density network that dreams Pong. It begins with
    the renderer of a finished run of vae, runs/vae unless --begin.run says another."""
    return RunConfig(
        recipe="world_models",
        game=GameConfig(name="pong"),
        record=Plan(players="mixed", episodes=2048, ticks=64),
        world=WorldConfig(initializer=FramesConfig(), core=MdnRnnConfig(code=CODE), renderer=V),
        begin=BeginConfig(run=Path("runs/vae"), parts=("renderer",)),
        training=TrainingConfig(
            objective=EvidenceConfig(told=0.0),
            iterations=3000,
            batch=32,
            ticks=GrowthConfig(first=32, last=32),
            rate=RateConfig(peak=2e-3, warmup=100),
            frozen=("renderer",),
        ),
        evaluation=EvaluationConfig(rollouts=64, frames=200),
        threads=1,
    )
