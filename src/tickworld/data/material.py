"""What a run learns from: the first episodes of a recording, decoded all at once or part by part.

A part is what is unpacked together, some megabytes of frames, so reading one costs no more than it holds.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from tickworld import background
from tickworld.data.block import Block
from tickworld.data.episode import Episodes, expected_arrays, widened
from tickworld.data.store import Store
from tickworld.places import OutOfReach

AHEAD = 2
"""Parts that are read in the background at a time."""
_OPEN = 64
"""Blocks whose descriptions are kept at hand."""


class Part(NamedTuple):
    """Some episodes of a block, as numbers in it."""

    block: int
    rows: slice


@dataclass(frozen=True)
class Material:
    """The first ``count`` episodes of a recording whose blocks are all done, without params where it is ``bare``."""

    store: Store
    count: int
    bare: bool = False
    _blocks: OrderedDict[int, Block] = field(default_factory=OrderedDict)

    @functools.cached_property
    def episodes(self) -> Episodes:
        """All of them, with the true state. Raises UserError as the store does."""
        return self._shown(self.store.read(self.count))

    @property
    def ticks(self) -> int:
        """For how many ticks an episode has room."""
        return self.store.manifest.plan.ticks

    @functools.cached_property
    def parts(self) -> list[Part]:
        """All parts, in order. Raises UserError for a damaged block."""
        with self.store.damage(0):
            together = self._block(0).together
        found = []
        for index in range(self.store.blocks):
            rows = self.store.rows(index)
            stop = min(len(rows), self.count - rows.start)
            found += [Part(index, slice(first, min(first + together, stop))) for first in range(0, stop, together)]
        return found

    @property
    def part_bytes(self) -> int:
        """How much memory a part takes, at most."""
        most = max(part.rows.stop - part.rows.start for part in self.parts)
        arrays = expected_arrays(self.store.spec, most, self.ticks).values()
        return sum(int(np.prod(shape)) * np.dtype(kind).itemsize for kind, shape in arrays)

    def read(self, part: int) -> Episodes:
        """Part number ``part``, without the true state. Raises UserError for a damaged block."""
        index, rows = self.parts[part]
        with self.store.damage(index):
            return self._shown(widened(self._block(index).read(rows, truth=False), self.ticks))

    def _block(self, index: int) -> Block:
        """Block ``index``, opened; those that were not asked for lately are forgotten."""
        block = self._blocks.pop(index, None) or self.store.open_block(index)
        self._blocks[index] = block
        while len(self._blocks) > _OPEN:
            self._blocks.popitem(last=False)
        return block

    def _shown(self, episodes: Episodes) -> Episodes:
        return replace(episodes, params=episodes.params[:, :0]) if self.bare else episodes


Source = Material | Episodes
"""A recording that may be read part by part, or episodes in memory."""


def decoded(source: Source) -> Episodes:
    """All episodes, in memory."""
    return source.episodes if isinstance(source, Material) else source


class Shelf:
    """Parts at hand: those that are asked for, and the next ones, which are read meanwhile in the background."""

    def __init__(self, read: Callable[[int], Episodes]) -> None:
        self.read = read
        self.parts: dict[int, Episodes] = {}
        self.coming: dict[int, Future[Episodes]] = {}
        self.count = 0
        """parts that were read so far"""
        self.most = 0
        """bytes that were held at a time, at most; what is still being read counts as the largest part"""

    def take(self, now: Sequence[int], soon: Sequence[int]) -> list[Episodes]:
        """The parts ``now``; ``AHEAD`` of those that come ``soon`` are begun to be read, and all others are let go.
        Raises what ``read`` raises."""
        wanted = list(dict.fromkeys([*now, *soon]))
        for kept in (self.parts, self.coming):
            for part in set(kept) - set(wanted):
                del kept[part]
        for part in now:
            self._begin(wanted)
            if part not in self.parts:
                self.parts[part] = self._claim(part)
                self.count += 1
        self._begin(wanted)
        sizes = [each.nbytes for each in self.parts.values()]
        self.most = max(self.most, sum(sizes) + len(self.coming) * max(sizes))
        return [self.parts[part] for part in now]

    def _begin(self, wanted: Sequence[int]) -> None:
        for part in wanted:
            if len(self.coming) < AHEAD and part not in self.parts and part not in self.coming:
                self.coming[part] = background.begin(functools.partial(self.read, part))

    def _claim(self, part: int) -> Episodes:
        try:
            return self.coming.pop(part).result() if part in self.coming else self.read(part)
        except OutOfReach:  # what failed a while ago may go well now
            return self.read(part)
