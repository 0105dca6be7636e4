"""Stable-Baselines3 learns from a batch of true or dreamt games, told of ends as it expects it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.baselines import BaselinesEnv
from tickworld.agents.env import BatchEnvironment, Environment
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.learned import Learned


def arena(dream: Learned | None = None) -> Arena:
    truth = game("pong_angle")
    return Arena(dream or truth, truth, ArenaConfig(opponent="idle", observation="objects", limit=30))


def batch(rows: int = 3, mode: str | None = None) -> BaselinesEnv:
    return BaselinesEnv(BatchEnvironment(arena(), rows, mode))


def test_it_is_what_its_own_batch_of_single_environments_is() -> None:
    ours, theirs = batch(), DummyVecEnv([lambda: Environment(arena()) for _ in range(3)])
    for env in (ours, theirs):
        env.seed(5)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    draw, ended, cut = np.random.default_rng(0), 0, 0
    for _ in range(150):
        keys = draw.integers(0, 3, 3)
        one, other = ours.step(keys), theirs.step(keys)
        for mine, his in zip(one[:3], other[:3], strict=True):
            np.testing.assert_array_equal(mine, his)
            assert isinstance(mine, np.ndarray) and isinstance(his, np.ndarray) and mine.dtype == his.dtype
        for row, (mine, his) in enumerate(zip(one[3], other[3], strict=True)):
            assert mine.get("TimeLimit.truncated", False) == his["TimeLimit.truncated"]
            assert ("terminal_observation" in mine) == ("terminal_observation" in his) == one[2][row]
            if one[2][row]:
                np.testing.assert_array_equal(mine["terminal_observation"], his["terminal_observation"])
                ended, cut = ended + 1, cut + his["TimeLimit.truncated"]
    assert 0 < cut < ended  # both ways to end were met


def test_its_algorithms_learn_from_it() -> None:
    env = VecMonitor(batch(4))
    agent = PPO("MlpPolicy", env, n_steps=16, batch_size=32, n_epochs=1, seed=0, device="cpu").learn(128)
    assert agent.num_timesteps == 128
    seen = env.reset()
    assert isinstance(seen, np.ndarray) and agent.predict(seen, deterministic=True)[0].shape == (4,)


def test_its_algorithms_learn_from_frames_of_a_dream(dream: Callable[..., Learned]) -> None:
    there = Arena(dream("pong"), game("pong"), ArenaConfig(limit=10))
    env = BaselinesEnv(BatchEnvironment(there, 2))
    policy = {"normalize_images": True}
    agent = PPO("MlpPolicy", env, n_steps=4, batch_size=8, n_epochs=1, policy_kwargs=policy, device="cpu").learn(8)
    assert agent.num_timesteps == 8


def test_what_it_is_asked() -> None:
    env = batch(3, "rgb_array")
    env.reset()
    picture = env.render()
    assert picture is not None and picture.shape[-1] == 3 and env.render_mode == "rgb_array"
    assert env.get_attr("num_envs") == [3, 3, 3] and env.get_attr("clock", 1) == [0]
    assert env.env_is_wrapped(object, [0, 2]) == [False, False]
    assert env.has_attr("clock") and not env.has_attr("nothing")
    with pytest.raises(UserError, match="rows of a batch are alike: clock cannot be set"):
        env.set_attr("clock", 3)
    with pytest.raises(UserError, match="are no environments of their own: render cannot be called"):
        env.env_method("render")
    assert batch().get_images() == [None] * 3
    env.close()
