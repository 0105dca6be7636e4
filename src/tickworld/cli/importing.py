"""The command that makes a recording of what you recorded elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from pydantic import Field

from tickworld.cli.command import Command, Json, print_json
from tickworld.cli.console import Terminal
from tickworld.errors import UserError

if TYPE_CHECKING:
    from tickworld.data.importing import Brought


class Import(Command):
    """Make a recording of your own frames and actions; `tickworld train RECIPE --data OUT` learns from it.

    A video (MP4, WebM, GIF) or a folder of numbered images needs a table of actions beside it, a.csv for a.mp4: CSV,
    Parquet or JSON lines with the columns frame (numbers from 0) or time (seconds), and action (action_left and
    action_right for two players); an action holds until the next row. A folder of such pairs gives an episode each.
    NPZ, HDF5 and zarr need the arrays frames and actions, and may have rewards, over, episode or lengths. Minari
    datasets are given by folder or as minari:ID. Whether actions and frames belong together is checked and told. Run
    again, it goes on where it stopped. Needs pip install 'tickworld[import]' for most sources.
    """

    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCE")]
    """a video, a file of arrays, a folder of videos or images, or a Minari dataset"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """folder of the recording"""
    kind: Literal["minari", "arrays", "video", "images"] | None = None
    """what the source is, if that cannot be seen"""
    actions: Path | None = None
    """the table of actions, if it does not lie beside the frames under their name"""
    action_names: tuple[str, ...] = ()
    """names of the actions, in order, where the source has numbers or more are possible than occur"""
    field: tuple[str, ...] = ()
    """what an array is called in the source: OURS=THEIRS, such as frames=obs"""
    name: str | None = None
    """what the game is called; by default as the source"""
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    """pixels cut off before all else: at the top, at the bottom, on the left, on the right"""
    size: tuple[int, int] | None = None
    """height and width of a frame in pixels; by default as it is shown"""
    resize: Literal["area", "nearest"] = "area"
    """how: the mean of the pixels that fall together, or the nearest one"""
    grey: bool = False
    """one channel of brightness in place of three of colour"""
    fps: float | None = Field(default=None, gt=0, le=1000)
    """ticks a second, for videos; by default every frame is a tick"""
    skip: int = Field(default=1, gt=0)
    """frames of the source in a tick: the first of them is shown, and its action counts"""
    palette: int | None = Field(default=None, ge=0, le=256)
    """most colours of a palette, which pixels are set to; 0: none; by default those that occur, if 16 at most"""
    shift: str = "0"
    """ticks by which actions are moved to later frames (below 0: to earlier ones); auto: as fits best"""
    ticks: int | None = Field(default=None, gt=0)
    """ticks of the longest episode, longer ones are cut; by default up to 512, and so that there are several"""
    json_output: Json = False
    """print JSON for a program to read"""

    def run(self) -> None:
        """Imports."""
        from tickworld import config as configs
        from tickworld.data.importing import Asked, Choices, bring_in, open_source

        asked = Asked(self.actions, tuple(_field(text) for text in self.field))
        chosen = {name: getattr(self, name) for name in Choices.model_fields} | {"shift": _shift(self.shift)}
        choices = configs.validate(Choices, chosen, "import")
        show = Terminal()
        brought = bring_in(open_source(Path(self.source), asked, self.kind), self.out, choices, show)
        if self.json_output:
            print_json(_told(brought))
            return
        for sentence in brought.sentences:
            print(sentence)
        plan, spec = brought.store.manifest.plan, brought.store.spec
        size = f"{spec.width} x {spec.height}, {len(spec.palette) or 'many'} colours"
        print(
            f"{plan.episodes} episodes of up to {plan.ticks} ticks of {spec.name} ({size}, actions "
            f"{', '.join(spec.actions)}) are in {self.out}"
        )


def _told(brought: Brought) -> dict[str, object]:
    """What was imported, plain values for JSON."""
    from tickworld import config as configs
    from tickworld.data.alignment import LAGS

    found, manifest = brought.found, brought.store.manifest
    fit = found.alignment
    return {
        "path": str(brought.store.path),
        "episodes": manifest.plan.episodes,
        "longest": manifest.plan.ticks,
        "ticks": sum(take.ticks for take in found.takes),
        "spec": configs.plain(manifest.spec),
        "shift": found.shift,
        "alignment": {
            "lag": fit.lag,
            "ticks": fit.ticks,
            "floor": dict(zip(fit.players, fit.floor.tolist(), strict=True)),
            "scores": {
                player: dict(zip(map(str, LAGS), fit.scores[:, column].tolist(), strict=True))
                for column, player in enumerate(fit.players)
            },
        },
        "notes": list(brought.sentences),
    }


def _field(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise UserError(f"--field takes OURS=THEIRS, such as frames=obs; got {text!r}")
    return ours, theirs


def _shift(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError:
        raise UserError(f"--shift takes a whole number of ticks, such as -2, or auto; got {text!r}") from None
