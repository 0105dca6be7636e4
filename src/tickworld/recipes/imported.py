"""Learning from a recording that no game of ours stands behind: the recording takes the game's place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tickworld.config import override
from tickworld.data import store
from tickworld.data.manifest import is_there
from tickworld.data.recorded import PREFIX, Recorded, folder_of, is_recorded
from tickworld.places import place
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.training.rare import RareConfig
from tickworld.training.sampling import HardConfig, PoolConfig

PLAYER = "recorded"
"""Who plays a recording."""


def with_game(changes: Mapping[str, Any]) -> dict[str, Any]:
    """``changes`` to a recipe, in which data that was imported is its own game. Raises UserError for data that cannot
    be read."""
    data = changes.get("data")
    if data is None or "game.name" in changes or not is_there(data):
        return dict(changes)
    if store.open(place(data)).manifest.imported is None:
        return dict(changes)
    return {**changes, "game.name": f"{PREFIX}{data}"}


def adapted(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """``config`` for the game that ``changes`` name, if that is a recording: judged on what was held out of it, and
    trained on windows of what there is, since it cannot be played anew. Any other is returned as it is."""
    name = changes.get("game.name", config.game.name)
    if not isinstance(name, str) or not is_recorded(name):
        return config
    game = Recorded(folder_of(name))
    sampler = config.training.sampler
    if isinstance(sampler, RareConfig):
        kept = {each: getattr(sampler, each) for each in PoolConfig.model_fields}
        sampler = HardConfig(**kept)
    return override(
        config,
        {
            "game": GameConfig(name=name).model_dump(),
            "training.sampler": sampler.model_dump(),
            "evaluation.players": PLAYER,
            "evaluation.frames": min(config.evaluation.frames, game.store.manifest.plan.ticks),
        },
    )
