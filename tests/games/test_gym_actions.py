"""Action spaces of all kinds as lists of named actions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from tickworld.errors import UserError
from tickworld.games.gym_actions import Actions, actions_of, renamed


def listed(space: Any, meanings: list[str] | None = None) -> Actions:
    names = {"get_action_meanings": lambda: meanings} if meanings else {}
    actions = actions_of(SimpleNamespace(action_space=space, unwrapped=SimpleNamespace(**names)), "gym:X")
    assert all(space.contains(value) for value in actions.values) and len(set(actions.names)) == len(actions.names)
    return actions


def test_names_come_from_the_environment() -> None:
    actions = listed(spaces.Discrete(3), ["Fire", "NOOP", "UP"])
    assert actions.names == ("NOOP", "Fire", "UP") and actions.values == (1, 0, 2)


def test_only_some_actions_by_other_names() -> None:
    actions = listed(spaces.Discrete(4), ["NOOP", "FIRE", "RIGHT", "LEFT"])
    some = renamed(actions, {"stay": "NOOP", "down": "LEFT", "up": "RIGHT"}, "gym:X")
    assert some.names == ("stay", "down", "up") and some.values == (0, 3, 2) and "of 4, as asked" in some.how
    assert renamed(actions, {}, "gym:X") is actions
    with pytest.raises(UserError, match="there is no action of gym:X 'RIHGT'; did you mean 'RIGHT'"):
        renamed(actions, {"up": "RIHGT"}, "gym:X")


@pytest.mark.parametrize("meanings", [None, ["up", "down"], ["up", "up", "down"]])
def test_actions_without_names_of_their_own_are_numbers(meanings: list[str] | None) -> None:
    actions = listed(spaces.Discrete(3, start=-1), meanings)
    assert actions.names == ("-1", "0", "1") and actions.values == (-1, 0, 1)


def test_several_dimensions_are_all_combinations_where_these_are_few() -> None:
    levers = listed(spaces.MultiDiscrete([3, 2]))
    assert levers.names == ("nothing", "1=1", "0=1", "0=1 1=1", "0=2", "0=2 1=1")
    assert [value.tolist() for value in levers.values] == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    keys = listed(spaces.MultiBinary(2))
    assert keys.names == ("nothing", "1", "0", "0 1")
    assert listed(spaces.MultiBinary((2, 2))).values[3].tolist() == [[0, 0], [1, 1]]


def test_many_dimensions_move_one_at_a_time() -> None:
    keys = listed(spaces.MultiBinary(7))
    assert keys.names == ("nothing", *"0123456") and keys.values[3].tolist() == [0, 0, 1, 0, 0, 0, 0]
    walker = listed(spaces.Box(-1, 1, (4,), np.float32))
    assert len(walker.names) == 9 and walker.names[:3] == ("nothing", "0-", "0+") and "one dimension" in walker.how
    assert walker.values[4].tolist() == [0, 1, 0, 0]


def test_a_box_has_its_ends_and_rest() -> None:
    car = listed(spaces.Box(np.array([-1, 0, 2], np.float32), np.array([1, 1, 3], np.float32)))
    assert car.names[:4] == ("nothing", "2+", "1+", "1+ 2+") and len(car.names) == 3 * 2 * 2
    assert car.values[0].tolist() == [0, 0, 2] and car.values[0].dtype == np.float32
    assert listed(spaces.Box(-3, 3, (), np.int8)).names == ("nothing", "0-", "0+")


@pytest.mark.parametrize(
    ("space", "complaint"),
    [
        (spaces.Box(-np.inf, 1, (2,), np.float32), r"actions without bounds \(in dimension 0 of 2\)"),
        (spaces.Discrete(300), "gym:X has 300 actions, and a game here has up to 256"),
        (spaces.MultiBinary(400), "gym:X has 401 actions"),
        (spaces.Dict({"a": spaces.Discrete(2)}), "actions of the kind Dict"),
    ],
)
def test_what_cannot_be_a_list(space: Any, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        listed(space)
