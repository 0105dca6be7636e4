"""One seed gives any number of independent, named streams of random numbers.

Nothing here has a hidden position: a number is a pure function of (seed, names and counters), so row i of a batch never
depends on its neighbours, a replay draws the same numbers, and iteration 70,000 can be drawn without those before it.
The mixing function is splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_FLOAT = 2.0**-53


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + _GOLDEN  # wraps around, as unsigned arrays do
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return x ^ (x >> np.uint64(31))


def _number(key: str | int) -> np.uint64:
    return np.uint64(zlib.crc32(key.encode()) if isinstance(key, str) else int(key) % 2**64)


def mix(seeds: NDArray[np.uint64] | int, *keys: str | int) -> NDArray[np.uint64]:
    """New seeds, one for each of ``seeds`` (uint64 [N], or one int), that depend on all of ``keys`` and their order."""
    whole = _number(seeds) if isinstance(seeds, int) else np.asarray(seeds, np.uint64)
    mixed = _mix(np.atleast_1d(whole))
    for key in keys:
        mixed = _mix(mixed ^ _mix(np.full(1, _number(key))))
    return mixed


def uniform(seeds: NDArray[np.uint64] | int, *keys: str | int) -> NDArray[np.float64]:
    """Numbers in [0, 1), float64 [N], one for each of ``seeds``."""
    return (mix(seeds, *keys) >> np.uint64(11)).astype(np.float64) * _FLOAT


def derive(seed: int, *keys: str | int) -> int:
    """One new seed below 2**63, for libraries that want an int."""
    return int(mix(seed, *keys)[0] >> np.uint64(1))


def rows(seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """The seeds of rows ``first .. first + count - 1`` of a stream: row i is the same however the rows are grouped."""
    return some_rows(seed, np.arange(first, first + count))


def some_rows(seed: int, numbers: NDArray[np.integer]) -> NDArray[np.uint64]:
    """The seeds of the rows ``numbers`` of that stream."""
    return mix(numbers.astype(np.uint64), "row", seed)


def generator(seed: int, *keys: str | int) -> np.random.Generator:
    """A numpy generator for bulk draws (shuffles, window choices)."""
    return np.random.default_rng(derive(seed, *keys))
