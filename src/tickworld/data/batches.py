"""Random windows of episodes for training, each batch a pure function of (seed, iteration).

    opening frames     o0 .. oK-1        K = shape.opening frames that tell a world where it stands
    frames                   f0 .. fT    f0 is the last opening frame: the world stands at tick K-1 there

With K = 0 a world starts from params alone; its windows start where episodes do, at tick 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.data.episode import Episodes
from tickworld.errors import UserError


class WindowShape(NamedTuple):
    """What a batch of windows looks like."""

    opening: int  # K first frames to be shown, 0 or more
    ticks: int  # T ticks to be predicted, 1 or more
    batch: int  # B windows


class Batch(NamedTuple):
    """B windows of T ticks."""

    params: NDArray[np.float64]  # [B, S]
    opening_frames: NDArray[np.uint8]  # [B, K, H, W, C]
    opening_actions: NDArray[np.uint8]  # [B, max(K-1, 0), P] between the opening frames
    frames: NDArray[np.uint8]  # [B, T+1, H, W, C]
    actions: NDArray[np.uint8]  # [B, T, P]; actions[:, t] leads from frames[:, t] to frames[:, t+1]
    mask: NDArray[np.bool_]  # [B, T+1] true on frames of the episode, false on padding after its end


def windows(episodes: Episodes, shape: WindowShape, seed: int, iteration: int) -> Batch:
    """A batch drawn uniformly from all legal windows; the same for the same (episodes, shape, seed, iteration).

    A window is legal when all its opening frames and at least one tick after them lie within the episode. Raises
    UserError when the episodes are too short for the shape.
    """
    return cut(episodes, shape, *draw_windows(episodes, shape, seed, iteration))


def draw_windows(
    episodes: Episodes, shape: WindowShape, seed: int, iteration: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which windows ``windows`` takes: their episodes and the ticks they start at, [B] each."""
    return draw_starts(legal_starts(episodes, shape), shape.batch, seed, iteration)


def draw_starts(
    counts: NDArray[np.int64], batch: int, seed: int, iteration: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As ``draw_windows``, of episodes that have ``counts`` [E] windows each."""
    ends = np.cumsum(counts)
    pick = seeds.generator(seed, "windows", iteration).integers(0, ends[-1], batch)
    index = np.searchsorted(ends, pick, side="right")
    return index, pick - np.where(index > 0, ends[index - 1], 0)


def legal_starts(episodes: Episodes, shape: WindowShape) -> NDArray[np.int64]:
    """How many windows each episode has, int [E]: they start at its ticks 0, 1, ... Raises UserError if none has."""
    return count_starts(episodes.lengths, episodes.ticks, shape)


def count_starts(lengths: NDArray[np.integer], most: int, shape: WindowShape) -> NDArray[np.int64]:
    """As ``legal_starts``, of episodes of these ``lengths`` [E] with room for ``most`` ticks."""
    opening, ticks, batch = shape
    if opening < 0 or ticks < 1 or batch < 1:
        raise UserError(f"windows need opening >= 0, ticks >= 1 and batch >= 1; got {opening}, {ticks} and {batch}")
    before = max(opening - 1, 0)
    room = most - before - ticks + 1
    if room < 1:
        raise UserError(
            f"windows of {opening} opening frames and {ticks} ticks need episodes of at least {before + ticks} ticks; "
            f"got {most}; record longer ones or take shorter windows"
        )
    counts = np.clip(lengths.astype(np.int64) - before, 0, room if opening else 1)
    if not counts.any():
        raise UserError(
            f"no episode lasts for {opening} opening frames and one tick after them; the longest has "
            f"{lengths.max(initial=0)} ticks; record others or take a shorter opening"
        )
    return counts


def cut(episodes: Episodes, shape: WindowShape, index: NDArray[np.integer], start: NDArray[np.integer]) -> Batch:
    """The windows of episodes ``index`` [B] whose first opening frame is that of tick ``start`` [B]."""
    opening, ticks, _ = shape
    stand = start + max(opening - 1, 0)  # the tick at which the world stands at frames[0]
    assert (start >= 0).all() and (stand + ticks <= episodes.ticks).all(), "a window leaves its episode"
    return Batch(
        params=episodes.params[index],
        opening_frames=_take(episodes.frames, index, start, opening),
        opening_actions=_take(episodes.actions, index, start, max(opening - 1, 0)),
        frames=_take(episodes.frames, index, stand, ticks + 1),
        actions=_take(episodes.actions, index, stand, ticks),
        mask=stand[:, None] + np.arange(ticks + 1) <= episodes.lengths[index][:, None],
    )


def _take(values: NDArray, index: NDArray[np.integer], first: NDArray[np.integer], count: int) -> NDArray:
    """[B, count, ...]: ``count`` ticks of ``values`` [E, T, ...] from tick ``first`` of episode ``index`` on."""
    flat = values.reshape(-1, *values.shape[2:])  # a view; a gather over one axis is faster than one over two
    return flat.take((index * values.shape[1] + first)[:, None] + np.arange(count), axis=0)
