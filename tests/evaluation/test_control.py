"""A key that does nothing, or not for long, is seen; what other objects do is not judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.evaluation.control import HELD, controls, moved_alike
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.games.pong_court import TOP
from tickworld.simulator import Opening, Simulator, Spec

SMALL = EvaluationConfig(rollouts=40)


def judged(dream: Simulator, truth: Simulator | None = None) -> dict[str, Any] | None:
    truth = truth or game("pong")
    return controls(Setting(dream, truth, player("held_out", truth), SMALL))


def keys(dream: Simulator) -> dict[str, dict[str, float]]:
    result = judged(dream)
    assert result is not None and result["starts"] == 40 and result["held_ticks"] == HELD
    return result["keys"]


ALL_RIGHT = {"once": 1.0, "held": 1.0}


@pytest.mark.parametrize("name", ["pong", "pong_angle", "catch", "breakout", "life", "maze"])
def test_a_perfect_dream_is_controlled_by_every_key(name: str) -> None:
    truth = game(name)
    result = judged(truth, truth)
    assert result is not None
    assert list(result["keys"]) == [f"{who} {key}" for who in truth.spec.players for key in truth.spec.actions]
    assert all(row == ALL_RIGHT for row in result["keys"].values())


def test_it_does_not_matter_how_a_dream_starts(recalled: Any) -> None:
    assert all(row == ALL_RIGHT for row in keys(recalled(opening=9)).values())


class Tired(Pong):
    """Pong whose left player's up does nothing from tick ``after`` on."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
        return super().init(params, seeds), 0

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        if state[1] >= self.after:
            actions = actions.copy()
            actions[:, 0][actions[:, 0] == 1] = 0
        return super().update(state[0], actions), state[1] + 1

    def render(self, state: Any) -> Frames:
        return super().render(state[0])


@pytest.mark.parametrize(("after", "works"), [(0, []), (1, ["once"]), (HELD - 1, ["once"]), (HELD, ["once", "held"])])
def test_a_key_that_stops_to_work_is_found(after: int, works: list[str]) -> None:
    result = keys(Tired(after))
    up = result.pop("left up")
    assert all(row == ALL_RIGHT for row in result.values())
    assert {name for name in up if up[name] == 1} == set(works)
    assert all(up[name] < 0.5 for name in up if name not in works)  # right only where a paddle is at the top


class Lost(Pong):
    """Pong that never shows the ball, nor the left paddle."""

    def render(self, state: Any) -> Frames:
        frames = super().render_without_ball(state)
        frames[:, TOP:, :2] = 0
        return frames


def test_only_the_players_own_object_is_judged() -> None:
    result = keys(Lost())
    for key in game("pong").spec.actions:
        assert result[f"left {key}"] == {"once": 0.0, "held": 0.0} and result[f"right {key}"] == ALL_RIGHT


def test_moves_are_compared_and_not_places() -> None:
    nan = np.nan
    still, at, gone = [5, 5, 3], [9, 9, 3], [nan, nan, nan]
    cases = [  # the true object before and after, the dreamt one, right, judged
        (still, [5, 6, 3], at, [9, 10.25, 3], True, True),
        (still, [5, 6, 3], at, [9, 10, 2], True, True),
        (still, [5, 6, 3], at, at, False, True),
        (still, [5, 6, 3], at, [10, 10, 3], False, True),
        (still, still, at, gone, False, True),
        (still, [5, 6, 4], at, [9, 10, 3], True, False),
        (still, gone, at, gone, False, False),
        (gone, gone, at, gone, False, False),
    ]
    true, true_after, dreamt, dreamt_after = (np.array(each, float) for each in list(zip(*cases, strict=True))[:4])
    right, judged = moved_alike((true, dreamt), (true_after, dreamt_after))
    assert right.tolist() == [case[4] for case in cases] and judged.tolist() == [case[5] for case in cases]


class Unread:
    """Pong that cannot be read."""

    def __init__(self) -> None:
        inner = game("pong")
        self.spec: Spec = inner.spec
        self.init, self.update, self.render, self.status = inner.init, inner.update, inner.render, inner.status


def test_a_game_that_cannot_be_read_is_left_out() -> None:
    assert judged(Unread(), Unread()) is None
