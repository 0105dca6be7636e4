"""The shelf of cartridges that ship with the package, and the one place that opens whatever holds a learned world."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tickworld import config as configs
from tickworld.errors import UserError, choose
from tickworld.recipes import cartridge
from tickworld.recipes.label import Calibration, Claim
from tickworld.recipes.pack import calibration, claim, origin
from tickworld.recipes.playable import Playable
from tickworld.recipes.run import open_run

SHELF = Path(__file__).parents[1] / "cartridges"
PREFIX = "cartridge:"
"""Before the name of a shipped cartridge, so that it is never taken for a path."""


def shipped() -> dict[str, Path]:
    """The cartridges that ship with the package, by name."""
    return {path.stem: path for path in sorted(SHELF.glob(f"*{cartridge.SUFFIX}"))}


def open_playable(place: str | Path) -> Playable:
    """The learned world in a run's folder, in a cartridge, or in the shipped one that ``cartridge:NAME`` names.

    Raises UserError, with near matches for an unknown name.
    """
    path = located(place)
    return open_run(path).playable() if path.is_dir() else cartridge.load(path)


class Known(NamedTuple):
    """What is known of a world, plain values for JSON: ``provenance`` has its ``origin``, where it comes from, and its
    ``claim``, for how long it was right, None for a run that was not evaluated; ``calibration`` is what its trust in
    its own frames is worth, None where that was not measured."""

    provenance: dict[str, Any]
    calibration: dict[str, Any] | None


def known(place: str | Path) -> Known:
    """What a run's folder or a cartridge's label says of its world. Raises UserError."""
    path = located(place)
    if path.is_dir():
        run, result = open_run(path), path / "evaluation.json"
        if not result.exists():
            return Known({"origin": origin(run), "claim": None}, None)
        told = configs.validate(Claim, claim(run, result), str(result)).model_dump(mode="json")
        levels = calibration(result)
        if levels is not None:
            levels = configs.validate(Calibration, levels, str(result)).model_dump(mode="json")
        return Known({"origin": origin(run), "claim": told}, levels)
    label = cartridge.read_label(path).model_dump(mode="json")
    return Known({name: label[name] for name in ("origin", "claim")}, label["calibration"])


def located(place: str | Path) -> Path:
    """A run's folder or a cartridge's file, from the words that name it. Raises UserError when there is none."""
    words, path = str(place), Path(place)
    if words.startswith(PREFIX):
        return choose(shipped(), words.removeprefix(PREFIX), "cartridge")
    if not path.exists():
        raise UserError(
            f"{place} does not exist; give the folder that `tickworld train` made, a {cartridge.SUFFIX} file, or "
            f"{PREFIX}NAME (see tickworld cartridges)"
        )
    return path
