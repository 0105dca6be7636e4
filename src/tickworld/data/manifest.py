"""What a recording says about itself: what was asked for, of which simulator, in which layout.

It is kept as the attributes of the recording's zarr group: JSON that is checked by its types, nothing in it is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from tickworld import config, files
from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.places import Url, place
from tickworld.simulator import Spec

FORMAT = 3
"""Version of the layout that ``data.store`` describes; a reader refuses newer ones. 2: recordings may grow. 3: they may
be imported."""
KIND: Literal["tickworld data"] = "tickworld data"
FILE = "zarr.json"

_BLOCK_BYTES = 160 * 2**20  # of raw frames: what recording holds in memory at a time
_BLOCK_EPISODES = 256  # more rows side by side make a tick little cheaper per row


class Plan(Config):
    """What to record. Episode r depends on the simulator, the player, ``seed`` and r alone."""

    players: str
    """name of who plays"""
    episodes: int = Field(default=512, ge=1)
    """how many episodes"""
    ticks: int = Field(default=512, ge=1)
    """ticks an episode, unless it is over sooner"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """changes every start and every key"""
    block: int = Field(default=0, ge=0)
    """episodes recorded side by side and written at once, without effect on what they hold; 0: as many as suit"""


class Imported(Config):
    """Where an imported recording comes from: no game of ours stands behind it."""

    kind: str
    """kind of the source"""
    source: str
    """its name"""
    print: str
    """what its files are known again by"""
    settings: dict[str, Any]
    """what was chosen, by name"""


class Manifest(Config):
    """What a recording says about itself."""

    kind: Literal["tickworld data"] = KIND
    """tells our folders from others"""
    format: int = FORMAT
    """version of the layout"""
    version: str
    """version of tickworld that began the recording"""
    spec: Spec
    """the simulator's, with the params as they were fixed or drawn"""
    plan: Plan
    """what was asked for"""
    grows: bool = False
    """whether episodes are appended one by one; then `plan` says how many there are, and `ticks` of the longest"""
    imported: Imported | None = None
    """where it comes from, if it was not recorded here"""

    @property
    def game_params(self) -> dict[str, float | tuple[float, float]]:
        """The params of the game that was recorded."""
        return game_params(self.spec)


def game_params(spec: Spec) -> dict[str, float | tuple[float, float]]:
    """What makes the same game again: ``game(spec.name, **game_params(spec))``."""
    return {param.name: (param.low, param.high) if param.drawn else param.default for param in spec.params}


def is_there(folder: str | Path | Url) -> bool:
    """Whether ``folder``, or what lies at that URL, has a file that could be a manifest."""
    return (place(folder) / FILE).is_file()


def write(folder: Path, manifest: Manifest) -> None:
    """Makes ``folder`` a zarr group that bears ``manifest``, or leaves it. Raises UserError if the disk refuses."""
    group = {"zarr_format": 3, "node_type": "group", "attributes": manifest.model_dump(mode="json")}
    files.write_json(folder / FILE, group)


def read(folder: Path | Url) -> Manifest:
    """The manifest of the recording in ``folder``, or at that URL.

    Raises UserError when there is no such folder, or it is foreign, broken or of a newer format.
    """
    path = folder / FILE
    if not folder.is_dir():
        raise UserError(f"there is no recording at {folder}; check the path, or record one")
    if not is_there(folder):
        raise UserError(f"{folder} is not a recording: it has no {FILE}; check the path, or record into a new folder")
    group = files.read_json(path, "manifest of a recording")
    content = group.get("attributes") if isinstance(group, dict) else None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise UserError(f"{path} is not the manifest of a recording made here; check the path")
    if isinstance(content.get("format"), int) and content["format"] > FORMAT:
        raise UserError(
            f"{folder} has format {content['format']}; this tickworld reads formats up to {FORMAT}; update tickworld"
        )
    manifest = config.validate(Manifest, content, str(path))
    if not manifest.plan.block:
        raise UserError(f"{path} must say how many episodes a block has; got 0; restore it or record anew")
    return manifest


def with_block(manifest: Manifest) -> Manifest:
    """``manifest`` with a block size chosen, when it leaves that open."""
    plan = manifest.plan
    episode_bytes = (plan.ticks + 1) * int(np.prod(manifest.spec.frame_shape))
    block = plan.block or min(max(_BLOCK_BYTES // episode_bytes, 1), _BLOCK_EPISODES)
    return manifest.model_copy(update={"plan": plan.model_copy(update={"block": block})})


def check_same(folder: Path | Url, old: Manifest, new: Manifest) -> None:
    """Raises UserError saying what differs, unless both make the same episodes. The block size makes no difference."""
    before, now = _settings(old), _settings(new)
    different = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if different:
        name = different[0]
        raise UserError(
            f"{folder} was recorded with {name} = {before.get(name)}; got {now.get(name)}; "
            "use the same settings to continue it, or choose another folder"
        )


def _settings(manifest: Manifest) -> dict[str, Any]:
    """Everything that makes two recordings differ, by name."""
    spec = manifest.spec
    shown = {"game": spec.name, "frame size": spec.frame_shape, "actions": spec.actions, "player names": spec.players}
    told = manifest.imported
    origin = {} if told is None else {"source": told.source, "sum of the source": told.print, **told.settings}
    return {**shown, **origin, **manifest.game_params, **manifest.plan.model_dump(exclude={"block"})}
