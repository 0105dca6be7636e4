"""The command that records a game."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import tyro
from pydantic import Field

from tickworld import config as configs
from tickworld.cli.command import Command, WorkerCount, print_table, tell_choices
from tickworld.cli.console import Terminal
from tickworld.cli.parse import flags
from tickworld.errors import UserError, near_match

Game = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="GAME")]
GYM = "gym."
"""What the flags of options begin with."""


class Record(Command):
    """Record frames, actions, rewards and true state of a game. Run again, it goes on where it stopped.

    Options of an environment of Gymnasium are given as --gym.NAME VALUE, e.g. --gym.skip 4, or in the name:
    'gym:ALE/Pong-v5?skip=4'; `tickworld record gym:ID -o DATA --help` shows them all.
    """

    OVERRIDES: ClassVar[bool] = True

    game: Game
    """a game, see `tickworld games`, or gym:ID for an environment of Gymnasium"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """folder of the recording"""
    players: str = "mixed"
    """who plays: idle, random, sticky, mashing, patterns, tracking, noisy, mixed, held_out or agent:PATH"""
    episodes: int = Field(default=512, gt=0)
    """how many episodes"""
    ticks: int = Field(default=512, gt=0)
    """ticks of an episode, unless the game is over sooner"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """changes every start and every key"""
    workers: WorkerCount = 1
    """processes that play, each whole blocks of episodes"""
    engine: str = "pool"
    """who runs them: pool, on this machine, or ray, on a cluster"""
    param: tuple[str, ...] = ()
    """params to fix or draw: NAME=VALUE or NAME=LOW..HIGH"""

    def options(self, overrides: list[str]) -> dict[str, str]:
        """The options of an environment of Gymnasium that are asked for. Raises UserError for any other flag."""
        options = {}
        for name, value in configs.parse_overrides(overrides).items():
            if not name.startswith(GYM):
                raise UserError(f"record has no '--{name}'; {near_match(f'--{name}', flags(Record))}")
            options[name.removeprefix(GYM)] = value
        return options

    def explain(self, overrides: list[str]) -> None:
        """Prints the options of an environment of Gymnasium, as they are with the overrides."""
        from tickworld.cli.settings import table
        from tickworld.games.gym_config import GymConfig, is_gym, parsed

        config = parsed(self.game, self.options(overrides)).config if is_gym(self.game) else GymConfig()
        print("\noptions of an environment of Gymnasium:\n")
        print_table(table(config, prefix=GYM))

    def run(self, overrides: list[str]) -> None:
        """Records."""
        from tickworld.agents import player
        from tickworld.data.manifest import Plan
        from tickworld.data.record import record
        from tickworld.games import game_of
        from tickworld.workers import several

        params = dict(_read_param(text) for text in self.param)
        simulator, show = game_of(self.game, params, self.options(overrides)), Terminal()
        tell_choices(simulator, show)
        plan = Plan(players=self.players, episodes=self.episodes, ticks=self.ticks, seed=self.seed)
        who = player(self.players, simulator)
        with show.bar(f"recording {self.game}", plan.episodes * plan.ticks, "frames") as at:
            record(simulator, who, plan, self.out, lambda done, _: at(done, ""), several(self.workers, self.engine))
        print(f"{plan.episodes} episodes of {plan.ticks} ticks are in {self.out}")


def _read_param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    low, dots, high = value.partition("..")
    try:
        number: Any = (float(low), float(high)) if dots else float(value)
    except ValueError:
        equals, number = "", 0.0
    if not equals or not name:
        raise UserError(f"--param takes NAME=VALUE or NAME=LOW..HIGH, such as serve_wait=0; got {text!r}")
    return name, number
