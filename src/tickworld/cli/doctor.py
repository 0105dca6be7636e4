"""The command that says what is wrong."""

from __future__ import annotations

from typing import Annotated

import tyro

from tickworld.cli.command import Command, Json, print_json
from tickworld.cli.console import Terminal


class Doctor(Command):
    """Say in plain words what is wrong with a run, a cartridge or a recording, with evidence and what may help.

    Looks for a ball that vanishes, a dream that copies the last frame, keys and params without effect, actions that are
    off by some ticks, colours out of the palette, recordings of one action or one start, and losses that flatter. The
    exit code is 1 when something was found.
    """

    place: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN|DATA")]
    """folder of a run or of a recording, URL of a recording, a .cartridge file, or cartridge:NAME"""
    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> int:
        """Examines and tells."""
        from tickworld.recipes.doctor import diagnose

        diagnoses = diagnose(self.place, Terminal())
        if self.json_output:
            print_json([each._asdict() | {"found": [one._asdict() for one in each.found]} for each in diagnoses])
        for what, looked_for, found in () if self.json_output else diagnoses:
            print(f"{what}: {'nothing found' if not found else ''}".rstrip())
            for name, sentence, advice in found:
                print(f"  {name}: {sentence}\n    {advice}")
            if not found:
                print(f"  looked for: {', '.join(looked_for)}")
        return int(any(each.found for each in diagnoses))
