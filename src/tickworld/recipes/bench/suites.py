"""The table of suites: which worlds a bench compares, one complete run config each. One line a suite.

All worlds of a game learn from one recording and are judged alike. How many iterations each may train is left open:
that is decided by their pace (see ``pace``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tickworld.config import Config, override
from tickworld.models.cores.bodies import BodiesConfig
from tickworld.models.cores.cellular import CellularConfig
from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.dilated import DilatedConfig, GruCellConfig
from tickworld.models.cores.dnc import DncConfig
from tickworld.models.cores.engine import EngineConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.lstm import LstmConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.mingru import MinGruConfig
from tickworld.models.cores.ntm import NtmConfig
from tickworld.models.cores.recall import RecallConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.runtime import RuntimeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.cores.transformer import TransformerConfig
from tickworld.models.cores.transition import TransitionConfig as DeepConfig
from tickworld.models.cores.unet import UnetConfig
from tickworld.models.cores.window import WindowConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.inferred import InferredConfig
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.runtime import RuntimeConfig as RuntimeRendererConfig
from tickworld.models.renderers.sprites import SpritesConfig
from tickworld.models.renderers.vae import VaeConfig
from tickworld.recipes.config import RunConfig
from tickworld.recipes.pong import seed_gru
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.objectives import EvidenceConfig, RolloutConfig, TransitionConfig
from tickworld.training.sampling import HardConfig, UniformConfig

Suite = dict[str, dict[str, RunConfig]]
"""Game -> name of a world -> its config."""
Changes = dict[str, Any]

RENDERER = ProfilesConfig(shapes=12)
"""What most cores are drawn by: of the renderers for any vector the best after few minutes (``docs/results.md``)."""


def _rule(core: SnappedConfig | UnetConfig | CommitteeConfig | CellularConfig) -> Changes:
    """The parts of recipe demo, which learns single transitions; without its sampler, which plays games of its own."""
    return {
        "world.initializer": HistoryConfig(),
        "world.core": core,
        "world.renderer": PaletteConfig(),
        "training.objective": TransitionConfig(),
        "training.sampler": HardConfig(pool=8192, fresh=8192),
        "training.batch": 32,
        "training.ticks": GrowthConfig(),
        "training.rate": RateConfig(peak=2e-3, warmup=50, shape="linear"),
        "training.decay": 0.1,
        "training.clip": 5.0,
    }


_SMALL = SnappedConfig(reach=(2, 1), width=32, glance_width=24, summary=16)
CORES: dict[str, Changes] = {  # sized to about 60,000 weights a world that starts from params
    "gru": {"world.core": GruConfig(size=40)},
    "lstm": {"world.core": LstmConfig(size=46)},
    "transition": {"world.core": DeepConfig(size=44, blocks=2)},
    "dilated": {"world.core": DilatedConfig(cell=GruCellConfig(size=32))},
    "mingru": {"world.core": MinGruConfig(size=36)},
    "ntm": {"world.core": NtmConfig(size=38, rows=16, width=8)},
    "dnc": {"world.core": DncConfig(size=38, width=8, read_heads=1)},
    "window": {"world.core": WindowConfig(size=44)},
    "transformer": {"world.core": TransformerConfig(size=32), "training.rate.peak": 1e-3},
    "runtime": {"world.core": RuntimeConfig(size=44, rank=48)},
    "gru_runtime": {"world.core": GruConfig(size=40), "world.renderer": RuntimeRendererConfig(shapes=7, rank=32)},
    "mdn_rnn": {
        "world.core": MdnRnnConfig(size=44, code=16),
        "world.renderer": VaeConfig(size=16, decoder=ProfilesConfig(shapes=8)),
        "training.objective": EvidenceConfig(),
    },
    "rssm": {
        "world.core": RssmConfig(size=28, groups=4, classes=4, hidden=10),
        "world.renderer": ProfilesConfig(shapes=10),
        "training.objective": EvidenceConfig(),
    },
    "snapped": _rule(SnappedConfig(reach=(2, 1), width=76, glance_width=48, summary=36)),
    "committee": _rule(CommitteeConfig(member=_SMALL)),
    "recall": _rule(RecallConfig(reach=(2, 1), width=68, glance_width=44, summary=32)),
    "engine": {
        **_rule(EngineConfig(reach=(2, 1), width=68, glance_width=42, summary=32, vector=8, rank=4)),
        "world.initializer": InferredConfig(width=8),
    },
    "cellular": {
        **_rule(CellularConfig(radius=3, width=196, wraps=False)),
        "training.objective": RolloutConfig(moving=0.0),
        "training.sampler": UniformConfig(),
    },
    "unet": {
        **_rule(UnetConfig(reach=(2, 1), widths=(16, 16, 8), dense=32, told=24)),
        "training.objective": TransitionConfig(pixels=1600),  # all: it has looked at them anyway
    },
    "bodies": {  # as in recipe pong_angle
        "world.core": BodiesConfig(bodies=3),
        "world.renderer": SpritesConfig(inside=True),
        "training.objective": RolloutConfig(moving=0.0, patience=100.0),
        "training.ticks.first": 8,
        "training.ticks.share": 0.75,
        "training.ticks.steps": 2,
        "training.rate": RateConfig(peak=2e-2, warmup=50, last=2.5e-3, shape="geometric"),
        "training.decay": 0.0,
    },
}
"""Name, most often the core's -> what its world has and does that others do not; the same on every game."""


def seed() -> Suite:
    """Every core on both games of Pong, and the seed's own network on its own."""
    angle = _changed(
        seed_gru(),
        {
            "record.episodes": 1536,
            "record.ticks": 160,
            "world.renderer": RENDERER,
            "training.ticks": GrowthConfig(first=16, last=128),
            "training.rate": RateConfig(peak=3e-3, warmup=50),
            "evaluation.frames": 500,
        },
    )
    pong = _changed(
        angle,
        {
            "game.name": "pong",
            "record.episodes": 2048,
            "record.ticks": 96,
            "world.initializer": FramesConfig(opening=4, size=48),
            "training.batch": 64,
            "training.ticks.last": 64,
        },
    )
    worlds = {
        config.game.name: {name: _changed(config, changes) for name, changes in CORES.items()}
        for config in (angle, pong)
    }
    by_angle = worlds["pong_angle"]
    by_angle["bodies"] = _changed(by_angle["bodies"], {"world.initializer.size": 0})  # as in recipe pong_angle
    as_it_was = {"world.core": seed_gru().world.core, "world.renderer": DenseConfig(), "training.ticks.first": 128}
    by_angle["seed_gru"] = _changed(angle, as_it_was | {"training.rate.peak": seed_gru().training.rate.peak})
    return worlds


def _changed(config: RunConfig, changes: Changes) -> RunConfig:
    """``config`` with settings or whole parts changed."""
    plain = {name: each.model_dump(mode="json") if isinstance(each, Config) else each for name, each in changes.items()}
    return override(config, plain)


SUITES: dict[str, Callable[[], Suite]] = {
    "seed": seed,
}
