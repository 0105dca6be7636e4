"""The rule book: a true game breaks no rule, whoever plays it; a fault planted in its frames breaks the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import able, player
from tickworld.games.pong import SPEC, Pong
from tickworld.games.pong_court import DIGIT_X, DIGITS, LIT, PADDLE_X, TOP
from tickworld.simulator import Ruled

Frames = NDArray[np.uint8]
Fault = Callable[[Frames], Any]
Params = dict[str, int]
EVERYTHING: dict[str, Any] = {param.name: (param.low, param.high) for param in SPEC.params}
NOTHING = dict.fromkeys(Pong.rules, 0)


def judged(pong: Pong, frames: Frames, actions: NDArray[np.integer], params: NDArray[np.floating]) -> dict[str, int]:
    """How often each rule is broken in ``frames`` [T+1, N, 32, 32, 1]."""
    notes, broken = pong.referee(params, frames[0]), np.zeros(len(pong.rules), int)
    for now, pressed in zip(frames[1:], actions, strict=True):
        wrong, notes = pong.violations(notes, pressed, now)
        assert wrong.shape == (len(now), len(pong.rules))
        broken += wrong.sum(0)
    return dict(zip(pong.rules, broken.tolist(), strict=True))


def test_pong_has_rules() -> None:
    assert isinstance(Pong(), Ruled)


def watched(pong: Pong, name: str, count: int, ticks: int) -> tuple[Frames, NDArray[np.integer], NDArray[np.floating]]:
    """Games as player ``name`` plays them: frames [T+1, N, 32, 32, 1], actions [T, N, 2], params [N, S]."""
    rows = seeds.rows(1, 0, count)
    who, params = player(name, pong), pong.spec.draw(rows)
    state, memory = pong.init(params, rows), who.init(rows)
    frames, actions = [pong.render(state)], []
    for tick in range(ticks):
        pressed, memory = who.act(memory, tick, frames[-1])
        actions.append(pressed)
        state = pong.update(state, pressed)
        frames.append(pong.render(state))
    return np.stack(frames), np.stack(actions), params


CASES = [
    *((name, {}) for name in able(Pong())),
    ("held_out", {"serve_wait": 0}),
    ("held_out", {"ball_size": 3, "paddle_length": 3}),
    ("mixed", {"points": 1, "ball_size": 2}),
    ("random", EVERYTHING),
    ("tracking", EVERYTHING),
]


@pytest.mark.parametrize(("name", "params"), CASES)
def test_the_true_game_breaks_no_rule(name: str, params: dict[str, Any]) -> None:
    pong = Pong(**params)
    assert judged(pong, *watched(pong, name, 32, 400)) == NOTHING


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"serve_wait": 0}, EVERYTHING], ids=["defaults", "no wait", "every param"])
@pytest.mark.parametrize("name", able(Pong()))
def test_the_true_game_breaks_no_rule_in_long_play(name: str, params: dict[str, Any]) -> None:
    pong = Pong(**params)
    assert judged(pong, *watched(pong, name, 128, 3000)) == NOTHING


@pytest.mark.parametrize("params", [{}, {"serve_wait": 0}, EVERYTHING], ids=["defaults", "no wait", "every param"])
def test_the_referee_may_come_in_at_any_tick(params: dict[str, Any]) -> None:
    pong, ticks = Pong(**params), 14
    frames, actions, drawn = watched(pong, "held_out", 8, 300)
    firsts = range(50, 250, 2)
    shown = np.concatenate([frames[first : first + ticks + 1] for first in firsts], 1)
    keys = np.concatenate([actions[first : first + ticks] for first in firsts], 1)
    assert judged(pong, shown, keys, np.tile(drawn, (len(firsts), 1))) == NOTHING


def play(ticks: int, params: Params, keys: tuple[int, int] = (0, 0)) -> tuple[Pong, Frames]:
    """One game in which the players hold ``keys``: frames [T+1, 1, 32, 32, 1]."""
    pong = Pong(**params)
    state, frames = pong.init(pong.spec.defaults(1), np.zeros(1, np.uint64)), []
    for _ in range(ticks + 1):
        frames.append(pong.render(state))
        state = pong.update(state, np.array([keys]))
    return pong, np.stack(frames)


def broken_by(fault: Fault, params: Params, ticks: int = 20, keys: tuple[int, int] = (0, 0)) -> dict[str, int]:
    """Which rules are broken, and how often, when ``fault`` has been at the frames [T+1, 32, 32] of a true game."""
    pong, frames = play(ticks, params, keys)
    pressed = np.tile(np.array([[keys]]), (ticks, 1, 1))
    assert judged(pong, frames, pressed, pong.spec.defaults(1)) == NOTHING
    replaced = fault(frames[:, 0, :, :, 0])
    if replaced is not None:
        frames = replaced[:, None, :, :, None]
    found = judged(pong, frames, pressed[: len(frames) - 1], pong.spec.defaults(1))
    return {name: count for name, count in found.items() if count}


FLIGHT: Params = {"ball_x": 5, "ball_y": 15, "ball_vy": 1, "left_y": 10, "right_y": 20}
"""A ball that flies for 24 ticks before it comes to anything but a wall."""


def test_a_second_ball() -> None:
    def fault(court: Frames) -> None:
        court[5:7, 25, 20] = LIT

    assert broken_by(fault, FLIGHT) == {"one ball": 2}


def test_no_ball() -> None:
    def fault(court: Frames) -> None:
        court[5:7, TOP:, 2:30] = 0

    assert broken_by(fault, FLIGHT) == {"one ball": 2}


def test_a_ball_that_is_not_whole() -> None:
    def fault(court: Frames) -> None:
        lit = np.argwhere(court[5, TOP:, 2:30])[0]
        court[5, TOP + lit[0], 2 + lit[1]] = 0

    assert broken_by(fault, FLIGHT | {"ball_size": 2}) == {"one ball": 1}


def moved(court: Frames, down: int, along: int) -> None:
    """The ball somewhere else, in all of ``court``."""
    inner = court[:, TOP:, 2:30]
    inner[:] = np.roll(inner, (down, along), (1, 2))


def test_a_teleport() -> None:
    def fault(court: Frames) -> None:
        moved(court[5:], 0, 9)

    assert broken_by(fault, FLIGHT, ticks=10) == {"ball speed": 1}


def test_a_ball_that_is_too_fast() -> None:
    def fault(court: Frames) -> None:
        moved(court[5:], 2, 0)

    assert broken_by(fault, FLIGHT, ticks=10) == {"ball speed": 1}


def test_a_ball_that_bends_in_the_air() -> None:
    def fault(court: Frames) -> None:
        moved(court[5:], 1, 0)  # two rows in one tick are legal, but not when it flew by one

    assert broken_by(fault, FLIGHT, ticks=8) == {"ball flight": 2}  # there, and where it flies by one again


def test_a_ball_that_turns_back_in_the_air() -> None:
    assert broken_by(lambda court: np.concatenate([court[:6], court[4::-1]]), FLIGHT, ticks=10) == {"ball flight": 1}


def test_a_ball_that_a_wall_does_not_reflect() -> None:
    def fault(court: Frames) -> None:
        rows = [int(np.argwhere(each[TOP:, 2:30])[0, 0]) for each in court]
        bounce = rows.index(min(rows))
        moved(court[bounce + 1 :], -1, 0)  # it slides along the wall for a tick

    params = FLIGHT | {"ball_y": 10, "ball_vy": -1}
    assert broken_by(fault, params, ticks=5) == {"ball flight": 1}


def test_a_frozen_ball() -> None:
    def fault(court: Frames) -> None:
        court[6:] = court[5]

    assert broken_by(fault, FLIGHT) == {"ball rest": 15}


def test_a_ball_that_stays_with_a_paddle() -> None:
    """It may stand before a paddle for the one tick in which it is hit."""
    params = {"ball_x": 5, "ball_y": 17, "ball_vy": 0, "ball_left": 1, "left_y": 15}
    _, frames = play(8, params)
    lit = [int(np.argwhere(each[0, TOP:, 2:30, 0])[0, 1]) for each in frames]
    hit = next(tick for tick in range(1, 8) if lit[tick] == lit[tick - 1])

    def fault(court: Frames) -> None:
        court[hit + 1 :] = court[hit]

    assert broken_by(fault, params, ticks=8) == {"ball rest": 8 - hit}


MISS: Params = {"ball_x": 26, "ball_y": 10, "ball_vy": 0, "right_y": 20, "left_y": 20, "serve_wait": 4}
"""The point falls in tick 5, and the ball rests in ticks 6 to 9."""


def test_a_serve_that_comes_late() -> None:
    def fault(court: Frames) -> Frames:
        return np.concatenate([court[:9], court[8:]])[: len(court)]

    assert broken_by(fault, MISS) == {"ball rest": 1}


def test_a_serve_that_comes_early() -> None:
    def fault(court: Frames) -> Frames:
        return np.concatenate([court[:7], court[8:]])

    assert broken_by(fault, MISS) == {"ball rest": 1}


def test_a_miss_without_a_point() -> None:
    def fault(court: Frames) -> None:
        court[5:, :TOP] = court[4, :TOP]

    assert broken_by(fault, MISS) == {"score": 1}


def test_a_point_for_the_wrong_player() -> None:
    def fault(court: Frames) -> None:
        court[5:, 1:6, 8:11], court[5:, 1:6, 21:24] = DIGITS[0], DIGITS[1]

    assert broken_by(fault, MISS) == {"score": 1}


def test_a_digit_that_changes_by_itself() -> None:
    def fault(court: Frames) -> None:
        court[5, 1:6, DIGIT_X[0] : DIGIT_X[0] + 3] = DIGITS[7]

    assert broken_by(fault, FLIGHT) == {"score": 2}  # there and back


def test_a_digit_that_nobody_can_read() -> None:
    def fault(court: Frames) -> None:
        court[5, 1, DIGIT_X[1]] = 0

    assert broken_by(fault, FLIGHT) == {"digits": 1}


def test_dirt_above_the_court() -> None:
    def fault(court: Frames) -> None:
        court[5:8, 3, 15] = LIT

    assert broken_by(fault, FLIGHT) == {"digits": 3}


def test_a_paddle_that_jumps() -> None:
    def fault(court: Frames) -> None:
        court[5:, TOP:, PADDLE_X[0]] = np.roll(court[5:, TOP:, PADDLE_X[0]], 4, 1)

    assert broken_by(fault, FLIGHT) == {"paddle move": 1}


def test_a_paddle_that_does_not_hear_its_key() -> None:
    def fault(court: Frames) -> None:
        court[4:8, :, PADDLE_X[1]] = court[3, :, PADDLE_X[1]]

    assert broken_by(fault, FLIGHT, ticks=7, keys=(0, 2)) == {"paddle move": 4}


@pytest.mark.parametrize("side", [0, 1])
def test_a_paddle_that_grows_shrinks_or_breaks(side: int) -> None:
    def grown(court: Frames) -> None:
        top = court[5, :, PADDLE_X[side]].argmax()
        court[5, top - 1, PADDLE_X[side]] = LIT

    def shrunk(court: Frames) -> None:
        court[5, court[5, :, PADDLE_X[side]].argmax(), PADDLE_X[side]] = 0

    def cut(court: Frames) -> None:
        court[5, court[5, :, PADDLE_X[side]].argmax() + 2, PADDLE_X[side]] = 0

    def gone(court: Frames) -> None:
        court[5, :, PADDLE_X[side]] = 0

    for fault in (grown, shrunk, cut, gone):
        assert broken_by(fault, FLIGHT) == {"paddle shape": 1}


def test_a_ball_that_flies_out() -> None:
    """Behind a paddle there is only the point."""

    def fault(court: Frames) -> None:
        court[5:, TOP:, 2:30] = 0
        court[5:, 10, 31] = LIT
        court[5:, :TOP] = court[4, :TOP]

    assert broken_by(fault, MISS, ticks=5) == {"ball speed": 1}


def test_nothing_but_noise_is_no_hindrance() -> None:
    pong, noise = Pong(), np.random.default_rng(0).integers(0, 256, (40, 8, 32, 32, 1), np.uint8)
    found = judged(pong, noise, np.zeros((39, 8, 2), int), pong.spec.defaults(8))
    assert found["digits"] == found["paddle shape"] == found["one ball"] == 39 * 8
    dark = judged(pong, noise * 0, np.zeros((39, 8, 2), int), pong.spec.defaults(8))
    assert {name for name, count in dark.items() if count} == {"digits", "paddle shape", "one ball"}


def test_grey_counts_as_what_it_is_nearer_to() -> None:
    pong, frames = play(20, FLIGHT)
    grey = np.where(frames > 0, 128, 127).astype(np.uint8)
    assert judged(pong, grey, np.zeros((20, 1, 2), int), pong.spec.defaults(1)) == NOTHING


def test_notes_stay_as_they_were() -> None:
    """Old notes can be gone on from again, as old states can."""
    pong, frames = play(12, MISS)
    notes = pong.referee(pong.spec.defaults(1), frames[0])
    kept = [each.copy() for each in (*notes.seen, notes.speed, notes.rest)]
    for _ in range(2):
        after = notes
        for now in frames[1:]:
            wrong, after = pong.violations(after, np.zeros((1, 2), int), now)
            assert not wrong.any()
    assert all((one == other).all() for one, other in zip(kept, (*notes.seen, notes.speed, notes.rest), strict=True))
