"""Small worlds to play in: nothing that they dream is right, but it is dreamt as every world dreams."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.batches import WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.rewarded import worn
from tickworld.models.rewards import Outcome, RewardModelConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.simulator import Opening
from tickworld.training.rewards import seeded_model

WORLDS = {
    "snapped": WorldConfig(
        initializer=HistoryConfig(),
        core=SnappedConfig(radius=(1, 1), ages=4, width=8, summary=4, glance_width=8),
        renderer=PaletteConfig(),
    ),
    "gru": WorldConfig(
        initializer=FramesConfig(opening=2, size=8), core=GruConfig(size=8, layers=1), renderer=DenseConfig()
    ),
}


@pytest.fixture(scope="session")
def dream() -> Callable[..., Learned]:
    """Makes an untrained world of a game; ``rewarded`` with a reward model, whose rewards and ends are arbitrary."""

    def dream(name: str, kind: str = "snapped", rewarded: bool = True) -> Learned:
        truth = game(name)
        world = seeded_world(WORLDS[kind], truth.spec, seed=1)
        for key, buffer in world.named_buffers():
            if key in ("core.lively", "core.remote"):
                buffer[:] = True
        episodes = play_episodes(truth, player("mixed", truth), seeds.rows(0, 0, 6), 12)
        some = windows(episodes, WindowShape(world.initializer.opening, 1, 6), 0, 0)
        players = len(truth.spec.players)
        outcomes = tuple(
            Outcome(reward=(float(brought),) * players, over=over, share=share)
            for brought, over, share in ((0, False, 0.4), (1, False, 0.3), (-1, True, 0.3))
        )
        model = seeded_model(RewardModelConfig(width=4, hidden=8, outcomes=outcomes), truth.spec, seed=2)
        return worn(world, truth.spec, Opening(some.opening_frames, some.opening_actions), model if rewarded else None)

    return dream
