"""A recording on disk: a zarr v3 group that any zarr reader opens, with a manifest that says what it holds.

    <path>/                   attributes: what was recorded and how (class Manifest), written first
    <path>/block-00000/       episodes recorded together: one group, one writer, whole or absent
        frames actions rewards over params seeds lengths        arrays as in ``Episodes``
        truth/<field>                                           the true state, where the simulator shows it
        attributes: done, index, truth                          written last

A block is written to a temporary name, marked done and renamed; what is in it: ``data.block``. A recording is read from
a folder or by URL, and copied to a URL when it is whole: there the same names are objects.

A recording that grows (what people play) has blocks of one episode, each with room for its own ticks and no more; they
are given the same room when they are read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tickworld import __version__, files
from tickworld.data import block as blocks
from tickworld.data import manifest as manifests
from tickworld.data.block import Block
from tickworld.data.episode import Episodes, check_episodes, gather, widened
from tickworld.data.manifest import Manifest, Plan
from tickworld.errors import UserError
from tickworld.places import OutOfReach, Url, place, reached
from tickworld.simulator import Spec

ASKED = 32
"""Blocks that a storage is asked about at a time."""


@dataclass(frozen=True)
class Store:
    """A recording at ``path``; made by ``create`` or ``open``."""

    path: Path | Url
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

    def folder(self, index: int) -> Path | Url:
        """Where block ``index`` lies."""
        return self.path / f"block-{index:05}"

    def blocks_done(self) -> list[int]:
        """The blocks that are whole, in order. Raises UserError for one whose description is damaged."""
        names = {each.name for each in self.path.iterdir() if each.name.startswith("block-")}
        there = sorted(int(name[6:]) for name in names if name[6:].isdecimal())
        mine = [index for index in there if index < self.blocks and self.folder(index).name in names]
        if not isinstance(self.path, Url):
            return [index for index in mine if self._is_done(index)]
        with ThreadPoolExecutor(ASKED) as threads:  # a storage takes its time for an answer, and answers many at once
            return [index for index, done in zip(mine, threads.map(self._is_done, mine), strict=True) if done]

    def write_block(self, index: int, episodes: Episodes) -> None:
        """Writes the episodes of block ``index``, all of them or none.

        Raises UserError when they do not fit the manifest or the disk refuses; the store is then as it was before.
        """
        assert isinstance(self.path, Path), "recordings are written to a folder, see create"
        count, ticks = len(self.rows(index)), self.manifest.plan.ticks
        fits = episodes.ticks == ticks or (self.manifest.grows and episodes.ticks < ticks)
        if len(episodes) != count or not fits:
            raise UserError(
                f"block {index} of {self.path} takes {count} episodes of {ticks} ticks; got {len(episodes)} of "
                f"{episodes.ticks}; record it with the manifest's settings"
            )
        check_episodes(episodes, self.spec, f"block {index}")
        folder = self.path / self.folder(index).name
        files.write_whole(folder, lambda temporary: blocks.write(temporary, index, episodes))

    def read_block(self, index: int) -> Episodes:
        """The episodes of block ``index``. Raises UserError when it is not there or damaged."""
        opened = self.open_block(index)
        with self.damage(index):
            return widened(opened.read(), self.manifest.plan.ticks)

    def open_block(self, index: int) -> Block:
        """Block ``index``, to be read; whoever reads it does so under ``damage``. Raises UserError when it is not there
        or damaged."""
        if not (self.folder(index).exists() and self._is_done(index)):
            raise UserError(
                f"block {index} of {self.path} is not there yet; continue the recording with the same settings"
            )
        with self.damage(index):
            count, ticks = len(self.rows(index)), self.manifest.plan.ticks
            return Block(self.folder(index), self.spec, count, ticks, self.manifest.grows)

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

    def _is_done(self, index: int) -> bool:
        with self.damage(index):
            try:
                told = (self.folder(index) / manifests.FILE).read_bytes()
            except FileNotFoundError:
                if isinstance(self.path, Url):  # it is being copied, and comes last
                    return False
                raise
            attributes = json.loads(told)["attributes"]
            if attributes["index"] != index:
                raise ValueError(f"it is block {attributes['index']}")
            return attributes["done"] is True

    @contextlib.contextmanager
    def damage(self, index: int) -> Iterator[None]:
        """Turns whatever a broken block can cause into one sentence about it."""
        try:
            with reached(self.folder(index)):
                yield
        except (MemoryError, OutOfReach):
            raise
        except Exception as error:  # a broken file makes a reader raise nearly anything
            reason = " ".join(str(error).split()).rstrip(".")
            advice = "record again with the same settings to make it anew"
            if isinstance(self.path, Url):
                advice = "copy the recording there again"
            raise UserError(
                f"block {index} of {self.path} is damaged ({reason}); delete {self.folder(index)} and {advice}"
            ) from error


def create(path: Path, manifest: Manifest) -> Store:
    """A store at ``path``: a new one, or the one that is there when it was made with the same settings.

    The size of the blocks is the folder's own, once it is there. Raises UserError when ``path`` holds anything else,
    and says what differs when it holds another recording.
    """
    if isinstance(place(path), Url):
        raise UserError(
            f"a recording is written to a folder and got {place(path)}; record it here, then copy it there: tickworld "
            "export FOLDER -o URL"
        )
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


def open(path: Path | Url) -> Store:
    """The store at ``path``. Raises UserError when it is missing, foreign, broken or of a newer format."""
    there = place(path)
    return Store(there, manifests.read(there))
