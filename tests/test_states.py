"""Rows of states can be taken and put together, and each goes on as it would have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tickworld import seeds
from tickworld.agents import able, player
from tickworld.checks import some_actions
from tickworld.games import GAMES, game
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.simulator import Opening, Simulator
from tickworld.states import join, leaves, put, select, size, take, with_leaves

ROWS, TICKS = 6, 12
ORDER = np.array([4, 0, 4, 5])


def small_world() -> Learned:
    """An untrained world of snapped frames, with openings of random pixels."""
    spec = game("pong").spec
    core = SnappedConfig(frames=2, radius=(1, 1), ages=3, width=8, summary=4)
    world = seeded_world(WorldConfig(initializer=HistoryConfig(), core=core, renderer=PaletteConfig()), spec, seed=0)
    lit = seeds.generator(0, "lit").random((ROWS, 3, *spec.frame_shape)) < 0.1
    return Learned(world, spec, Opening(lit.astype(np.uint8) * 255, np.zeros((ROWS, 2, 2), np.uint8)))


SIMULATORS = {name: game(name) for name in GAMES} | {"snapped world": small_world()}


@pytest.fixture(params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> Simulator:
    return SIMULATORS[request.param]


def begun(simulator: Simulator, rows: np.ndarray) -> Any:
    return simulator.init(simulator.spec.draw(rows), rows)


def played(simulator: Simulator, state: Any, actions: np.ndarray) -> np.ndarray:
    """The frames after each of ``actions`` [T, N, P]."""
    frames = []
    for action in actions:
        state = simulator.update(state, action)
        frames.append(simulator.render(state))
    return np.stack(frames)


def test_rows_that_are_taken_go_on_as_they_would_have(simulator: Simulator) -> None:
    state, actions = begun(simulator, seeds.rows(0, 0, ROWS)), some_actions(simulator, ROWS, TICKS)
    some = played(simulator, take(state, ORDER), actions[:, ORDER])
    assert (some == played(simulator, state, actions)[:, ORDER]).all()


def test_copies_of_one_row_go_their_own_ways(simulator: Simulator) -> None:
    state = take(begun(simulator, seeds.rows(0, 0, ROWS)), np.zeros(ROWS, int))
    frames = played(simulator, state, some_actions(simulator, ROWS, TICKS))
    assert (simulator.render(state)[1:] == simulator.render(state)[:1]).all()
    assert (
        len(simulator.spec.actions) == 1
        or simulator is SIMULATORS["snapped world"]
        or (frames[-1, 1:] != frames[-1, :1]).any()
    )


def test_joined_states_are_one_state(simulator: Simulator) -> None:
    rows, actions = seeds.rows(0, 0, ROWS), some_actions(simulator, ROWS, TICKS)
    parts = [begun(simulator, rows[:2]), begun(simulator, rows[2:5]), begun(simulator, rows[5:])]
    whole = begun(simulator, rows)
    assert (played(simulator, join(parts), actions) == played(simulator, whole, actions)).all()
    assert type(join(parts)) is type(whole)


def test_rows_are_selected_from_two_states(simulator: Simulator) -> None:
    one, other = begun(simulator, seeds.rows(0, 0, ROWS)), begun(simulator, seeds.rows(5, 0, ROWS))
    first = np.arange(ROWS) % 3 == 0
    frames = simulator.render(select(first, one, other))
    assert (frames[first] == simulator.render(one)[first]).all()
    assert (frames[~first] == simulator.render(other)[~first]).all()


@pytest.mark.parametrize("who", able(game("pong")))
def test_what_players_carry_can_be_taken_and_joined_too(who: str) -> None:
    pong, rows = game("pong"), seeds.rows(1, 0, ROWS)
    one, frames = player(who, pong), pong.render(begun(pong, rows))
    some, _ = one.act(take(one.init(rows), ORDER), 3, frames[ORDER])
    both, _ = one.act(join([one.init(rows[:2]), one.init(rows[2:])]), 3, frames)
    pressed, _ = one.act(one.init(rows), 3, frames)
    assert (some == pressed[ORDER]).all() and (both == pressed).all()


def test_records_in_records_and_plain_tuples() -> None:
    state = (np.arange(3), (np.arange(6).reshape(3, 2), None))
    taken = take(state, np.array([2, 0]))
    assert taken[0].tolist() == [2, 0] and taken[1][0].tolist() == [[4, 5], [0, 1]] and taken[1][1] is None
    assert join([state, taken])[0].tolist() == [0, 1, 2, 2, 0]


def test_the_size_of_a_state_counts_what_it_keeps() -> None:
    whole = np.zeros(1_000_000, np.uint8)
    assert 1_000_000 <= size(whole[:3]) < 1_001_000  # the whole stays in memory while a part of it is kept
    assert 2_000_000 <= size((whole, (whole, None))) < 2_002_000
    assert size(None) > 0


def test_the_size_of_a_learned_state(simulator: Simulator) -> None:
    one, many = (simulator.init(simulator.spec.draw(rows), rows) for rows in (seeds.rows(0, 0, 1), seeds.rows(0, 0, 9)))
    assert 0 < size(one) < size(many) < 9 * size(one)


def test_rows_can_be_put_in_place_of_others(simulator: Simulator) -> None:
    state, others = (begun(simulator, seeds.rows(seed, 0, ROWS)) for seed in (1, 2))
    mixed = put(state, np.array([4, 1]), take(others, np.array([0, 3])))
    frames = [simulator.render(each) for each in (state, others, mixed)]
    np.testing.assert_array_equal(frames[2][[4, 1]], frames[1][[0, 3]])
    np.testing.assert_array_equal(frames[2][[0, 2, 3, 5]], frames[0][[0, 2, 3, 5]])


def test_a_state_can_be_taken_apart_and_filled_again(simulator: Simulator) -> None:
    one, other = (begun(simulator, seeds.rows(seed, 0, ROWS)) for seed in (1, 2))
    filled = with_leaves(other, [np.asarray(leaf).copy() for leaf in leaves(one)])
    assert type(filled) is type(one)
    np.testing.assert_array_equal(simulator.render(filled), simulator.render(one))
    assert leaves((None, np.zeros(2)))[0].tolist() == [0, 0], "what remembers nothing has no leaf"
