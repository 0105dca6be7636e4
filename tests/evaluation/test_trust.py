"""A dream whose trust in itself is known to foretell its mistakes is measured as such; one that guesses is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import player
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.setting import Setting
from tickworld.evaluation.sheets import sheets
from tickworld.evaluation.trust import FAR, auc, levels, trusted
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong, State
from tickworld.games.pong_angle import PongAngle
from tickworld.simulator import Opening, Simulator

NEVER = 10**6
GAMES, TICKS = 16, 300
LOW, HIGH = 2.0, 9.0


class Hours(NamedTuple):
    """A true state, its tick, and at which tick each game begins to be drawn wrongly."""

    truth: State
    tick: int
    fails: NDArray[np.int64]  # [N]


class Nervous:
    """Pong that shows a wrong pixel from a tick of each game's own, and says ``says(ticks until then [N])`` of its
    frames."""

    def __init__(self, says: Callable[[NDArray[np.int64]], NDArray[np.floating]], fails: Any = None) -> None:
        self.inner, self.says = Pong(), says
        self.spec = self.inner.spec
        self.fails = np.where(np.arange(GAMES) % 2, 120 + 5 * np.arange(GAMES), NEVER) if fails is None else fails

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Hours:
        return Hours(self.inner.init(params, seeds), 0, np.broadcast_to(self.fails, GAMES))

    def update(self, state: Hours, actions: NDArray[np.integer]) -> Hours:
        return Hours(self.inner.update(state.truth, actions), state.tick + 1, state.fails)

    def render(self, state: Hours) -> Frames:
        frames = self.inner.render(state.truth)
        frames[state.tick >= state.fails, -1, 0] ^= 255
        return frames

    def status(self, state: Hours) -> Any:
        return self.inner.status(state.truth)

    def trust(self, state: Hours) -> NDArray[np.floating]:
        return self.says(state.fails - state.tick)


def foretelling(left: NDArray[np.int64]) -> NDArray[np.floating]:
    """Low for the last 21 ticks, the wrong one among them."""
    return np.where(left <= 20, LOW, HIGH)


def judged(dream: Simulator, frames: int = TICKS) -> Any:
    truth = game("pong")
    config = EvaluationConfig(trust_rollouts=GAMES, trust_frames=frames)
    result = trusted(Setting(dream, truth, player("held_out", truth), config))
    return json.loads(json.dumps(result, allow_nan=False))


def test_trust_that_foretells_mistakes_is_measured_as_such() -> None:
    result = judged(Nervous(foretelling))
    assert result["games_gone_wrong"] == 8
    fails = 120 + 5 * np.arange(1, GAMES, 2)
    assert result["ticks"] == 8 * TICKS + fails.sum()
    low, high = result[FAR].values()
    assert list(result[FAR]) == ["trust below 9", "trust from 9"] and (low["below"], high["below"]) == (9.0, None)
    # the future is known of ticks up to 200: of the low ones all, for 100 before a mistake some of the high ones
    known = [tick for fail in fails for tick in range(fail - 20, fail + 1) if tick <= TICKS - 100]
    assert (low["ticks"], low["wrong"], low["share"], low["games"]) == (len(known), len(known), 1.0, 8)
    soon = [tick for fail in fails for tick in range(fail - 100, fail - 20) if tick <= TICKS - 100]
    assert (high["ticks"], high["wrong"]) == (8 * 200 + sum(min(fail - 21, 200) for fail in fails), len(soon))
    low, high = result["wrong_within_10"].values()
    assert (low["ticks"], low["wrong"], high["wrong"]) == (8 * 21, 8 * 11, 0)
    low, high = result["wrong_now"].values()
    assert (low["ticks"], low["wrong"], high["wrong"]) == (8 * 21, 8, 0)
    assert high["low"] == high["share"] == 0.0 < high["high"] < 0.01
    assert result["auc"] > 0.55


def test_ticks_that_share_their_future_count_as_one_for_the_bounds() -> None:
    low, _ = judged(Nervous(foretelling))[FAR].values()
    now, _ = judged(Nervous(foretelling))["wrong_now"].values()
    assert low["share"] == 1.0 and low["low"] < 0.8  # 8 games, of two stretches each at most
    assert now["share"] == pytest.approx(1 / 21) and 0.02 < now["low"] < now["share"] < now["high"] < 0.1


def test_the_figure_of_merit_is_half_for_a_guess_and_one_for_a_prophet() -> None:
    chance = np.random.default_rng(0)
    result = judged(Nervous(lambda left: chance.normal(size=GAMES)))
    assert 0.4 < result["auc"] < 0.6
    shares = [row["share"] for row in result[FAR].values()]
    assert len(shares) == 6 and all(0.1 < share < 0.5 for share in shares[-2:])  # most of the ticks
    assert min(row["ticks"] for row in result["wrong_now"].values()) >= 20
    assert judged(Nervous(lambda left: np.where(left <= 100, -1.5, 0.5)))["auc"] == 1.0
    assert judged(Nervous(lambda left: np.where(left <= 100, 0.5, -1.5)))["auc"] == 0.0


def test_auc_counts_equals_half() -> None:
    trust, soon = np.array([1.0, 2, 2, 3]), np.array([True, False, True, False])
    assert auc(trust, soon) == (2 + 1.5) / 4
    assert auc(trust, np.zeros(4, bool)) is auc(trust, np.ones(4, bool)) is None


def test_a_world_that_is_never_wrong_has_no_figure_of_merit() -> None:
    result = judged(Nervous(lambda left: np.linspace(1, 2, GAMES), fails=NEVER))
    assert result["auc"] is None and result["games_gone_wrong"] == 0
    assert {row["share"] for name in (FAR, "wrong_now") for row in result[name].values()} == {0.0}
    assert all(0 < row["high"] < 1 for row in result[FAR].values())
    assert len(list(sheets({"trust": result}))) == 1


def test_nothing_is_claimed_of_a_future_that_was_not_watched() -> None:
    result = judged(Nervous(foretelling, fails=55), frames=60)
    assert result["games_gone_wrong"] == GAMES and result["auc"] is None
    assert {row["ticks"] for row in result[FAR].values()} == {0}
    assert {row["share"] for row in result[FAR].values()} == {row["low"] for row in result[FAR].values()} == {None}
    assert levels(result) is None
    assert [row["share"] for row in result["wrong_within_10"].values()] == [6 / 16, 0.0]  # up to tick 50


def test_a_game_that_ends_by_itself_was_right_to_its_end() -> None:
    class Proud(PongAngle):
        def trust(self, state: Any) -> NDArray[np.floating]:
            return np.full(len(state.lost), 5.0)

    truth, dream = game("pong_angle"), Proud()
    result: Any = trusted(
        Setting(dream, truth, player("idle", truth), EvaluationConfig(trust_rollouts=8, trust_frames=120))
    )
    (row,) = result[FAR].values()
    assert list(result[FAR]) == ["any trust"] and row["share"] == 0.0
    lasting = result["ticks"] - row["ticks"]  # the last 100 ticks of games that were still played at the end
    assert lasting % 100 == 0 and lasting < 8 * 100 and result["ticks"] < 8 * 120


def test_the_light_is_given_its_levels() -> None:
    result = judged(Nervous(foretelling))
    low, high = result[FAR].values()
    assert levels(result) == {
        "least": result["least"],
        "levels": [{"below": 9.0, FAR: 1.0}, {"below": None, FAR: high["share"]}],
    }
    assert low["share"] == 1.0 and levels(None) is None and levels({}) is None


def test_a_world_that_says_nothing_is_not_measured() -> None:
    assert judged(game("pong")) is None
    assert judged(Nervous(lambda left: np.full(GAMES, np.nan))) is None
