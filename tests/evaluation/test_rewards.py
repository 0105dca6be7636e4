"""Rewards as dreamt are held against the true ones, tick by tick; planted mistakes are found and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.rewards import rewards
from tickworld.evaluation.setting import Setting
from tickworld.evaluation.sheets import sheets
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.progress import Silent
from tickworld.simulator import Simulator, Status

GAMES, TICKS = 16, 150


class Claims:
    """A true game that says ``says(true status, tick)`` of its rewards, and shows a wrong pixel from ``wrong`` on."""

    def __init__(self, truth: Simulator, says: Callable[[Status, int], Status], wrong: int = 10**6) -> None:
        self.truth, self.says, self.wrong = truth, says, wrong
        self.spec = truth.spec

    def init(self, params: Any, seeds: Any, opening: Any = None) -> Any:
        return self.truth.init(params, seeds), 0

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        return self.truth.update(state[0], actions), state[1] + 1

    def render(self, state: Any) -> Frames:
        frames = self.truth.render(state[0])
        if state[1] >= self.wrong:
            frames[:, 0, 0] ^= 255
        return frames

    def status(self, state: Any) -> Status:
        return self.says(self.truth.status(state[0]), state[1])


def measured(dream: Simulator, truth: Simulator, who: str = "held_out") -> Any:
    config = EvaluationConfig(rewards_rollouts=GAMES, rewards_frames=TICKS)
    result = rewards(Setting(dream, truth, player(who, truth), config))
    return json.loads(json.dumps(result, allow_nan=False))


def test_a_dream_that_is_true_has_its_rewards_right() -> None:
    truth = game("pong")
    result = measured(Claims(truth, lambda status, _: status), truth)
    assert (result["rollouts"], result["frames"], result["ticks"]) == (GAMES, TICKS, GAMES * TICKS)
    assert result["dreamt"] == result["on_right_frames"]
    assert list(result["dreamt"]) == ["left -1", "left 1", "right -1", "right 1", "any but 0", "end"]
    for name, row in result["dreamt"].items():
        if name == "end":
            assert row["true"] == row["told"] == 0 and row["recall"] is None
        else:
            assert row["true"] == row["told"] == row["right"] > 0
            assert row["precision"] == row["recall"] == 1 and 0.3 < row["recall_above"] < 1
    assert result["dreamt"]["left 1"]["true"] == result["dreamt"]["right -1"]["true"]
    table = result["told_for_true"]
    assert sum(count for row in table.values() for count in row.values()) == 2 * GAMES * TICKS
    assert all(count == 0 or row[5:] == column[5:] for row, each in table.items() for column, count in each.items())
    for row in result["returns"].values():
        assert row["true"] == row["dreamt"] and row["apart"] == 0 and row["correlation"] == pytest.approx(1)


def test_rewards_that_are_missed_made_up_and_swapped_are_told_apart() -> None:
    truth = game("pong")

    def says(status: Status, tick: int) -> Status:
        reward = status.reward.copy()
        if tick < 50:
            reward[reward > 0] = 0  # half of each is missed
        elif tick < 100:
            reward = -reward  # the wrong one gets it
        elif tick == 120:
            reward[:, 0] = 1  # nobody brought it
        return Status(reward, status.over)

    right, wrong = (measured(Claims(truth, each), truth) for each in (lambda status, _: status, says))
    true, row = right["dreamt"]["left 1"]["true"], wrong["dreamt"]["left 1"]
    assert row["true"] == true and row["recall"] < 0.7 and row["precision"] < 0.5
    assert row["told"] >= GAMES and row["right"] < true
    assert wrong["told_for_true"]["true 0"]["told 1"] >= GAMES - true
    assert wrong["told_for_true"]["true 1"]["told -1"] > 0 and wrong["told_for_true"]["true 1"]["told 0"] > 0
    assert wrong["returns"]["left"]["apart"] > 0


def test_what_is_told_of_wrong_frames_counts_apart() -> None:
    truth = game("pong")

    def says(status: Status, tick: int) -> Status:
        return status if tick < 100 else Status(-status.reward, status.over)

    result = measured(Claims(truth, says, wrong=100), truth)
    assert result["on_right_frames"]["any but 0"]["precision"] == 1
    assert 0 < result["on_right_frames"]["any but 0"]["true"] < result["dreamt"]["any but 0"]["true"]
    assert result["dreamt"]["any but 0"]["precision"] < 1


def test_ends_are_held_against_true_ends() -> None:
    truth = game("pong_angle")
    exact = measured(Claims(truth, lambda status, _: status), truth, "random")
    assert exact["dreamt"]["end"]["true"] == exact["dreamt"]["end"]["right"] > 0
    assert exact["ticks"] < GAMES * TICKS  # a game that is over is judged no more
    soon = measured(
        Claims(truth, lambda status, tick: Status(status.reward, status.over | (tick == 1))), truth, "random"
    )
    assert soon["ticks"] == GAMES and soon["dreamt"]["end"]["told"] == GAMES
    never = measured(Claims(truth, lambda status, _: Status(status.reward, status.over & False)), truth, "random")
    assert never["dreamt"]["end"]["recall"] == 0 and never["dreamt"]["end"]["precision"] is None


def test_many_different_rewards_are_told_apart_by_sign() -> None:
    truth = game("pong")

    def says(status: Status, tick: int) -> Status:
        return Status(status.reward * np.float32(1 + tick / 100), status.over)

    result = measured(Claims(truth, says), truth)
    assert "left above 0" in result["dreamt"] and result["dreamt"]["left above 0"]["precision"] == 1
    assert list(result["told_for_true"]) == ["true below 0", "true 0", "true above 0"]
    assert result["returns"]["left"]["apart"] > 0


def test_a_world_that_knows_no_rewards_says_so() -> None:
    class Heard(Silent):
        said: str = ""

        def say(self, text: str) -> None:
            self.said = text

    truth, heard = game("pong"), Heard()
    dream = Claims(truth, lambda status, _: Status(status.reward * np.nan, status.over))
    setting = Setting(
        dream, truth, player("idle", truth), EvaluationConfig(rewards_rollouts=2, rewards_frames=5), heard
    )
    assert rewards(setting) is None
    assert heard.said == "no rewards: this world does not know them; `tickworld rewards` has them learned"


def test_it_is_shown_as_tables() -> None:
    truth = game("pong")
    (shown,) = sheets({"rewards": measured(Claims(truth, lambda status, _: status), truth)})
    assert [sheet.title for sheet in shown] == ["rewards", "dreamt", "on right frames", "told for true", "returns"]
