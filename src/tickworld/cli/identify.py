"""The command that finds the params of a recording."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field
from rich.table import Table

from tickworld.cli.command import Command, Json, RunFolder, print_json, print_table
from tickworld.cli.console import Terminal

if TYPE_CHECKING:  # loading torch takes seconds
    from tickworld.evaluation.gradients.seeker import IdentificationConfig

SHOWN = 8
"""Games whose params are printed one by one."""


class Identify(Command):
    """Which params a game was recorded with, found from its frames and keys by gradient through a learned world.

    Without a recording, games are played that no training has seen. Found params are compared with the true ones where
    these are known; an angle's error is in radians, that of others a share of the true value. Left open is what nobody
    can tell: half the range of params that show the very same frames in the true game.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    data: Path | None = None
    """folder of a recording of the same game; none: games are played for it"""
    params: tuple[str, ...] = ()
    """params to find; none: all that differ from game to game and that the world hears"""
    games: int = Field(default=16, gt=0)
    """how many games"""
    frames: int = Field(default=64, gt=0)
    """frames of evidence after the first"""
    places: int = Field(default=256, gt=0)
    """places of the params' range that are tried first"""
    starts: int = Field(default=6, gt=0)
    """the best of them, from which a gradient goes on"""
    iterations: int = Field(default=10, gt=0)
    """steps of each stage, of which there are up to four"""
    ahead: int = Field(default=1, gt=0)
    """ticks foreseen after each opening, by a world that is shown some"""
    players: str = "tracking"
    """who plays where there is no recording"""
    seed: int = Field(default=0, ge=0)
    """which places are tried, and which games are played"""
    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> None:
        """Identifies."""
        from tickworld.recipes.identify import identified
        from tickworld.recipes.shelf import open_playable

        result = identified(open_playable(self.path), self.data, self.players, self._config(), Terminal())
        if self.json_output:
            print_json(result)
        else:
            _print(result)

    def _config(self) -> IdentificationConfig:
        from tickworld.evaluation.gradients.seeker import IdentificationConfig

        return IdentificationConfig(**{name: getattr(self, name) for name in IdentificationConfig.model_fields})


def _print(result: dict[str, Any]) -> None:
    """Errors over all games, then the first games one by one."""
    params = result["params"]
    table = Table(title=f"{result['games']} games, {result['frames']} frames of each", title_justify="left", box=None)
    for heading in ("param", "error: median", "worst", "within 1 %", "spread", "left open", "unit"):
        table.add_column(heading, justify="left" if heading in ("param", "unit") else "right")
    for name, row in params.items():
        numbers = [row["error"]["median"], row["error"]["worst"]]
        shown = ["-" if each is None else f"{each:.4f}" for each in numbers]
        share = "-" if row["within_1_percent"] is None else f"{row['within_1_percent']:.0%}"
        table.add_row(name, *shown, share, _middle(row["spread"]), _middle(row["left_open"]), row["unit"])
    print_table(table)
    table = Table(title="found ± spread (true)", title_justify="left", box=None)
    for heading in ("game", *params, "nats a frame", "starts agreed"):
        table.add_column(heading, justify="right")
    for game in range(min(result["games"], SHOWN)):
        cells = []
        for row in params.values():
            true = row["truth"][game]
            cells.append(
                f"{row['found'][game]:.4f} ± {row['spread'][game]:.4f} ({'?' if true is None else f'{true:.4f}'})"
            )
        left, agreed = result["nats_a_frame"][game], result["starts_agreed"][game]
        table.add_row(str(game), *cells, f"{left:.2f}", f"{agreed:.0%}")
    print_table(table)


def _middle(numbers: list[float | None]) -> str:
    """The median of those that are known."""
    known = [each for each in numbers if each is not None]
    return f"{statistics.median(known):.4f}" if known else "-"
