"""The command that trains an agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import tyro
from pydantic import Field

from tickworld import config as configs
from tickworld.cli.command import Command, Json, print_json, print_table
from tickworld.cli.console import Terminal

Place = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN|CARTRIDGE")]


class Agent(Command):
    """Train an agent in a dream, or in the true game, and judge it in both. Run again, it goes on where it stopped.

    It then is a player like any other, by the name agent:FOLDER. A world knows its rewards after `tickworld rewards`.

    Any setting can be changed by its dotted name, e.g. --arena.opponent tracking --method.rate 3e-4; `tickworld agent
    WORLD --help` shows them all. Needs pip install 'tickworld[agents]'.
    """

    OVERRIDES: ClassVar[bool] = True

    place: Place
    """folder of a run, a .cartridge file, or cartridge:NAME; with --where truth also a game"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("runs/agent")
    """folder of the agent"""
    method: str = "ppo"
    """how it is trained: cma, by evolution; ppo, by what it tried; gradient, by slopes through a dream that has them"""
    where: Literal["dream", "truth"] = "dream"
    """where it is trained: in the dream alone, or in the true game"""
    steps: int = Field(default=400_000, gt=0)
    """ticks that are played to train it, of all games together"""
    side: str | None = None
    """the player that it is; by default the first"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """changes the first weights, the games and all noise in training"""
    json_output: Json = False
    """print JSON for a program to read: how it was judged"""

    def made(self, overrides: list[str]) -> Any:
        """The settings, with the overrides. Raises UserError."""
        from tickworld.agents.methods import METHODS
        from tickworld.errors import choose
        from tickworld.recipes.agents import AgentConfig

        choose(METHODS, self.method, "method")
        flags = {name: getattr(self, name) for name in ("where", "steps", "seed")}
        asked = {"method.kind": self.method, **flags} | ({} if self.side is None else {"arena.side": self.side})
        return configs.override(AgentConfig(world=self.place), asked | configs.parse_overrides(overrides))

    def explain(self, overrides: list[str]) -> None:
        """Prints all settings, with the overrides."""
        from tickworld.cli.settings import table

        print("\nsettings of an agent, each changed by its dotted name:\n")
        print_table(table(self.made(overrides), without=("world",)))

    def run(self, overrides: list[str]) -> None:
        """Trains and judges."""
        from tickworld.recipes.agents import train_agent

        told = train_agent(self.out, self.made(overrides), Terminal())
        if self.json_output:
            print_json(told)
            return
        against = f" against {told['opponent']}" if told["opponent"] else ""
        print(f"{self.out} plays {told['side']} of {told['game']}{against}; it is the player agent:{self.out}")
        print(f"trained in the {told['where']} by {told['method']} for {told['steps']:,} ticks")
        for where in ("dream", "truth"):
            if each := told[where]:
                interval = f"{each['mean']:.2f} ({each['low']:.2f} to {each['high']:.2f})"
                print(f"return in the {where}, {each['matches']:,} matches of {told['limit']} ticks: {interval}")
