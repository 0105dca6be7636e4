"""Environments by name: in Gymnasium's list, with near matches for what is misspelt."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from tickworld import environments, errors
from tickworld.agents.env import BatchEnvironment, Environment
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.simulator import Simulator


def test_the_shipped_world_is_an_environment_by_its_name() -> None:
    env = gymnasium.make("tickworld/Learned-v0", world="cartridge:pong", side="right", limit=40)
    assert isinstance(env.unwrapped, Environment) and isinstance(env.unwrapped.arena.simulator, Learned)
    check_env(env.unwrapped)
    assert env.spec is not None and env.spec.kwargs["side"] == "right"


def test_so_is_the_game_that_it_learned() -> None:
    env: Any = gymnasium.make("tickworld/True-v0", world="cartridge:pong")
    same: Any = gymnasium.make("tickworld/True-v0", world="pong")
    assert not isinstance(env.unwrapped.arena.simulator, Learned)
    assert (env.reset(seed=1)[0] == same.reset(seed=1)[0]).all()
    quick: Any = gymnasium.make("tickworld/True-v0", world="pong", params={"serve_wait": 0})
    assert quick.unwrapped.arena.spec.params[3].default == 0


@pytest.mark.parametrize("name", ["tickworld/Learned-v0", "tickworld/True-v0"])
def test_a_batch_by_its_name(name: str) -> None:
    batch: Any = gymnasium.make_vec(name, 3, vectorization_mode="vector_entry_point", limit=5)
    assert isinstance(batch, BatchEnvironment) and batch.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    first, _ = batch.reset(seed=2)
    assert first.shape == (3, 32, 32, 2)
    ends = [batch.step(np.zeros(3, int))[3].all() for _ in range(10)]
    assert np.flatnonzero(ends).tolist() == [4, 9]


def test_a_dream_brings_points() -> None:
    """The shipped world knows its rewards: where nobody moves, somebody loses."""
    batch = environments.learned_batch(8, opponent="idle", observation="objects", limit=150)
    batch.reset(seed=0)
    rewards = np.stack([batch.step(np.zeros(8, int))[1] for _ in range(150)])
    assert set(np.unique(rewards)) == {-1.0, 0.0, 1.0} and 0 < (rewards != 0).mean() < 0.1


def test_agents_on_both_sides_of_truth_and_dream() -> None:
    for played in (environments.dream_of("cartridge:pong"), environments.truth_of("pong")):
        assert isinstance(played.simulator, Simulator)
        env = environments.parallel(played, limit=3)
        env.reset(seed=0)
        assert env.step({"left": 1, "right": 2})[1] == {"left": 0.0, "right": 0.0}


def test_the_batch_for_stable_baselines() -> None:
    env = environments.baselines(environments.true_batch(2, "catch"))
    assert env.reset().shape == (2, 32, 32, 6)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: environments.learned("cartridge:pogn"), "there is no cartridge 'pogn'; did you mean 'pong'"),
        (lambda: environments.learned("pong"), "pong is a true game, and tickworld/Learned-v0 is a learned one"),
        (lambda: environments.learned("runs/nowhere"), "runs/nowhere does not exist; give the folder"),
        (lambda: environments.true("pogn"), "pogn does not exist"),
        (lambda: environments.true("cartridge:pong", {"serve_wait": 0}), "has the params that it learned"),
        (lambda: environments.true("pong", {"serve_weight": 0}), "pong has no param 'serve_weight'"),
        (lambda: environments.true("pong", sides="left"), "there is no setting 'sides'; did you mean 'side'"),
        (lambda: environments.true("pong", limit=0), "environment: setting 'limit': .* greater than 0"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(make: Any, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        make()


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name=name)

    monkeypatch.setattr(errors.importlib, "import_module", missing)
    for make in (
        lambda: environments.baselines(environments.true_batch(1)),
        lambda: environments.parallel(environments.truth_of("pong")),
    ):
        with pytest.raises(UserError, match=r"is not installed; run pip install 'tickworld\[agents\]'"):
            make()


def test_true_games_load_no_torch() -> None:
    program = (
        "import sys, gymnasium, tickworld.environments\n"
        "gymnasium.make('tickworld/True-v0', world='catch').reset(seed=0)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
