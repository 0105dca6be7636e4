"""Slopes pass the check where theory says that they are right, and fail it where theory says that they are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from tests.by_hand import by_hand, truth

from tickworld.agents import player
from tickworld.errors import UserError
from tickworld.evaluation.gradients.gradcheck import (
    Agreement,
    GradcheckConfig,
    Keys,
    Params,
    _against_itself,
    _pushed,
    agreement,
    gradcheck,
    told,
)
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.world import WorldConfig
from tickworld.progress import Silent


def checked(world: Learned, there: Any, **changes: Any) -> tuple[dict[str, Keys], dict[str, Params]]:
    config = GradcheckConfig(**{"games": 24, "ticks": 40, "moments": 4, "nearby": 32, **changes})
    return gradcheck(world, there, player("tracking", there), config, Silent())


@pytest.fixture(scope="module")
def bodies() -> tuple[dict[str, Keys], dict[str, Params]]:
    return checked(by_hand(), truth())


def test_free_flight_passes(bodies: tuple[dict[str, Keys], dict[str, Params]]) -> None:
    flight = bodies[1]["flight"]
    assert flight.equal == 1 and flight.twin < 1e-4
    assert flight.smoothed.cosine > 0.98 and 0.8 < flight.smoothed.size < 1.25
    assert flight.plain.cosine == pytest.approx(flight.smoothed.cosine, abs=1e-3), "no contact, no mirror"


@pytest.mark.parametrize("kind", ["wall", "hit"])
def test_contacts_fail_against_differences_and_pass_against_the_smoothed_game(
    bodies: tuple[dict[str, Keys], dict[str, Params]], kind: str
) -> None:
    """The slope is that of a mirror on purpose; the derivative of the discrete bounce has the wrong sign."""
    contact = bodies[1][kind]
    assert contact.equal == 0 and contact.twin > 0.5
    assert contact.smoothed.cosine > 0.95
    assert contact.plain.cosine < contact.smoothed.cosine - 0.05
    assert contact.plain.error > 1.5 * contact.smoothed.error


def test_another_key_is_seen_on_the_way_and_not_from_a_corner(
    bodies: tuple[dict[str, Keys], dict[str, Params]],
) -> None:
    flight = bodies[0]["flight"]
    assert flight.equal >= 0.5, "all but where a plank meets its bounds"
    assert flight.smoothed.cosine == pytest.approx(flight.dream.cosine, abs=0.02), "the mean slope is the difference"
    assert flight.slope.cosine < flight.smoothed.cosine - 0.1 and flight.slope.error > 1.3 * flight.smoothed.error


def snapped() -> Learned:
    spec = game("pong").spec
    core = SnappedConfig(width=8, glance_width=8, summary=4, radius=(2, 2), glance=(1, 1), ages=4)
    torch.manual_seed(0)
    world = WorldConfig(initializer=HistoryConfig(), core=core, renderer=PaletteConfig()).build(spec)
    assert isinstance(world.core, Snapped)
    world.core.watch(torch.zeros(1, 32, 32), torch.ones(1, 32, 32, dtype=torch.bool))
    return Learned(world, spec)


def test_a_world_that_decides_has_no_slope_and_its_smooth_twin_has() -> None:
    keys, params = checked(snapped(), game("pong"), games=4, ticks=10, moments=2)
    assert params == {}, "it hears none"
    flight = keys["flight"]
    assert flight.hard == Agreement(0.0, 1.0, 0.0), "no slope at all, and the true frames do change"
    assert flight.slope.size > 0
    assert flight.equal == 1 and flight.twin < 1e-4, "of the twin, slope and difference are the same"


def test_a_world_that_is_smooth_agrees_with_itself_at_every_event() -> None:
    spec = game("pong").spec
    torch.manual_seed(0)
    world = WorldConfig(initializer=FramesConfig(), core=GruConfig(size=8), renderer=DenseConfig()).build(spec)
    keys, _ = checked(Learned(world, spec), game("pong"), games=6, ticks=20, moments=2)
    assert len(keys) > 2 and all(row.equal == 1 for row in keys.values())


def test_a_wrong_slope_does_not_pass() -> None:
    def lying(x: torch.Tensor) -> torch.Tensor:
        return x.square() + (x - x.detach())  # the slope is off by one, the values are not

    place = torch.rand(3, 2, 2, dtype=torch.float64)
    assert _against_itself(torch.square, place, 1e-5, 0)[1] == 1
    worst, equal = _against_itself(lying, place, 1e-5, 0)
    assert worst > 0.1 and equal == 0


def test_a_product_with_the_jacobian() -> None:
    place, way = torch.rand(2, 3, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)
    np.testing.assert_allclose(_pushed(torch.square, place, way), 2 * place.numpy())
    assert not _pushed(lambda x: torch.zeros(2, 3), place, way).any()


def test_agreement_by_hand() -> None:
    one = np.array([[1.0, 0.0]])
    assert agreement(2 * one, one) == Agreement(1.0, 1.0, 2.0)
    assert agreement(0 * one, one) == Agreement(0.0, 1.0, 0.0)
    assert agreement(0 * one, 0 * one) == Agreement(1.0, 0.0, 0.0)


def test_it_is_told_as_plain_values(bodies: tuple[dict[str, Keys], dict[str, Params]]) -> None:
    shown = told(*bodies)
    assert shown["params"]["flight"]["equal"] == 1 and set(shown["keys"]["flight"]["hard"]) == {
        "cosine",
        "error",
        "size",
    }


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="games of 2 ticks are too short to look 3 ahead"):
        checked(by_hand(), truth(), ticks=2)
    broken = by_hand()
    with torch.no_grad():
        next(broken.world.renderer.parameters()).fill_(torch.nan)
    with pytest.raises(UserError, match="gives frames that are no numbers"):
        checked(broken, truth(), games=4, ticks=8)
    with pytest.raises(UserError, match="compare a world with the game it learned"):
        checked(by_hand(), game("pong"))
