"""What stands side by side can be compared: every core is there, at one size, with one recording and one judge."""

from __future__ import annotations

from typing import get_args

import pytest

from tickworld.models.cores import CoreConfig
from tickworld.models.world import World, seeded_world
from tickworld.recipes.bench.suites import SUITES, seed
from tickworld.recipes.config import RunConfig

KINDS = {kind.model_fields["kind"].default for kind in get_args(get_args(CoreConfig)[0])}
SEED = seed()
WORLDS = [(game, name) for game, worlds in SEED.items() for name in worlds]
NO_NETWORK = {"bodies"}
"""What is no network and has as many weights as its rule needs."""


def built(config: RunConfig) -> World:
    return seeded_world(config.world, config.game.build().spec, 0)


@pytest.mark.parametrize("game", SEED)
def test_every_core_has_a_row_on_every_game(game: str) -> None:
    assert {config.world.core.kind for config in SEED[game].values()} == KINDS
    assert {config.game.name for config in SEED[game].values()} == {game}


@pytest.mark.parametrize("suite", SUITES)
def test_all_worlds_of_a_game_learn_from_the_same_and_are_judged_alike(suite: str) -> None:
    for worlds in SUITES[suite]().values():
        first, *others = worlds.values()
        assert all(other.game == first.game and other.record == first.record for other in others)
        assert all(other.evaluation == first.evaluation for other in others)
        assert all(config.data is None for config in worlds.values())  # the bench decides where it lies


@pytest.mark.parametrize(("game", "name"), WORLDS)
def test_worlds_have_one_size(game: str, name: str) -> None:
    """Start, core and picture together; from frames the start is a large network of its own, nearly the same for
    all."""
    world = built(SEED[game][name])
    start = sum(weight.numel() for weight in world.initializer.parameters())
    if name not in NO_NETWORK:
        assert 45_000 < world.size() - start < 66_000
        assert game == "pong" or 55_000 < world.size() < 66_000
    if world.initializer.opening == 4:
        assert 210_000 < start < 220_000


def test_the_seeds_own_network_is_there() -> None:
    world = built(SEED["pong_angle"]["seed_gru"])
    assert world.size() == 65_184  # as in recipe seed_gru
