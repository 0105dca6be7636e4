"""The command that takes a world to where there is no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tickworld.cli.command import Command, RunFolder
from tickworld.cli.console import Terminal
from tickworld.data.manifest import is_there
from tickworld.errors import UserError
from tickworld.places import Url, place

if TYPE_CHECKING:  # loading torch takes seconds
    from tickworld.export.onnx import Exported
    from tickworld.export.page import Page


class Export(Command):
    """A trained world to play where there is no tickworld: one web page that works offline, or an ONNX file. Or a
    recording as a Minari dataset, or copied to object storage.

    A .html file is opened in any browser and played there; nothing else is needed, and it asks nobody for anything. A
    .onnx file is one tick for onnxruntime in any language: fields of the state and what is pressed in, those of the
    next state and its frame out; first states are in its metadata. Either is played beside torch before it is written.
    Needs pip install 'tickworld[export]'. A recording becomes a folder that Minari reads, frames kept exactly; needs
    pip install 'tickworld[import]'. With a URL (s3://BUCKET/NAME) it is copied there as it is, to be trained on by
    --data URL; a copy that was cut short goes on. Needs pip install 'tickworld[cloud]', and the usual variables of the
    storage, such as AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID.
    """

    path: RunFolder
    """folder of a run, a .cartridge file, cartridge:NAME (see `tickworld cartridges`), or folder of a recording"""
    out: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """a .html or .onnx file, by default world.onnx; of a recording a new folder or a URL, by default NAME.minari"""

    def run(self) -> None:
        """Writes it."""
        writers = {".html": _page, ".onnx": _onnx}
        url = place(self.out) if self.out else None
        if isinstance(url, Url):
            _copy(self.path, url)
            return
        if is_there(self.path):
            _minari(self.path, self.out or Path(f"{self.path.resolve().name}.minari"))
            return
        out = self.out or Path("world.onnx")
        if out.suffix.lower() not in writers:
            raise UserError(
                f"export writes a web page or an ONNX file; got {out.name!r}; name it something.html or something.onnx"
            )
        writers[out.suffix.lower()](self.path, out)


def _page(place: Path, out: Path) -> None:
    from tickworld.export.page import export_page
    from tickworld.recipes.shelf import known, open_playable

    world, told = open_playable(place).world, known(place)
    made = export_page(world, out, told.provenance, told.calibration, Terminal())
    print(f"{out} has {made.size / 1e6:.1f} MB: {world.spec.name}, to be opened in a browser; it needs no network")
    print(_played(made))


def _onnx(place: Path, out: Path) -> None:
    from tickworld.export.onnx import export
    from tickworld.recipes.shelf import open_playable

    world = open_playable(place).world
    made = export(world, out, Terminal())
    print(f"{out} has {out.stat().st_size / 1000:.0f} kB: one tick of {world.spec.name}")
    for title, ports in (("in", made.inputs), ("out", made.outputs)):
        print(f"{title:<4} " + ", ".join(f"{name} {shape}" for name, shape in ports.items()))
    print(_played(made))


def _minari(place: Path, out: Path) -> None:
    from tickworld.data import store
    from tickworld.data.exporting import export_minari

    there = store.open(place)
    count = export_minari(there, out, Terminal())
    print(f"{out} is a Minari dataset of {count} episodes; minari.MinariDataset('{out}/data') opens it")


def _copy(folder: Path, url: Url) -> None:
    from tickworld.data import store
    from tickworld.data.copying import copy

    there = store.open(folder)
    if isinstance(there.path, Url):
        raise UserError(f"{there.path} is not in a folder; only a recording in a folder is copied to a URL")
    count = copy(there, url, Terminal())
    print(
        f"{url} has {len(there.blocks_done())} of {there.blocks} blocks, {count} of them new; train on it: --data {url}"
    )


def _played(made: Exported | Page) -> str:
    return f"{made.starts} games of {made.ticks} ticks in onnxruntime and in torch: {made.difference:.1e} apart"
