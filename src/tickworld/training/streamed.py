"""A sampler for recordings that do not fit into memory, wherever they lie: a few parts are held at a time.

    parts      3 0 4 1 2 | 2 4 0 3 1 | ...      all parts in an endless order, drawn anew for each round
    held         [0 4 1]                        moves on by one part every ``turn`` iterations
    coming              2 2                     read in the background meanwhile

A batch is drawn uniformly from all windows of the parts that are held. Which these are follows from (seed, iteration),
so a training that resumes, and every process of several, draws the same; nothing is remembered.
"""

from __future__ import annotations

import functools
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
from tickworld.training.sampling import Sampler, Score

MB = 2**20


class StreamedConfig(Config):
    """Windows of a few parts of the recording at a time: for one that does not fit into memory."""

    kind: Literal["streamed"] = "streamed"
    memory: float = Field(default=1024.0, gt=0)
    """MB of the recording that are held unpacked, at most"""
    turn: int = Field(default=20, gt=0)
    """iterations after which the part that is held for the longest time makes room for another"""

    def build(
        self, episodes: Source, opening: int, seed: int, play: Play | None = None, iterations: int = 0
    ) -> Streamed:
        """The sampler over the recording ``episodes``. Raises UserError where too few parts fit into the memory."""
        if not isinstance(episodes, Material):
            raise UserError(
                "sampler streamed reads a recording part by part, and these episodes are in memory; use uniform"
            )
        return Streamed(self, episodes, opening, seed)


class Streamed(Sampler):
    """See the module docstring."""

    def __init__(self, config: StreamedConfig, material: Material, opening: int, seed: int) -> None:
        self.material, self.opening, self.seed, self.turn = material, opening, seed, config.turn
        self.shelf = Shelf(material.read)
        count, size = len(material.parts), material.part_bytes
        fit = int(config.memory * MB / size)
        if fit < min(count, AHEAD + 1):
            raise UserError(
                f"sampler streamed may hold {config.memory:g} MB, and a part of {material.store.path} takes "
                f"{size / MB:.2f} MB; {min(count, AHEAD + 1)} of them must fit: give "
                f"--training.sampler.memory {min(count, AHEAD + 1) * size / MB + 0.01:.2f} or more"
            )
        self.held = count if fit >= count else fit - AHEAD

    def draw(self, iteration: int, windows: int, ticks: int, score: Score) -> Batch:
        """The batch of ``iteration``: ``windows`` windows of ``ticks`` ticks, of the parts that are held then."""
        parts = self._parts(iteration)
        shape = WindowShape(self.opening, ticks, windows)
        counts = count_starts(np.concatenate([part.lengths for part in parts]), self.material.ticks, shape)
        index, start = draw_starts(counts, windows, self.seed, iteration)
        ends = np.cumsum([len(part) for part in parts])
        owner = np.searchsorted(ends, index, side="right")
        cuts, order = [], []
        for number, part in enumerate(parts):
            mine = np.flatnonzero(owner == number)
            row = index[mine] - (ends[number] - len(part))
            cuts.append(cut(part, shape._replace(batch=len(mine)), row, start[mine]))
            order.append(mine)
        return take(join(cuts), np.argsort(np.concatenate(order), kind="stable"))

    def some(self) -> Episodes:
        """The first part."""
        return self.material.read(0)

    def told(self) -> str:
        """What was read and held."""
        return (
            f"read {self.shelf.count} parts of {self.material.store.path}, which has {len(self.material.parts)}; held "
            f"{self.shelf.most / MB:.2f} MB at a time at most"
        )

    def _parts(self, iteration: int) -> list[Episodes]:
        """The parts that are held at ``iteration``."""
        if self.held == len(self.material.parts):
            return self.shelf.take(range(self.held), [])
        first = iteration // self.turn
        places = [self._at(place) for place in range(first, first + self.held + AHEAD)]
        return self.shelf.take(places[: self.held], places[self.held :])

    def _at(self, place: int) -> int:
        """Which part stands at ``place`` of the endless order."""
        count = len(self.material.parts)
        return int(self._round(place // count)[place % count])

    @functools.lru_cache(maxsize=4)  # noqa: B019  # a training has one sampler
    def _round(self, number: int) -> NDArray[np.int64]:
        """The order of the parts in one round."""
        return seeds.generator(self.seed, "parts", number).permutation(len(self.material.parts))
