"""The command that looks into a world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from pydantic import Field
from rich.table import Table

from tickworld.cli.command import Command, Json, RunFolder, print_json, print_table
from tickworld.cli.console import Terminal

if TYPE_CHECKING:  # loading torch takes seconds
    from tickworld.evaluation.inspection.visits import InspectionConfig


class Inspect(Command):
    """Which part of a trained world's state drives which part of its frame, what can be read off it, and a map of it.

    Writes inspect.html, its pictures and inspect.json into a folder. Pictures and numbers are the same for a seed.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("inspection")
    """folder to write into"""
    games: int = Field(default=192, ge=5)
    """games that are dreamt; three of five to learn probes from, one to choose with, one to judge by"""
    ticks: int = Field(default=48, gt=0)
    """ticks of each game"""
    every: int = Field(default=6, gt=0)
    """ticks between two states that are kept"""
    states: int = Field(default=2, gt=0)
    """states that are changed number by number"""
    ahead: int = Field(default=4, gt=0)
    """ticks ahead that a change is followed"""
    components: int = Field(default=4096, gt=0)
    """numbers of each field that are changed, at most"""
    players: str = "held_out"
    """who plays"""
    seed: int = Field(default=0, ge=0)
    """which games"""
    json_output: Json = False
    """print JSON for a program to read: what inspect.json holds"""

    def run(self) -> None:
        """Inspects."""
        from tickworld.recipes.inspect import inspect
        from tickworld.recipes.shelf import open_playable

        result = inspect(open_playable(self.path), self._config(), self.out, Terminal())
        if self.json_output:
            print_json(result)
        else:
            _print(result)
            print(f"open {self.out / 'inspect.html'}")

    def _config(self) -> InspectionConfig:
        from tickworld.evaluation.inspection.visits import InspectionConfig

        return InspectionConfig(**{name: getattr(self, name) for name in InspectionConfig.model_fields})


def _print(result: dict[str, Any]) -> None:
    """What can be read, and what drives the frame."""
    table = Table(title="what is true, read off its state by a linear function", title_justify="left", box=None)
    for heading in ("", "measure", "state", "frame", "floor"):
        table.add_column(heading, justify="left" if heading in ("", "measure") else "right")
    for name, probe in result["probes"].items():
        scores = (f"{probe[source]['score']:.3f}" for source in ("state", "pixels", "floor"))
        table.add_row(name, "R2" if probe["kind"] == "number" else "share right", *scores)
    print_table(table)
    table = Table(title="what a change of one number does to the frame, in nats", title_justify="left", box=None)
    for heading in ("field", "ticks ahead", "by derivative", "by change", "pixels flipped", "agreement"):
        table.add_column(heading, justify="left" if heading == "field" else "right")
    for name, field in result["sensitivity"].items():
        for ahead, row in field["ticks_ahead"].items():
            sizes = (row["by_derivative"]["mean"], row["by_change"]["mean"], row["flips"], row["agreement"])
            table.add_row(name, ahead, *("-" if size is None else f"{size:.3g}" for size in sizes))
    print_table(table)
