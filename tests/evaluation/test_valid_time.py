"""Valid prediction time: of perfect, slightly wrong and wholly other dreams; and exponents that are known."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.setting import Setting
from tickworld.evaluation.valid_time import valid_times
from tickworld.games import game
from tickworld.games.bounce import Bounce
from tickworld.simulator import Opening, Param, Spec, Status

CONFIG = EvaluationConfig(rollouts=16, frames=120)


def judged(dream: Any, truth: Any, config: EvaluationConfig = CONFIG) -> dict[str, Any]:
    return valid_times(Setting(dream, truth, player("held_out", truth), config))


class Doubling:
    """x' = r x mod 1, drawn as one bright pixel of 64: its exponent is ln r."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.spec = Spec(
            name="doubling", height=1, width=64, channels=1, players=("nobody",), actions=("wait",),
            params=(Param("x", 0.3, 0.0, 1.0, kind="real", drawn=True),),
        )  # fmt: skip

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Any:
        return Place(params[:, 0].astype(float))

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        return Place((self.rate * state.x) % 1)

    def render(self, state: Any) -> NDArray[np.uint8]:
        frames = np.zeros((len(state.x), 1, 64, 1), np.uint8)
        frames[np.arange(len(frames)), 0, (64 * state.x).astype(int) % 64] = 255
        return frames

    def status(self, state: Any) -> Status:
        return Status(np.zeros((len(state.x), 1), np.float32), np.zeros(len(state.x), bool))


class Place(NamedTuple):
    x: NDArray[np.float64]


@pytest.mark.parametrize("rate", [1.5, 2.5])
def test_a_known_exponent_is_found(rate: float) -> None:
    result = judged(Doubling(rate), Doubling(rate))
    assert result["lyapunov_exponent"] == pytest.approx(np.log(rate), abs=0.1)
    assert result["ticks_to_grow_tenfold"] == pytest.approx(np.log(10) / np.log(rate), rel=0.3)


def test_a_perfect_dream_is_valid_to_the_end_and_the_last_frame_is_not() -> None:
    truth = game("bounce")
    result = judged(truth, truth)
    assert result["valid_ticks"]["dream"] == {"median": 120, "p10": 120, "mean": 120, "survived": 1}
    assert 0 < result["valid_ticks"]["copy"]["median"] < 15


class Nudged(Bounce):
    """Bounce whose balls begin a hair off."""

    def __init__(self, hair: float) -> None:
        super().__init__()
        self.hair = hair

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
        state = super().init(params, seeds)
        return state._replace(place=state.place + self.hair)


def test_a_hair_off_is_valid_for_about_as_long_as_theory_says() -> None:
    """Ten times as precise holds for ln 10 / L ticks more."""
    truth = game("bounce", balls=4, speed=1.2)
    config = CONFIG.model_copy(update={"frames": 600, "rollouts": 48})
    times = {hair: judged(Nudged(hair), truth, config) for hair in (1e-2, 1e-5)}
    gained = times[1e-5]["valid_ticks"]["dream"]["median"] - times[1e-2]["valid_ticks"]["dream"]["median"]
    theory = 3 * times[1e-2]["ticks_to_grow_tenfold"]
    assert times[1e-2]["lyapunov_exponent"] > 0
    assert theory / 2.5 < gained < 2.5 * theory


def test_whole_numbers_have_no_exponent() -> None:
    truth = game("pong")
    result = judged(truth, truth, EvaluationConfig(rollouts=4, frames=20))
    assert result["lyapunov_exponent"] is None and result["ticks_to_grow_tenfold"] is None
    assert result["valid_ticks"]["dream"]["survived"] == 1
