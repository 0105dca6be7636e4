"""The kinds of ticks: named as a person would who watches, each tick of exactly one, and every one occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import checks, seeds
from tickworld.games import GAMES, game
from tickworld.games.pong import SPEC, Pong
from tickworld.games.pong_angle import PongAngle
from tickworld.simulator import Eventful

ROWS, TICKS = 20, 1000
EVERYTHING: dict[str, Any] = {param.name: (param.low, param.high) for param in SPEC.params}


@pytest.mark.parametrize("name", GAMES)
def test_the_games_say_what_happens(name: str) -> None:
    truth = game(name)
    assert isinstance(truth, Eventful) and len(set(truth.events)) == len(truth.events)


def played(params: dict[str, Any]) -> tuple[Pong, list[Any], NDArray[np.intp]]:
    """A game under keys held for a while, its states, and the event of each tick [T, N]."""
    pong, rows = Pong(**params), seeds.rows(4, 0, ROWS)
    _, states = checks.play(pong, pong.spec.draw(rows), rows, checks.some_actions(pong, ROWS, TICKS))
    return pong, states, np.stack([pong.event(*pair) for pair in zip(states, states[1:], strict=False)])


def told(before: dict[str, Any], after: dict[str, Any]) -> str:
    """What one would say of a tick of one game: ``before`` and ``after`` are its state as plain numbers."""
    if after["point"]:
        return "match end" if after["score"] == [0, 0] else "score"
    if before["wait"]:
        return "wait" if before["wait"] > 1 else "serve"
    size = before["rules"][1]
    edges = (7, 32 - size)
    unhindered = before["ball_y"] + before["ball_vy"]
    bounced = not edges[0] <= unhindered <= edges[1]
    to_paddle = (before["ball_x"] == 2 and before["ball_vx"] < 0) or (
        before["ball_x"] + size == 30 and before["ball_vx"] > 0
    )
    if not to_paddle:
        return "wall" if bounced else "flight"
    if bounced or after["ball_y"] in edges:
        return "corner"
    return f"hit {after['ball_vy']}" if after["ball_vx"] != before["ball_vx"] else "pass"


def row_of(state: Any, row: int) -> dict[str, Any]:
    return {name: values[row].tolist() for name, values in state._asdict().items()}


@pytest.mark.parametrize("params", [{}, {"serve_wait": 0}, EVERYTHING], ids=["defaults", "no wait", "every param"])
def test_each_tick_is_what_one_would_call_it_and_every_event_occurs(params: dict[str, Any]) -> None:
    pong, states, events = played(params)
    for row in range(ROWS):
        rows = [row_of(state, row) for state in states]
        expected = [told(before, after) for before, after in zip(rows, rows[1:], strict=False)]
        assert [pong.events[index] for index in events[:, row]] == expected
    assert set(np.unique(events)) == set(range(len(pong.events)))


def test_only_what_can_happen_has_a_name() -> None:
    assert Pong().events == (
        "flight", "wall", "hit -2", "hit -1", "hit 0", "hit 1", "hit 2",
        "corner", "pass", "score", "match end", "serve", "wait",
    )  # fmt: skip
    assert "wait" not in Pong(serve_wait=0).events and "wait" in Pong(serve_wait=(0, 3)).events
    assert [name for name in Pong(vy_limit=1).events if "hit" in name] == ["hit -1", "hit 0", "hit 1"]
    assert "hit 2" in Pong(vy_limit=(1, 2)).events


def test_a_miss_is_told_step_by_step() -> None:
    """A ball passes, scores, rests for two ticks and is served: nothing of it depends on what the frame shows now."""
    pong = Pong(serve_wait=2, ball_left=0, ball_vy=0, ball_x=26, ball_y=10, right_y=20)
    state, said = pong.init(pong.spec.defaults(1), np.zeros(1, np.uint64)), []
    for _ in range(8):
        after = pong.update(state, np.zeros((1, 2), int))
        said.append(pong.events[int(pong.event(state, after)[0])])
        state = after
    assert said == ["flight", "flight", "flight", "pass", "score", "wait", "wait", "serve"]


def test_a_ball_that_flies_through_the_middle_is_not_served() -> None:
    pong = Pong(ball_x=15, ball_y=19, ball_vy=0, serve_wait=0)
    state = pong.init(pong.spec.defaults(1), np.zeros(1, np.uint64))
    assert pong.event(state, pong.update(state, np.zeros((1, 2), int))).tolist() == [pong.events.index("flight")]


def test_no_rows_have_no_events() -> None:
    pong = Pong()
    state = pong.init(pong.spec.defaults(0), np.zeros(0, np.uint64))
    assert pong.event(state, pong.update(state, np.zeros((0, 2), int))).shape == (0,)


def test_events_of_the_seeds_game() -> None:
    angle, rows = PongAngle(), seeds.rows(4, 0, 256)
    actions = checks.some_actions(angle, 256, 300)
    _, states = checks.play(angle, angle.spec.draw(rows), rows, actions)
    met = set()
    for before, after in zip(states, states[1:], strict=False):
        events, playing = angle.event(before, after), before.lost == 0
        turned = before.speed[:, 0] * after.speed[:, 0] < 0
        bounced = before.speed[:, 1] * after.speed[:, 1] < 0
        for event, misses, hits, walls in zip(
            events[playing], after.lost[playing] != 0, turned[playing], bounced[playing], strict=True
        ):
            assert angle.events[event] == ("miss" if misses else "hit" if hits else "wall" if walls else "flight")
            met.add(angle.events[event])
        assert (events[~playing] == 0).all()
    assert met == set(angle.events)
