"""A recording on disk: a zarr v3 group that any zarr reader opens, with a manifest that says what it holds.

    <path>/                   attributes: what was recorded and how (class Manifest), written first
    <path>/block-00000/       episodes recorded together: one group, one writer, whole or absent
        frames actions rewards over params seeds lengths        arrays as in ``Episodes``
        truth/<field>                                           the true state, where the simulator shows it
        attributes: done, index, truth                          written last

A block is written to a temporary name, marked done and renamed. Every chunk carries a checksum, so a truncated or
flipped one is refused, never read as something else. Reading runs no code of a stranger's: only plain numbers and the
three codecs that we write with.

A recording that grows (what people play) has blocks of one episode, each with room for its own ticks and no more; they
are given the same room when they are read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec

from tickworld import __version__, files
from tickworld.data import manifest as manifests
from tickworld.data.episode import ARRAYS, Episodes, check_episodes, check_truth, expected_arrays, gather, widened
from tickworld.data.manifest import Manifest, Plan
from tickworld.errors import UserError
from tickworld.simulator import Spec

_CHUNK_BYTES = 8 * 2**20  # uncompressed; chunks of 32 MiB take fresh memory each time and up to three times as long
_ZSTD_LEVEL = 3


@dataclass(frozen=True)
class Store:
    """A recording at ``path``; made by ``create`` or ``open``."""

    path: Path
    manifest: Manifest

    @property
    def spec(self) -> Spec:
        """The spec of the simulator that was recorded."""
        return self.manifest.spec

    @property
    def blocks(self) -> int:
        """How many blocks the whole recording has."""
        return -(-self.manifest.plan.episodes // self.manifest.plan.block)

    def rows(self, index: int) -> range:
        """The episodes of block ``index``, as numbers in the whole recording."""
        plan = self.manifest.plan
        return range(index * plan.block, min((index + 1) * plan.block, plan.episodes))

    def folder(self, index: int) -> Path:
        """Where block ``index`` lies."""
        return self.path / f"block-{index:05}"

    def blocks_done(self) -> list[int]:
        """The blocks that are whole, in order. Raises UserError for one whose description is damaged."""
        names = {each.name for each in self.path.glob("block-*")}
        there = sorted(int(name[6:]) for name in names if name[6:].isdecimal())
        mine = [index for index in there if index < self.blocks and self.folder(index).name in names]
        return [index for index in mine if self._is_done(index)]

    def write_block(self, index: int, episodes: Episodes) -> None:
        """Writes the episodes of block ``index``, all of them or none.

        Raises UserError when they do not fit the manifest or the disk refuses; the store is then as it was before.
        """
        count, ticks = len(self.rows(index)), self.manifest.plan.ticks
        fits = episodes.ticks == ticks or (self.manifest.grows and episodes.ticks < ticks)
        if len(episodes) != count or not fits:
            raise UserError(
                f"block {index} of {self.path} takes {count} episodes of {ticks} ticks; got {len(episodes)} of "
                f"{episodes.ticks}; record it with the manifest's settings"
            )
        check_episodes(episodes, self.spec, f"block {index}")
        files.write_whole(self.folder(index), lambda temporary: _write_group(temporary, index, episodes))

    def read_block(self, index: int) -> Episodes:
        """The episodes of block ``index``. Raises UserError when it is not there or damaged."""
        if not (self.folder(index).exists() and self._is_done(index)):
            raise UserError(
                f"block {index} of {self.path} is not there yet; continue the recording with the same settings"
            )
        with self._damage(index):
            group = zarr.open_group(self.folder(index), mode="r", zarr_format=3, use_consolidated=False)
            count, ticks = len(self.rows(index)), self._room(group)
            arrays = {
                name: _read_array(group, name, np.dtype(dtype), shape)
                for name, (dtype, shape) in expected_arrays(self.spec, count, ticks).items()
            }
            truth = {name: _read_truth(group, name, count, ticks) for name in _truth_names(group)}
            episodes = Episodes(**arrays, truth=truth)
            check_episodes(episodes, self.spec, f"block {index}")
            return widened(episodes, self.manifest.plan.ticks)

    def read(self, limit: int | None = None) -> Episodes:
        """The first ``limit`` episodes (all without it) of the blocks that are done, decoded into memory.

        A recording that was interrupted gives what it has. Raises UserError when that is nothing, or is damaged.
        """
        done = self.blocks_done()
        there = sum(len(self.rows(index)) for index in done)
        wanted = there if limit is None else min(limit, there)
        if wanted < 1:
            raise UserError(
                f"{self.path} holds no finished episodes yet; continue the recording with the same settings"
            )
        return gather((self.read_block(index) for index in done), wanted)

    def _room(self, group: zarr.Group) -> int:
        """For how many ticks a block has room."""
        most, actions = self.manifest.plan.ticks, group["actions"]
        if not self.manifest.grows or not isinstance(actions, zarr.Array) or actions.ndim < 2:
            return most
        return min(actions.shape[1], most)

    def _is_done(self, index: int) -> bool:
        with self._damage(index):
            attributes = json.loads((self.folder(index) / "zarr.json").read_bytes())["attributes"]
            if attributes["index"] != index:
                raise ValueError(f"it is block {attributes['index']}")
            return attributes["done"] is True

    @contextlib.contextmanager
    def _damage(self, index: int) -> Iterator[None]:
        """Turns whatever a broken block can cause into one sentence about it."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:  # a broken file makes a reader raise nearly anything
            reason = " ".join(str(error).split()).rstrip(".")
            raise UserError(
                f"block {index} of {self.path} is damaged ({reason}); delete {self.folder(index)} and record again "
                "with the same settings to make it anew"
            ) from error


def create(path: Path, manifest: Manifest) -> Store:
    """A store at ``path``: a new one, or the one that is there when it was made with the same settings.

    The size of the blocks is the folder's own, once it is there. Raises UserError when ``path`` holds anything else,
    and says what differs when it holds another recording.
    """
    if manifests.is_there(path):
        store = open(path)
        manifests.check_same(path, store.manifest, manifest)
        return store
    if _foreign(path):
        raise UserError(f"{path} is not empty and holds no recording; choose another folder")
    store = Store(path, manifests.with_block(manifest))
    manifests.write(path, store.manifest)
    return store


def append(path: Path, spec: Spec, players: str, episode: Episodes) -> int:
    """Adds one ``episode`` to the recording at ``path`` that grows, or begins one; returns its number.

    It is there whole or not at all. Only one at a time may append to a folder. Raises UserError when ``path`` holds
    anything else, when the episode does not fit ``spec``, and when the disk refuses.
    """
    if not takes(path, spec):
        raise UserError(f"{path} holds no recording of this {spec.name} that grows; choose another folder")
    number, ticks = 0, episode.ticks
    if manifests.is_there(path):
        plan = open(path).manifest.plan
        number, ticks = plan.episodes, max(ticks, plan.ticks)
    plan = Plan(players=players, episodes=number + 1, ticks=ticks, block=1)
    grown = Store(path, Manifest(version=__version__, spec=spec, plan=plan, grows=True))
    grown.write_block(number, episode)
    manifests.write(path, grown.manifest)  # last: until then it has one episode less
    return number


def takes(path: Path, spec: Spec) -> bool:
    """Whether episodes of a game with ``spec`` can be appended at ``path``: to what grows there already, or to nothing.

    Raises UserError for a recording that cannot be read.
    """
    if manifests.is_there(path):
        there = open(path).manifest
        return there.grows and there.spec == spec
    return not _foreign(path)


def _foreign(path: Path) -> bool:
    """Whether something lies at ``path`` that is not ours."""
    with files.disk_errors(path):
        return path.exists() and any(not each.name.startswith(files.PARTIAL) for each in path.iterdir())


def open(path: Path) -> Store:
    """The store at ``path``. Raises UserError when it is missing, foreign, broken or of a newer format."""
    return Store(path, manifests.read(path))


def _write_group(folder: Path, index: int, episodes: Episodes) -> None:
    group = zarr.open_group(folder, mode="w-", zarr_format=3)
    for name in ARRAYS:
        _write_array(group, name, getattr(episodes, name))
    truth = group.create_group("truth")
    for name, values in episodes.truth.items():
        _write_array(truth, name, values)
    group.attrs.put({"done": True, "index": index, "truth": list(episodes.truth)})


def _write_array(group: zarr.Group, name: str, values: NDArray) -> None:
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=_chunks(values.shape, values.itemsize),
        chunk_key_encoding={"name": "default", "separator": "."},  # a file a chunk, no folders around it
        compressors=(ZstdCodec(level=_ZSTD_LEVEL), Crc32cCodec()),
        config={"write_empty_chunks": True},  # so that a chunk that is missing is known to be lost
    )
    array[...] = values


def _chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Whole episodes, as many as fit in a chunk; of a longer episode, as many ticks as fit."""
    episodes, ticks = [*shape, 1][:2]
    tick_bytes = max(itemsize * int(np.prod(shape[2:])), 1)
    ticks = max(min(ticks, _CHUNK_BYTES // tick_bytes), 1)
    episodes = min(episodes, max(_CHUNK_BYTES // (ticks * tick_bytes), 1))
    return tuple(max(side, 1) for side in [episodes, ticks, *shape[2:]][: len(shape)])


def _read_array(group: zarr.Group, name: str, dtype: np.dtype, shape: tuple[int, ...]) -> NDArray[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array) or array.dtype != dtype or array.shape != shape:
        raise ValueError(f"{name} must be {dtype} of shape {list(shape)}, is {array}")
    return _decoded(array, name)


def _read_truth(group: zarr.Group, name: str, count: int, ticks: int) -> NDArray[Any]:
    array = group[f"truth/{name}"]
    if not isinstance(array, zarr.Array):
        raise ValueError(f"truth {name} is not an array")
    check_truth(array.dtype, array.shape, count, ticks, f"truth {name}")
    return _decoded(array, name)


def _decoded(array: zarr.Array, name: str) -> NDArray[Any]:
    codecs = (array.serializer, *array.filters, *array.compressors)
    strange = [codec for codec in codecs if not isinstance(codec, (BytesCodec, ZstdCodec, Crc32cCodec))]
    if strange:
        raise ValueError(f"{name} is packed with {type(strange[0]).__name__}, which recordings never are")
    lost = array.nchunks - array.nchunks_initialized
    if lost:
        raise ValueError(f"{lost} of {array.nchunks} chunks of {name} are missing")
    return np.asarray(array[...])


def _truth_names(group: zarr.Group) -> list[str]:
    """The fields of the true state, which both the block's attributes and its folders must name."""
    names, truth = group.attrs["truth"], group["truth"]
    there = sorted(truth.array_keys()) if isinstance(truth, zarr.Group) else []
    if not isinstance(names, list) or sorted(map(str, names)) != there:
        raise ValueError(f"it should hold the truth {names}, and has {there}")
    return list(map(str, names))
