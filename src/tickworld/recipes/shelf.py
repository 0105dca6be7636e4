"""The shelf of cartridges that ship with the package, and the one place that opens whatever holds a learned world."""

from __future__ import annotations

from pathlib import Path

from tickworld.errors import UserError, choose
from tickworld.recipes import cartridge
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
    words, path = str(place), Path(place)
    if words.startswith(PREFIX):
        return cartridge.load(choose(shipped(), words.removeprefix(PREFIX), "cartridge"))
    if path.is_dir():
        return open_run(path).playable()
    if not path.exists():
        raise UserError(
            f"{place} does not exist; give the folder that `tickworld train` made, a {cartridge.SUFFIX} file, or "
            f"{PREFIX}NAME (see tickworld cartridges)"
        )
    return cartridge.load(path)
