"""What is kept of a dream: its numbers beside what was true at the same tick of the same game."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tickworld.agents import player
from tickworld.evaluation.inspection.visits import InspectionConfig, Visits, thinned, visit
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.progress import Silent

SMALL = InspectionConfig(games=6, ticks=10, every=5, states=2, ahead=3)


def visited(name: str, parts: WorldConfig, config: InspectionConfig = SMALL) -> Visits:
    truth = game(name)
    world = Learned(seeded_world(parts, truth.spec, 0), truth.spec)
    return visit(world, truth, player(config.players, truth), config, Silent())


@pytest.fixture(scope="module")
def snapped() -> Visits:
    core = SnappedConfig(width=4, glance_width=4, summary=4, ages=6)
    return visited("pong", WorldConfig(initializer=HistoryConfig(), core=core, renderer=PaletteConfig()))


def test_a_row_is_a_state_of_one_game_at_one_tick(snapped: Visits) -> None:
    assert snapped.game.tolist() == [*range(6)] * 3 and snapped.tick.tolist() == [0] * 6 + [5] * 6 + [10] * 6
    assert snapped.fields == {"frames": (3, 32, 32), "age": (32, 32), "out": (2, 32, 32)}
    assert snapped.features.shape == (18, 6 * (32 * 32 + 64))
    assert snapped.pixels.shape == (18, 32 * 32 + 64)


def test_the_greatest_number_is_one_of_the_field_and_not_a_sum(snapped: Visits) -> None:
    assert snapped.highest["frames"] == 1 and snapped.highest["age"] <= 5 and 0 < snapped.spread["frames"] < 0.5


def test_what_was_true_is_named(snapped: Visits) -> None:
    names = set(snapped.truth)
    assert names > {"ball x, seen", "left y, seen", "right score, seen"}
    assert names > {"ball_vx", "paddle_y left", "score right", "wait"}
    assert all(values.shape == (18,) for values in snapped.truth.values())
    there = ~np.isnan(snapped.truth["ball x, seen"])
    assert (snapped.truth["ball x, seen"] == snapped.truth["ball_x"])[there].all()  # of a ball of one pixel


def test_whole_states_are_kept_with_the_keys_that_followed(snapped: Visits) -> None:
    moments = snapped.moments
    assert moments.state.frames.shape == (2, 3, 32, 32) and moments.actions.shape == (3, 2, 2)
    assert moments.frames.shape == (2, 32, 32, 1) and not moments.state.out.is_inference()


def test_games_that_are_over_are_left_out() -> None:
    parts = WorldConfig(initializer=ParamsConfig(size=4), core=GruConfig(size=4), renderer=DenseConfig())
    seen = visited("pong_angle", parts, InspectionConfig(games=40, ticks=60, every=30, players="idle"))
    counts: Any = np.bincount(seen.tick)[[0, 30, 60]]
    assert counts[0] == 40 > counts[1] > counts[2]
    assert (seen.truth["lost"] == 0).all()


def test_thinned_indices_are_some_of_all_and_always_the_same() -> None:
    assert thinned(5, 9).tolist() == [0, 1, 2, 3, 4]
    some = thinned(1000, 100)
    assert len(some) == len(set(some)) == 100 and (np.diff(some) > 0).all() and len(set(np.diff(some))) > 10
    assert (some == thinned(1000, 100)).all()
