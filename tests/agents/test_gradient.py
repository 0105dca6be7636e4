"""The method gradient: its slopes are those of the dream in which the arena plays, and an agent learns by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.agents.slope import arena
from tests.by_hand import by_hand
from torch import Tensor

from tickworld import seeds, states
from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.matches import estimate, play
from tickworld.agents.methods.gradient import Gradient
from tickworld.agents.methods.task import Task
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.learned import Learned
from tickworld.models.rewarded import Watched
from tickworld.models.smooth_rewards import Anew, SmoothRewards, Window

ROWS = seeds.rows(1, 0, 5)
UP, DOWN = 1, 2
QUICK = Gradient(hidden=(8,), games=16, window=8, rate=0.02, warmup=0, jumps=True)


def dreamt(there: Arena, pressed: np.ndarray) -> tuple[Window, list[Watched], np.ndarray]:
    """What the arena dreams under keys [T, N] of the left player: the window, its states after each tick, and the
    rewards [T, N]. What ends is begun anew."""
    rows = there.begin(ROWS)
    first, after, anew, rewards = rows.state, [], [], []
    for tick, keys in enumerate(pressed):
        rows, brought = there.step(rows, tick, keys[:, None])
        after.append(rows.state)
        rewards.append(brought.reward[:, 0])
        anew.append(None)
        if brought.over.any():
            which = np.flatnonzero(brought.over)
            fresh = there.begin(seeds.mix(ROWS[which], tick))
            anew[-1] = Anew(which, fresh.state)
            rows = states.put(rows, which, fresh)
    return Window(first, anew), after, np.stack(rewards)


def corners(slopes: SmoothRewards, after: list[Watched]) -> Tensor:
    return torch.stack([slopes.smooth.corners(each.actions) for each in after])


@pytest.mark.parametrize("ends", [False, True])
def test_what_is_told_again_is_what_was_dreamt(ends: bool) -> None:
    there = arena(ends)
    slopes = SmoothRewards(there.simulator)
    keys = np.random.default_rng(0).integers(0, 3, (24, 5))
    keys[:, 0] = DOWN
    window, after, rewards = dreamt(there, keys)
    assert any(each is not None for each in window.anew) == ends
    shares = corners(slopes, after)
    retold = slopes.retell(window, shares)
    for mine, theirs in zip(retold.after, after, strict=True):
        torch.testing.assert_close(mine.out, slopes.smooth.soften(theirs).out, atol=1e-5, rtol=0)
    paid = slopes.paid(window, retold, shares)[..., 0]
    np.testing.assert_allclose(paid.numpy(), rewards, atol=0.01)  # shades are rounded in the dream
    for tick, each in enumerate(window.anew[:-1]):
        apart = (retold.before[tick + 1].out - retold.after[tick].out).abs().amax(1).numpy()
        assert np.flatnonzero(apart > 5).tolist() == ([] if each is None else each.rows.tolist()), (
            "only what has ended is begun anew"
        )


def test_slopes_of_the_return_are_its_differences() -> None:
    there = arena()
    slopes = SmoothRewards(there.simulator, double=True)
    window, after, _ = dreamt(there, np.random.default_rng(1).integers(0, 3, (6, 5)))
    shares = torch.rand(6, 5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shares = (0.5 * corners(slopes, after) + 0.5 * shares).requires_grad_()

    def brought(shares: Tensor) -> Tensor:
        return slopes.paid(window, slopes.retell(window, shares), shares)[..., 0].sum()

    (slope,) = torch.autograd.grad(brought(shares), shares)
    draw = torch.Generator().manual_seed(1)
    for _ in range(5):
        way = torch.randn(shares.shape, dtype=torch.float64, generator=draw)
        with torch.no_grad():
            difference = (brought(shares + 1e-6 * way) - brought(shares - 1e-6 * way)) / 2e-6
        assert difference.item() == pytest.approx((slope * way).sum().item(), rel=1e-4)
    assert (slope[..., 0, DOWN] > 0).all() and (slope[..., 0, UP] < 0).all(), "also of planks that rest"
    assert slope[..., 1, :].abs().max() < 1e-9, "what the other player presses brings nothing"


@pytest.mark.parametrize("ends", [False, True])
def test_a_window_has_no_slope_into_the_game_before(ends: bool) -> None:
    there = arena(ends)
    slopes = SmoothRewards(there.simulator)
    window, after, _ = dreamt(there, np.full((24, 5), DOWN))
    shares = corners(slopes, after).requires_grad_()
    paid = slopes.paid(window, slopes.retell(window, shares), shares)
    (slope,) = torch.autograd.grad(paid[-1, :, 0].sum(), shares)
    assert (slope[0] != 0).any() != ends


@pytest.mark.parametrize("observation", ["objects", "frame"])
def test_it_learns_to_go_down(observation: str) -> None:
    there = arena(observation=observation)
    *_, last = QUICK.train(Task(there, 4000, seed=0), {})
    choice = play(there, ROWS, lambda rows, tick: last.network.choose(there.seen(rows)))
    best = play(there, ROWS, lambda rows, tick: np.full(5, DOWN))
    assert estimate(choice).mean > 0.95 * best.mean()
    assert last.gained is not None and last.gained > 0.6 * best.mean()


def test_a_training_that_was_stopped_ends_in_the_same_agent() -> None:
    there = arena(ends=True)
    task = Task(there, 1500, seed=3)
    whole = list(QUICK.train(task, {}))
    half = whole[len(whole) // 2]
    rest = list(QUICK.train(Task(arena(ends=True), 1500, seed=3), half.saved))
    assert [each[:2] for each in rest] == [each[:2] for each in whole if each.steps > half.steps]
    for name, there_ in whole[-1].saved.items():
        np.testing.assert_array_equal(rest[-1].saved[name], there_, err_msg=name)


def test_the_critic_alone_teaches_where_rewards_have_no_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at hits and misses: what is brought jumps where more than half of the plank is below."""
    there = arena()
    model: Any = there.simulator.rewards  # type: ignore[attr-defined]
    told = model.tell

    def jumps(frames: Tensor, actions: Tensor) -> Any:
        answer = told(frames, actions)
        return answer._replace(reward=(answer.reward > 0.3).float())

    monkeypatch.setattr(model, "tell", jumps)
    *_, last = QUICK.model_copy(update={"jumps": False, "warmup": 8}).train(Task(there, 8000, seed=0), {})
    assert estimate(play(there, ROWS, lambda rows, tick: last.network.choose(there.seen(rows)))).mean > 10


def test_what_has_no_slope_is_refused(dream: Callable[..., Learned]) -> None:
    true = game("pong_angle")
    cases = {
        "pong_angle as it is played here has no slopes": true,
        "decides on its frames, and a decision has no slope": dream("pong"),
    }
    for words, simulator in cases.items():
        task = Task(Arena(simulator, game(simulator.spec.name), ArenaConfig(opponent="idle")), 100, 0)
        with pytest.raises(UserError, match=words):
            next(QUICK.train(task, {}))
    with pytest.raises(UserError, match="does not know its rewards"):
        Arena(by_hand(), true, ArenaConfig()).begin(ROWS)
