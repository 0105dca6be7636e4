"""True games and learned ones as environments for agents, by name.

    import gymnasium
    import tickworld.environments                   # makes the names known

    dream = gymnasium.make("tickworld/Learned-v0", world="cartridge:pong", side="left")
    truth = gymnasium.make("tickworld/True-v0", world="cartridge:pong", side="left")
    batch = gymnasium.make_vec("tickworld/Learned-v0", 256, vectorization_mode="vector_entry_point")

``world`` is a run's folder, a cartridge or ``cartridge:NAME``; for the true one it may also be a game's name, with its
``params``. All other settings are those of ``agents.arena.ArenaConfig``: side, opponent, observation, stack and limit.
What a batch does when games end: see ``agents.env``. It needs pip install 'tickworld[agents]'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tickworld import config as configs
from tickworld.errors import UserError, check_installed
from tickworld.games import GAMES, game
from tickworld.games.gym_config import is_gym
from tickworld.simulator import Simulator

check_installed(["gymnasium"], "agents")

import gymnasium  # noqa: E402

from tickworld.agents.arena import Arena, ArenaConfig  # noqa: E402
from tickworld.agents.env import BatchEnvironment, Environment  # noqa: E402

if TYPE_CHECKING:  # they are imported late: few need them
    from tickworld.agents.baselines import BaselinesEnv
    from tickworld.agents.parallel import ParallelEnvironment

LEARNED, TRUE = "tickworld/Learned-v0", "tickworld/True-v0"
"""The names that Gymnasium knows them by."""


class Played(NamedTuple):
    """What is played, and the true game whose probe reads its frames."""

    simulator: Simulator
    game: Simulator


def learned(world: str = "cartridge:pong", render_mode: str | None = None, **settings: Any) -> Environment:
    """The learned ``world`` as one environment. Raises UserError."""
    return Environment(arena(dream_of(world), settings), render_mode)


def true(
    world: str = "pong", params: Mapping[str, Any] | None = None, render_mode: str | None = None, **settings: Any
) -> Environment:
    """The true game ``world`` with ``params``, or that which a world learned, as one environment. Raises UserError."""
    return Environment(arena(truth_of(world, params), settings), render_mode)


def learned_batch(
    num_envs: int = 1, world: str = "cartridge:pong", render_mode: str | None = None, **settings: Any
) -> BatchEnvironment:
    """``num_envs`` games of the learned ``world``, stepped as one batch. Raises UserError."""
    return BatchEnvironment(arena(dream_of(world), settings), num_envs, render_mode)


def true_batch(
    num_envs: int = 1,
    world: str = "pong",
    params: Mapping[str, Any] | None = None,
    render_mode: str | None = None,
    **settings: Any,
) -> BatchEnvironment:
    """``num_envs`` games of the true game, stepped as one batch. Raises UserError."""
    return BatchEnvironment(arena(truth_of(world, params), settings), num_envs, render_mode)


def baselines(batch: BatchEnvironment) -> BaselinesEnv:
    """``batch`` for the algorithms of Stable-Baselines3. Raises UserError where that is not installed."""
    check_installed(["stable_baselines3"], "agents")
    from tickworld.agents.baselines import BaselinesEnv

    return BaselinesEnv(batch)


def parallel(played: Played, render_mode: str | None = None, **settings: Any) -> ParallelEnvironment:
    """``dream_of(world)`` or ``truth_of(world)`` for agents on all sides, as PettingZoo has it. Raises UserError, also
    where that is not installed."""
    check_installed(["pettingzoo"], "agents")
    from tickworld.agents.parallel import ParallelEnvironment

    return ParallelEnvironment(arena(played, settings, everybody=True), render_mode)


def dream_of(world: str) -> Played:
    """The learned world in a run's folder, in a cartridge, or in ``cartridge:NAME``. Raises UserError."""
    from tickworld.recipes.shelf import open_playable  # true games need no torch

    if world in GAMES or is_gym(world):
        raise UserError(
            f"{world} is a true game, and {LEARNED} is a learned one; give a run's folder or a cartridge, such as "
            f"cartridge:pong, or make {TRUE}"
        )
    playable = open_playable(world)
    return Played(playable.world, playable.game)


def truth_of(world: str, params: Mapping[str, Any] | None = None) -> Played:
    """The game ``world`` with ``params``, or the one that a run or a cartridge learned. Raises UserError."""
    if world in GAMES or is_gym(world):
        there = game(world, **(params or {}))
    elif params:
        raise UserError(f"{world} is a learned world and has the params that it learned; got params; leave them out")
    else:
        there = dream_of(world).game
    return Played(there, there)


def arena(played: Played, settings: Mapping[str, Any], everybody: bool = False) -> Arena:
    """Where agents play ``played``. Raises UserError for a setting that there is not or that does not fit."""
    return Arena(*played, configs.validate(ArenaConfig, dict(settings), "environment"), everybody)


for _name, _single, _batch in ((LEARNED, "learned", "learned_batch"), (TRUE, "true", "true_batch")):
    gymnasium.register(_name, f"{__name__}:{_single}", vector_entry_point=f"{__name__}:{_batch}")
