"""Environments of Gymnasium as simulators: rows, seeds, ends, and states that cannot be gone back to."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.games.environments import HEIGHT, LIT, REWARD, WIDTH, Dot

from tickworld import seeds, states
from tickworld.agents import player
from tickworld.checks import LAWS
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.gym import Gym, GymState
from tickworld.simulator import Explained, Simulator, Truthful

TINY = "gym:tests.games.environments:"
PONG = "gym:ALE/Pong-v5"
CART = "gym:CartPole-v1?size=[20,30]"


def gym(name: str, **options: Any) -> Gym:
    made = game(name, **options)
    assert isinstance(made, Gym)
    return made


def start(simulator: Simulator, count: int, seed: int = 0) -> GymState:
    return simulator.init(simulator.spec.defaults(count), seeds.rows(seed, 0, count))


def press(simulator: Simulator, count: int, action: int = 0) -> NDArray[np.uint8]:
    return np.full((count, 1), action, np.uint8)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", [f"{TINY}Dot", f"{TINY}Levers", f"{TINY}Wheel", f"{TINY}Painted", CART])
def test_environments_obey_every_law(name: str, law: str) -> None:
    LAWS[law](game(name))


@pytest.mark.parametrize("law", ["frames fit the spec", "replay", "actions matter"])
def test_an_atari_game_obeys_the_laws(law: str) -> None:
    LAWS[law](game(PONG))


def test_what_pong_shows_and_takes() -> None:
    pong = gym(PONG)
    spec = pong.spec
    assert spec.name == PONG and not spec.branchable and spec.players == ("player",) and not spec.params
    assert spec.actions == ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
    assert spec.palette[0] == (144, 72, 17) and (236, 236, 236) in spec.palette and len(spec.palette) <= 16
    assert 60 < spec.height < 110 and spec.width == 80, "its ball is two pixels wide"
    assert isinstance(pong, Truthful) and isinstance(pong, Explained)
    told = " ".join(pong.choices)
    assert "210x160" in told and "NOOP" in told and "ram" in told


def test_a_seed_decides_the_start() -> None:
    cart = gym(CART)
    one, same, other = (start(cart, 3, seed) for seed in (0, 0, 1))
    assert (one.truth == same.truth).all() and (one.truth != other.truth).any(1).all()
    alone = cart.init(cart.spec.defaults(1), seeds.rows(0, 1, 1))
    assert (alone.truth == one.truth[1:2]).all()


def test_a_row_that_is_over_stays_at_its_last_picture() -> None:
    dot = gym(f"{TINY}short")
    state = before = start(dot, 2)
    for tick in range(1, 6):
        before, state = state, dot.update(state, press(dot, 2, 2))
        assert dot.status(state).over.tolist() == [tick == 5] * 2
        assert (dot.status(state).reward == REWARD).all()
    assert (dot.render(state) != dot.render(before)).any(), "the last step is shown, not a reset"
    ended, state = state, dot.update(state, press(dot, 2, 1))
    assert (dot.render(state) == dot.render(ended)).all() and (state.truth == ended.truth).all()
    reward, over = dot.status(state)
    assert over.all() and (reward == 0).all()


def test_only_the_newest_state_goes_on() -> None:
    dot = gym(f"{TINY}Dot")
    first = start(dot, 2)
    second = dot.update(first, press(dot, 2, 2))
    with pytest.raises(
        UserError, match=r"cannot be set back: this is its state of tick 0, and it stands at tick 1; go"
    ):
        dot.update(first, press(dot, 2))
    assert (dot.render(first) != dot.render(second)).any() and dot.status(first).over.shape == (2,)
    one, other = (states.take(second, np.array([row])) for row in (0, 1))
    assert (dot.update(one, press(dot, 1)).ticket == 2).all(), "some of the rows are the newest too"
    with pytest.raises(UserError, match="cannot be set back"):
        dot.update(second, press(dot, 2))
    assert (dot.update(states.join([other]), press(dot, 1)).ticket == 2).all()


def test_several_games_go_on_side_by_side() -> None:
    dot = gym(f"{TINY}Dot")
    one, other = start(dot, 1), start(dot, 1)
    for _ in range(3):
        one = dot.update(one, press(dot, 1, 2))
    other = dot.update(other, press(dot, 1, 2))
    assert one.ticket == 3 and other.ticket == 1


def test_environments_are_used_again_and_closed_at_the_end() -> None:
    dot = gym(f"{TINY}Dot")
    made: list[Dot] = []
    make = dot._pool.make
    dot._pool.make = lambda: made.append(make()) or made[-1]
    state = start(dot, 3)
    frames = dot.render(state)
    state = dot.update(state, press(dot, 3, 2))
    del state
    gc.collect()
    again = start(dot, 2)
    assert len(made) == 3 and (dot.render(again) == frames[:2]).all()
    del dot
    gc.collect()
    assert [each.closed for each in made] == [False] * 3, "two are still in use"
    del again
    gc.collect()
    assert [each.closed for each in made] == [True] * 3


def test_another_process_can_make_the_same_game() -> None:
    dot = gym(f"{TINY}Dot", skip=2)
    copy = pickle.loads(pickle.dumps(dot))
    assert copy.spec == dot.spec and (copy.render(start(copy, 2)) == dot.render(start(dot, 2))).all()


def test_no_rows_at_all() -> None:
    dot = gym(f"{TINY}Dot")
    state = dot.update(start(dot, 0), press(dot, 0))
    assert dot.render(state).shape == (0, HEIGHT, WIDTH, 3) and dot.status(state).reward.shape == (0, 1)


def places(simulator: Simulator, actions: list[int], **changes: Any) -> list[int]:
    """Where the dot of one row is after each action."""
    state = start(simulator, 1, **changes)
    found = [int(state.truth[0, 0])]
    for action in actions:
        state = simulator.update(state, press(simulator, 1, action))
        found.append(int(state.truth[0, 0]))
    return found


def test_the_idle_action_comes_first_and_does_nothing() -> None:
    dot = gym(f"{TINY}Dot")
    assert dot.spec.actions == ("noop", "left", "right")
    first, *rest = places(dot, [0, 2, 2, 1])
    assert rest == [(first + move) % WIDTH for move in (0, 1, 2, 1)]


def test_a_tick_of_several_steps_sums_rewards_and_ends_with_the_episode() -> None:
    dot = gym(f"{TINY}short", skip=3)
    state = dot.update(start(dot, 1), press(dot, 1, 2))
    assert dot.status(state).reward == 3 * REWARD and not dot.status(state).over
    state = dot.update(state, press(dot, 1, 2))
    assert dot.status(state).reward == 2 * REWARD and dot.status(state).over
    assert places(gym(f"{TINY}Dot", skip=3), [2])[1] == (places(dot, [])[0] + 3) % WIDTH


def test_sticky_actions() -> None:
    keys = [2, 0] * 20
    first, *rest = places(gym(f"{TINY}Dot", sticky=1), keys)
    assert rest == [(first + tick) % WIDTH for tick in range(1, 41)], "the first action for ever"
    some = gym(f"{TINY}Dot", sticky=0.5)
    assert places(some, keys) == places(some, keys) != places(gym(f"{TINY}Dot"), keys)
    assert places(some, keys, seed=1) != places(some, keys)


def test_waiting_before_an_episode() -> None:
    dot = gym("gym:Tiny/Dot-v0", noops=8)
    state = start(dot, 40)
    waited = [row.env.unwrapped.steps for row in state.rows]
    assert set(waited) == set(range(1, 9)) and (state.ticket == 0).all(), "at least once, as is usual"


@pytest.mark.parametrize(("limit", "length"), [(True, 9), (False, 20)])
def test_the_limit_of_an_environment(limit: bool, length: int) -> None:
    dot = gym("gym:Tiny/Dot-v0", limit=limit)
    state, ticks = start(dot, 1), 0
    while ticks < 20 and not dot.status(state).over:
        state, ticks = dot.update(state, press(dot, 1)), ticks + 1
    assert ticks == length


def test_an_environment_that_breaks_is_told_in_one_sentence() -> None:
    dot = gym(f"{TINY}Dot", **{"arguments.breaks": 601})
    state = start(dot, 1)
    state.rows[0].env.unwrapped.breaks = 1
    with pytest.raises(UserError, match="Dot.* cannot be played: RuntimeError: a wheel came off$"):
        dot.update(state, press(dot, 1))


def test_actions_that_there_are_not() -> None:
    dot = gym(f"{TINY}Dot")
    with pytest.raises(UserError, match="must be indices below 3"):
        dot.update(start(dot, 1), press(dot, 1, 3))
    with pytest.raises(UserError, match=r"takes params of shape \[N, 0\]"):
        dot.init(np.zeros((1, 2)), seeds.rows(0, 0, 1))


@pytest.mark.parametrize(
    ("name", "truth"),
    [(PONG, {"ram": (np.uint8, (128,))}), (CART, {"observation": (np.float32, (4,))}), (f"{TINY}Painted", {})],
)
def test_a_recording_with_its_truth(name: str, truth: dict[str, Any], tmp_path: Path) -> None:
    simulator = game(name)
    there = record(
        simulator, player("mixed", simulator), Plan(players="mixed", episodes=3, ticks=12, block=2), tmp_path
    )
    episodes = there.read()
    assert {key: (each.dtype.type, each.shape[2:]) for key, each in episodes.truth.items()} == truth
    assert there.spec == simulator.spec and episodes.frames.shape == (3, 13, *simulator.spec.frame_shape)
    again = simulator.init(episodes.params, episodes.seeds)
    for tick in range(12):
        assert (simulator.render(again) == episodes.frames[:, tick]).all()
        again = simulator.update(again, episodes.actions[:, tick])


def test_the_dot_is_where_the_truth_says() -> None:
    dot = gym(f"{TINY}Painted")
    shown = dot.render(start(dot, 20))
    assert (shown == LIT).all(-1)[:, 4:8].any(1).sum(1).tolist() == [1] * 20 and dot.truth(start(dot, 1)) == {}
