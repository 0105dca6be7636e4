"""Simulators as environments: Gymnasium's and PettingZoo's own checks pass, a batch is its rows, seeds say it all."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.env import BatchEnvironment, Environment
from tickworld.agents.parallel import ParallelEnvironment
from tickworld.agents.views import VIEWS
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.learned import Learned

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports games of its own in a way that it calls outdated
    from pettingzoo.test import parallel_api_test

Dream = Callable[..., Learned]


def arena(name: str, dream: Learned | None = None, everybody: bool = False, **settings: Any) -> Arena:
    """Of the true game, or of a ``dream`` of it."""
    truth = game(name)
    return Arena(dream or truth, truth, ArenaConfig(**settings), everybody)


def steps(env: Any, seed: Any, count: int, keys: Any) -> list[tuple[Any, ...]]:
    """What an environment gives under random ``keys``, from a reset with ``seed`` on, its first observation first."""
    draw = np.random.default_rng(keys)
    first, _ = env.reset(seed=seed)
    size = getattr(env, "num_envs", None)
    told: list[tuple[Any, ...]] = [(np.array(first),)]
    for _ in range(count):
        seen, *rest = env.step(draw.integers(0, 3, size) if size else int(draw.integers(0, 3)))
        told.append((np.array(seen), *rest))
    return told


@pytest.mark.parametrize("observation", VIEWS)
@pytest.mark.parametrize("name", ["pong", "catch"])
def test_gymnasium_finds_nothing_wrong_with_true_games(name: str, observation: str) -> None:
    check_env(Environment(arena(name, observation=observation, limit=30), "rgb_array"), skip_render_check=True)


@pytest.mark.parametrize("observation", VIEWS)
@pytest.mark.parametrize("kind", ["snapped", "gru"])
@pytest.mark.parametrize("name", ["pong", "catch"])
def test_gymnasium_finds_nothing_wrong_with_learned_ones(dream: Dream, name: str, kind: str, observation: str) -> None:
    check_env(
        Environment(arena(name, dream(name, kind), observation=observation, limit=30), "rgb_array"),
        skip_render_check=True,
    )


@pytest.mark.parametrize(("name", "opponent"), [("pong", "idle"), ("catch", "tracking"), ("pong_angle", "idle")])
@pytest.mark.parametrize("observation", VIEWS)
def test_a_batch_is_its_rows_whenever_games_end(name: str, opponent: str, observation: str) -> None:
    """Against Gymnasium's own batch of single environments: the same to the last bit, also what it tells of ends."""
    settings: dict[str, Any] = {"opponent": opponent, "observation": observation, "limit": 17}
    rows = [lambda: Environment(arena(name, **settings)) for _ in range(3)]
    apart = SyncVectorEnv(rows, autoreset_mode=AutoresetMode.SAME_STEP)
    batch = BatchEnvironment(arena(name, **settings), 3)
    assert batch.single_observation_space == apart.single_observation_space
    assert batch.observation_space == apart.observation_space and batch.action_space == apart.action_space
    assert batch.metadata["autoreset_mode"] == apart.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    for ours, theirs in zip(steps(batch, 5, 60, 0), steps(apart, 5, 60, 0), strict=True):
        for one, other in zip(ours[:4], theirs[:4], strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
        if len(ours) > 1:
            assert ours[4].keys() == theirs[4].keys()
            for key in ours[4].keys() - {"final_info"}:
                for one, other in zip(ours[4][key], theirs[4][key], strict=True):
                    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["snapped", "gru"])
def test_a_batch_of_dreams_is_its_rows(dream: Dream, kind: str) -> None:
    """In their first games also with an opponent that plays by chance."""
    one = dream("pong", kind)
    batch = BatchEnvironment(arena("pong", one, opponent="random", limit=12), 3)
    together = steps(batch, 7, 12, 1)
    keys = np.random.default_rng(1)
    pressed = [keys.integers(0, 3, 3) for _ in range(12)]
    for row in range(3):
        alone = Environment(arena("pong", one, opponent="random", limit=12))
        seen, _ = alone.reset(seed=7 + row)
        np.testing.assert_array_equal(seen, together[0][0][row])
        for tick, now in enumerate(together[1:]):
            seen, reward, over, cut, _ = alone.step(int(pressed[tick][row]))
            assert (reward, over, cut) == (now[1][row], now[2][row], now[3][row])
            if over or cut:
                np.testing.assert_allclose(seen, now[4]["final_obs"][row], atol=1)
                break
            np.testing.assert_allclose(seen, now[0][row], atol=1)  # sums may be rounded otherwise in a batch


def test_seeds_say_it_all(dream: Dream) -> None:
    makers: list[Callable[[], Any]] = [
        lambda: Environment(arena("pong", opponent="sticky", limit=9)),
        lambda: Environment(arena("pong", dream("pong"), limit=9)),
        lambda: BatchEnvironment(arena("pong", opponent="sticky", limit=9), 4),
        lambda: BatchEnvironment(arena("pong", dream("pong"), limit=9), 4),
    ]
    for make in makers:
        one, same, other = (steps(make(), seed, 20, 3) for seed in (1, 1, 2))
        for ours, theirs in zip(one, same, strict=True):
            for value, again in zip(ours[:4], theirs[:4], strict=True):
                np.testing.assert_array_equal(value, again)
        assert any((ours[0] != theirs[0]).any() for ours, theirs in zip(one, other, strict=True))


def test_a_seed_is_a_stream_of_games() -> None:
    env, again = (Environment(arena("catch", limit=5)) for _ in range(2))
    first, second = (env.reset(seed=3)[0], env.reset()[0])
    assert (first != second).any()
    assert (again.reset(seed=3)[0] == first).all() and (again.reset()[0] == second).all()
    assert (env.reset(seed=3)[0] == first).all()
    fresh = [Environment(arena("pong")).reset()[0] for _ in range(3)]  # without a seed, by chance
    assert (fresh[0] != fresh[1]).any() or (fresh[0] != fresh[2]).any()


def test_rows_of_a_batch_take_seeds_of_their_own() -> None:
    batch, single = BatchEnvironment(arena("catch"), 3), Environment(arena("catch"))
    together, _ = batch.reset(seed=[9, 4, 4])
    for row, seed in enumerate((9, 4, 4)):
        assert (together[row] == single.reset(seed=seed)[0]).all()
    with pytest.raises(UserError, match="a batch of 3 takes one seed or 3; got 2"):
        batch.reset(seed=[1, 2])


def test_what_is_seen_is_the_last_frames_the_newest_last() -> None:
    env = Environment(arena("catch", stack=3), "rgb_array")
    seen, _ = env.reset(seed=0)
    shown = [env.render()] * 3  # before the first frame stands that frame
    for key in (0, 1, 2, 2):
        assert (seen == np.concatenate(shown[-3:], -1)).all()
        seen, *_ = env.step(key)
        shown.append(env.render())
    assert (seen == np.concatenate(shown[-3:], -1)).all() and seen.shape == (32, 32, 9)


def test_objects_are_places_between_the_edges() -> None:
    env = Environment(arena("catch", observation="objects", stack=1))
    seen, _ = env.reset(seed=0)
    assert seen.shape == (6,)
    objects = game("catch").objects(env.rows.frames)  # type: ignore[union-attr, attr-defined]
    for place, name in enumerate(objects.positions):
        x, y, _ = objects.positions[name][0]
        np.testing.assert_allclose(seen[3 * place : 3 * place + 3], [2 * x / 31 - 1, 2 * y / 31 - 1, 1], rtol=1e-6)
    blank = VIEWS["objects"](game("catch"), game("catch")).see(None, np.zeros((2, 32, 32, 3), np.uint8))
    assert blank.tolist() == [[0.0] * 6] * 2


def test_the_state_is_its_numbers(dream: Dream) -> None:
    truth, learned = game("catch"), dream("catch", "gru")
    env = Environment(arena("catch", observation="state", stack=1))
    seen, _ = env.reset(seed=0)
    assert env.rows is not None
    assert seen.tolist() == [float(each[0]) for each in env.rows.state] and env.rows.frames is None
    assert isinstance(truth.spec.players, tuple)
    env = Environment(arena("catch", learned, observation="state", stack=1))
    seen, _ = env.reset(seed=0)
    assert env.rows is not None
    fields = learned.fields(env.rows.state).values()
    np.testing.assert_array_equal(seen, np.concatenate([each[0].ravel() for each in fields]))


def test_a_side_gets_its_own_reward_and_presses_its_own_keys() -> None:
    sums = {}
    for side in ("left", "right"):
        env = Environment(arena("pong", side=side, opponent="idle", limit=400))
        env.reset(seed=1)
        rewards = [env.step(0)[1] for _ in range(400)]
        sums[side] = np.array(rewards)
    assert (sums["left"] == -sums["right"]).all() and sums["left"].any()  # the same game, since nobody moves
    up = Environment(arena("pong", side="right", opponent="idle", observation="objects", stack=1))
    first, _ = up.reset(seed=1)
    seen, *_ = up.step(1)
    left, right = slice(0, 2), slice(3, 5)  # as the probe names them
    assert (seen[left] == first[left]).all() and seen[right][1] < first[right][1]


def test_a_game_is_cut_at_its_limit_and_over_where_it_ends() -> None:
    env = Environment(arena("catch", limit=4))
    env.reset(seed=0)
    assert [env.step(0)[2:4] for _ in range(4)] == [(False, False)] * 3 + [(False, True)]
    angle = Environment(arena("pong_angle", opponent="idle", limit=10_000))
    angle.reset(seed=0)
    while not (told := angle.step(0))[2]:
        pass
    assert told[3] is False and abs(told[1]) == 1


@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_pettingzoo_finds_nothing_wrong(dream: Dream, render_mode: str | None) -> None:
    for world in (None, dream("pong")):
        env = ParallelEnvironment(arena("pong", world, everybody=True, limit=20), render_mode)
        parallel_api_test(env, num_cycles=50)
        assert (env.render() is None) == (render_mode is None)


def test_both_sides_are_agents() -> None:
    one, other = (ParallelEnvironment(arena("pong", everybody=True, limit=300)) for _ in range(2))
    seen, _ = one.reset(seed=4)
    assert list(seen) == ["left", "right"] and (seen["left"] == seen["right"]).all()
    assert (other.reset(seed=4)[0]["left"] == seen["left"]).all()
    single = Environment(arena("pong", opponent="idle", limit=300))
    assert (single.reset(seed=4)[0] == seen["left"]).all()
    total = np.zeros(2)
    for tick in range(300):
        seen, rewards, over, cut, _ = one.step({"left": 1, "right": 0})
        expected, reward, *_ = single.step(1)
        assert (seen["left"] == expected).all() and rewards["left"] == reward == -rewards["right"]
        assert cut == dict.fromkeys(("left", "right"), tick == 299) and not any(over.values())
        total += list(rewards.values())
    assert total.any() and one.agents == [] and one.step({}) == ({}, {}, {}, {}, {})


MISTAKES: dict[str, tuple[Callable[[Dream], Any], str]] = {
    "side": (lambda dream: arena("pong", side="lefft"), "pong has no side 'lefft'; did you mean 'left'"),
    "opponent": (
        lambda dream: arena("pong", opponent="trakcing"),
        "there is no player 'trakcing'; did you mean 'tracking'",
    ),
    "an opponent that cannot play": (
        lambda dream: arena("pong", opponent="seeking"),
        "seeking cannot play pong: it has no goal",
    ),
    "observation": (
        lambda dream: arena("pong", observation="frames"),
        "there is no observation 'frames'; did you mean 'frame'",
    ),
    "objects that nobody sees": (lambda dream: arena("smoke", observation="objects"), "smoke has no probe"),
    "no rewards": (
        lambda dream: Environment(arena("pong", dream("pong", rewarded=False))).reset(),
        "this world of pong does not know its rewards, and an agent needs them; have them learned with `tickworld",
    ),
    "step before reset": (lambda dream: Environment(arena("pong")).step(0), "has no game yet; call reset"),
    "steps before reset": (
        lambda dream: BatchEnvironment(arena("pong"), 2).step([0, 0]),
        "has no games yet; call reset",
    ),
    "render mode": (lambda dream: Environment(arena("pong"), "human"), "render_mode is None or rgb_array; got 'human'"),
    "a side too few": (lambda dream: ParallelEnvironment(arena("pong")), "agents take every side"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(dream: Dream, mistake: str) -> None:
    make, complaint = MISTAKES[mistake]
    with pytest.raises(UserError, match=re.escape(complaint)):
        make(dream)


def test_games_that_cannot_branch_are_played_one_by_one() -> None:
    truth = game("gym:CartPole-v1")
    env = Environment(Arena(truth, truth, ArenaConfig(limit=5)))
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(5)][-1]
    with pytest.raises(UserError, match="cannot be begun one by one within a batch; step single environments"):
        BatchEnvironment(Arena(truth, truth), 2)
    assert isinstance(env, gymnasium.Env)
