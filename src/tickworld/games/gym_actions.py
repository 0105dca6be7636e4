"""Any action space of Gymnasium as a list of named actions; the first does nothing, where there is such a one.

Several dimensions make one list of all their combinations if these are few; else each action moves one dimension while
the others rest. Of a continuous dimension there are its two ends, and 0 between them if that lies between.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tickworld.errors import UserError, choose

COMBINED = 64
"""How many combinations are few."""
MOST = 256
"""Actions are uint8 indices."""
IDLE = ("noop", "nothing", "do nothing", "stay", "idle", "none", "wait")
"""What an action that does nothing is called."""
REST = "nothing"


class Actions(NamedTuple):
    """``names`` of the actions, what the environment is given for each (``values``), and how the list came about."""

    names: tuple[str, ...]
    values: tuple[Any, ...]
    how: str


class Level(NamedTuple):
    """One value of one dimension; without a ``label`` it rests."""

    label: str
    value: Any


def actions_of(env: Any, name: str) -> Actions:
    """The actions of a Gymnasium environment, which messages call ``name``. Raises UserError for a space that cannot be
    made a list: an unbounded one, one of too many actions, or one of another kind."""
    from gymnasium import spaces

    space = env.action_space
    if isinstance(space, spaces.Discrete):
        return _discrete(env, space, name)
    if isinstance(space, spaces.MultiDiscrete):
        first = np.broadcast_to(space.start, space.nvec.shape).ravel()
        levels = [
            [Level(f"{place}={value}" if value else "", start + value) for value in range(count)]
            for place, (count, start) in enumerate(zip(space.nvec.ravel(), first, strict=True))
        ]
        return _combined(levels, space, name)
    if isinstance(space, spaces.MultiBinary):
        levels = [[Level("", 0), Level(f"{place}", 1)] for place in range(math.prod(space.shape))]
        return _combined(levels, space, name)
    if isinstance(space, spaces.Box):
        return _combined(_ends(space, name), space, name)
    raise UserError(
        f"{name} takes actions of the kind {type(space).__name__}, and a game here takes Discrete, MultiDiscrete, "
        "MultiBinary or Box; wrap the environment so that it takes one of these"
    )


def renamed(actions: Actions, wanted: Mapping[str, str], name: str) -> Actions:
    """Only the ``wanted`` of the actions, new name to old, in this order; all of them where none is wanted. Raises
    UserError for one that is not there."""
    if not wanted:
        return actions
    places = {old: index for index, old in enumerate(actions.names)}
    values = tuple(actions.values[choose(places, old, f"action of {name}")] for old in wanted.values())
    return Actions(tuple(wanted), values, f"of {len(places)}, as asked")


def _discrete(env: Any, space: Any, name: str) -> Actions:
    count, first = int(space.n), int(space.start)
    _check_count(count, name)
    meanings = getattr(env.unwrapped, "get_action_meanings", None)
    names = [str(each) for each in meanings()] if meanings else []
    named = len(names) == count and len(set(names)) == count
    names = names if named else [str(first + index) for index in range(count)]
    order = sorted(range(count), key=lambda index: names[index].lower() not in IDLE)
    how = "as the environment calls them" if named else "numbers, since the environment has no names for them"
    return Actions(tuple(names[index] for index in order), tuple(first + index for index in order), how)


def _ends(space: Any, name: str) -> list[list[Level]]:
    """The levels of each dimension of a Box: rest, the lower end, the upper end."""
    low, high = space.low.ravel(), space.high.ravel()
    if unbounded := np.flatnonzero(~(np.isfinite(low) & np.isfinite(high))).tolist():
        raise UserError(
            f"{name} takes actions without bounds (in dimension {unbounded[0]} of {len(low)}), and a game here takes a "
            "finite list; wrap the environment in one whose actions are bounded, such as "
            "gymnasium.wrappers.RescaleAction"
        )
    levels = []
    for place, (least, most) in enumerate(zip(low, high, strict=True)):
        rest = np.clip(np.zeros_like(least), least, most)
        ends = [Level(f"{place}-", least), Level(f"{place}+", most)]
        levels.append([Level("", rest), *(each for each in ends if each.value != rest)])
    return levels


def _combined(levels: list[list[Level]], space: Any, name: str) -> Actions:
    sizes = [len(each) for each in levels]
    if math.prod(sizes) <= COMBINED:
        chosen = list(itertools.product(*levels))
        how = f"all combinations of {' x '.join(map(str, sizes))} levels"
    else:
        rest = tuple(each[0] for each in levels)
        moved = [(*rest[:at], level, *rest[at + 1 :]) for at, each in enumerate(levels) for level in each[1:]]
        chosen = [rest, *moved]
        how = f"one dimension moves at a time, since {' x '.join(map(str, sizes))} levels are too many combinations"
    _check_count(len(chosen), name)
    names = [" ".join(level.label for level in each if level.label) or REST for each in chosen]
    return Actions(tuple(names), tuple(_value(each, space) for each in chosen), how)


def _value(levels: Sequence[Level], space: Any) -> np.ndarray:
    return np.array([level.value for level in levels], space.dtype).reshape(space.shape)


def _check_count(count: int, name: str) -> None:
    if not 0 < count <= MOST:
        raise UserError(
            f"{name} has {count:,} actions, and a game here has up to {MOST}; wrap the environment in one with fewer"
        )
