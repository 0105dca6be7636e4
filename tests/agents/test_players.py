"""Players replay exactly, keep their rows apart, and play as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickworld import seeds
from tickworld.agents import PLAYERS, able, player
from tickworld.agents.mixture import Member, Mixture
from tickworld.agents.plain import Sticky
from tickworld.agents.tracking import Tracking
from tickworld.data.player import Player
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games import GAMES, game
from tickworld.simulator import Opening, Simulator, Status

ROWS, TICKS = 5, 40
CASES = [(name, who) for name in GAMES for who in able(game(name))]
PADDLES = [name for name, who in CASES if who == "tracking"]
WALKS = [name for name, who in CASES if who == "seeking"]


class Blind:
    """A game without a probe."""

    def __init__(self, inner: Simulator) -> None:
        self.inner, self.spec = inner, inner.spec

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
        return self.inner.init(params, seeds, opening)

    def update(self, state: Any, actions: Any) -> Any:
        return self.inner.update(state, actions)

    def render(self, state: Any) -> Any:
        return self.inner.render(state)

    def status(self, state: Any) -> Status:
        return self.inner.status(state)


def pressed(simulator: Simulator, who: Player, rows: np.ndarray, ticks: int = TICKS) -> np.ndarray:
    """What ``who`` presses in its own game, [T, N, P]."""
    state, memory = simulator.init(simulator.spec.draw(rows), rows), who.init(rows)
    presses = []
    for tick in range(ticks):
        actions, memory = who.act(memory, tick, simulator.render(state))
        presses.append(actions)
        state = simulator.update(state, actions)
    return np.stack(presses)


@pytest.mark.parametrize(("name", "who"), CASES)
def test_actions_are_legal_and_replay(name: str, who: str) -> None:
    simulator = game(name)
    first = pressed(simulator, player(who, simulator), seeds.rows(3, 0, ROWS))
    again = pressed(simulator, player(who, simulator), seeds.rows(3, 0, ROWS))
    assert first.dtype == np.uint8
    assert first.shape == (TICKS, ROWS, len(simulator.spec.players))
    assert first.max() < len(simulator.spec.actions)
    assert (first == again).all()


@pytest.mark.parametrize(("name", "who"), CASES)
def test_a_row_plays_the_same_alone(name: str, who: str) -> None:
    simulator = game(name)
    rows = seeds.rows(4, 0, ROWS)
    together = pressed(simulator, player(who, simulator), rows)
    alone = pressed(simulator, player(who, simulator), rows[2:3])
    assert (together[:, 2:3] == alone).all()


@pytest.mark.parametrize("who", sorted({who for _, who in CASES}))
def test_an_old_memory_stays_valid(who: str) -> None:
    simulator = game("snake" if who == "seeking" else "pong")
    one = player(who, simulator)
    rows = seeds.rows(5, 0, ROWS)
    frames = simulator.render(simulator.init(simulator.spec.draw(rows), rows))
    memory = one.init(rows)
    for tick in range(20):
        _, memory = one.act(memory, tick, frames)
    first, after = one.act(memory, 20, frames)
    for tick in range(21, 60):
        _, after = one.act(after, tick, frames)
    assert (one.act(memory, 20, frames)[0] == first).all()


def test_players_and_rows_press_differently() -> None:
    simulator = game("pong")
    presses = pressed(simulator, player("random", simulator), seeds.rows(0, 0, 200), 30)
    shares = np.bincount(presses.ravel(), minlength=3) / presses.size
    assert np.abs(shares - 1 / 3).max() < 0.02
    same = [(presses[:, :, 0] == presses[:, :, 1]).mean(), (presses[1:] == presses[:-1]).mean()]
    same.append((presses[:, 1:] == presses[:, :-1]).mean())
    assert np.abs(np.array(same) - 1 / 3).max() < 0.03


@given(st.floats(0, 1))
def test_sticky_keeps_as_often_as_it_says(keep: float) -> None:
    simulator = game("pong")
    presses = pressed(simulator, Sticky(keep=keep).build(simulator), seeds.rows(0, 0, 100), 50)
    kept = (presses[1:] == presses[:-1]).mean()
    assert abs(kept - (keep + (1 - keep) / 3)) < 0.03


def test_idle_presses_nothing() -> None:
    simulator = game("pong")
    assert not pressed(simulator, player("idle", simulator), seeds.rows(0, 0, ROWS)).any()


def misses(name: str, who: Player) -> float:
    """Points lost an episode, by either of two players."""
    episodes = play_episodes(game(name), who, seeds.rows(8, 0, 60), 256)
    return float((episodes.rewards < 0).sum() / len(episodes))


@pytest.mark.parametrize("name", PADDLES)
def test_tracking_hits_far_more_often_than_chance_and_still_misses(name: str) -> None:
    simulator = game(name)
    tracking, idle = misses(name, player("tracking", simulator)), misses(name, player("idle", simulator))
    assert 0 < tracking < 0.65 * idle


@pytest.mark.parametrize("name", PADDLES)
def test_tracking_is_better_with_a_steady_hand(name: str) -> None:
    simulator = game(name)
    steady = misses(name, Tracking(noise=(0, 0), spread=0.5).build(simulator))
    shaky = misses(name, Tracking(noise=(0.8, 0.9), spread=0.5).build(simulator))
    assert steady < 0.7 * shaky


@pytest.mark.parametrize("name", WALKS)
def test_seeking_finds_far_more_often_than_chance(name: str) -> None:
    simulator = game(name, lit=32) if name == "maze" else game(name)
    found = [(play_episodes(simulator, player(who, simulator), seeds.rows(8, 0, 60), 256).rewards > 0).sum()
             for who in ("seeking", "random")]  # fmt: skip
    assert found[0] > 3 * found[1]


def test_games_are_tracked_or_sought_or_neither() -> None:
    assert {"pong", "pong_angle", "catch", "breakout", "rally"} <= set(PADDLES)
    assert {"snake", "maze"} <= set(WALKS) and not set(WALKS) & set(PADDLES)


def test_tracking_waits_while_it_sees_nothing() -> None:
    simulator = game("pong")
    one = Tracking(noise=(0, 0)).build(simulator)
    dark = np.zeros((3, *simulator.spec.frame_shape), np.uint8)
    assert not one.act(one.init(seeds.rows(0, 0, 3)), 0, dark)[0].any()


def test_mixtures_differ_and_use_all_keys() -> None:
    simulator = game("pong")
    rows = seeds.rows(0, 0, 100)
    mixed, held_out = (pressed(simulator, player(name, simulator), rows) for name in ("mixed", "held_out"))
    assert (mixed != held_out).mean() > 0.2
    assert set(np.unique(mixed)) == {0, 1, 2}


def test_a_mixture_switches_between_its_members() -> None:
    simulator = game("pong")
    members = (Member(player=PLAYERS["idle"], share=1), Member(player=Sticky(keep=0.0), share=3))  # type: ignore[arg-type]
    presses = pressed(simulator, Mixture(members=members, switch_ticks=10).build(simulator), seeds.rows(0, 0, 200), 100)
    # an idle member presses 0; the other one any of three keys, so 1/4 + 3/4 * 1/3 of all presses are 0
    assert abs((presses == 0).mean() - 0.5) < 0.03
    first, last = (presses[:20] == 0).all(0), (presses[-20:] == 0).all(0)
    assert first.any() and last.any() and (first != last).any()


def test_a_game_without_a_probe_cannot_be_tracked_but_mixed_goes_on() -> None:
    blind = Blind(game("pong"))
    with pytest.raises(UserError, match="no probe"):
        player("tracking", blind)
    with pytest.raises(UserError, match="no goal"):
        player("seeking", blind)
    assert pressed(blind, player("mixed", blind), seeds.rows(0, 0, 20)).any()
    with pytest.raises(UserError, match="no member"):
        Mixture(members=(Member(player=Tracking(), share=1),)).build(blind)


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="did you mean 'tracking'"):
        player("traking", game("pong"))
    with pytest.raises(UserError, match="0..1"):
        Tracking(noise=(0.5, 0.1)).build(game("pong"))
