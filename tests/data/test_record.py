"""A recording depends on its settings alone: not on blocks, interruptions or neighbours."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickworld import seeds
from tickworld.agents import player
from tickworld.data import store
from tickworld.data.episode import ARRAYS, Episodes, episode, select
from tickworld.data.manifest import Plan
from tickworld.data.player import Player
from tickworld.data.record import play_episodes, record
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.simulator import Opening, Simulator

TICKS = 30


def same(one: Episodes, other: Episodes) -> bool:
    """Whether two recordings are equal, byte for byte."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in ARRAYS]
    pairs += [(one.truth[name], other.truth[name]) for name in {**one.truth, **other.truth}]
    return all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in pairs)


def mixed(simulator: Simulator) -> Player:
    return player("mixed", simulator)


def plan(episodes: int = 7, **changes: Any) -> Plan:
    return Plan(**{"players": "mixed", "episodes": episodes, "ticks": TICKS, "seed": 5, **changes})


@pytest.mark.parametrize("name", ["pong", "pong_angle"])
def test_time_rule_and_truth(name: str) -> None:
    simulator = game(name)
    episodes = play_episodes(simulator, mixed(simulator), seeds.rows(1, 0, 6), 80)
    state = simulator.init(episodes.params, episodes.seeds)
    for tick in range(81):
        valid = episodes.lengths >= tick
        assert (simulator.render(state)[valid] == episodes.frames[valid, tick]).all()
        for field, values in state._asdict().items():
            assert (values[valid] == episodes.truth[field][valid, tick]).all()
        if tick < 80:
            state = simulator.update(state, episodes.actions[:, tick])
            valid = episodes.lengths > tick
            assert (simulator.status(state).reward[valid] == episodes.rewards[valid, tick]).all()


def test_an_episode_that_is_over_stops_there() -> None:
    simulator = game("pong_angle")
    episodes = play_episodes(simulator, player("idle", simulator), seeds.rows(1, 0, 40), 100)
    ended = episodes.lengths < 100
    assert ended.any() and not ended.all()
    assert (episodes.over.any(1) >= ended).all()
    for row in np.flatnonzero(ended):
        last = episodes.lengths[row]
        one = episode(episodes, int(row))
        assert one.over.tolist() == [False] * (last - 1) + [True]
        assert one.rewards[-1].any() and not one.rewards[:-1].any()
        assert (episodes.frames[row, last:] == episodes.frames[row, last]).all()
        assert (episodes.truth["ball"][row, last:] == episodes.truth["ball"][row, last]).all()
        assert not episodes.actions[row, last:].any() and not episodes.rewards[row, last:].any()
        assert episodes.over[row, last:].all()


@settings(max_examples=12)
@given(st.integers(0, 2**63 - 1), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["pong", "pong_angle"]))
def test_episodes_do_not_depend_on_their_neighbours(seed: int, count: int, cut: int, name: str) -> None:
    simulator = game(name)
    cut = min(cut, count)
    whole = play_episodes(simulator, mixed(simulator), seeds.rows(seed, 0, count), TICKS)
    head = play_episodes(simulator, mixed(simulator), seeds.rows(seed, 0, cut), TICKS)
    assert same(select(whole, slice(0, cut)), head)


@pytest.mark.parametrize("block", [1, 3, 7, 0])
def test_the_size_of_blocks_changes_nothing(tmp_path: Path, block: int) -> None:
    simulator = game("pong")
    done = record(simulator, mixed(simulator), plan(block=block), tmp_path / "data")
    in_memory = play_episodes(simulator, mixed(simulator), seeds.rows(5, 0, 7), TICKS)
    assert same(done.read(), in_memory)
    assert done.blocks == -(-7 // (block or 256))


def test_a_finished_recording_is_left_alone(tmp_path: Path) -> None:
    simulator = game("pong")
    record(simulator, mixed(simulator), plan(block=3), tmp_path / "data")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    record(simulator, mixed(simulator), plan(), tmp_path / "data")  # the folder's own block size stays
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")} == stamps


class Stops:
    """A player that is interrupted in the middle of a block."""

    def __init__(self, inner: Player, after: int) -> None:
        self.inner, self.left = inner, after

    def init(self, seeds: Any) -> Any:
        return self.inner.init(seeds)

    def act(self, memory: Any, tick: int, frames: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.inner.act(memory, tick, frames)


@settings(max_examples=3)
@given(st.integers(0, 4 * TICKS - 1))
def test_an_interrupted_recording_goes_on_where_it_was(tmp_path_factory: pytest.TempPathFactory, after: int) -> None:
    folder, simulator = tmp_path_factory.mktemp("resume") / "data", game("pong")
    with pytest.raises(KeyboardInterrupt):
        record(simulator, Stops(mixed(simulator), after), plan(block=2), folder)
    half = store.open(folder)
    assert half.blocks_done() == list(range(after // TICKS))
    whole = record(simulator, mixed(simulator), plan(block=2), folder).read()
    assert same(whole, play_episodes(simulator, mixed(simulator), seeds.rows(5, 0, 7), TICKS))


def test_progress_counts_up_to_the_whole(tmp_path: Path) -> None:
    simulator, told = game("pong"), []
    record(simulator, mixed(simulator), plan(ticks=70, block=3), tmp_path / "data", lambda *now: told.append(now))
    done, wanted = zip(*told, strict=True)
    assert set(wanted) == {7 * 70} and list(done) == sorted(done) and done[-1] == 7 * 70
    told.clear()
    record(simulator, mixed(simulator), plan(ticks=70, block=3), tmp_path / "data", lambda *now: told.append(now))
    assert told[-1] == (490, 490)


@pytest.mark.parametrize(
    ("params", "changes", "complaint"),
    [
        ({}, {"seed": 6}, "seed = 5; got 6"),
        ({}, {"ticks": 31}, "ticks = 30; got 31"),
        ({}, {"episodes": 8}, "episodes = 7; got 8"),
        ({}, {"players": "sticky"}, "players = mixed; got sticky"),
        ({"serve_wait": 0}, {}, "serve_wait = 8.0; got 0.0"),
        ({"paddle_length": (3, 9)}, {}, r"paddle_length = 5.0; got \(3.0, 9.0\)"),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, params: dict, changes: dict, complaint: str) -> None:
    simulator = game("pong")
    record(simulator, mixed(simulator), plan(), tmp_path / "data")
    other = game("pong", **params)
    with pytest.raises(UserError, match=complaint):
        record(other, mixed(other), plan(**changes), tmp_path / "data")
    with pytest.raises(UserError, match="game = pong; got pong_angle"):
        record(game("pong_angle"), mixed(simulator), plan(), tmp_path / "data")


def test_a_player_of_another_game_is_refused() -> None:
    class Three:
        def init(self, seeds: Any) -> None:
            return None

        def act(self, memory: None, tick: int, frames: Any) -> Any:
            return np.full((len(frames), self.players), 3, np.uint8), None

        players = 3

    with pytest.raises(UserError, match=r"shape \[2, 2\].*got \[2, 3\]"):
        play_episodes(game("pong"), Three(), seeds.rows(0, 0, 2), 4)
    Three.players = 2
    with pytest.raises(UserError, match="below 3"):
        play_episodes(game("pong"), Three(), seeds.rows(0, 0, 2), 4)


def test_a_state_that_is_not_plain_numbers_has_no_truth() -> None:
    class Hidden(Pong):
        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            return [super().init(params, seeds, opening)]

        def update(self, state: Any, actions: Any) -> Any:
            return [super().update(state[0], actions)]

        def render(self, state: Any) -> Any:
            return super().render(state[0])

        def status(self, state: Any) -> Any:
            return super().status(state[0])

    assert play_episodes(Hidden(), mixed(game("pong")), seeds.rows(0, 0, 2), 4).truth == {}


# For each line "blocks delay": goes on recording until there are so many blocks, waits, kills and says how it ended.
KILLED = """
import os, signal, sys, time
from pathlib import Path
from tickworld.agents import player
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.games import game
from tickworld.games.pong import Pong

simulator, folder = game("pong"), Path(sys.argv[1])
for line in sys.stdin:
    blocks, delay = map(float, line.split())
    child = os.fork()
    if not child:
        plan = Plan(players="mixed", episodes=40, ticks=30, seed=5, block=2)
        record(simulator, player("mixed", simulator), plan, folder)
        os._exit(0)
    while len(list(folder.glob("block-*"))) < blocks:
        time.sleep(0.001)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_ten_kills_lose_nothing_whole_and_leave_nothing_half(tmp_path: Path) -> None:
    folder, simulator = tmp_path / "data", game("pong")
    expected = play_episodes(simulator, mixed(simulator), seeds.rows(5, 0, 40), TICKS)
    moments = random.Random(3)
    done: set[int] = set()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as killer:
        assert killer.stdin and killer.stdout
        for _ in range(10):
            print(min(len(done) + moments.randint(0, 2), 20), moments.uniform(0, 0.04), file=killer.stdin, flush=True)
            assert int(killer.stdout.readline()) in (-9, 0)
            if not (folder / "zarr.json").exists():
                continue  # killed before it began
            now = store.open(folder)
            assert done <= set(now.blocks_done())  # nothing whole is lost
            for index in set(now.blocks_done()) - done:  # nothing half is read
                rows = now.rows(index)
                assert same(now.read_block(index), select(expected, slice(rows.start, rows.stop)))
            done = set(now.blocks_done())
        killer.stdin.close()
    assert done  # it was not killed too soon each time
    whole = record(simulator, mixed(simulator), plan(40, block=2), folder)
    assert same(whole.read(), expected)
    assert not list(folder.glob(".partial-*"))


def test_recording_is_fast_enough_to_be_no_concern(tmp_path: Path) -> None:
    """A floor far below what benchmarks/recording.py measures: it catches a slip by an order of magnitude."""
    simulator = game("pong")
    begun = time.process_time()
    record(simulator, mixed(simulator), plan(256, ticks=64), tmp_path / "data")
    assert 256 * 64 / (time.process_time() - begun) > 15_000


def test_manifest_is_plain_json_that_makes_the_game_again(tmp_path: Path) -> None:
    simulator = game("pong", serve_wait=0, paddle_length=(3, 9))
    done = record(simulator, mixed(simulator), plan(2), tmp_path / "data")
    kept = json.loads((tmp_path / "data" / "zarr.json").read_text())["attributes"]
    assert kept["spec"]["name"] == "pong" and kept["plan"]["seed"] == 5 and kept["plan"]["players"] == "mixed"
    assert store.open(tmp_path / "data").spec == simulator.spec
    assert game(done.spec.name, **done.manifest.game_params).spec == simulator.spec
