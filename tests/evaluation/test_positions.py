"""Position errors on numbers worked out by hand, and over a whole evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tickworld.agents import player
from tickworld.evaluation.evaluate import DREAM, EvaluationConfig, evaluate
from tickworld.evaluation.positions import Positions, position_error
from tickworld.games import game
from tickworld.games.pong_angle import PongAngle
from tickworld.simulator import Objects

GONE = (np.nan, np.nan, np.nan)


def test_off_is_the_mean_distance_and_lost_the_share_that_is_not_there() -> None:
    true = np.array([(10, 10, 4), (10, 10, 4), (10, 10, 4), GONE, GONE])
    dreamt = np.array([(13, 14, 9), (10, 10, 1), GONE, GONE, (1, 1, 1)])  # 5 px off, right, lost, right, a ghost
    off, lost = position_error(true, dreamt)
    assert off == pytest.approx(2.5) and lost == pytest.approx(1 / 3)


def test_what_nobody_shows_is_not_a_number() -> None:
    gone, there = np.array([GONE]), np.array([(1.0, 2.0, 3.0)])
    assert np.isnan(position_error(gone, there)).all()
    off, lost = position_error(there, gone)
    assert np.isnan(off) and lost == 1


def test_games_that_are_over_are_left_out() -> None:
    true, dreamt = np.array([(0.0, 0.0, 1.0), (0.0, 0.0, 1.0)]), np.array([(0.0, 2.0, 1.0), GONE])
    collected = Positions()
    for playing in ([True, True], [True, False], [False, False]):
        collected.add(Objects({"ball": true}, {}), Objects({"ball": dreamt}, {}), np.array(playing))
    assert collected.over_time() == {"ball": {"off": [2, 2, None], "lost": [0.5, 0, None]}}


class Shifted(PongAngle):
    """Shows everything two rows below where it is."""

    def render(self, state: Any) -> Any:
        return np.roll(super().render(state), 2, 1)


def test_an_evaluation_tells_them_by_tick() -> None:
    truth, config = game("pong_angle"), EvaluationConfig(rollouts=6, frames=5, players="idle")
    over = evaluate(Shifted(), truth, player("idle", truth), config).to_json()["over_time"]
    assert over[DREAM]["judged"] == [6] * 6
    assert over[DREAM]["positions"].keys() == {"left", "right", "ball"}
    assert over["no_ball"]["positions"]["ball"] == {"off": [None] * 6, "lost": [1.0] * 6}
    assert over["no_ball"]["positions"]["left"] == {"off": [0.0] * 6, "lost": [0.0] * 6}
    assert all(over[DREAM]["positions"][name]["off"] == [2.0] * 6 for name in ("left", "right", "ball"))
