"""Errors by event: each transition is tried from true frames alone, and its error is counted where it belongs."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.errors import UserError
from tickworld.evaluation import events
from tickworld.evaluation.beginning import Start
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.events import event_errors, wilson
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Opening, Simulator, Status

Worn = Callable[..., tuple[Pong, Simulator]]
SMALL = EvaluationConfig(events=12, frames=300, events_ticks=60_000)


@pytest.fixture(autouse=True)
def few_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "GAMES", 24)
    monkeypatch.setattr(events, "LOT", 50)


def judged(truth: Simulator, dream: Simulator, config: EvaluationConfig = SMALL) -> dict[str, Any]:
    result = event_errors(Setting(dream, truth, player(config.players, truth), config))
    assert result is not None
    return json.loads(json.dumps(result, allow_nan=False))


@pytest.mark.parametrize("params", [{}, {"serve_wait": 0}], ids=["defaults", "no wait"])
def test_a_perfect_dream_makes_no_error(worn: Worn, params: dict[str, int]) -> None:
    truth, dream = worn(**params)
    result = judged(truth, dream)
    assert list(result["events"]) == list(truth.events)
    for row in result["events"].values():
        assert row["transitions"] == 12 and row["errors"] == row["rate"] == row["low"] == 0
        assert row["high"] == pytest.approx(wilson(0, 12)[1]) and 0 < row["frequency"] < 1
    assert sum(row["frequency"] for row in result["events"].values()) == pytest.approx(1)
    assert result["implied_horizon"] is None
    assert result["implied_horizon_low"] == pytest.approx(math.log(2) / wilson(0, 12)[1])


def wrong_after(dream: Any, event: int) -> Simulator:
    """The same dream, but for one wrong pixel after every tick of one event."""

    class Wrong:
        spec, status = dream.spec, dream.status

        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            state = dream.init(params, seeds, opening)
            return state, np.zeros(len(state.wait), bool)

        def update(self, state: Any, actions: Any) -> Any:
            after = dream.update(state[0], actions)
            return after, dream.diary.event(state[0], after) == event

        def render(self, state: Any) -> Frames:
            frames = dream.render(state[0])
            frames[state[1], 0, 0] = 255
            return frames

    return Wrong()


@pytest.mark.parametrize("event", ["flight", "hit 2", "corner", "match end", "wait"])
def test_an_error_is_counted_where_it_was_made(worn: Worn, event: str) -> None:
    truth, dream = worn()
    result = judged(truth, wrong_after(dream, truth.events.index(event)))
    assert {name: row["errors"] for name, row in result["events"].items() if row["errors"]} == {event: 12}
    row = result["events"][event]
    assert row["rate"] == row["high"] == 1
    assert result["implied_horizon"] == pytest.approx(math.log(2) / row["frequency"])
    assert result["implied_horizon_low"] < result["implied_horizon"]


class Still:
    """A dream in which nothing ever moves. It writes down what it was shown."""

    def __init__(self, truth: Simulator, opening: int) -> None:
        self.spec = replace(truth.spec, opening=opening)
        self.shown: list[tuple[int, Opening]] = []

    def init(self, params: Any, seeds: NDArray[np.uint64], opening: Opening | None = None) -> Frames:
        assert opening is not None
        self.shown += [
            (int(seed), Opening(frames, actions))
            for seed, frames, actions in zip(seeds, opening.frames, opening.actions, strict=True)
        ]
        return opening.frames[:, -1]

    def update(self, state: Frames, actions: Any) -> Frames:
        return state

    def render(self, state: Frames) -> Frames:
        return state

    def status(self, state: Frames) -> Status:
        return Status(np.zeros((len(state), 2), np.float32), np.zeros(len(state), bool))


class Reference:
    """The same games one by one, in plain Python."""

    def __init__(self, truth: Any, config: EvaluationConfig, opening: int, count: int, number: int = 0) -> None:
        who = player(config.players, truth)
        self.frames: dict[int, Frames] = {}
        self.actions: dict[int, NDArray[np.integer]] = {}
        self.met: Counter[str] = Counter()
        self.still: Counter[str] = Counter()
        """How often the frame stayed as it was."""
        for seed in Start(who, count, seeds.derive(config.seed, "events", number)).rows:
            row = np.array([seed])
            state, memory = truth.init(truth.spec.draw(row), row), who.init(row)
            frames, pressed = [truth.render(state)], []
            for tick in range(opening - 1 + config.frames):
                if truth.status(state).over[0]:
                    break
                actions, memory = who.act(memory, tick, frames[-1])
                after = truth.update(state, actions)
                frames.append(truth.render(after))
                pressed.append(actions)
                if tick >= opening - 1:
                    event = truth.events[int(truth.event(state, after)[0])]
                    self.met[event] += 1
                    self.still[event] += bool((frames[-1] == frames[-2]).all())
                state = after
            self.frames[int(seed)], self.actions[int(seed)] = np.concatenate(frames), np.concatenate(pressed)


@pytest.mark.parametrize("name", ["pong", "pong_angle"])
@pytest.mark.parametrize("opening", [1, 5])
def test_counts_are_those_of_a_slow_reference(name: str, opening: int) -> None:
    """Every tick of one round of games is tried: all are counted, each by its own event, and none after the end."""
    truth = game(name)
    config = EvaluationConfig(events=10**6, frames=40, events_ticks=1)
    reference = Reference(truth, config, opening, 24)
    played = sum(reference.met.values())
    config = config.model_copy(update={"events_ticks": played})
    result = judged(truth, Still(truth, opening), config)
    assert result["ticks_played"] == played
    assert (played < 24 * 40) == (name == "pong_angle"), "some games of it are over sooner"
    for event, row in result["events"].items():
        met = reference.met[event]
        assert row["transitions"] == met and row["frequency"] == met / played
        assert row["errors"] == met - reference.still[event]
    rows = [row for row in result["events"].values() if row["transitions"]]
    mean = sum(row["frequency"] * row["rate"] for row in rows)
    assert result["implied_horizon"] == pytest.approx(math.log(2) / mean)
    high = sum(row["frequency"] * row["high"] for row in rows)
    assert result["implied_horizon_low"] == pytest.approx(math.log(2) / high)


def test_a_dream_is_shown_true_frames_in_their_order_and_no_more() -> None:
    truth = game("pong")
    config = EvaluationConfig(events=3, frames=40, events_ticks=24 * 40)
    dream, reference = Still(truth, 5), Reference(truth, config, 5, 24)
    result = judged(truth, dream, config)
    assert len(dream.shown) == sum(row["transitions"] for row in result["events"].values()) > 20
    for seed, opening in dream.shown:
        frames, actions = reference.frames[seed], reference.actions[seed]
        places = [
            tick
            for tick in range(len(actions) - 4)
            if (frames[tick : tick + 5] == opening.frames).all() and (actions[tick : tick + 4] == opening.actions).all()
        ]
        assert places, "these frames and actions were never played"


def test_a_common_event_is_tried_all_over_a_game() -> None:
    """Not in the first ticks alone, where all balls are still on their first way."""
    truth = game("pong")
    dream = Still(truth, 2)
    judged(truth, dream, EvaluationConfig(events=40, frames=100, events_ticks=2400))
    digits = Pong().objects(np.stack([opening.frames[-1] for _, opening in dream.shown])).readings["left_score"]
    assert len(dream.shown) > 100 and len(set(digits.tolist())) > 5
    played = Reference(truth, EvaluationConfig(frames=100), 2, 24)
    ticks = [
        int(np.flatnonzero((played.frames[seed] == opening.frames[-1]).all((1, 2, 3)))[0])
        for seed, opening in dream.shown
    ]
    assert min(ticks) < 10 and max(ticks) > 90


def test_play_ends_when_every_event_was_tried_often_enough() -> None:
    truth = game("pong")
    config = EvaluationConfig(events=1, frames=500, events_ticks=10**6)
    result = judged(truth, Still(truth, 2), config)
    assert {row["transitions"] for row in result["events"].values()} == {1}
    assert result["ticks_played"] < 24_000


def test_an_event_that_was_never_met_has_no_rate() -> None:
    truth = game("pong", points=1)  # every point ends a match
    result = judged(truth, Still(truth, 2), EvaluationConfig(events=2, frames=100, events_ticks=5000))
    assert 5000 <= result["ticks_played"] < 5024
    assert result["events"]["score"] == {
        "transitions": 0, "errors": 0, "rate": None, "low": None, "high": None, "frequency": 0.0,
    }  # fmt: skip
    assert result["events"]["match end"]["transitions"] == 2 and result["implied_horizon"] > 0


def test_the_same_seed_gives_the_same_figures() -> None:
    truth = game("pong")
    config = EvaluationConfig(events=5, frames=50, events_ticks=4000)
    one, same = (judged(truth, Still(truth, 3), config) for _ in range(2))
    other = judged(truth, Still(truth, 3), config.model_copy(update={"seed": 1}))
    assert one == same and one != other


def test_a_world_without_an_opening_is_left_out() -> None:
    said: list[str] = []

    class Heard:
        def say(self, text: str) -> None:
            said.append(text)

        def bar(self, title: str, total: int, unit: str, first: int = 0) -> Any:
            raise AssertionError("nothing is to be done")

    truth = game("pong")
    assert event_errors(Setting(truth, truth, player("idle", truth), SMALL, Heard())) is None
    assert len(said) == 1 and "starts from params" in said[0]


def test_a_game_without_events_is_left_out() -> None:
    class Plain:
        def __init__(self) -> None:
            inner = game("pong")
            self.spec, self.init, self.update = inner.spec, inner.init, inner.update
            self.render, self.status = inner.render, inner.status

    truth = Plain()
    assert event_errors(Setting(Still(truth, 2), truth, player("sticky", truth), SMALL)) is None


def test_a_dream_of_another_game_is_told() -> None:
    truth = game("pong")
    with pytest.raises(UserError, match="compare a world with the game it learned"):
        judged(truth, Still(game("pong_angle"), 2))


@pytest.mark.parametrize(
    ("errors", "count", "low", "high"),
    [
        (0, 10, 0, 0.27753),
        (1, 10, 0.01788, 0.40415),
        (5, 10, 0.23659, 0.76341),
        (10, 10, 0.72247, 1),
        (81, 263, 0.25526, 0.36622),  # Newcombe 1998, Statistics in Medicine 17, table I
        (15, 148, 0.06238, 0.16053),
        (0, 20, 0, 0.16113),
        (1, 29, 0.00611, 0.17177),
        (0, 10_000, 0, 0.000384),
    ],
)
def test_intervals_are_those_of_the_literature(errors: int, count: int, low: float, high: float) -> None:
    assert wilson(errors, count) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize("count", [1, 7, 300])
def test_an_interval_holds_its_rate(count: int) -> None:
    for errors in range(count + 1):
        low, high = wilson(errors, count)
        assert 0 <= low <= errors / count <= high <= 1
