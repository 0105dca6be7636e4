"""Arrays in files, by name, of which a part can be read without the rest; no file can make anything run.

NPZ: the members of the archive are read as streams, from front to back. HDF5 and zarr: chunk by chunk.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError, check_installed

_AT_ONCE = 64
"""Items that are read together."""
_HARMLESS = {
    *("blosc", "bz2", "crc32", "delta", "gzip", "lz4", "lzma", "shuffle", "vlen-utf8", "zlib", "zstd"),
    *("BloscCodec", "BytesCodec", "Crc32cCodec", "GzipCodec", "ShardingCodec", "TransposeCodec", "VLenUTF8Codec"),
    "ZstdCodec",
}
"""Ways to pack arrays in zarr's second and third format that only unpack numbers and text."""


class Field(Protocol):
    """One array of a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """The type of its items."""
        ...

    def whole(self) -> NDArray[Any]:
        """All of it. Raises UserError when it is damaged."""
        ...

    def items(self, lead: int, first: int, stop: int) -> Iterator[NDArray[Any]]:
        """Items ``first`` .. ``stop`` - 1 of the array whose ``lead`` first axes are taken for one. Raises UserError
        when it is damaged."""
        ...


def open_fields(path: Path) -> Mapping[str, Field]:
    """The arrays of a file or zarr group by name. Raises UserError when it cannot be read, or Python would have to be
    run to read it."""
    if not path.exists():
        raise UserError(f"there is nothing at {path}; check the path")
    if path.is_dir():
        return _zarr_fields(path)
    return _npz_fields(path) if path.suffix.lower() == ".npz" else _hdf5_fields(path)


@contextmanager
def _damage(path: Path, name: str) -> Iterator[None]:
    """Turns whatever a broken file can cause into one sentence about it."""
    try:
        yield
    except (MemoryError, UserError):
        raise
    except Exception as error:  # a broken file makes a reader raise nearly anything
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise UserError(f"{path} cannot be read at {name!r} ({reason}); make it anew") from error


@dataclass(frozen=True)
class _Sliced:
    """An array that can be sliced where it lies."""

    path: Path
    name: str
    array: Any
    shape: tuple[int, ...]
    dtype: np.dtype

    def whole(self) -> NDArray[Any]:
        with _damage(self.path, self.name):
            values = np.asarray(self.array[...])
            return values.astype(str) if self.dtype.kind == "U" else values

    def items(self, lead: int, first: int, stop: int) -> Iterator[NDArray[Any]]:
        rows = self.shape[1] if lead == 2 else stop
        while first < stop:
            row, start = divmod(first, rows)
            end = min(start + _AT_ONCE, rows, start + stop - first)
            with _damage(self.path, self.name):
                part = np.asarray(self.array[row, start:end] if lead == 2 else self.array[start:end])
            yield from part
            first += end - start


class _Streamed:
    """A member of an NPZ archive, decompressed as it is read; who reads on does not begin again."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self.path, self.name, self.shape, self.dtype = path, name, shape, dtype
        self._file: Any = None
        self._next = 0

    def whole(self) -> NDArray[Any]:
        with _damage(self.path, self.name), np.load(self.path, allow_pickle=False) as archive:
            return archive[self.name]

    def items(self, lead: int, first: int, stop: int) -> Iterator[NDArray[Any]]:
        shape = self.shape[lead:]
        size = int(np.prod(shape)) * self.dtype.itemsize
        for number in range(first, stop):
            with _damage(self.path, self.name):
                if self._file is None or number < self._next:
                    self._file, self._next = zipfile.ZipFile(self.path).open(f"{self.name}.npy"), 0
                    _header(self._file)
                self._file.seek((number - self._next) * size, 1)
                item = np.frombuffer(self._file.read(size), self.dtype).reshape(shape)
                self._next = number + 1
            yield item


def _npz_fields(path: Path) -> Mapping[str, Field]:
    found: dict[str, Field] = {}
    with _damage(path, "its list of arrays"), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            name = member.removesuffix(".npy")
            with archive.open(member) as file:
                shape, by_columns, dtype = _header(file)
            if dtype.hasobject:
                continue  # reading Python objects would run code
            if by_columns and len(shape) > 2:
                raise UserError(f"{path} has {name} in Fortran's order; save np.ascontiguousarray of it")
            found[name] = _Streamed(path, name, shape, dtype)
    return found


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether it lies column by column, and type of a .npy file, which is left at its first number."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)


def _hdf5_fields(path: Path) -> Mapping[str, Field]:
    check_installed(["h5py"], "import")
    import h5py

    found: dict[str, Field] = {}
    with _damage(path, "its list of arrays"):
        file = h5py.File(path, "r")

        def add(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.shape is not None:
                text = h5py.check_string_dtype(item.dtype) is not None
                array, dtype = (item.asstr(), np.dtype("U")) if text else (item, item.dtype)
                found[name] = _Sliced(path, name, array, item.shape, dtype)

        file.visititems(add)
    return found


def _zarr_fields(path: Path) -> Mapping[str, Field]:
    import zarr

    found: dict[str, Field] = {}
    with _damage(path, "its list of arrays"):
        for name, each in zarr.open_group(path, mode="r").arrays():
            _check_codecs(path, name, each)
            dtype = np.dtype("U") if each.dtype.kind == "T" else np.dtype(each.dtype)
            if dtype.kind != "O":
                found[name] = _Sliced(path, name, each, each.shape, dtype)
    return found


def _check_codecs(path: Path, name: str, array: Any) -> None:
    """Raises UserError for an array that is packed in a way that is not known to be harmless: one way runs Python."""
    if array.metadata.zarr_format == 2:
        used = [each.codec_id for each in (*array.filters, *array.compressors)]
    else:
        codecs = list(array.metadata.codecs)
        for each in codecs:  # what shards are made of is appended, and looked at in turn
            codecs += [*getattr(each, "codecs", ()), *getattr(each, "index_codecs", ())]
        used = [type(each).__name__ for each in codecs]
    strange = [each for each in used if each not in _HARMLESS]
    if strange:
        raise UserError(f"{path} has {name} packed with {strange[0]}, which is not read here; write it anew with zstd")
