"""The command that has a world's rewards learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from pydantic import Field

from tickworld.cli.command import Command, Json, RunFolder, print_json
from tickworld.cli.console import Terminal
from tickworld.cli.measured import print_measured


class Rewards(Command):
    """Learn what ticks bring, so that agents can be trained in a world: reward and end, told from its frames alone.

    A small network learns it from the recording of a run and is kept in the run's folder; the world itself stays as it
    is. For a cartridge, games are played anew and a copy that knows its rewards is written. How right it is is then
    measured in games and under players that it never saw.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """where to write the copy of a cartridge; of a run, leave it out"""
    iterations: int = Field(default=3000, gt=0)
    """updates of its weights"""
    episodes: int = Field(default=4096, gt=0)
    """episodes to learn from, at most"""
    frames: int = Field(default=2, ge=2, le=16)
    """how many last frames it sees, the newest included"""
    width: int = Field(default=16, gt=0, le=1024)
    """channels of its convolutions"""
    hidden: int = Field(default=32, gt=0, le=4096)
    """units of its last layer"""
    rollouts: int = Field(default=64, gt=0)
    """games in which it is measured"""
    json_output: Json = False
    """print JSON for a program to read: what was measured"""

    def run(self) -> None:
        """Learns, then measures."""
        from tickworld.recipes.rewarding import measured, reward
        from tickworld.training.rewards import RewardsConfig

        asked = {name: getattr(self, name) for name in ("iterations", "episodes", "frames", "width", "hidden")}
        show = Terminal()
        reward(self.path, self.out, RewardsConfig(**asked), show)
        place = self.out or self.path
        result = measured(place, self.rollouts, show)
        if self.json_output:
            print_json(result)
            return
        print(f"{place} knows its rewards")
        print_measured(result)
