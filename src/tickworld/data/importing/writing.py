"""From a source to a recording on disk, block by block: what was written before an import was cut short is kept."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import __version__, files, seeds
from tickworld.data import store
from tickworld.data.episode import Episodes, expected_arrays
from tickworld.data.importing.picture import chosen
from tickworld.data.importing.source import Source
from tickworld.data.importing.survey import Choices, Survey, Take
from tickworld.data.manifest import Imported, Manifest, Plan
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.frames import snap
from tickworld.simulator import Spec

PLAYERS = "imported"
"""Who is said to have played."""
LONGEST = 512
"""Ticks of an episode, unless another number is asked for."""
FEW, CUT = 5, 10
"""Fewer episodes than this are cut into about so many, so that some can be kept to judge by."""
_SAMPLE = 2**20
"""Bytes at a file's begin and end that it is known again by."""


def write(source: Source, found: Survey, choices: Choices, path: Path, progress: Callable[[int], None]) -> Store:
    """Writes what ``found`` says of ``source`` to the recording at ``path``, or goes on with it; ``progress`` is told
    how many frames were read for it.

    Raises UserError when ``path`` holds anything else, or the disk refuses.
    """
    ticks = choices.ticks or usual_ticks([take.ticks for take in found.takes])
    pieces = list(_pieces(found.takes, ticks))
    height, width, channels = found.frame_shape
    spec = Spec(
        name=choices.name or files.plain_name(source.name),
        height=height,
        width=width,
        channels=channels,
        players=found.players,
        actions=found.actions,
        palette=found.palette,
    )
    plan = Plan(players=PLAYERS, episodes=len(pieces), ticks=max(stop - first for _, first, stop in pieces))
    told = Imported(
        kind=source.kind,
        source=source.name,
        print=fingerprint(source.files),
        settings=choices.model_dump(mode="json", exclude={"name"}) | {"shift": found.shift},
    )
    target = store.create(path, Manifest(version=__version__, spec=spec, plan=plan, imported=told))
    files.clear_partials(path)
    _fill(target, pieces, found, choices, progress)
    return target


def usual_ticks(lengths: list[int]) -> int:
    """Ticks of the longest episode when none are asked for: so many that nothing is cut, up to 512, and fewer where
    there would be only a few episodes."""
    ticks = min(LONGEST, max(lengths))
    if sum(-(-length // ticks) for length in lengths) < FEW:
        ticks = max(sum(lengths) // CUT, 1)
    return ticks


def fingerprint(paths: tuple[Path, ...]) -> str:
    """What tells these files and folders from others: names, sizes, and the beginning and end of each."""
    total = 0
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for each in inside:
            size = each.stat().st_size
            with each.open("rb") as file:
                head = file.read(_SAMPLE)
                file.seek(max(size - _SAMPLE, 0))
                tail = file.read(_SAMPLE)
            for part in (each.name.encode(), str(size).encode(), head, tail):
                total = zlib.crc32(part, total)
    return f"{total:08x}"


def _pieces(takes: tuple[Take, ...], ticks: int) -> Iterator[tuple[Take, int, int]]:
    """The episodes: of each take the ticks from one number to another, in parts of about one length."""
    for take in takes:
        count = -(-take.ticks // ticks)
        edges = [take.ticks * part // count for part in range(count + 1)]
        yield from ((take, first, stop) for first, stop in zip(edges, edges[1:], strict=False))


class _Block:
    """Episodes of one block while they are filled in."""

    def __init__(self, target: Store, index: int) -> None:
        self.index, self.rows = index, target.rows(index)
        shapes = expected_arrays(target.spec, len(self.rows), target.manifest.plan.ticks)
        self.arrays: dict[str, Any] = {name: np.zeros(shape, dtype) for name, (dtype, shape) in shapes.items()}
        self.arrays["seeds"] = seeds.rows(0, self.rows.start, len(self.rows))

    def fill(self, episode: int, take: Take, first: int, stop: int) -> NDArray[np.uint8]:
        """Writes all but the frames of an episode, and returns where these go."""
        row, length = episode - self.rows.start, stop - first
        self.arrays["actions"][row, :length] = take.actions[first:stop]
        self.arrays["rewards"][row, :length] = take.rewards[first:stop]
        self.arrays["over"][row, length:] = True
        self.arrays["over"][row, length - 1] = take.ended and stop == take.ticks
        self.arrays["lengths"][row] = length
        return self.arrays["frames"][row]


class _Reel:
    """The frames of a take in its colours, from the first on; only the last one is kept."""

    def __init__(self, take: Take, found: Survey, choices: Choices) -> None:
        self.take = take
        shots = chosen(take.clip.shots(), choices, take.clip.name)
        self.frames = (snap(each.pixels, found.palette) for each in itertools.islice(shots, take.skip, None))
        self.number, self.last = -1, None

    def at(self, number: int) -> NDArray[np.uint8]:
        """Frame ``number``, no earlier one than before. Raises UserError when the source has become shorter."""
        while self.number < number:
            self.last = next(self.frames, None)
            if self.last is None:
                raise UserError(
                    f"{self.take.clip.name} has fewer frames than a moment ago; leave it as it is while it is imported"
                )
            self.number += 1
        assert self.last is not None
        return self.last


def _fill(
    target: Store,
    pieces: list[tuple[Take, int, int]],
    found: Survey,
    choices: Choices,
    progress: Callable[[int], None],
) -> None:
    """Writes every block that is not done."""
    done = {row for index in target.blocks_done() for row in target.rows(index)}
    block: _Block | None = None
    reel: _Reel | None = None
    read = 0
    for episode, (take, first, stop) in enumerate(pieces):
        if episode in done:
            read += stop - first
            continue
        if reel is None or reel.take is not take:
            reel = _Reel(take, found, choices)
        index = episode // target.manifest.plan.block
        if block is None or block.index != index:
            block = _Block(target, index)
        place = block.fill(episode, take, first, stop)
        for tick in range(stop - first + 1):
            place[tick] = reel.at(first + tick)
            progress(read + tick)
        place[stop - first + 1 :] = place[stop - first]
        read += stop - first
        if episode == block.rows.stop - 1:
            target.write_block(block.index, Episodes(**block.arrays))
            block = None
