"""The command that checks slopes through a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field
from rich.table import Table

from tickworld.cli.command import Command, Json, RunFolder, print_json, print_table
from tickworld.cli.console import Terminal

if TYPE_CHECKING:  # loading torch takes seconds
    from tickworld.evaluation.gradients.course import GradcheckConfig


class Gradcheck(Command):
    """Whether slopes through a trained world are right: against differences of the same world, and against the game.

    equal: share of places where slope and difference of the same function agree, to a ten-thousandth. Then, against the
    true game, the cosine (1: the right way) and the relative error of each kind of slope; medians by kind of event.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    games: int = Field(default=64, gt=0)
    """games that are played"""
    ticks: int = Field(default=64, gt=0)
    """ticks of each of them"""
    moments: int = Field(default=8, gt=0)
    """places that are compared of each kind of event, at most"""
    ahead: int = Field(default=3, gt=0, le=32)
    """ticks from a key, or from a contact, to the frame that is looked at"""
    nearby: int = Field(default=48, gt=0)
    """params near those of a game that slopes and the true game are averaged over"""
    players: str = "held_out"
    """who plays"""
    seed: int = Field(default=0, ge=0)
    """which games, and which other keys"""
    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> None:
        """Checks."""
        import torch

        from tickworld.agents import player
        from tickworld.evaluation.gradients.gradcheck import gradcheck, told
        from tickworld.recipes.shelf import open_playable

        playable = open_playable(self.path)
        torch.set_num_threads(playable.threads)
        who = player(self.players, playable.game)
        result = told(*gradcheck(playable.world, playable.game, who, self._config(), Terminal()))
        if self.json_output:
            print_json(result)
            return
        _print("keys: how the frame changes with another key", result["keys"])
        if result["params"]:
            _print("params: how the ball's place changes with the params it began with", result["params"])

    def _config(self) -> GradcheckConfig:
        from tickworld.evaluation.gradients.course import GradcheckConfig

        return GradcheckConfig(**{name: getattr(self, name) for name in GradcheckConfig.model_fields})


def _print(title: str, rows: dict[str, Any]) -> None:
    """One line for each kind of event."""
    ways = [name for name, each in next(iter(rows.values())).items() if isinstance(each, dict)]
    table = Table(title=f"{title}: cosine (relative error)", title_justify="left", box=None)
    table.add_column("event")
    for heading in ("places", "equal", *ways):
        table.add_column(heading, justify="right")
    for kind, row in rows.items():
        cells = (f"{row[way]['cosine']:.3f} ({row[way]['error']:.3f})" for way in ways)
        table.add_row(kind, str(row["moments"]), f"{row['equal']:.0%}", *cells)
    print_table(table)
