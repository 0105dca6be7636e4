"""The command that looks for the best settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import tyro
from pydantic import Field

from tickworld import config as configs
from tickworld import files
from tickworld.cli.command import Command, Json, print_json
from tickworld.cli.console import Terminal


class Sweep(Command):
    """Train one recipe many times, with settings that Optuna chooses, and write a table and a plot.

    Each trial is a run of its own in OUT/trials. Given again, in as many terminals or on as many machines as share the
    folder, workers join: trials that are done are kept, and one whose worker is gone goes on where it stopped. All
    other settings of the recipe are given as to `tickworld train`.
    """

    OVERRIDES: ClassVar[bool] = True

    recipe: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RECIPE")]
    """a recipe, see `tickworld recipes`, or a game, see `tickworld games`"""
    over: tuple[str, ...]
    """what is chosen: NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=A,B,C"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """folder of the sweep; by default runs/sweep-RECIPE"""
    goal: str = "loss"
    """what is to be best: loss, or a number of evaluation.json such as object_horizon.median"""
    trials: int = Field(default=20, gt=0)
    """runs"""
    sampling_seed: int = Field(default=0, ge=0, lt=2**63)
    """of what is tried"""
    json_output: Json = False
    """print JSON for a program to read"""

    def made(self, overrides: list[str]) -> Any:
        """What is looked for. Raises UserError."""
        from tickworld.recipes.sweep import SweepConfig

        asked = {
            "recipe": self.recipe,
            "over": self.over,
            "goal": self.goal,
            "trials": self.trials,
            "seed": self.sampling_seed,
            "changes": configs.parse_overrides(overrides),
        }
        return configs.validate(SweepConfig, asked, "sweep")

    def explain(self, overrides: list[str]) -> None:
        """Says where the recipe's settings are told."""
        self.made(overrides)
        print(f"\nsettings of the recipe: tickworld train {self.recipe} --help\n")

    def run(self, overrides: list[str]) -> None:
        """Works at the sweep and prints its trials, the best first."""
        from tickworld.recipes.sweep import run_sweep, table

        out = self.out or Path("runs") / f"sweep-{files.plain_name(self.recipe)}"
        rows = run_sweep(out, self.made(overrides), Terminal())
        if self.json_output:
            print_json(rows)
        else:
            print(table(rows, self.goal))
