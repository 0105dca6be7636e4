"""Mashing hammers two keys; patterns presses waves, and its players mirror each other or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.agents.rhythm import LONGEST, SLOWEST, Mashing, Patterns
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Simulator, Spec

ROWS, TICKS = 200, 150
FOR_EVER = 1e9
"""Chances have 16 bits, so that one row in some hundreds changes even so."""


@dataclass
class Keys(Pong):
    """Pong with other keys: these players ask for no more than the spec."""

    spec: Spec


def keys(count: int, players: int = 2) -> Keys:
    return Keys(replace(game("pong").spec, actions=tuple("abcdefgh"[:count]), players=tuple("xyz"[:players])))


def pressed(who: Mashing | Patterns, simulator: Simulator, ticks: int = TICKS) -> NDArray[np.uint8]:
    """[T, N, P]; these players look at nothing."""
    built, frames = who.build(simulator), np.zeros((ROWS, 1, 1, 1), np.uint8)
    memory, presses = built.init(seeds.rows(2, 0, ROWS)), []
    for tick in range(ticks):
        actions, memory = built.act(memory, tick, frames)
        presses.append(actions)
    return np.stack(presses)


def runs(presses: NDArray[np.uint8]) -> list[int]:
    """How long each key was down in turn, of the presses of one player [T]."""
    return [len(list(same)) for _, same in groupby(presses)]


@pytest.mark.parametrize(("count", "hammered"), [(1, {0}), (2, {0, 1}), (3, {1, 2}), (6, {1, 2, 3, 4, 5})])
def test_mashing_hammers_two_keys_but_the_first(count: int, hammered: set[int]) -> None:
    presses = pressed(Mashing(switch_ticks=FOR_EVER), keys(count))
    assert set(np.unique(presses)) == hammered
    rows = presses.transpose(1, 2, 0).reshape(-1, TICKS)
    assert np.mean([len(set(row)) == min(count, 2) for row in rows]) > 0.98
    assert count == 1 or np.mean([max(runs(row)) <= SLOWEST for row in rows]) > 0.98


def test_mashing_changes_its_rhythm() -> None:
    one = pressed(Mashing(), game("pong"))
    presses = one[:, :, 0].T
    lengths = [set(runs(row)) for row in presses]
    assert np.mean([len(each) > 2 for each in lengths]) > 0.5
    assert {length for row in presses for length in runs(row[:20])} >= {1, 2, 3}
    assert np.mean([np.mean(runs(row)) for row in presses]) == pytest.approx(2, abs=0.15)


def test_patterns_are_holds_waves_and_staircases() -> None:
    presses = pressed(Patterns(switch_ticks=FOR_EVER), game("pong"), 4 * LONGEST)[:, :, 0].T
    found = [sorted(set(runs(row)[:-1])) for row in presses]  # the last run is cut off
    held = np.array([not each for each in found])
    square = np.array([len(each) == 1 for each in found])  # both keys for as long
    stairs = np.array([len(each) == 2 and each[0] == 1 for each in found])
    assert (held | square | stairs).mean() > 0.98
    assert 0.15 < held.mean() < 0.35 and square.mean() > 0.3 and stairs.mean() > 0.25
    longest = [each[-1] for each in found if each]
    assert max(longest) > LONGEST // 2 and min(longest) == 1 and np.mean(np.array(longest) > 8) > 0.3


def test_patterns_mirror_the_first_player() -> None:
    presses = pressed(Patterns(switch_ticks=FOR_EVER), keys(3, players=3))
    opposite = np.array([0, 2, 1])
    for other in (1, 2):
        same = (presses[:, :, other] == presses[:, :, 0]).all(0)
        mirrored = (presses[:, :, other] == opposite[presses[:, :, 0]]).all(0)
        assert 0.15 < same.mean() < 0.4 and 0.15 < mirrored.mean() < 0.4 and (~same & ~mirrored).mean() > 0.3


def test_of_two_keys_each_is_the_opposite_of_the_other() -> None:
    presses = pressed(Patterns(switch_ticks=FOR_EVER), keys(2))
    assert 0.15 < (presses[:, :, 1] != presses[:, :, 0]).all(0).mean()


def test_patterns_change() -> None:
    presses = pressed(Patterns(switch_ticks=20), game("pong"), 200)
    first, last = presses[:50, :, 0].T, presses[-50:, :, 0].T
    assert np.mean([runs(one) != runs(other) for one, other in zip(first, last, strict=True)]) > 0.8


@pytest.mark.parametrize("who", ["mashing", "patterns"])
def test_all_keys_are_pressed_by_somebody(who: str) -> None:
    simulator = keys(6)
    built = player(who, simulator)
    actions, _ = built.act(built.init(seeds.rows(0, 0, ROWS)), 3, np.zeros((ROWS, 1, 1, 1), np.uint8))
    assert set(np.unique(actions)) == set(range(int(who == "mashing"), 6))
