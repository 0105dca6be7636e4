"""Rule validity: the dream alone is watched, by a player and by a referee, and each violation is counted once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.evaluation.conftest import Marked

from tickworld.agents import player
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.rules import rule_violations
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Opening, Simulator

Worn = Callable[..., tuple[Pong, Simulator]]
SMALL = EvaluationConfig(rules_rollouts=6, rules_frames=150)


def judged(truth: Simulator, dream: Simulator, config: EvaluationConfig = SMALL) -> dict[str, Any]:
    result = rule_violations(Setting(dream, truth, player(config.players, truth), config))
    assert result is not None
    return json.loads(json.dumps(result, allow_nan=False))


@pytest.mark.parametrize("params", [{}, {"serve_wait": 0}], ids=["defaults", "no wait"])
def test_a_perfect_dream_breaks_no_rule(worn: Worn, params: dict[str, int]) -> None:
    result = judged(*worn(**params))
    assert (result["rollouts"], result["frames"]) == (6, 150)
    assert list(result["rules"]) == list(Pong.rules)
    assert all(row == {"violations": 0, "per_1000": 0.0, "first": None} for row in result["rules"].values())
    assert result["valid_horizon"] == {"median": 150, "p10": 150, "mean": 150, "survived": 1}


def test_a_dream_that_starts_from_params_is_judged_too() -> None:
    truth = game("pong")
    assert judged(truth, truth)["valid_horizon"]["survived"] == 1


def faulty(faults: dict[int, list[int]]) -> Simulator:
    """Pong with a fault in some games at some ticks: ``faults[tick]`` are its rows."""

    def mark(frames: Frames, tick: int) -> Frames:
        frames[faults.get(tick, []), 0, 0] = 255
        return frames

    return Marked(mark)


def test_violations_are_counted_by_rule_tick_and_game() -> None:
    result = judged(game("pong"), faulty({20: [1, 4], 21: [4], 100: [0, 1, 2]}))
    assert result["rules"].pop("digits") == {"violations": 6, "per_1000": 1000 * 6 / 900, "first": 20}
    assert all(row["violations"] == 0 for row in result["rules"].values())
    valid = [99, 19, 99, 150, 19, 150]
    assert result["valid_horizon"] == pytest.approx(
        {"median": 99, "p10": np.percentile(valid, 10), "mean": np.mean(valid), "survived": 2 / 6}
    )


def test_the_player_sees_the_dream_and_not_the_truth() -> None:
    truth, saw = game("pong"), []

    class Looks:
        def init(self, seeds: NDArray[np.uint64]) -> int:
            return 0

        def act(self, memory: int, tick: int, frames: Frames) -> tuple[NDArray[np.uint8], int]:
            assert memory == tick
            saw.append(frames)
            return np.zeros((len(frames), 2), np.uint8), memory + 1

    class Dark:
        def __init__(self) -> None:
            self.spec = replace(truth.spec, opening=4)
            self.shown: Opening | None = None

        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> int:
            self.shown = opening
            return len(params)

        def update(self, state: int, actions: Any) -> int:
            return state

        def render(self, state: int) -> Frames:
            return np.zeros((state, 32, 32, 1), np.uint8)

        def status(self, state: int) -> Any:
            raise AssertionError("a dream is not asked whether it is over")

    dark = Dark()
    result = rule_violations(Setting(dark, truth, Looks(), SMALL))
    assert dark.shown is not None and dark.shown.frames.shape == (6, 4, 32, 32, 1)
    assert len(saw) == 3 + 150 and all(frames.any() for frames in saw[:3]) and not np.stack(saw[3:]).any()
    assert result is not None and result["rules"]["one ball"] == {"violations": 900, "per_1000": 1000.0, "first": 1}
    assert result["valid_horizon"]["median"] == 0


def test_a_game_without_rules_is_left_out() -> None:
    angle = game("pong_angle")
    assert rule_violations(Setting(angle, angle, player("sticky", angle), SMALL)) is None


def test_a_dream_of_another_game_is_told() -> None:
    with pytest.raises(UserError, match="compare a world with the game it learned"):
        judged(game("pong"), game("pong_angle"))


class Hasty(Pong):
    """Pong that serves after two ticks whatever it is told."""

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Any:
        params = params.copy()
        params[:, self.spec.index("serve_wait")] = 2
        return super().init(params, seeds)


def test_the_same_seed_gives_the_same_figures() -> None:
    truth, hasty = game("pong"), Hasty()
    one, same = (judged(truth, hasty) for _ in range(2))
    assert one == same
    assert {name for name, row in one["rules"].items() if row["violations"]} == {"ball rest"}
    assert judged(truth, hasty, SMALL.model_copy(update={"seed": 1})) != one
