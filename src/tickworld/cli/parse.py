"""From words to a command with its settings: a command's config is its flags, and tyro reads them."""

from __future__ import annotations

import contextlib
from typing import Any

import tyro

from tickworld import __version__
from tickworld.errors import UserError, near_match

HELP = ("-h", "--help")
COMMANDS: dict[str, tuple[str, str]] = {
    "games": ("Games", "the games there are, with their params"),
    "recipes": ("Recipes", "the recipes there are"),
    "cartridges": ("Cartridges", "the trained worlds that ship with the package"),
    "record": ("Record", "frames, actions, rewards and true state of a game; goes on where it stopped"),
    "import": ("Import", "your own videos, images, arrays or Minari datasets, as a recording"),
    "train": ("Train", "record, train and evaluate one recipe; goes on where it stopped"),
    "evaluate": ("Evaluate", "for how many ticks a trained world is right"),
    "watch": ("Watch", "truth beside dream as a GIF"),
    "play": ("Play", "truth and dream in the browser, under the keys you press"),
    "inspect": ("Inspect", "what drives a trained world's frame, and what can be read off its state"),
    "identify": ("Identify", "which params a recording was played with, by gradient through a trained world"),
    "gradcheck": ("Gradcheck", "whether slopes through a trained world are right, by kind of event"),
    "doctor": ("Doctor", "what is wrong with a run or a recording, in plain words"),
    "rewards": ("Rewards", "rewards and ends of a trained world's game, so that agents can be trained in it"),
    "agent": ("Agent", "a player that learns in a dream, or in the true game; goes on where it stopped"),
    "join": ("Join", "runs that were trained apart, to decide together"),
    "blend": ("Blend", "the game between two games, made by an engine"),
    "atlas": ("Atlas", "the games of an engine as a map, and a page to play any place of it"),
    "bench": ("Bench", "worlds side by side in one table; goes on where it stopped"),
    "sweep": ("Sweep", "the settings that do best; any number of workers come and go"),
    "export": ("Export", "a trained world as one web page, or one tick of it as an ONNX file"),
    "pack": ("Pack", "a trained world as one small file to share"),
}
"""Command -> (class in ``commands`` that holds its flags and does the work, one line of help)."""


def run(words: list[str]) -> int:
    """Runs the command that ``words`` name; returns the exit code, which is 0 unless the command says otherwise. Raises
    UserError for one that does not exist."""
    if not words or words[0] in (*HELP, "help"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"tickworld {__version__}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        raise UserError(f"there is no command {name!r}; {near_match(name, COMMANDS)}; see tickworld --help")
    from tickworld.cli import commands

    command: Any = getattr(commands, COMMANDS[name][0])
    command.WORDS = words
    program = f"tickworld {name}"
    if not getattr(command, "OVERRIDES", False):
        parsed, unknown = tyro.cli(command, args=rest, prog=program, return_unknown_args=True)
        if unknown:
            raise UserError(f"{name} has no {unknown[0]!r}; {near_match(unknown[0], flags(command))}")
        return parsed.run() or 0
    asked = [word for word in rest if word not in HELP]
    helps = len(asked) < len(rest)
    if helps:
        with contextlib.suppress(SystemExit):  # it has printed the flags
            tyro.cli(command, args=["--help"], prog=program)
        if not asked:
            return 0
    parsed, overrides = tyro.cli(command, args=asked, prog=program, return_unknown_args=True)
    if helps:
        parsed.explain(overrides)
        return 0
    return parsed.run(overrides) or 0


def flags(command: Any) -> list[str]:
    """The flags of a command as they are typed; words without a flag are left out."""
    fields = command.model_fields.items()
    names = [name for name, field in fields if not any("Positional" in repr(mark) for mark in field.metadata)]
    return [f"--{name.removesuffix('_output').replace('_', '-')}" for name in names]


def overview() -> str:
    """The help of the whole program."""
    lines = [f"  {name:<10} {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            "tickworld: learn a game from its frames and key presses, and see for how long the learned one is right",
            "",
            "usage: tickworld COMMAND ...",
            "",
            *lines,
            "",
            "tickworld COMMAND --help shows a command's settings; tickworld train demo is a good start",
        ]
    )
