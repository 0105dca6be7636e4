"""One look through a whole source before anything is written: what fits what, which colours and actions occur, whether
actions and frames belong together. Frames are seen one at a time and not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.data import alignment as aligning
from tickworld.data.alignment import Alignment, Motion, align
from tickworld.data.importing import colours, notes, tables
from tickworld.data.importing.colours import Colours
from tickworld.data.importing.picture import Looks, chosen
from tickworld.data.importing.source import Clip, Shot, Source, Track
from tickworld.errors import UserError

AUTO: Literal["auto"] = "auto"
_BATCH = 64
"""Frames whose motion is measured together."""
_LATE = 1.0
"""Seconds by which a table may go on after its video ends: who records stops one after the other."""


class Choices(Looks):
    """All that can be chosen of an import, beside where its parts lie."""

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """what the game is called; by default as the source"""
    action_names: tuple[str, ...] = ()
    """names of the actions, in order, where the source has numbers or more are possible than occur"""
    palette: int | None = Field(default=None, ge=0, le=256)
    """most colours of a palette, to the nearest of which every pixel is set; 0: there is none; by default the colours
    that occur, if they are 16 at most"""
    shift: int | Literal["auto"] = 0
    """ticks by which actions are moved to later frames (below 0: to earlier ones); auto: as fits best"""
    ticks: int | None = Field(default=None, gt=0)
    """ticks of the longest episode, longer ones are cut where they share a frame; by default up to 512, and
    so that there are several"""


@dataclass(frozen=True)
class Take:
    """What is kept of one clip: T ticks from its ``skip``-th chosen frame on."""

    clip: Clip
    skip: int
    actions: NDArray[np.uint8]  # [T, P]
    rewards: NDArray[np.float32]  # [T, P]
    ended: bool

    @property
    def ticks(self) -> int:
        """T."""
        return len(self.actions)


@dataclass(frozen=True)
class Survey:
    """What was found."""

    takes: tuple[Take, ...]
    frame_shape: tuple[int, ...]  # (H, W, C)
    actions: tuple[str, ...]
    players: tuple[str, ...]
    palette: tuple[tuple[int, ...], ...]
    alignment: Alignment
    shift: int
    notes: tuple[str, ...]
    """sentences for the user about what is odd"""


@dataclass
class _Seen:
    """What one clip showed."""

    clip: Clip
    numbers: NDArray[np.int64]  # [n] of the frames that are kept
    times: NDArray[np.float64]  # [n]
    moves: NDArray[np.float32]  # [m, F] what moved between the first of them


@dataclass
class _Look:
    """What is carried from clip to clip."""

    colours: Colours | None = None
    shape: tuple[int, ...] = ()
    changed: bool = False
    measured: int = 0
    done: int = 0


def survey(source: Source, choices: Choices, progress: Callable[[int], None]) -> Survey:
    """Looks through ``source``; ``progress`` is told how many of its frames were seen.

    Raises UserError, naming file and row, for whatever does not fit.
    """
    if not source.clips:
        raise UserError(f"{source.name} holds no episodes; give another source")
    players = source.clips[0].track.players
    for clip in source.clips:
        if clip.track.players != players:
            raise UserError(
                f"{clip.track.where} has the players {', '.join(clip.track.players)}, and "
                f"{source.clips[0].track.where} has {', '.join(players)}; give every table the same columns"
            )
    known = choices.action_names or source.actions
    names = tables.vocabulary([clip.track for clip in source.clips], known)
    codes = [tables.coded(clip.track, names, bool(known)) for clip in source.clips]
    look = _Look()
    seen = [_look_through(clip, choices, look, progress) for clip in source.clips]
    if not look.changed:
        raise UserError(f"the frames of {source.name} never change: all are alike; check the source and the crop")
    assert look.colours is not None
    takes = [_take(each, code) for each, code in zip(seen, codes, strict=True)]
    fit, shift = _aligned(takes, seen, players, choices)
    kept = tuple(take for each in takes if (take := _shifted(each, shift)).ticks > 0)
    if not kept:
        raise UserError(f"no episode of {source.name} has two frames with an action between them; check the source")
    palette = _palette(look.colours, choices.palette, source.palette)
    told = [
        *notes.keys(np.concatenate([take.actions for take in kept]), names, fit),
        *notes.uneven([(each.clip.name, each.times) for each in seen]),
        *notes.left_out(sum(take.skip for take in takes), len(takes) - len(kept), source.name),
        *notes.blurred(look.colours, palette, choices.palette),
    ]
    return Survey(kept, look.shape, names, players, palette, fit, shift, tuple(told))


def _look_through(clip: Clip, choices: Choices, look: _Look, progress: Callable[[int], None]) -> _Seen:
    """One clip, frame by frame. Raises UserError where its table does not fit."""
    last: list[Shot] = []

    def counted() -> Iterator[Shot]:
        for shot in clip.shots():
            last[:] = [shot]
            look.done += 1
            progress(look.done)
            yield shot

    numbers, times, moves = [], [], []
    waiting: list[NDArray[np.uint8]] = []
    for number, time, pixels in chosen(counted(), choices, clip.name):
        if look.colours is None:
            look.shape, look.colours = pixels.shape, Colours(pixels.shape[-1])
        if pixels.shape != look.shape:
            raise UserError(
                f"frames of {clip.name} are {pixels.shape[1]} x {pixels.shape[0]} with {pixels.shape[2]} channels, and "
                f"those before {look.shape[1]} x {look.shape[0]} with {look.shape[2]}; bring all to one --size"
            )
        look.colours.add(pixels)
        look.changed |= bool(waiting) and not np.array_equal(waiting[-1], pixels)
        waiting.append(pixels)
        if len(waiting) > _BATCH:
            moves += _measured(waiting, look)
            del waiting[:-1]
        numbers.append(number)
        times.append(time)
    moves += _measured(waiting, look)
    if not last:
        raise UserError(f"{clip.name} has no frames; give a source that has some")
    _check_fit(clip, numbers, last[0])
    return _Seen(
        clip, np.array(numbers), np.array(times), np.concatenate(moves) if moves else np.zeros((0, 1), np.float32)
    )


def _measured(frames: list[NDArray[np.uint8]], look: _Look) -> list[NDArray[np.float32]]:
    """What moved between frames that follow each other, unless enough has been seen."""
    if len(frames) < 2 or look.measured >= aligning.ENOUGH:
        return []
    look.measured += len(frames) - 1
    return [aligning.moved(np.stack(frames))]


def _check_fit(clip: Clip, numbers: list[int], last: Shot) -> None:
    """Raises UserError where the table tells of other frames than there are."""
    track = clip.track
    if track.timed:
        if not np.isfinite(last.time):
            raise UserError(f"{clip.name} tells no times, and {track.where} has a column time; expected frame")
        if track.starts[-1] > last.time + _LATE:
            raise UserError(
                f"{track.place(-1)} is for {track.starts[-1]:g} s, and {clip.name} ends at {last.time:g} s; check that "
                "they belong together"
            )
        return
    if track.starts[-1] > last.number:
        raise UserError(
            f"{track.place(-1)} is for frame {track.starts[-1]}, and the last frame of {clip.name} is {last.number}; "
            "check that they belong together (a GIF keeps frames that are alike as one: count by time there)"
        )
    rows, frames = len(track.starts), last.number - int(track.starts[0]) + 1
    if rows < frames - 1 and _row_each(track):
        raise UserError(
            f"{track.where} has a row for each of {rows} frames, up to {track.unit} {track.lines[-1]}, and {clip.name} "
            f"has {frames}; expected {frames - 1} rows or one more; check that they belong together"
        )


def _row_each(track: Track) -> bool:
    """Whether a table has a row for each frame, not only for each change: then some row repeats the one before."""
    values = track.values
    return bool((np.diff(track.starts) == 1).all() and (values[1:] == values[:-1]).all(1).any())


def _take(seen: _Seen, codes: NDArray[np.uint8]) -> Take:
    """The ticks of a clip: from the first frame for which an action is told."""
    track = seen.clip.track
    rows = track.at(seen.numbers, seen.times)
    skip = int((rows < 0).sum())
    ticks = rows[skip:-1]
    rewards = np.zeros((len(ticks), codes.shape[1]), np.float32)
    if seen.clip.rewards is not None and len(ticks):  # all that came between two frames that are kept
        total = np.concatenate([np.zeros((1, codes.shape[1])), seen.clip.rewards.cumsum(0, np.float64)])
        until = total[np.minimum(seen.numbers[skip:], len(total) - 1)]
        rewards = np.diff(until, axis=0).astype(np.float32)
    return Take(seen.clip, skip, codes[ticks], rewards, seen.clip.ended)


def _shifted(take: Take, shift: int) -> Take:
    """The take whose actions are those of ``shift`` ticks before; ticks for which there are none are left out."""
    first, stop = max(shift, 0), take.ticks + min(shift, 0)
    here = np.arange(first, max(stop, first))
    actions, rewards = take.actions[here - shift], take.rewards[here]
    return Take(take.clip, take.skip + first, actions, rewards, take.ended and shift >= 0)


def _aligned(takes: list[Take], seen: list[_Seen], players: tuple[str, ...], choices: Choices) -> tuple[Alignment, int]:
    """How well actions and frames fit once they are shifted, and by how much they are."""

    def fit(shift: int) -> Alignment:
        motions = []
        for take, each in zip(takes, seen, strict=True):
            moved = _shifted(take, shift)
            moves = each.moves[moved.skip : moved.skip + moved.ticks]
            motions.append(Motion(moves, moved.actions[: len(moves)]))
        return align(motions, players)

    if choices.shift != AUTO:
        return fit(choices.shift), choices.shift
    first = fit(0)
    return (fit(first.shift), first.shift) if first.shift else (first, 0)


def _palette(found: Colours, most: int | None, told: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The palette that the source tells, if it fits and no other is asked for; else one that is found."""
    there = {tuple(int(value) for value in colour) for colour in found.counted()[0]}
    if most is None and told and there <= {*told}:
        return told
    return colours.palette(found, most)
