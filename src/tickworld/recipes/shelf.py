"""The shelf of cartridges that ship with the package, and the one place that opens whatever holds a learned world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickworld.errors import UserError, choose
from tickworld.recipes import cartridge
from tickworld.recipes.pack import claim, origin
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


def provenance(place: str | Path) -> dict[str, Any]:
    """Where the world at ``place`` comes from, ``origin``, and for how long it was right, ``claim``, or None for a run
    that was not evaluated. Plain values for JSON, as in a cartridge's label. Raises UserError."""
    path = located(place)
    if path.is_dir():
        run, result = open_run(path), path / "evaluation.json"
        return {"origin": origin(run), "claim": claim(run, result) if result.exists() else None}
    return cartridge.read_label(path).model_dump(mode="json", include={"origin", "claim"})


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
