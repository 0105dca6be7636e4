"""Sentences about what is odd in a source: nothing that forbids to learn from it, but what its owner should know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tickworld.data.alignment import Alignment
from tickworld.data.importing import colours
from tickworld.data.importing.colours import Colours

_EVEN = 1.5
"""By what factor frames may differ in how long they stand."""


def keys(pressed: NDArray[np.uint8], names: Sequence[str], fit: Alignment) -> Iterator[str]:
    """About players whose actions ``pressed`` [T, P] tell nothing."""
    for column, player in enumerate(fit.players):
        values = np.unique(pressed[:, column])
        if len(values) == 1:
            yield f"{player} only ever presses {names[values[0]]}: what other actions do cannot be learned"
        elif not fit.effective[column] and fit.effective.any():
            yield f"what {player} presses has no effect that stands out; check its column"


def uneven(times: Sequence[tuple[str, NDArray[np.float64]]]) -> Iterator[str]:
    """About frames that stand for different times, by clip: to a world every tick is as long as any other."""
    for name, each in times:
        apart = np.diff(each)
        if len(apart) and np.isfinite(apart).all() and apart.max() > _EVEN * max(apart.min(), 1e-3):
            span, rate = f"{apart.min():.3f} to {apart.max():.3f} s", 1 / float(np.median(apart))
            yield f"frames of {name} stand for {span}; --fps {rate:.3g} makes all ticks alike"
            return


def left_out(early: int, episodes: int, source: str) -> Iterator[str]:
    """About frames before the first action, and episodes without a tick."""
    if early:
        yield f"{early} frame{'s' if early > 1 else ''} before the first action are left out"
    if episodes:
        yield f"{episodes} episodes of {source} have no tick and are left out"


def blurred(found: Colours, palette: Sequence[tuple[int, ...]], asked: int | None) -> Iterator[str]:
    """About many colours that may once have been few."""
    guess = None if palette or asked == 0 else colours.blurred(found)
    if guess:
        count, share = guess
        yield (
            f"{len(found.packed):,} colours occur, and {share:.1%} of the pixels lie near one of {count}: if the game "
            f"is drawn in these, --palette {count} undoes what the video blurred"
        )
