"""A sampler for recordings that do not fit into memory, wherever they lie: a few parts are held at a time.

    parts      3 0 4 1 2 | 2 4 0 3 1 | ...      all parts in an endless order, drawn anew for each round
    held         [0 4 1]                        moves on by one part every ``turn`` iterations
    coming              2 2                     read in the background meanwhile

A batch is drawn uniformly from all windows of the parts that are held. Which these are follows from (seed, iteration),
so a training that resumes, and every process of several, draws the same; nothing is remembered.

With ``lanes`` every so manieth part is in one lane, and each lane gives its share of a batch as if there were no other.
A process reads only the lanes that its own windows come from: eight processes and eight lanes read each part once, and
a batch is the same for any number of processes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld import seeds
from tickworld.config import Config
from tickworld.data.batches import Batch, WindowShape, count_starts, cut, draw_starts
from tickworld.data.episode import Episodes
from tickworld.data.material import AHEAD, Material, Shelf, Source
from tickworld.data.seeking import Play
from tickworld.errors import UserError
from tickworld.states import join, take
from tickworld.training.sampling import ALL, Sampler, Score

MB = 2**20


class StreamedConfig(Config):
    """Windows of a few parts of the recording at a time: for one that does not fit into memory."""

    kind: Literal["streamed"] = "streamed"
    memory: float = Field(default=1024.0, gt=0)
    """MB of the recording that are held unpacked, at most; a process that reads some of the lanes holds their share"""
    turn: int = Field(default=20, gt=0)
    """iterations after which one of the parts makes room for another, the one that is held for the longest time"""
    lanes: int = Field(default=1, gt=0)
    """lanes that the recording is read in, each of a part of a batch; give as many as processes, or a multiple"""

    def build(
        self, episodes: Source, opening: int, seed: int, play: Play | None = None, iterations: int = 0
    ) -> Streamed:
        """The sampler over the recording ``episodes``. Raises UserError where too few parts fit into the memory."""
        if not isinstance(episodes, Material):
            raise UserError(
                "sampler streamed reads a recording part by part, and these episodes are in memory; use uniform"
            )
        if len(episodes.parts) < self.lanes:
            raise UserError(
                f"sampler streamed has {self.lanes} lanes, and {episodes.store.path} has only {len(episodes.parts)} "
                f"parts; give --training.sampler.lanes {len(episodes.parts)} or fewer"
            )
        return Streamed(self, episodes, opening, seed)


class Streamed(Sampler):
    """See the module docstring."""

    def __init__(self, config: StreamedConfig, material: Material, opening: int, seed: int) -> None:
        self.material = material
        parts, lanes = range(len(material.parts)), config.lanes
        self.lanes = [
            Lane(config, material, parts[lane::lanes], opening, seeds.derive(seed, "lane", lane) if lane else seed)
            for lane in range(lanes)
        ]

    def draw(self, iteration: int, windows: int, ticks: int, score: Score, mine: slice = ALL) -> Batch:
        """The windows ``mine`` of the batch of ``iteration``, which has ``windows`` windows of ``ticks`` ticks, of the
        parts that are held then; lanes that have none of them read nothing."""
        first, last, _ = mine.indices(windows)
        ends = [windows * lane // len(self.lanes) for lane in range(len(self.lanes) + 1)]
        found = []
        for lane, start, end in zip(self.lanes, ends, ends[1:], strict=False):
            here = slice(max(first, start) - start, min(last, end) - start)
            if here.start < here.stop:
                found.append(lane.draw(iteration, end - start, ticks, here))
        return join(found)

    def some(self) -> Episodes:
        """The first part."""
        return self.material.read(0)

    def told(self) -> str:
        """What was read and held."""
        shelves = [lane.shelf for lane in self.lanes]
        return (
            f"read {sum(shelf.count for shelf in shelves)} parts of {self.material.store.path}, which has "
            f"{len(self.material.parts)}; held {sum(shelf.most for shelf in shelves) / MB:.2f} MB at a time at most"
        )


class Lane:
    """Every so manieth part of a recording, a few of them held at a time."""

    def __init__(
        self, config: StreamedConfig, material: Material, parts: Sequence[int], opening: int, seed: int
    ) -> None:
        self.material, self.parts, self.opening, self.seed = material, parts, opening, seed
        self.turn = config.turn * config.lanes  # so that as much is read, however many lanes there are
        self.shelf = Shelf(material.read)
        count, size = len(parts), material.part_bytes
        fit = int(config.memory * MB / size / config.lanes)
        if fit < min(count, AHEAD + 1):
            needed = config.lanes * min(math.ceil(len(material.parts) / config.lanes), AHEAD + 1)
            raise UserError(
                f"sampler streamed may hold {config.memory:g} MB, and a part of {material.store.path} takes "
                f"{size / MB:.2f} MB; {needed} of them must fit: give "
                f"--training.sampler.memory {needed * size / MB + 0.01:.2f} or more"
            )
        self.held = count if fit >= count else fit - AHEAD

    def draw(self, iteration: int, windows: int, ticks: int, mine: slice) -> Batch:
        """The windows ``mine`` of its ``windows`` windows of ``ticks`` ticks."""
        parts = self._parts(iteration)
        shape = WindowShape(self.opening, ticks, windows)
        counts = count_starts(np.concatenate([part.lengths for part in parts]), self.material.ticks, shape)
        index, start = (each[mine] for each in draw_starts(counts, windows, self.seed, iteration))
        ends = np.cumsum([len(part) for part in parts])
        owner = np.searchsorted(ends, index, side="right")
        cuts, order = [], []
        for number, part in enumerate(parts):
            here = np.flatnonzero(owner == number)
            row = index[here] - (ends[number] - len(part))
            cuts.append(cut(part, shape._replace(batch=len(here)), row, start[here]))
            order.append(here)
        return take(join(cuts), np.argsort(np.concatenate(order), kind="stable"))

    def _parts(self, iteration: int) -> list[Episodes]:
        """The parts that are held at ``iteration``."""
        if self.held == len(self.parts):
            return self.shelf.take(self.parts, [])
        first = iteration // self.turn
        places = [self._at(place) for place in range(first, first + self.held + AHEAD)]
        return self.shelf.take(places[: self.held], places[self.held :])

    def _at(self, place: int) -> int:
        """Which part stands at ``place`` of the endless order."""
        count = len(self.parts)
        return self.parts[self._round(place // count)[place % count]]

    @functools.lru_cache(maxsize=4)  # noqa: B019  # a training has one sampler
    def _round(self, number: int) -> NDArray[np.int64]:
        """The order of the parts in one round."""
        return seeds.generator(self.seed, "parts", number).permutation(len(self.parts))
