"""Params of games, found by gradient through a world whose weights are set by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.by_hand import by_hand, truth

from tickworld import seeds
from tickworld.agents import player
from tickworld.config import Config
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.evaluation.gradients.identification import Identified, errors, identify, sought, told
from tickworld.evaluation.gradients.seeker import IdentificationConfig, Seeker, gather
from tickworld.games import game
from tickworld.models.cores.engine import EngineConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.initializers.described import DescribedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.smooth import Smooth
from tickworld.models.world import WorldConfig
from tickworld.progress import Silent
from tickworld.tensors import blurred

FEW: dict[str, Any] = {"games": 1, "frames": 12, "places": 64, "starts": 1, "iterations": 4}


def played(count: int = 2, ticks: int = 16) -> Episodes:
    there = truth()
    return play_episodes(there, player("tracking", there), seeds.rows(5, 0, count), ticks)


def found(recorded: Episodes, world: Learned | None = None, **changes: Any) -> Identified:
    return identify(world or by_hand(), recorded, IdentificationConfig(**{**FEW, **changes}), Silent())


def test_angle_and_speed_are_found() -> None:
    result = found(played(1), places=96, starts=2, iterations=6)
    assert result.names == ("angle", "speed") and result.frames.tolist() == [12]
    off = errors(result, truth().spec)
    assert off["angle"].max() < 0.05 and off["speed"].max() < 0.05
    assert (result.spread > 0).all() and (result.spread < 0.05).all()
    assert np.isfinite(result.nats).all() and (result.agreed > 0).all()


def test_one_param_is_found_where_the_other_is_known() -> None:
    recorded = played(1)
    result = found(recorded, params=("speed",), games=1)
    assert result.names == ("speed",) and result.found.shape == (1, 1)
    assert errors(result, truth().spec)["speed"][0] < 0.05


def test_a_truth_that_is_not_known_is_not_compared() -> None:
    recorded = played(1)
    blank = replace(recorded, params=np.full_like(recorded.params, np.nan))
    shown = told(found(blank, games=1), truth().spec)
    speed = shown["params"]["speed"]
    assert speed["error"] == {"median": None, "worst": None} and speed["within_1_percent"] is None
    assert speed["truth"] == [None] and abs(speed["found"][0] - recorded.params[0, 1]) < 0.2


def test_an_angle_goes_round() -> None:
    one = np.ones((1, 1))
    ones = one[0]
    result = Identified(("angle",), 0.01 * one, one, (2 * np.pi - 0.01) * one, ones, ones, ones, ones.astype(int))
    assert errors(result, truth().spec)["angle"][0] == pytest.approx(0.02)


def test_slopes_forwards_are_those_of_backpropagation() -> None:
    """With walls in the way: the mirror of a contact is seen from both sides."""
    smooth, config = Smooth(by_hand()), IdentificationConfig(games=2, frames=40)
    seeker = Seeker(smooth, gather(smooth, played(2, 40), config), [0, 1], config)
    unit = torch.tensor([[[0.3, 0.4]], [[0.8, 0.9]]], requires_grad=True)
    for blur in (0.0, 2.0):
        (backwards,) = torch.autograd.grad(seeker.loss(unit, slice(None), 40, blur)[0].sum(), unit)
        torch.testing.assert_close(seeker.slopes(unit.detach(), 40, blur).gradient, backwards, rtol=1e-3, atol=1e-2)


def test_blur_pulls_boxes_that_do_not_overlap() -> None:
    frames = torch.zeros(1, 1, 9, 30)
    frames[..., 3:6, 3:6] = 1
    apart = [blurred(frames - frames.roll(shift, 3), 4.0).square().sum() for shift in (5, 6, 7)]
    assert apart[0] < apart[1] < apart[2], "further off is worse"
    torch.testing.assert_close(blurred(frames, 1.0).sum(), frames.sum(), rtol=1e-2, atol=0)


def parts(**given: Config) -> WorldConfig:
    return WorldConfig(**given)  # type: ignore[arg-type]


def test_an_engine_hears_what_describes_its_game_and_is_asked_after_every_opening() -> None:
    rally = game("rally", speed=(8, 22), gravity=(0, 7))
    core = EngineConfig(width=8, glance_width=8, summary=4, radius=(1, 1), glance=(1, 1), ages=4, vector=3, rank=2)
    torch.manual_seed(0)
    world = parts(initializer=DescribedConfig(size=0), core=core, renderer=PaletteConfig()).build(rally.spec)
    world.core.watch(torch.zeros(1, 32, 32), torch.ones(1, 32, 32, dtype=torch.bool))  # type: ignore[operator]
    learned = Learned(world, rally.spec)
    smooth = Smooth(learned)
    heard = [rally.spec.params[column].name for column in sought(smooth, ())]
    assert heard == ["speed", "gravity"], "what is the same in every game is known"
    recorded = play_episodes(rally, player("tracking", rally), seeds.rows(0, 0, 1), 8)
    config = IdentificationConfig(games=1, frames=8, places=4, starts=2, iterations=1)
    evidence = gather(smooth, recorded, config)
    assert evidence.frames.shape[:3] == (1, 5, 4) and evidence.followed.shape[:3] == (1, 5, 1)
    result = identify(learned, recorded, config, Silent())
    assert result.found.shape == (1, 2) and np.isfinite(result.found).all()
    with pytest.raises(
        UserError, match="does not hear param walls of rally, or it has no slope; ask for paddle_length,"
    ):
        sought(smooth, ("walls",))
    with pytest.raises(UserError, match="needs 4 frames after the first as evidence; got 3"):
        gather(smooth, recorded, IdentificationConfig(frames=3))


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="pong_angle has no param 'sped'; did you mean 'speed'"):
        found(played(1), params=("sped",))
    pong = game("pong")
    deaf = parts(initializer=FramesConfig(), core=GruConfig(size=8), renderer=DenseConfig()).build(pong.spec)
    with pytest.raises(UserError, match=r"starts from frames alone and hears no params.*such as recipe pong_speed"):
        found(played(1), Learned(deaf, pong.spec))
    broken = by_hand()
    with torch.no_grad():
        next(broken.world.renderer.parameters()).fill_(torch.nan)
    with pytest.raises(UserError, match="gives frames that are no numbers; train it anew"):
        found(played(1), broken, games=1, places=4, iterations=1)
