"""The command that takes a world to where there is no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from tickworld.cli.command import Command, RunFolder
from tickworld.cli.console import Terminal


class Export(Command):
    """One tick of a trained world as an ONNX file, for onnxruntime in any language; first states are in its metadata.

    It takes the fields of the state and what is pressed, and gives the next state's and the frame. Before it is written
    it is played beside torch. Needs pip install 'tickworld[export]'.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, or cartridge:NAME; see `tickworld cartridges`"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("world.onnx")
    """where to write it, a .onnx file"""

    def run(self) -> None:
        """Writes it."""
        from tickworld.export.onnx import export
        from tickworld.recipes.shelf import open_playable

        world = open_playable(self.path).world
        made = export(world, self.out, Terminal())
        print(f"{self.out} has {self.out.stat().st_size / 1000:.0f} kB: one tick of {world.spec.name}")
        for title, ports in (("in", made.inputs), ("out", made.outputs)):
            print(f"{title:<4} " + ", ".join(f"{name} {shape}" for name, shape in ports.items()))
        print(f"{made.starts} games of {made.ticks} ticks in onnxruntime and in torch: {made.difference:.1e} apart")
