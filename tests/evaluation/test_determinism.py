"""A dream that depends on how it is run is told, with the first tick; threads are left as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.evaluation.conftest import Marked

from tickworld.agents import player
from tickworld.evaluation.determinism import QUANTILES, WAYS, differences
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Simulator

TICKS = 12


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)


def judged(dream: Simulator) -> dict[str, Any]:
    truth = game("pong")
    config = EvaluationConfig(determinism_ticks=TICKS)
    result = differences(Setting(dream, truth, player("held_out", truth), config))
    return json.loads(json.dumps(result, allow_nan=False))


def first(dream: Simulator) -> dict[str, int | None]:
    return {name: row["first_difference"] for name, row in judged(dream)["ways"].items()}


def moody(mood: Callable[[int], bool]) -> Simulator:
    """Pong with a wrong pixel from its fourth tick on when ``mood`` says so of the number of games."""

    def mark(frames: Frames, tick: int) -> Frames:
        if tick >= 4 and mood(len(frames)):
            frames[0, -1, -1] = 255
        return frames

    return Marked(mark)


def test_a_true_game_is_the_same_however_it_is_run() -> None:
    result = judged(game("pong"))
    assert result["ways"] == {name: {"first_difference": None} for name in WAYS}
    assert (result["rollouts"], result["ticks"]) == (64, TICKS)
    assert result["margins"] == dict.fromkeys(QUANTILES)


def test_so_is_one_that_is_shown_an_opening(recalled: Any) -> None:
    assert set(first(recalled(opening=5)).values()) == {None}


@pytest.mark.parametrize(
    ("mood", "differ"),
    [
        (lambda count: count == 7, ["batch of 7"]),
        (lambda count: count < 64, ["batch of 7", "batch of 1"]),
        (lambda count: torch.get_num_threads() == 2, ["2 threads"]),
        (lambda count: torch.get_num_threads() == 1, ["2 threads"]),
    ],
)
def test_what_depends_on_the_batch_or_on_threads_is_told(mood: Callable[[int], bool], differ: list[str]) -> None:
    assert first(moody(mood)) == {name: 4 if name in differ else None for name in WAYS}


def test_what_differs_from_time_to_time_is_told() -> None:
    calls: list[int] = []

    def mood(count: int) -> bool:
        calls.append(count)
        return len(calls) > TICKS - 3 + 2  # from the third of the ticks that it is asked about on, the second time

    assert first(moody(mood))["again"] == 4 + 2


def test_threads_come_back_when_a_dream_fails() -> None:
    def mood(count: int) -> bool:
        raise RuntimeError("no mood")

    with pytest.raises(RuntimeError, match="no mood"):
        judged(moody(mood))


class Doubtful(Pong):
    """Pong that was as sure of a frame as its ball is far to the right."""

    def margin(self, state: Any) -> NDArray[np.floating]:
        return state.ball_x / 2


def test_quantiles_of_the_margins() -> None:
    margins = judged(Doubtful())["margins"]
    assert list(margins) == ["least", "q001", "q01", "q10", "median"]
    assert 0 <= margins["least"] <= margins["q01"] < margins["q10"] < margins["median"] < 16
    assert margins["least"] < 3
