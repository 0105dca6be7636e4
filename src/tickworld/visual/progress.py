"""The picture of how far training has come: truth above dream at a few ticks of one rollout.

Grey frames go through a blue-white-red map: sure black is blue, sure white is red, and whatever the network is unsure
of shows as a white rim or smear. Drawn with arrays only, in milliseconds, it can be drawn as often as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tickworld.errors import UserError
from tickworld.frames import Frames, enlarge
from tickworld.visual import colours
from tickworld.visual.lettering import LETTER, Ink, stamp, width

TICKS = (1, 5, 10, 20, 50, 100, 120)
"""The ticks on show, as in the seed's own picture."""
GAP = 6

_SURE = colours.ramp(colours.BLUE, colours.WHITE, colours.RED, steps=256)


def progress_picture(truth: Frames, dream: Frames, ticks: Sequence[int] = TICKS) -> Frames:
    """One RGB picture, uint8 [H', W', 3]: the true row over the dreamt row, labelled.

    ``truth`` and ``dream`` are uint8 [T, H, W, 1 or 3] of one rollout, frame t at tick t. Ticks beyond the rollout are
    left out. Raises UserError for arrays of different or impossible shapes, and when no tick is left.
    """
    _check(truth, dream)
    shown = [tick for tick in ticks if 0 <= tick < len(truth)]
    if not shown:
        raise UserError(
            f"a progress picture at ticks {tuple(ticks)} needs a longer rollout; got {len(truth) - 1} ticks"
        )
    height, across = truth.shape[1:3]
    factor = max(1, round(128 / height))
    left, top = width("truth ", 2) + GAP, 2 * LETTER[1] + GAP
    down, along = height * factor + GAP, across * factor + GAP
    picture = np.full((top + 2 * down, left + len(shown) * along, 3), 255, np.uint8)
    for row, (name, frames) in enumerate((("truth", truth), ("dream", dream))):
        y = top + row * down
        stamp(picture, name, (GAP, y + (height * factor) // 2 - LETTER[1]), Ink(colours.INK, 2))
        for column, tick in enumerate(shown):
            x = left + column * along
            picture[y : y + down - GAP, x : x + along - GAP] = enlarge(_coloured(frames[tick]), factor)
    for column, tick in enumerate(shown):
        text = f"tick {tick}" if along - GAP >= width(f"tick {tick}", 2) else str(tick)
        scale = 2 if width(text, 2) <= along - GAP else 1
        middle = left + column * along + (along - GAP - width(text, scale)) // 2
        stamp(picture, text, (middle, GAP // 2), Ink(colours.INK, scale))
    return picture


def _coloured(frame: Frames) -> Frames:
    return _SURE[frame[..., 0]] if frame.shape[-1] == 1 else frame


def _check(truth: Frames, dream: Frames) -> None:
    fits = truth.ndim == 4 and truth.shape[-1] in (1, 3) and truth.size > 0
    if not fits or truth.shape != dream.shape or truth.dtype != np.uint8 or dream.dtype != np.uint8:
        raise UserError(
            "a progress picture takes truth and dream as uint8 of one shape [T, H, W, 1 or 3]; "
            f"got {truth.dtype} {list(truth.shape)} and {dream.dtype} {list(dream.shape)}; cut them to the same ticks"
        )
