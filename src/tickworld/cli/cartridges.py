"""The commands that make cartridges and list those that ship with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.table import Table

from tickworld.cli.command import Command, Json, RunFolder, print_json, print_table
from tickworld.errors import UserError

if TYPE_CHECKING:  # loading torch takes seconds
    from tickworld.recipes.label import Label


class Cartridges(Command):
    """The trained worlds that ship with the package; `tickworld evaluate cartridge:NAME` measures one again."""

    json_output: Json = False
    """print JSON for a program to read: all that each says about itself"""

    def run(self) -> None:
        """Prints them."""
        from tickworld.recipes import cartridge
        from tickworld.recipes.shelf import shipped

        labels = {name: cartridge.read_label(path) for name, path in shipped().items()}
        sizes = {name: path.stat().st_size for name, path in shipped().items()}
        if self.json_output:
            print_json({name: label.model_dump(mode="json") | {"bytes": sizes[name]} for name, label in labels.items()})
            return
        table = Table(box=None)
        for heading in ("cartridge", "game", "pixel horizon", "survived", "games x ticks", "trained", "size"):
            table.add_column(heading)
        for name, label in labels.items():
            claim, horizon = label.claim, label.claim.pixel_horizon
            table.add_row(
                name,
                _game(label),
                f"{horizon.median:g} (p10 {horizon.p10:g})",
                f"{horizon.survived:.0%}",
                f"{claim.rollouts} x {claim.frames}",
                f"{label.origin.minutes:.0f} min",
                f"{sizes[name] / 1000:.0f} kB",
            )
        print_table(table)


class Pack(Command):
    """A run's trained world as one small file to share: network, openings, the horizon it claims, where it is from."""

    path: RunFolder
    """folder of a run that has been evaluated"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """where to write it; by default RUN.cartridge, with the run's name, where you are"""

    def run(self) -> None:
        """Packs."""
        from tickworld.recipes.cartridge import SUFFIX
        from tickworld.recipes.pack import pack
        from tickworld.recipes.run import open_run

        out = self.out or Path(self.path.resolve().name + SUFFIX)
        claim = pack(open_run(self.path), out).claim
        print(
            f"{out} has {out.stat().st_size / 1000:.0f} kB and claims a median of {claim.pixel_horizon.median:g} right "
            f"ticks over {claim.rollouts} games of {claim.frames}"
        )


class Join(Command):
    """Runs that were trained apart, joined to one whose worlds decide together; evaluate and pack it like any other."""

    paths: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="RUN [RUN ...]")]
    """folders of finished runs of one recipe; the first decides alone while it is sure"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """folder of the joined run"""

    def run(self) -> None:
        """Joins."""
        from tickworld.recipes.join import join
        from tickworld.recipes.run import open_run

        if not self.paths:
            raise UserError("join needs two runs or more; got none; name their folders")
        joined = join([open_run(path) for path in self.paths], self.out)
        print(f"{len(self.paths)} worlds are joined in {joined.folder}; measure them: tickworld evaluate {self.out}")


def _game(label: Label) -> str:
    """The game that was learned, with the params that are not as usual."""
    from tickworld.data.manifest import game_params
    from tickworld.games import game

    usual = game_params(game(label.spec.name).spec)
    other = [
        f"{name} {value[0]:g}..{value[1]:g}" if isinstance(value, tuple) else f"{name} {value:g}"
        for name, value in game_params(label.spec).items()
        if value != usual.get(name)
    ]
    return ", ".join([label.spec.name, *other])
