"""What an environment of Gymnasium shows and takes, found once by playing it at random for a while; and how it is
played."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.frames import Frames
from tickworld.games.gym_actions import Actions, actions_of, renamed
from tickworld.games.gym_config import Address, parsed
from tickworld.games.gym_making import Env, Maker, is_picture, maker, picture, told
from tickworld.games.gym_view import View, chosen, watch

WATCHED = 600
"""Ticks that an environment is watched for, at most."""
HELD = 12
"""Ticks that an action is held meanwhile, at most."""
LISTED = 12
"""Actions that are listed by name."""


class Look(NamedTuple):
    """What looking at an environment has shown. ``known`` is the name of its true state, empty where nothing is known;
    ``choices`` tells what was chosen and why."""

    maker: Maker
    actions: Actions
    view: View
    known: str
    choices: tuple[str, ...]


class Step(NamedTuple):
    """What a tick brought: the last observation and the sum of rewards."""

    observation: Any
    reward: float
    over: bool


@functools.lru_cache(maxsize=64)
def looked(name: str) -> Look:
    """Looks at the environment of a full name, the same way every time.

    Raises UserError for one that cannot be made or shown, and for actions that cannot be listed.
    """
    address = parsed(name)
    making = maker(address)
    env = making.make()
    try:
        actions = renamed(actions_of(env, name), address.config.actions, name)
        view = chosen(watch(address, _pictures(env, making, address, actions)), address.config)
        known = _known(env)
    finally:
        env.close()
    return Look(making, actions, view, known, _told(name, making, actions, view, known))


def stepped(env: Env, value: Any, skip: int) -> Step:
    """``skip`` steps of an environment under one action, or up to its end."""
    observation, total, over = None, 0.0, False
    for _ in range(skip):
        observation, reward, terminated, truncated, _ = env.step(value)
        total += float(reward)
        over = bool(terminated or truncated)
        if over:
            break
    return Step(observation, total, over)


def truth_of(env: Env, observation: Any, known: str) -> NDArray[Any]:
    """The true state of one environment, whose name is ``known``."""
    if known == "ram":
        return env.unwrapped.ale.getRAM()
    return np.array(observation, env.observation_space.dtype) if known else np.empty(0, np.uint8)


def _pictures(env: Env, making: Maker, address: Address, actions: Actions) -> Iterator[Frames]:
    """What an environment shows while it is played at random, each action held for a while."""
    choice, step, action, held = streams.generator(0, "watch"), None, 0, 0
    for tick in range(WATCHED):
        with told(address.name, "be played"):
            if step is None or step.over:
                step = Step(env.reset(seed=tick)[0], 0.0, False)
                if address.config.noops:  # no episode shows what comes before the first of them
                    step = stepped(env, actions.values[0], address.config.skip)
            else:
                if held == 0:
                    action, held = int(choice.integers(len(actions.values))), int(choice.integers(1, HELD + 1))
                held -= 1
                step = stepped(env, actions.values[action], address.config.skip)
        yield picture(env, step.observation, making, address.name)


def _known(env: Env) -> str:
    """The name of the true state: ``ram`` of an emulator, or an ``observation`` of numbers that is no picture."""
    from gymnasium import spaces

    if hasattr(getattr(env.unwrapped, "ale", None), "getRAM"):
        return "ram"
    numbers = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
    space = env.observation_space
    return "observation" if isinstance(space, numbers) and not is_picture(space) else ""


def _told(name: str, making: Maker, actions: Actions, view: View, known: str) -> tuple[str, ...]:
    source = "its observation" if making.seen else "its rendering"
    more = len(actions.names) - LISTED
    listing = ", ".join(actions.names[:LISTED]) + (f" and {more} more" if more > 0 else "")
    state = f"its {known} is recorded as true state" if known else "its true state is not known"
    return (
        f"{name}: frames are {source}, {view.why}",
        f"{len(actions.names)} actions ({actions.how}): {listing}; {state}",
    )
