"""A recording in place of its game: held-out episodes again, as they were played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tickworld.agents import PLAYERS, able, player
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.data.recorded import Recorded, first_held_out
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.seeds import rows
from tickworld.simulator import Replayed


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Store:
    simulator = game("pong")
    plan = Plan(players="mixed", episodes=23, ticks=30, block=5)
    return record(simulator, player("mixed", simulator), plan, tmp_path_factory.mktemp("recorded") / "data")


def test_the_last_tenth_is_held_out(there: Store) -> None:
    assert first_held_out(there) == 21
    simulator = Recorded(there.path)
    assert (simulator.episodes.frames == there.read().frames[21:]).all()
    assert simulator.spec.params == () and simulator.spec.palette == there.spec.palette
    assert isinstance(simulator, Replayed) and not simulator.spec.branchable


def test_it_goes_on_as_it_was_played(there: Store) -> None:
    simulator, mine = Recorded(there.path), there.read()
    seeds = rows(0, 0, 40)
    who = player("recorded", simulator)
    state, memory = simulator.init(simulator.spec.defaults(40), seeds), who.init(seeds)
    assert len(np.unique(state.episode)) == 2 and state.tick.max() <= 15 and len(np.unique(state.tick)) > 8
    first = state
    for tick in range(40):
        episode, now = state.episode + 21, state.tick
        assert (simulator.render(state) == mine.frames[episode, now]).all()
        actions, memory = who.act(memory, tick, simulator.render(state))
        before, state = state, simulator.update(state, actions)
        playing = ~simulator.status(before).over
        assert (state.tick == now + playing).all()
        last = np.minimum(now, 29)
        assert (simulator.status(state).reward[playing] == mine.rewards[episode, last][playing]).all()
    assert simulator.status(state).over.all()
    again = simulator.init(simulator.spec.defaults(1), seeds[7:8])
    assert (again.episode[0], again.tick[0]) == (first.episode[7], first.tick[7]), "a row depends on its own seed"


def test_other_actions_are_refused(there: Store) -> None:
    simulator = Recorded(there.path)
    state = simulator.init(simulator.spec.defaults(4), rows(0, 0, 4))
    wrong = (simulator.recorded_actions(state) + 1) % 3
    with pytest.raises(UserError, match="pong is a recording and goes on only as it was played: at tick .* got .* use"):
        simulator.update(state, wrong)


def test_only_one_player_can_play_it(there: Store) -> None:
    simulator = Recorded(there.path)
    assert list(able(simulator)) == ["recorded"]
    assert "recorded" in PLAYERS and "recorded" not in able(game("pong"))
    with pytest.raises(UserError, match="pong is a recording, .* got player 'random', .*; use the player recorded"):
        player("random", simulator)
    with pytest.raises(UserError, match="player recorded presses what was pressed in a recording, and pong is played"):
        player("recorded", game("pong"))


def test_recordings_that_cannot_be_judged(there: Store, tmp_path: Path) -> None:
    simulator = game("pong")
    one = record(simulator, player("idle", simulator), Plan(players="idle", episodes=1, ticks=30), tmp_path / "one")
    with pytest.raises(UserError, match="has one episode, and one is kept to judge by; .* such as --ticks 3"):
        first_held_out(one)
    with pytest.raises(UserError, match="there is no recording at"):
        Recorded(tmp_path / "none")
    import shutil

    shutil.copytree(str(there.path), tmp_path / "part")
    shutil.rmtree(tmp_path / "part" / "block-00001")
    with pytest.raises(UserError, match="is not finished: 1 of 5 blocks are missing"):
        _ = Recorded(tmp_path / "part").episodes
