"""Keys that make a frame happen, found by trial and by slopes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.by_hand import by_hand, truth

from tickworld import seeds
from tickworld.agents.planning import CemConfig, Plan, SlopeConfig, Wish, by_slope, cem, played
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.simulator import Simulator
from tickworld.tensors import to_tensor

STAY, UP, DOWN = range(3)
TICKS = 4
FEW = CemConfig(population=96, rounds=8)


def begun(simulator: Simulator, count: int = 2) -> Any:
    rows = seeds.rows(3, 0, count)
    return simulator.init(truth().spec.draw(rows), rows)


def wished() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Both planks on their way, and what that leads to."""
    keys = np.tile(np.array([[UP, DOWN], [DOWN, STAY]])[:, None], (1, TICKS, 1))
    return keys, played(truth(), begun(truth()), keys)


def test_a_wish_is_nothing_where_it_is_fulfilled_and_more_the_further_off() -> None:
    frames = np.zeros((1, 8, 30, 1), np.uint8)
    frames[:, 2:5, 2:5] = 255
    shown = torch.stack([to_tensor(np.roll(frames, shift, 2)) for shift in (0, 5, 9)], 1)
    cost = Wish(frames)(shown)
    assert cost[0, 0] == 0 and cost[0, 1] < cost[0, 2], "pulled where nothing overlaps"


def test_trial_finds_keys_in_the_true_game() -> None:
    _, frames = wished()
    plan = cem(truth(), begun(truth()), TICKS, Wish(frames), FEW)
    assert plan.actions.shape == (2, TICKS, 2) and plan.cost.tolist() == [0, 0]
    assert (played(truth(), begun(truth()), plan.actions) == frames).all()


def test_slopes_find_keys_in_a_dream_that_hold_in_the_true_game() -> None:
    """Nobody is told the keys: from the last frame alone, through the relaxed world, snapped and played."""
    keys, frames = wished()
    world = by_hand()
    plan = by_slope(world, begun(world), TICKS, Wish(frames), SlopeConfig(starts=3, iterations=20))
    reached = played(truth(), begun(truth()), plan.actions)
    assert (np.abs(reached.astype(int) - frames).max((1, 2, 3)) == 0).all()
    turned = [(plan.actions == key).sum(1) - (keys == key).sum(1) for key in (UP, DOWN)]
    assert (turned[0] == turned[1]).all(), "as far up as down"


def test_what_a_plan_costs_is_what_it_costs_in_the_hard_world() -> None:
    _, frames = wished()
    world = by_hand()
    plan = by_slope(world, begun(world), TICKS, Wish(frames), SlopeConfig(starts=1, iterations=1))
    shown = to_tensor(played(world, begun(world), plan.actions))
    torch.testing.assert_close(torch.from_numpy(plan.cost), Wish(frames)(shown.unsqueeze(1))[:, 0].double())


def test_the_same_seed_finds_the_same_plan_and_a_row_alone_too() -> None:
    _, frames = wished()
    plans: list[Plan] = [cem(truth(), begun(truth()), TICKS, Wish(frames), FEW) for _ in range(2)]
    assert (plans[0].actions == plans[1].actions).all()


def test_mistakes_are_told() -> None:
    there = game("pong_angle")
    with pytest.raises(UserError, match="a plan is for one tick or more; got 0"):
        cem(there, begun(there), 0, Wish(wished()[1]))
    there.spec = replace(there.spec, branchable=False)
    with pytest.raises(UserError, match="pong_angle cannot go on from an old state"):
        cem(there, begun(there), 3, Wish(wished()[1]))
