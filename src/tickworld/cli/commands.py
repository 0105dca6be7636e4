"""The commands. A command is a config whose fields are its flags; ``run`` does the work and prints the result to
stdout. All are found here; those of one subject may be written beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import tyro
from pydantic import Field
from rich.table import Table

from tickworld import config as configs
from tickworld import files
from tickworld.cli.agent import Agent as Agent
from tickworld.cli.atlas import Atlas as Atlas
from tickworld.cli.bench import Bench as Bench
from tickworld.cli.blend import Blend as Blend
from tickworld.cli.cartridges import Cartridges as Cartridges
from tickworld.cli.cartridges import Join as Join
from tickworld.cli.cartridges import Pack as Pack
from tickworld.cli.command import Command, Json, RunFolder, WorkerCount, print_json, print_table, tell_choices
from tickworld.cli.console import Terminal
from tickworld.cli.doctor import Doctor as Doctor
from tickworld.cli.export import Export as Export
from tickworld.cli.gradcheck import Gradcheck as Gradcheck
from tickworld.cli.identify import Identify as Identify
from tickworld.cli.importing import Import as Import
from tickworld.cli.inspect import Inspect as Inspect
from tickworld.cli.measured import print_measured
from tickworld.cli.play import Play as Play
from tickworld.cli.record import Record as Record
from tickworld.cli.rewards import Rewards as Rewards
from tickworld.cli.sweep import Sweep as Sweep
from tickworld.config import AnyConfig
from tickworld.errors import UserError
from tickworld.games.families import Split, restrict
from tickworld.progress import Silent
from tickworld.training.devices import Devices

Recipe = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RECIPE")]


class Games(Command):
    """The games there are, with their params: default, range, and which are drawn anew for each episode."""

    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> None:
        """Prints them."""
        from tickworld.games import GAMES, game

        specs = [game(name).spec for name in GAMES]
        if self.json_output:
            print_json({spec.name: configs.plain(spec) for spec in specs})
            return
        for spec in specs:
            size = f"{spec.width}x{spec.height}, {len(spec.players)} players, actions {', '.join(spec.actions)}"
            table = Table(title=f"{spec.name}: {size}", title_justify="left", box=None)
            for heading in ("param", "default", "range", "drawn", "what it is"):
                table.add_column(heading)
            for param in spec.params:
                drawn = "yes" if param.drawn else ""
                table.add_row(param.name, f"{param.default:g}", f"{param.low:g} .. {param.high:g}", drawn, param.doc)
            print_table(table)
            print()
        print("gym:ID, such as gym:CartPole-v1: any environment of Gymnasium; it needs pip install 'tickworld[gym]'")


class Recipes(Command):
    """The recipes there are; `tickworld train RECIPE --help` shows one with all its settings."""

    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> None:
        """Prints them."""
        from tickworld.recipes import RECIPES, recipe

        if self.json_output:
            print_json({name: recipe(name).model_dump(mode="json") for name in RECIPES})
            return
        table = Table(box=None)
        for heading in ("recipe", "game", "what it does"):
            table.add_column(heading)
        for name, make in RECIPES.items():
            table.add_row(name, make().game.name, " ".join((make.__doc__ or "").split()))
        print_table(table)


class Train(Devices, Command):
    """Record what is needed, train, evaluate and draw one recipe. Run again, it goes on where it stopped.

    The name of a game in place of a recipe's, also gym:ID for an environment of Gymnasium or data:FOLDER for a
    recording, trains what suits it.

    Any setting can be changed by its dotted name, e.g. --training.iterations 100 --game.params.serve_wait 0.
    """

    OVERRIDES: ClassVar[bool] = True

    recipe: Recipe
    """a recipe, see `tickworld recipes`, or a game, see `tickworld games`"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """folder of the run; by default runs/RECIPE"""

    def made(self, overrides: list[str]) -> Any:
        """The recipe with its overrides, and why it is so. Raises UserError."""
        from tickworld.recipes import begun

        changes = configs.parse_overrides(overrides)
        if "recipe" in changes:
            raise UserError(f"the recipe is the first word: tickworld train {changes['recipe']}; got --recipe")
        return begun(self.recipe, changes)

    def explain(self, overrides: list[str]) -> None:
        """Prints the settings of the recipe, with the overrides."""
        from tickworld.cli.settings import table

        made = self.made(overrides)
        print(f"\nsettings of {self.recipe}, each changed by its dotted name:\n")
        print_table(table(made.config, without=("recipe",)))

    def run(self, overrides: list[str]) -> int:
        """Trains."""
        from tickworld.recipes.results import conclude
        from tickworld.recipes.run import begin_run, train
        from tickworld.training.engine import close, engine, is_launched, together
        from tickworld.training.launch import launch

        made, devices = self.made(overrides), Devices(**{name: getattr(self, name) for name in Devices.model_fields})
        if devices.processes > 1 and not is_launched():
            return launch(devices, ["-m", "tickworld.cli", *self.WORDS])
        fabric = engine(devices)
        show = Terminal() if fabric.is_global_zero else Silent()
        tell_choices(made.config.game.build(), show)
        if made.why:
            show.say(made.why)
        with together(fabric), fabric.rank_zero_first():
            run = begin_run(self.out or Path("runs") / files.plain_name(self.recipe), made.config)
        train(run, show, fabric, self.accumulate, self.compile)
        close()
        if fabric.is_global_zero:
            _print_results(conclude(run, show))
            show.say(f"everything is in {run.folder}; open {run.folder / 'report.html'}")
        return 0


class Evaluate(Command):
    """For how many ticks a trained world is right, open loop, on seeds and players that training never saw.

    Any setting of an evaluation can be changed by its name, e.g. --events 1000; `tickworld evaluate RUN --help` shows
    them all.
    """

    OVERRIDES: ClassVar[bool] = True

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    rollouts: int | None = Field(default=None, gt=0)
    """how many games; by default as the run or cartridge says"""
    frames: int | None = Field(default=None, gt=0)
    """ticks of each game; by default as the run or cartridge says"""
    players: str | None = None
    """who plays them; by default as the run or cartridge says"""
    seed: int | None = Field(default=None, ge=0)
    """which games; by default as the run or cartridge says"""
    measures: tuple[str, ...] = ()
    """what to measure beside the horizons, e.g. events rules, or all; by default as the run or cartridge says"""
    split: Split | None = None
    """of a family of games, which of them: seen, between, corner or strange; by default those that it learned"""
    games: int = Field(default=64, gt=0, le=4096)
    """how many games of the split"""
    workers: WorkerCount = 1
    """processes that play the games, 64 at a time; measures are taken by this one"""
    engine: str = "pool"
    """who runs them: pool, on this machine, or ray, on a cluster"""
    json_output: Json = False
    """print JSON for a program to read"""

    def explain(self, overrides: list[str]) -> None:
        """Prints the settings of the evaluation, with the overrides."""
        from tickworld.cli.settings import table
        from tickworld.recipes.shelf import open_playable

        print(f"\nsettings of an evaluation of {self.path}, each changed by its name:\n")
        print_table(table(self._settings(open_playable(self.path).evaluation, overrides)))

    def run(self, overrides: list[str]) -> None:
        """Evaluates."""
        from tickworld.recipes.playable import judge
        from tickworld.recipes.shelf import open_playable
        from tickworld.workers import several

        playable = open_playable(self.path)
        if self.split:
            playable = replace(playable, game=restrict(playable.game, self.split, self.games))
        settings = self._settings(playable.evaluation, overrides)
        result = judge(playable, settings, Terminal(), several(self.workers, self.engine)).to_json()
        if self.json_output:
            print_json(result)
        else:
            _print_results(result)

    def _settings(self, usual: AnyConfig, overrides: list[str]) -> AnyConfig:
        """An evaluation's settings as the flags change them. Raises UserError."""
        flags = {name: getattr(self, name) for name in ("rollouts", "frames", "players", "seed", "measures")}
        asked = {name: value for name, value in flags.items() if value not in (None, ())}
        return configs.override(usual, configs.parse_overrides(overrides) | asked)


class Watch(Command):
    """Truth beside dream as a GIF."""

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("split.gif")
    """where to write it"""
    frames: int = Field(default=300, gt=0)
    """ticks to show"""
    rollouts: int = Field(default=4, gt=0, le=6)
    """games to show at once"""
    difference: bool = False
    """show the difference as a third panel"""
    seed: int = Field(default=0, ge=0)
    """which games"""
    fps: float = Field(default=20, ge=0.1, le=50)
    """ticks a second"""

    def run(self) -> None:
        """Writes it."""
        from tickworld.recipes.playable import judge
        from tickworld.recipes.results import SplitConfig, write_split_screen
        from tickworld.recipes.shelf import open_playable

        if self.out.suffix.lower() != ".gif":
            raise UserError(f"watch writes a GIF; got {self.out.name!r}; name it something.gif")
        playable = open_playable(self.path)
        asked = {"rollouts": self.rollouts, "frames": self.frames, "seed": self.seed, "measures": []}
        evaluation = judge(playable, configs.override(playable.evaluation, asked), Terminal())
        show = SplitConfig(rollouts=self.rollouts, ticks=self.frames, difference=self.difference, fps=self.fps)
        write_split_screen(self.out, evaluation, show)
        print(f"{self.out} shows {self.rollouts} games of {self.frames} ticks")


def _print_results(result: dict[str, Any]) -> None:
    """The headline and the floors as a table on stdout."""
    table = Table(title=f"{result['game']}: {result['rollouts']} rollouts of {result['frames']} ticks", box=None)
    for heading in ("", "pixel horizon", "object horizon", "survived", "MSE", "BCE"):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = {"dream": result, **result["floors"]}
    for name, row in rows.items():
        pixel, thing = row["pixel_horizon"], row["object_horizon"]
        table.add_row(
            name,
            f"{pixel['median']:g} (p10 {pixel['p10']:g})",
            f"{thing['median']:g} (p10 {thing['p10']:g})" if thing else "-",
            f"{pixel['survived']:.0%}",
            f"{row['mse']:.5f}",
            f"{row['bce']:.5f}",
        )
    print_table(table)
    speeds = ", ".join(f"{rate:,.0f} ({name})" for name, rate in result["ticks_per_second"].items())
    print(f"ticks per second: {speeds}")
    print_measured(result)
