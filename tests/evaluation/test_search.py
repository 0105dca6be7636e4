"""A fault that only certain keys bring out is found, can be replayed, and is found sooner where the margin leads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.agents import PLAYERS, player
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.findings import Line, replay
from tickworld.evaluation.search import GAMES, TOLD, searched
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Opening, Simulator

SMALL = EvaluationConfig(search_ticks=6000)
PONG = game("pong")


def found(dream: Simulator, truth: Simulator = PONG, config: EvaluationConfig = SMALL) -> dict[str, Any]:
    result = searched(Setting(dream, truth, player("held_out", truth), config, players=PLAYERS))
    assert result is not None
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    return result


@pytest.mark.parametrize("name", ["pong", "pong_angle"])
def test_a_perfect_dream_has_no_findings(name: str) -> None:
    truth = game(name)
    result = found(truth, truth)
    assert list(result["hunts"]) == ["unguided"] and result["findings"] == {}
    row = result["hunts"]["unguided"]
    assert (row["findings"], row["per_1000"], row["starts"]) == (0, 0.0, 0)
    assert 6000 <= row["transitions"] < 6000 + 16 * GAMES  # it ends with the round that spends the last of them


def faulty(recalled: Any, together: int) -> Any:
    """A dream that shows a wrong pixel when both players have pressed up for ``together`` ticks in a row."""

    class Faulty(recalled):
        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            return super().init(params, seeds, opening), np.zeros(len(params), int)

        def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
            up = (actions == 1).all(1)
            return super().update(state[0], actions), np.where(up, state[1] + 1, 0)

        def render(self, state: Any) -> Frames:
            frames = super().render(state[0])
            frames[state[1] == together, -1, 0] ^= 255
            return frames

    return Faulty(opening=5)


def tricky(recalled: Any) -> Any:
    """A dream that decides narrowly when the ball is at one place, and wrongly if one presses up and the
    other one down then."""

    class Tricky(recalled):
        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            return super().init(params, seeds, opening), np.zeros(len(params), bool)

        def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
            return super().update(state[0], actions), (actions == (1, 2)).all(1)

        def render(self, state: Any) -> Frames:
            frames = super().render(state[0])
            frames[self.there(state) & state[1], -1, 0] ^= 255
            return frames

        def margin(self, state: Any) -> NDArray[np.floating]:
            return np.where(self.there(state), 0.1, 5.0)

        def there(self, state: Any) -> NDArray[np.bool_]:
            return (state[0].ball_x == 16) & (state[0].ball_y % 4 == 0)

    return Tricky(opening=5)


def last_together(finding: dict[str, Any]) -> int:
    """For how many ticks both pressed up at the end."""
    runs = [finding["actions"][name][-1] for name in ("left", "right")]
    return min(ticks for _, ticks in runs) if all(key == 1 for key, _ in runs) else 0


def test_a_fault_that_certain_keys_bring_out_is_found_and_replayed(recalled: Any) -> None:
    dream = faulty(recalled, together=4)
    result = found(dream)
    row = result["hunts"]["unguided"]
    assert row["findings"] > TOLD and row["per_1000"] == 1000 * row["findings"] / row["transitions"]
    assert row["starts"] == row["findings"]  # nothing is branched: each is of a game of its own
    assert list(result["findings"]) == [f"unguided {number}" for number in range(1, TOLD + 1)]
    for finding in result["findings"].values():
        ticks = [sum(many for _, many in runs) for runs in finding["actions"].values()]
        assert ticks == [4 + finding["tick"]] * 2  # the keys of the opening come first
        assert finding["wrong_pixels"] == 1 and finding["event"] in Pong().events
        assert finding["left_score"] in range(10) and finding["right_score"] in range(10)
        assert replay(dream, PONG, finding) == finding["tick"]
        assert replay(recalled(opening=5), PONG, finding) is None
        if finding["tick"] > 4:
            assert last_together(finding) >= 4


def test_guidance_goes_where_the_world_decided_narrowly(recalled: Any) -> None:
    dream = tricky(recalled)
    result = found(dream, config=EvaluationConfig(search_ticks=20_000))
    guided, unguided = result["hunts"]["guided"], result["hunts"]["unguided"]
    assert guided["findings"] > 2 * unguided["findings"] > 0
    assert 0 < guided["starts"] < guided["findings"]  # some are branches of one game
    for finding in result["findings"].values():  # in branches too, all keys since the start are known
        assert [runs[-1][0] for runs in finding["actions"].values()] == [1, 2]
        assert replay(dream, PONG, finding) == finding["tick"]


def test_a_dream_that_is_always_wrong_is_found_wrong_at_once(recalled: Any) -> None:
    dream = faulty(recalled, together=0)
    result = found(dream, config=EvaluationConfig(search_ticks=200))
    for row in result["hunts"].values():
        assert row["findings"] > 0.4 * row["transitions"]
    assert result["findings"]["unguided 1"]["tick"] == 1


def test_it_goes_on_when_games_are_over() -> None:
    truth = game("pong_angle")
    result = found(truth, truth, SMALL.model_copy(update={"search_ticks": 20_000}))
    assert result["hunts"]["unguided"]["transitions"] >= 20_000


def test_the_same_seed_finds_the_same(recalled: Any) -> None:
    few = SMALL.model_copy(update={"search_ticks": 1500})
    one, same, other = (found(faulty(recalled, 3), config=few.model_copy(update={"seed": seed})) for seed in (0, 0, 1))
    assert one == same and one != other


def test_what_cannot_go_back_is_left_out() -> None:
    once = game("pong")
    once.spec = replace(once.spec, branchable=False)
    for dream, truth in ((once, PONG), (PONG, once)):
        assert searched(Setting(dream, truth, player("held_out", truth), SMALL, players=PLAYERS)) is None


def test_a_dream_of_another_game_is_told() -> None:
    with pytest.raises(UserError, match="compare a world with the game it learned"):
        found(game("pong_angle"))


def test_branches_share_their_past() -> None:
    past = Line(Line(None, b"\x00\x02"), b"\x01\x00")
    one, other = Line(past, b"\x02\x02"), Line(past, b"\x01\x01")
    assert one.actions(2).tolist() == [[0, 2], [1, 0], [2, 2]]
    assert other.actions(2).tolist() == [[0, 2], [1, 0], [1, 1]]
