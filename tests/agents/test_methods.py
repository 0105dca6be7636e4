"""Each method learns what is easy, goes on where it stopped, and says what it cannot do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.agents import slope
from tests.agents.toy import Lamp

from tickworld import seeds
from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.matches import Estimate, estimate, play, played
from tickworld.agents.methods import METHODS, MethodConfig
from tickworld.agents.methods.evolution import Evolution
from tickworld.agents.methods.gradient import Gradient
from tickworld.agents.methods.policy_gradient import PolicyGradient
from tickworld.agents.methods.task import Report, Task
from tickworld.agents.plain import Idle
from tickworld.errors import UserError
from tickworld.games import game

QUICK: dict[str, MethodConfig] = {
    "cma": Evolution(population=8, matches=2),
    "ppo": PolicyGradient(hidden=(8,), games=16, window=10, batch=80, epochs=3, rate=0.03, discount=0.01),
    "gradient": Gradient(hidden=(8,), games=8, window=10, rate=0.03, warmup=0, jumps=True),
}
STEPS = {"cma": 4000, "ppo": 1600, "gradient": 1600}
ENOUGH = {"cma": 18, "ppo": 18, "gradient": 8.5}  # of 20, 20 and 9; by chance 7, 7 and 0
ROWS = seeds.rows(1, 0, 6)


def arena(ends: int = 0, **settings: Any) -> Arena:
    lamp = Lamp(ends)
    return Arena(lamp, lamp, ArenaConfig(limit=20, stack=1, **settings))


def easy(name: str) -> Arena:
    """What a method learns at once: of which lamp is lit, or, where it needs slopes, that down is better."""
    return slope.arena() if name == "gradient" else arena()


def score(report: Report, there: Arena) -> float:
    """The mean return of its network."""
    return estimate(play(there, ROWS, lambda rows, tick: report.network.choose(there.seen(rows)))).mean


def test_every_method_has_a_quick_one_here() -> None:
    assert QUICK.keys() == METHODS.keys()
    assert all(method.kind == name for name, method in METHODS.items())


@pytest.mark.parametrize("name", METHODS)
def test_it_learns_what_is_easy(name: str) -> None:
    task = Task(easy(name), STEPS[name], seed=0)
    reports = list(QUICK[name].train(task, {}))
    steps = [each.steps for each in reports]
    assert steps == sorted(steps) and steps[-1] >= STEPS[name] > steps[-2]
    assert score(reports[-1], task.arena) > ENOUGH[name]
    assert reports[-1].gained is not None and reports[-1].gained > ENOUGH[name] / 2


@pytest.mark.parametrize("name", METHODS)
def test_it_goes_on_where_it_stopped(name: str) -> None:
    task = Task(easy(name), 700, seed=3)
    whole = list(QUICK[name].train(task, {}))
    half = whole[len(whole) // 2]
    rest = list(QUICK[name].train(task, half.saved))
    assert [each.steps for each in rest] == [each.steps for each in whole if each.steps > half.steps]
    assert rest[-1].saved.keys() == whole[-1].saved.keys()
    for one, other in zip(whole[-1].saved.values(), rest[-1].saved.values(), strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
    if name != "ppo":  # which begins its games anew
        np.testing.assert_array_equal(rest[-1].network.layers[0].weight, whole[-1].network.layers[0].weight)
    assert not list(QUICK[name].train(task, whole[-1].saved))


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seed_gives_the_same_agent(name: str) -> None:
    one, other, another = (list(QUICK[name].train(Task(easy(name), 300, seed), {}))[-1] for seed in (5, 5, 6))
    assert (one.network.layers[0].weight == other.network.layers[0].weight).all()
    assert (one.network.layers[0].weight != another.network.layers[0].weight).any()


@pytest.mark.parametrize("name", METHODS)
def test_what_was_saved_of_another_training_is_refused(name: str) -> None:
    task = Task(easy(name), 300, seed=0)
    saved = list(QUICK[name].train(task, {}))[-1].saved
    larger: dict[str, MethodConfig] = {
        "cma": Evolution(population=9),
        "ppo": PolicyGradient(hidden=(9,), games=8),
        "gradient": Gradient(hidden=(9,), games=8),
    }
    with pytest.raises(UserError, match="what was saved of this training does not fit it"):
        list(larger[name].train(task, saved))


def test_a_controller_that_sees_too_much_is_refused() -> None:
    there = Arena(game("pong"), game("pong"), ArenaConfig())
    with pytest.raises(UserError, match="2,048 numbers and 3 actions has 6,147 weights, and CMA-ES takes up to 2,000"):
        list(Evolution().train(Task(there, 1, 0), {}))


def test_a_match_counts_up_to_its_end_and_no_further() -> None:
    right = [played(arena(ends), ROWS, Idle().build(Lamp())).tolist() for ends in (0, 5)]
    assert right == [[0.0] * 6, [0.0] * 6]
    there = arena(ends=5)
    np.testing.assert_array_equal(play(there, ROWS, lambda rows, tick: Lamp.right(rows.state)), 5)
    assert play(arena(), ROWS, lambda rows, tick: Lamp.right(rows.state)).tolist() == [20.0] * 6


def test_an_interval_holds_the_mean() -> None:
    np.testing.assert_allclose(estimate(np.array([1.0, 3.0])), Estimate(2.0, 2 - 1.96, 2 + 1.96, 2), atol=1e-12)
    draw, inside = np.random.default_rng(0), 0
    for _ in range(400):
        _, low, high, _ = estimate(draw.normal(3, 2, 100))
        inside += low < 3 < high
    assert 0.92 < inside / 400 < 0.98


def test_doubt_costs_what_is_asked() -> None:
    plain, dear = (played(arena(penalty=cost), ROWS, Idle().build(Lamp())) for cost in (0.0, 0.5))
    there, doubted = arena(), np.zeros(6)
    rows = there.begin(ROWS)
    for tick in range(20):
        rows, _ = there.step(rows, tick, np.zeros((6, 1), int))
        doubted += Lamp.right(rows.state) == 1
    np.testing.assert_allclose(plain - dear, 0.5 * doubted, atol=1e-5)
    true = Arena(game("catch"), game("catch"), ArenaConfig(limit=40, penalty=9.0))
    assert (played(true, ROWS, Idle().build(game("catch"))) >= -2).all()  # a true game has no doubt
