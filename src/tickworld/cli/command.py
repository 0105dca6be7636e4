"""What every command is made of: its base, the words that several take, and printing results to stdout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import tyro
from pydantic import Field, ValidationError, model_validator
from rich.console import Console
from rich.table import Table

from tickworld import config as configs
from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.progress import Progress
from tickworld.simulator import Explained, Simulator

Json = Annotated[bool, tyro.conf.arg(name="json")]
WorkerCount = Annotated[int, Field(gt=0, le=1024)]
RunFolder = Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]


class Command(Config):
    """Base of the commands: a flag that is out of its range is a user's mistake, told in one sentence."""

    WORDS: ClassVar[list[str]] = []
    """all that was typed after ``tickworld``, for a command that starts others like itself"""

    @model_validator(mode="wrap")
    @classmethod
    def _told(cls, flags: Any, check: Callable[[Any], Self]) -> Self:
        try:
            return check(flags)
        except ValidationError as error:
            raise UserError(configs.explain(cls, error)) from error


def print_table(table: Table) -> None:
    """A table for a person."""
    Console(markup=False, highlight=False).print(table)


def print_json(value: Any) -> None:
    """A value for a program."""
    print(json.dumps(value, indent=2))


def tell_choices(simulator: Simulator, show: Progress) -> None:
    """What a game has chosen for itself and why, if it tells."""
    for line in simulator.choices if isinstance(simulator, Explained) else ():
        show.say(line)
