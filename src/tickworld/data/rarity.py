"""How rarely the transitions of episodes show what they show: a count, with no network and no notion of any game.

A *sight* is what is to be seen around one pixel that changes: where it is, and the colours within ``RADIUS`` of it one
tick before, now and one tick after. No two games are alike, and yet they show the same sights over and over: in Pong a
hundred thousand or two, from flight, the commonest, to a ball that comes back from the wall onto the end of a paddle.
What a world gets wrong last is what it has hardly seen, and counting finds that over ten times quicker than asking the
world (hashed counts as a measure of novelty: Tang et al. 2017, 1611.04717).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RADIUS = (3, 2)
"""Pixels up and down, and left and right, that belong to a sight."""
BINS = 2**23
"""Sights are counted by hash; few share a bin."""

NEVER = np.iinfo(np.int64).max
"""Rarity of a transition in which nothing changes."""

_WEIGHTS = np.random.default_rng(0).integers(1, 2**63, (3, 2 * RADIUS[0] + 1, 2 * RADIUS[1] + 1), np.uint64)
_PLACE = np.uint64(0x9E3779B97F4A7C15)
_GROUP = 256
"""Episodes at a time: what they need stays in the processor's cache."""


def sights(frames: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All sights of episodes [E, T+1, H, W, C]: which transition each belongs to, an index into the flattened [E, T],
    and its hash below ``BINS``. The first tick of an episode has nothing before it and counts as standing still."""
    groups = [_sights(frames[first : first + _GROUP]) for first in range(0, len(frames), _GROUP)]
    ticks = frames.shape[1] - 1
    which = [index + number * _GROUP * ticks for number, (index, _) in enumerate(groups)]
    return np.concatenate(which), np.concatenate([hashed for _, hashed in groups])


def _sights(frames: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    up, left = RADIUS
    colour = _colours(frames)
    _, length, height, width = colour.shape
    wide = np.pad(colour, ((0, 0), (1, 0), (up, up), (left, left)))
    wide[:, 0] = wide[:, 1]
    moved = wide[:, 1:, up : up + height, left : left + width] != wide[:, :-1, up : up + height, left : left + width]
    episode, tick, row, column = np.nonzero(moved[:, :-1] | moved[:, 1:])
    corner = np.ravel_multi_index((episode, tick, row, column), wide.shape)
    hashed = (row * width + column).astype(np.uint64) * _PLACE
    for (when, down, along), weight in np.ndenumerate(_WEIGHTS):
        hashed += wide.take(corner + ((when * wide.shape[2] + down) * wide.shape[3] + along)) * weight
    hashed = (hashed ^ hashed >> np.uint64(29)) * _PLACE
    return episode * (length - 1) + tick, (hashed >> np.uint64(41)).astype(np.int64)


def rarity(frames: NDArray[np.uint8], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each transition of episodes [E, T+1, H, W, C], how often its rarest sight is among them and ``known`` [BINS]
    together, at least 1; ``NEVER`` where nothing changes. [E, T]"""
    which, hashed = sights(frames)
    count = known[hashed] + np.bincount(hashed, minlength=BINS)[hashed]
    rarest = np.full(frames.shape[0] * (frames.shape[1] - 1), NEVER)
    np.minimum.at(rarest, which, count)
    return rarest.reshape(frames.shape[0], -1)


def counted(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each sight is in episodes [E, T+1, H, W, C], by its hash: [BINS]."""
    return np.bincount(sights(frames)[1], minlength=BINS)


def _colours(frames: NDArray[np.uint8]) -> NDArray[np.unsignedinteger]:
    """One number a pixel, [E, T+1, H, W]: the same for the same colour."""
    if frames.shape[-1] == 1:
        return frames[..., 0]
    return (frames * np.array([1, 257, 65_537, 40_503][: frames.shape[-1]], np.uint32)).sum(-1, dtype=np.uint32)
