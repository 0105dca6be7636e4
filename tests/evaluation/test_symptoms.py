"""Every check finds the fault that it is there for, and none is found in a perfect dream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tickworld.agents import player
from tickworld.evaluation.symptoms import CHECKS, examined, world_symptoms
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.games.pong_angle import PongAngle
from tickworld.simulator import Simulator


def found(dream: Simulator, truth: Simulator | None = None) -> dict[str, str]:
    truth = truth or game("pong")
    patient = examined(dream, truth, player("held_out", truth))
    return {name: sentence for name, sentence, advice in world_symptoms(patient) if advice}


@pytest.mark.parametrize("name", ["pong", "pong_angle", "breakout", "snake", "cart", "bounce"])
def test_a_perfect_dream_has_no_symptoms(name: str) -> None:
    assert found(game(name), game(name)) == {}


class Remembering(Pong):
    """Pong whose state is the true one and something else."""

    def init(self, params: Any, seeds: Any, opening: Any = None) -> Any:
        now = super().init(params, seeds, opening)
        return now, now

    def update(self, state: Any, actions: Any) -> Any:
        return super().update(state[0], actions), self.kept(state)

    def kept(self, state: Any) -> Any:
        return state[1]

    def render(self, state: Any) -> Any:
        return super().render(state[1])

    def status(self, state: Any) -> Any:
        return super().status(state[0])


class Late(Remembering):
    """Shows the frame of the tick before."""

    def kept(self, state: Any) -> Any:
        return state[0]


class NoBall(Pong):
    def render(self, state: Any) -> Any:
        return self.render_without_ball(state)


class NoDown(Pong):
    def update(self, state: Any, actions: Any) -> Any:
        return super().update(state, np.where(actions == 2, 0, actions))


class OneAngle(PongAngle):
    def init(self, params: Any, seeds: Any, opening: Any = None) -> Any:
        return super().init(params * (0, 1) + (0.3, 0), seeds, opening)


class Foggy(Pong):
    def render(self, state: Any) -> Any:
        frames = super().render(state)
        frames[:, 8:14, 3:12] = 90
        return frames


def test_a_ball_that_vanishes() -> None:
    symptoms = found(NoBall())
    assert "the ball is gone in 100% of the games by tick 10" in symptoms["the ball vanishes"]
    assert "0.00" in symptoms["the ball vanishes"]
    assert "is right for 0 ticks only" in symptoms["the loss flatters"]


def test_a_dream_that_stands_still() -> None:
    symptoms = found(Remembering())
    assert "0.00 pixels change a tick in the dream" in symptoms["the dream stands still"]
    assert symptoms["actions have no effect"].startswith("held for 16 ticks, left up, left down, right up, right down")


def test_a_key_that_does_nothing() -> None:
    symptoms = found(NoDown())
    assert symptoms.keys() == {"actions have no effect"}
    assert "left down, right down change nothing in the dream; 4 such keys do" in symptoms["actions have no effect"]


def test_a_dream_that_is_late() -> None:
    assert "the truth of the tick before: 0.0 pixels" in found(Late())["one tick off"]


def test_a_param_that_is_not_heard() -> None:
    assert "other angle changes the truth" in found(OneAngle(), game("pong_angle"))["params are not heard"]


def test_a_dream_that_blurs() -> None:
    assert found(Foggy())["blurred"].startswith("5.3% of the pixels")


def test_every_check_has_found_something() -> None:
    assert len(CHECKS) == 7, "a new check needs a fault above"
