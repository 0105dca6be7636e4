"""Which colours occur in a source, and the few that stand for them all: its palette, most frequent first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEW = 16
"""Colours that make a palette by themselves when no others occur: a game drawn in a few, recorded as it was."""
_KNOWN = 2**16
"""How many different colours are told apart; a film has more, and none of those that come late is frequent."""
NEAR = 16
"""Of 255: colours closer than this are taken for one that was blurred."""


class Colours:
    """Counts the colours of frames, one frame at a time. Colours are packed into one number each."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.packed = np.zeros(0, np.int64)
        self.counts = np.zeros(0, np.int64)
        self.others = 0
        """pixels of colours that were not told apart any more"""
        self._waiting: list[NDArray[np.int64]] = []
        self._pixels = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """One more frame [H, W, C]."""
        flat = pixels.reshape(-1, self.channels).astype(np.int64)
        self._waiting.append(flat @ (256 ** np.arange(self.channels - 1, -1, -1)))
        self._pixels += len(flat)
        if self._pixels > 2**18:  # sorting many frames at once costs less than each alone
            self._settle()

    def counted(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The colours [N, C], most frequent first, and how many pixels have each, [N]."""
        self._settle()
        order = np.argsort(-self.counts, kind="stable")
        packed = self.packed[order]
        parts = [(packed >> (8 * channel)) & 255 for channel in range(self.channels - 1, -1, -1)]
        return np.stack(parts, 1).astype(np.uint8), self.counts[order]

    def _settle(self) -> None:
        if not self._waiting:
            return
        new, counts = np.unique(np.concatenate(self._waiting), return_counts=True)
        self._waiting, self._pixels = [], 0
        packed, place = np.unique(np.concatenate([self.packed, new]), return_inverse=True)
        total = np.bincount(place, np.concatenate([self.counts, counts]), len(packed)).astype(np.int64)
        if len(packed) > _KNOWN:
            keep = np.sort(np.argsort(-total, kind="stable")[:_KNOWN])
            self.others += int(total.sum() - total[keep].sum())
            packed, total = packed[keep], total[keep]
        self.packed, self.counts = packed, total


def palette(colours: Colours, most: int | None) -> tuple[tuple[int, ...], ...]:
    """The palette of a source, most frequent colour first: all colours if they are at most ``most``, else as many as
    stand for the others best. None: all colours, or no palette if they are more than a few. 0: none."""
    found, counts = colours.counted()
    if most == 0 or (most is None and (len(found) > FEW or colours.others)):
        return ()
    if most is not None and len(found) > most:
        found = found[_representatives(found, counts, most)]
    return tuple(tuple(int(value) for value in colour) for colour in found)


def blurred(colours: Colours) -> tuple[int, float] | None:
    """How few colours might have been blurred into the many that occur, and the share of pixels that lie near one of
    them; None where no few colours explain most of them."""
    found, counts = colours.counted()
    total = counts.sum() + colours.others
    if len(found) <= FEW:
        return None
    for most in range(2, FEW + 1):
        few = found[_representatives(found, counts, most)]
        apart = np.abs(found[:, None].astype(np.int16) - few).max(-1).min(1)
        share = float(counts[apart < NEAR].sum() / total)
        if share > 0.95:
            return most, share
    return None


def _representatives(found: NDArray[np.uint8], counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Indices of ``most`` colours that stand for all, most frequent first: each next one is where the squared error of
    those before it is greatest; then each is the most frequent of the colours that lie nearest to it."""
    values = found.astype(np.int64)
    nearest, error = np.zeros(len(found), np.int64), np.full(len(found), np.iinfo(np.int64).max)
    for group in range(most):
        head = int(np.argmax(error * counts)) if group else 0
        apart = np.square(values - values[head]).sum(1)
        nearest[apart < error] = group
        error = np.minimum(error, apart)
    heads = [int(np.flatnonzero(nearest == group)[0]) for group in np.unique(nearest)]  # they are sorted by frequency
    return np.array(sorted(heads), np.int64)
