"""The command that draws the games of an engine as a map."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import tyro
from pydantic import Field
from rich.table import Table

from tickworld import files
from tickworld.cli.command import Command, Json, RunFolder, print_json, print_table
from tickworld.cli.console import Terminal
from tickworld.errors import UserError


class Atlas(Command):
    """The games of an engine as points on a map, in one web page that plays any place of it, also between the games.

    In the page a click goes on as the game that is there, and a slider for each param moves along what the engine has
    made of it. It works offline, as pages of `tickworld export` do. The map as a picture is written beside it. Needs
    pip install 'tickworld[export]'.
    """

    path: RunFolder
    """folder of an engine's run"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("atlas.html")
    """the page, a .html file; the picture has the same name with .png"""
    games: int = Field(default=64, ge=2, le=1024)
    """of the games that the engine learned, at most so many; as many as 64 that it did not are added"""
    colour: str | None = None
    """the param that colours the picture, by default the one that leads farthest on the map"""
    json_output: Json = False
    """print JSON for a program to read: what each direction means"""

    def run(self) -> None:
        """Writes both."""
        from tickworld.recipes.atlas import picture, survey, to_json, write
        from tickworld.recipes.run import open_run

        if self.out.suffix.lower() != ".html":
            raise UserError(f"atlas writes a web page; got {self.out.name!r}; name it something.html")
        run, show = open_run(self.path), Terminal()
        atlas = survey(run, self.games, show)
        drawn = picture(atlas, self.colour)
        made = write(run, atlas, self.out, show)
        files.write_bytes(self.out.with_suffix(".png"), drawn)
        if self.json_output:
            print_json(to_json(atlas))
            return
        _print(to_json(atlas))
        print(f"{self.out} has {made.size / 1e6:.1f} MB, to be opened in a browser")
        print(f"{self.out.with_suffix('.png')} is the map as a picture")


def _print(told: dict[str, Any]) -> None:
    """What the directions mean."""
    games, shares = told["games"], " and ".join(f"{share:.0%}" for share in told["shares"])
    title = f"{told['game']}: {games['learned']} learned games, {games['unseen']} never seen; the map holds {shares}"
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("param", "read right (R2)", "moves the vector by", "on the map"):
        table.add_column(heading, justify="left" if heading == "param" else "right")
    for name, way in told["directions"].items():
        score = "-" if way["score"] is None else f"{way['score']:.3f}"
        on_map = "-" if way["on_map"] is None else "{:+.2f} {:+.2f}".format(*way["on_map"])
        table.add_row(name, score, f"{way['length']:.2f}", on_map)
    print_table(table)
