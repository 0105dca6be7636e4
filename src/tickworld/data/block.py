"""One block of a recording as a zarr group: how it is written, and read whole or a few episodes at a time.

Every chunk carries a checksum, so a truncated or flipped one is refused, never read as something else. Reading runs no
code of a stranger's: only plain numbers and the three codecs that we write with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BytesCodec, Crc32cCodec, ZstdCodec

from tickworld.data.episode import ARRAYS, Episodes, check_episodes, check_truth, expected_arrays
from tickworld.places import Url
from tickworld.simulator import Spec

_CHUNK_BYTES = 8 * 2**20  # uncompressed; chunks of 32 MiB take fresh memory each time and up to three times as long
_ZSTD_LEVEL = 3


def write(folder: Path, index: int, episodes: Episodes) -> None:
    """Writes block ``index`` into the new folder; that it is done is said last."""
    group = zarr.open_group(folder, mode="w-", zarr_format=3)
    for name in ARRAYS:
        _write_array(group, name, getattr(episodes, name))
    truth = group.create_group("truth")
    for name, values in episodes.truth.items():
        _write_array(truth, name, values)
    group.attrs.put({"done": True, "index": index, "truth": list(episodes.truth)})


class Block:
    """A block of ``count`` episodes of a game of ``spec``, opened to be read. ``place``: its folder or URL; ``ticks``:
    for how many ticks an episode has room, or at most, where the recording ``grows``."""

    def __init__(self, place: Path | Url, spec: Spec, count: int, ticks: int, grows: bool) -> None:
        self.spec, self.count = spec, count
        self.group = _opened(place)
        actions = self.group["actions"]
        if grows and isinstance(actions, zarr.Array) and actions.ndim > 1:
            ticks = min(actions.shape[1], ticks)
        self.ticks = ticks
        self._expected = expected_arrays(spec, count, ticks)
        self._checked: dict[str, zarr.Array] = {}

    @property
    def together(self) -> int:
        """How many episodes are unpacked together: fewer cost as much. Raises as ``read``."""
        return self._array("frames").chunks[0]

    def read(self, rows: slice = slice(None), truth: bool = True) -> Episodes:
        """The episodes ``rows`` of the block, with or without the true state. Raises any error for a damaged one."""
        arrays: dict[str, Any] = {name: np.asarray(self._array(name)[rows]) for name in self._expected}
        fields = {name: np.asarray(self._truth(name)[rows]) for name in (self._truth_names() if truth else ())}
        episodes = Episodes(**arrays, truth=fields)
        check_episodes(episodes, self.spec)
        return episodes

    def _array(self, name: str) -> zarr.Array:
        if name not in self._checked:
            array, (dtype, shape) = self.group[name], self._expected[name]
            if not isinstance(array, zarr.Array) or array.dtype != np.dtype(dtype) or array.shape != shape:
                raise ValueError(f"{name} must be {np.dtype(dtype)} of shape {list(shape)}, is {array}")
            self._checked[name] = _readable(array, name)
        return self._checked[name]

    def _truth(self, name: str) -> zarr.Array:
        key = f"truth/{name}"
        if key not in self._checked:
            array = self.group[key]
            if not isinstance(array, zarr.Array):
                raise ValueError(f"truth {name} is not an array")
            check_truth(array.dtype, array.shape, self.count, self.ticks, f"truth {name}")
            self._checked[key] = _readable(array, name)
        return self._checked[key]

    def _truth_names(self) -> list[str]:
        """The fields of the true state, which both the block's attributes and its folders must name."""
        names, truth = self.group.attrs["truth"], self.group["truth"]
        there = sorted(truth.array_keys()) if isinstance(truth, zarr.Group) else []
        if not isinstance(names, list) or sorted(map(str, names)) != there:
            raise ValueError(f"it should hold the truth {names}, and has {there}")
        return list(map(str, names))


def _opened(place: Path | Url) -> zarr.Group:
    store: Any = place
    if isinstance(place, Url):
        from zarr.storage import ObjectStore

        store = ObjectStore(place.storage, read_only=True)
    path = place.key if isinstance(place, Url) else None
    return zarr.open_group(store, path=path, mode="r", zarr_format=3, use_consolidated=False)


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


def _readable(array: zarr.Array, name: str) -> zarr.Array:
    """``array``, of which no chunk is missing. Raises ValueError."""
    codecs = (array.serializer, *array.filters, *array.compressors)
    strange = [codec for codec in codecs if not isinstance(codec, (BytesCodec, ZstdCodec, Crc32cCodec))]
    if strange:
        raise ValueError(f"{name} is packed with {type(strange[0]).__name__}, which recordings never are")
    lost = array.nchunks - array.nchunks_initialized
    if lost:
        raise ValueError(f"{lost} of {array.nchunks} chunks of {name} are missing")
    return array
