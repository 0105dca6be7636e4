"""A little to learn from: a few short recorded games, and a small world for each objective."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.renderers.diffusion import DiffusionConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.vae import VaeConfig
from tickworld.models.world import World, WorldConfig, seeded_world

WORLDS = {
    "snapped": WorldConfig(
        initializer=HistoryConfig(),
        core=SnappedConfig(radius=(2, 2), ages=4, width=24, summary=6),
        renderer=PaletteConfig(),
    ),
    "gru": WorldConfig(
        initializer=FramesConfig(opening=3, size=16), core=GruConfig(size=16), renderer=ProfilesConfig(shapes=4)
    ),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=3, size=16),
        core=RssmConfig(size=16, groups=4, classes=4, hidden=16, free=0.0),
        renderer=ProfilesConfig(shapes=4),
    ),
    "mdn_rnn": WorldConfig(
        initializer=FramesConfig(opening=3, size=16),
        core=MdnRnnConfig(size=16, code=6, components=2),
        renderer=VaeConfig(decoder=ProfilesConfig(shapes=4), size=16),
    ),
    "drawn": WorldConfig(
        initializer=FramesConfig(opening=3, size=16),
        core=GruConfig(size=16),
        renderer=DiffusionConfig(width=8, doublings=1, told=16),
    ),
}


@pytest.fixture(scope="session")
def episodes() -> Episodes:
    """Eight games of Pong, 40 ticks each."""
    pong = game("pong")
    return play_episodes(pong, player("mixed", pong), seeds.rows(0, 0, 8), 40)


@pytest.fixture(scope="session")
def make_world() -> Callable[[str], World]:
    """Makes a new world of ``WORLDS``, the same each time."""
    return lambda name: seeded_world(WORLDS[name], game("pong").spec, seed=1)


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """``with full_disk(1000):`` the system refuses to write a file beyond 1000 bytes, as a full disk would."""

    @contextlib.contextmanager
    def limit(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit
