"""The command that makes one game of two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro
from pydantic import Field

from tickworld.cli.command import Command
from tickworld.cli.play import Play

First = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="A")]
Second = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="B")]


class Blend(Command):
    """The game between two games, made by an engine from the mean of their vectors, and a page to play it in.

    A game is given by its params, such as paddle_length=9,speed=20, or by its number in a split of the family, such as
    between:0. What is made is a run of its own, to be evaluated, exported and packed like any other.
    """

    first: First
    """a game of the engine's family"""
    second: Second
    """another one"""
    run_folder: Annotated[Path, tyro.conf.arg(name="run")] = Path("runs/engine_pong")
    """folder of the engine's run"""
    share: float = Field(default=0.5, ge=-1, le=2)
    """how much of the second: 0 is the first game, 1 the second; beyond them the way is gone on"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("runs/blend")
    """folder of the run that is made"""
    play: bool = True
    """open a page to play it in"""
    port: int = Field(default=8000, ge=0, le=65535)
    """port of the page; 0: any that is free"""

    def run(self) -> None:
        """Blends, and serves the page."""
        from tickworld.recipes.bake import bake, blended, named_game
        from tickworld.recipes.run import open_run

        engine = open_run(self.run_folder)
        games = [named_game(text, engine.config.game) for text in (self.first, self.second)]
        vector, expected = blended(engine, games, (1 - self.share, self.share))
        made = bake(engine, vector, expected, self.out)
        told = ", ".join(f"{name} {value:g}" for name, value in expected.items())
        print(f"{made.folder} is the game between them; the true one with {told} is beside it")
        if self.play:
            Play(place=str(made.folder), port=self.port).run()
