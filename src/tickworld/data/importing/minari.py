"""Minari datasets that lie on this machine, by folder or as ``minari:ID``: those that observe images and press keys.

Spaces are read from the dataset's own JSON. The environment that a dataset names is never made: that would import and
run whatever it says. HDF5 is read here, a part at a time; other formats by the minari package, an episode at a time.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import files
from tickworld.config import Config, validate
from tickworld.data.importing.source import Asked, Clip, Shot, Source, check_picture, dense
from tickworld.data.importing.tables import PLAYER
from tickworld.errors import UserError, check_installed, near_match

PREFIX = "minari:"
"""Before the id of a dataset, so that it is never taken for a path."""
OURS = "tickworld"
"""Key of the metadata under which ``data.exporting`` keeps the words that Minari has no place for."""
_MAIN = "main_data.hdf5"
_AT_ONCE = 64


class Words(Config):
    """What a recording of ours says of itself in a Minari dataset."""

    name: str
    """of the game"""
    actions: tuple[str, ...] = Field(min_length=1, max_length=256)
    """names of the actions"""
    players: tuple[str, ...] = Field(min_length=1)
    """names of the players"""
    palette: tuple[tuple[int, ...], ...] = ()
    """colours that occur"""


def is_minari(path: Path) -> bool:
    """Whether ``path`` names a Minari dataset."""
    return str(path).startswith(PREFIX) or (path / "data" / "metadata.json").is_file()


def open_source(path: Path, asked: Asked) -> Source:
    """The dataset at ``path``. Raises UserError when it is none, is damaged, or observes no images."""
    check_installed(["h5py"], "import")
    data = _located(path)
    told = files.read_json(data / "metadata.json", "description of a Minari dataset")
    if not isinstance(told, dict) or not isinstance(told.get("total_episodes"), int):
        raise UserError(f"{data / 'metadata.json'} does not describe a Minari dataset; get it anew")
    shape, key = _images(told, data, dict(asked.fields).get("frames"))
    count, start, players = _keys(told, data)
    words = validate(Words, told[OURS], str(data / "metadata.json")) if OURS in told else None
    names = tuple(str(number) for number in range(start, start + count))
    if words and (len(words.actions), len(words.players)) == (count, players):
        names, who, palette, name = words.actions, words.players, words.palette, words.name
    else:
        who = (PLAYER,) if players == 1 else tuple(f"player{number + 1}" for number in range(players))
        palette, name = (), str(told.get("dataset_id", path.name)).rsplit("/", 1)[-1]
    reader = _Hdf5(data, key) if told.get("data_format", "hdf5") == "hdf5" else _Other(data, key)
    clips = tuple(_clip(reader, number, shape, start, who) for number in range(told["total_episodes"]))
    return Source("minari", name, clips, (data,), names, palette)


def _located(path: Path) -> Path:
    """The folder with the dataset's data."""
    words = str(path)
    if words.startswith(PREFIX):
        root = os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets"
        path = Path(root) / words.removeprefix(PREFIX)
    for each in (path / "data", path):
        if (each / "metadata.json").is_file():
            return each
    raise UserError(
        f"there is no Minari dataset at {path}; check the id, or download it first: minari download ID, in a shell"
    )


def _space(told: dict[str, Any], name: str, data: Path) -> dict[str, Any]:
    try:
        space = json.loads(told[name])
        if isinstance(space, dict):
            return space
    except (KeyError, TypeError, ValueError):
        pass
    raise UserError(
        f"{data} does not say its {name.replace('_', ' ')}, and its environment is not made here, since that would run "
        "what it names; write the dataset anew with a current minari"
    )


def _images(told: dict[str, Any], data: Path, wanted: str | None) -> tuple[tuple[int, ...], str | None]:
    """The shape of the images, and their key where there are several observations."""
    space = _space(told, "observation_space", data)
    spaces = space.get("subspaces", {}) if space.get("type") == "Dict" else {None: space}
    if wanted is not None and wanted not in spaces:
        keys = [str(key) for key in spaces if key]
        raise UserError(f"{data} has no observation {wanted!r}; {near_match(wanted, keys)}")
    able = {
        key: tuple(each["shape"])
        for key, each in spaces.items()
        if wanted in (None, key) and each.get("dtype") == "uint8" and len(each.get("shape", ())) in (2, 3)
    }
    if len(able) != 1:
        got = "; ".join(f"{key or 'it'}: {_in_words(each)}" for key, each in spaces.items())
        what = "several images; choose one with --field frames=KEY" if able else "images: a Box of uint8 [H, W, C]"
        raise UserError(f"{data} observes {got}; expected {what}")
    ((key, shape),) = able.items()
    return shape, key


def _keys(told: dict[str, Any], data: Path) -> tuple[int, int, int]:
    """How many actions there are, the number of the first, and how many players press them."""
    space = _space(told, "action_space", data)
    try:
        if space["type"] == "Discrete":
            return int(space["n"]), int(space.get("start", 0)), 1
        counts = space["nvec"] if space["type"] == "MultiDiscrete" else []
        if counts and len({*counts}) == 1 and not any(space.get("start", [])):
            return int(counts[0]), 0, len(counts)
    except (KeyError, TypeError, ValueError):
        pass
    raise UserError(
        f"{data} has the action {_in_words(space)}; expected keys: Discrete, or MultiDiscrete with the same number of "
        "keys for each player"
    )


def _in_words(space: dict[str, Any]) -> str:
    size = space.get("shape", space.get("nvec", ""))
    return " ".join(str(each) for each in (space.get("type"), space.get("dtype", ""), size) if each != "")


class _Hdf5:
    """Episodes of the format that is usual."""

    def __init__(self, data: Path, key: str | None) -> None:
        import h5py

        self.path, self.key = data / _MAIN, key
        try:
            self.file: Any = h5py.File(self.path, "r")
        except OSError as error:
            raise UserError(f"{self.path} cannot be read ({' '.join(str(error).split())}); get it anew") from error

    def small(self, number: int, name: str) -> NDArray[Any]:
        """A small array of an episode; names with a slash lie in its folders."""
        return np.asarray(self.file[f"episode_{number}/{name}"][...])

    def has(self, number: int, name: str) -> bool:
        """Whether it is there."""
        return f"episode_{number}/{name}" in self.file

    def frames(self, number: int, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
        """Its images."""
        from PIL import Image

        images = self.file[f"episode_{number}/observations" + (f"/{self.key}" if self.key else "")]
        for first in range(0, len(images), _AT_ONCE):
            for each in images[first : first + _AT_ONCE]:
                packed = each.shape != shape  # as JPEG, which is lossy; whoever wrote it chose that
                yield np.asarray(Image.open(io.BytesIO(each.tobytes()))) if packed else each


class _Other:
    """Episodes of any other format of the minari package."""

    def __init__(self, data: Path, key: str | None) -> None:
        check_installed(["minari"], "import")
        from minari.dataset.minari_storage import MinariStorage

        self.path, self.key = data, key
        self.storage = MinariStorage.read(data)  # both spaces are known to be there, so it makes no environment
        self.kept: tuple[int, dict[str, Any]] = (-1, {})

    def _episode(self, number: int) -> dict[str, Any]:
        if self.kept[0] != number:
            self.kept = number, next(iter(self.storage.get_episodes([number])))
        return self.kept[1]

    def small(self, number: int, name: str) -> NDArray[Any]:
        """A small array of an episode."""
        return np.asarray(self._episode(number)[name])

    def has(self, number: int, name: str) -> bool:
        """Whether it is there."""
        return self._episode(number).get(name) is not None

    def frames(self, number: int, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
        """Its images."""
        images = self._episode(number)["observations"]
        yield from np.asarray(images[self.key] if self.key else images)


@dataclass(frozen=True)
class _Shots:
    """The images of one episode as shots."""

    reader: _Hdf5 | _Other
    number: int
    shape: tuple[int, ...]
    name: str

    def __call__(self) -> Iterator[Shot]:
        frames = self.reader.frames(self.number, self.shape)
        position = 0
        while True:
            try:
                pixels = next(frames, None)
            except Exception as error:  # a broken file makes a reader raise nearly anything
                raise UserError(f"{self.name} cannot be read at frame {position} ({error}); get it anew") from error
            if pixels is None:
                return
            yield Shot(position, np.nan, check_picture(pixels, f"{self.name} frame {position}"))
            position += 1


def _clip(reader: _Hdf5 | _Other, number: int, shape: tuple[int, ...], start: int, who: tuple[str, ...]) -> Clip:
    name = f"{reader.path} episode {number}"
    try:
        actions = reader.small(number, "actions")
        rewards = reader.small(number, "rewards").astype(np.float32)
        if reader.has(number, "infos/rewards"):
            rewards = reader.small(number, "infos/rewards").astype(np.float32)
        ended = bool(reader.small(number, "terminations")[-1:].any())
        values = actions.reshape(len(actions), len(who)).astype(np.int64) - start
        rewards = np.broadcast_to(rewards.reshape(len(actions), -1), values.shape)
    except Exception as error:
        raise UserError(f"{name} cannot be read ({' '.join(str(error).split())}); get it anew") from error
    shots = _Shots(reader, number, shape, name)
    return Clip(name, shots, len(values) + 1, dense(name, who, values), rewards, ended)
