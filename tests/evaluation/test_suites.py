"""The horizon under each player is that player's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import PLAYERS, player
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig, evaluate
from tickworld.evaluation.setting import Setting
from tickworld.evaluation.suites import suite_horizons
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Simulator

SMALL = EvaluationConfig(suites_rollouts=6, frames=30)


class Deaf(Pong):
    """Pong in which no key does anything."""

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        return super().update(state, np.zeros_like(actions))


class Unread(Pong):
    """Pong whose probe finds nothing: nobody can follow a ball."""

    def __init__(self) -> None:
        super().__init__()
        self.ball = "none"


def judged(dream: Simulator, truth: Simulator, config: EvaluationConfig = SMALL) -> dict[str, Any]:
    result = suite_horizons(Setting(dream, truth, player("held_out", truth), config, players=PLAYERS))
    assert result is not None
    return result


def test_a_perfect_dream_survives_all_players() -> None:
    result = judged(game("pong"), game("pong"))
    assert (result["rollouts"], result["frames"]) == (6, 30)
    assert list(result["players"]) == ["random", "sticky", "tracking", "seeking", "idle", "mashing", "patterns"]
    assert set(result["players"].pop("seeking").values()) == {None}, "there is no goal in Pong"
    assert all(row == {"median": 30, "p10": 30, "mean": 30, "survived": 1} for row in result["players"].values())


def test_each_horizon_is_the_one_that_an_evaluation_under_this_player_finds() -> None:
    truth, deaf = game("pong"), Deaf()
    result = judged(deaf, truth)["players"]
    assert result["idle"]["survived"] == 1 and result["mashing"]["median"] < 5
    del result["seeking"]
    for name, row in result.items():
        asked = EvaluationConfig(rollouts=6, frames=30, players=name)
        assert row == evaluate(deaf, truth, player(name, truth), asked).pixel_horizon


def test_a_player_that_cannot_play_has_no_horizon() -> None:
    truth = Unread()
    rows = judged(truth, truth)["players"]
    assert rows["tracking"] == {"median": None, "p10": None, "mean": None, "survived": None}
    assert rows["random"]["median"] == 30


def test_only_the_players_that_are_named() -> None:
    config = SMALL.model_copy(update={"suites": ("idle", "held_out")})
    assert list(judged(game("pong"), game("pong"), config)["players"]) == ["idle", "held_out"]


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="there is no player 'mashign'; did you mean 'mashing'"):
        judged(game("pong"), game("pong"), SMALL.model_copy(update={"suites": ("idle", "mashign")}))
    with pytest.raises(UserError, match="compare a world with the game it learned"):
        judged(game("pong_angle"), game("pong"))
