"""Truth and dream side by side, enlarged in crisp squares, with a mark from the first wrong frame on.

    +--------------------------------------+
    | title                      tick  63  |
    | truth            dream         wrong |     the dream's frame and the line below are green while it is right
    | [          ]     [                 ] |     and orange from its horizon on, whose number stands below the line;
    | ==================-----              |     the words say the same, so colour is never the only sign
    |                  57              120 |
    +--------------------------------------+

Grey frames are tinted; colour frames are shown as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import frames as pixels
from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.visual import colours
from tickworld.visual.lettering import LETTER, Ink, stamp, width

EDGE = 3
"""Thickness of a panel's frame, in screen pixels."""
GAP = 12
MARGIN = 16
LABEL = 30
"""Height of the strip of words above the panels."""
LINE = 5
"""Height of the time line below them."""
FOOT = 2 + LETTER[1]
"""Height of the strip of numbers below that."""


@dataclass(frozen=True)
class Layout:
    """How a split screen is laid out.

    ``factor``: screen pixels a frame pixel; None makes panels about 192 pixels high.
    ``columns``: rollouts side by side; None puts two beside each other, or one with the difference shown.
    ``title``: words at the top left.
    """

    factor: int | None = None
    columns: int | None = None
    title: str = ""


class _Place(NamedTuple):
    """Where one rollout lies on the screen: top left corner, the size of a panel, and its whole width, in pixels."""

    x: int
    y: int
    height: int
    width: int
    across: int


def split_screen(
    truth: Frames,
    dream: Frames,
    horizon: int | Sequence[int] | NDArray[np.integer] | None = None,
    difference: bool = False,
    layout: Layout | None = None,
) -> Frames:
    """Screens, uint8 RGB [T, H', W', 3]: truth left, dream right, and with ``difference`` a third panel.

    ``truth`` and ``dream`` are uint8 [T, H, W, 1 or 3], or [N, T, H, W, 1 or 3] for N rollouts tiled on one screen;
    frame t is labelled tick t. ``horizon`` (one number, or N) counts the ticks that were right: frames 1..horizon are,
    and the next one is the first wrong one. T - 1 or more: right to the end; None: not known, and nothing is marked.

    In the difference panel blue is missing from the dream, amber is in the dream only, grey is in both.
    Raises UserError for arrays of different or impossible shapes.
    """
    layout = layout or Layout()
    truth, dream = _rollouts(truth, dream)
    horizons = _horizons(horizon, len(truth))
    factor = layout.factor or max(1, round(192 / truth.shape[2]))
    size, places = _places(truth.shape, factor, layout.columns, 3 if difference else 2)
    screens = np.empty((truth.shape[1], *size, 3), np.uint8)
    screens[:] = colours.NIGHT
    _draw_header(screens, layout.title)
    for place, true, dreamt, right in zip(places, truth, dream, horizons, strict=True):
        shown = [_tint(true), _tint(dreamt)]
        if difference:
            shown.append(_difference(true, dreamt))
        _draw_panels(screens, place, [pixels.enlarge(panel, factor) for panel in shown])
        _draw_marks(screens, place, right)
    return screens


def _rollouts(truth: Frames, dream: Frames) -> tuple[Frames, Frames]:
    """Both as [N, T, H, W, C]."""
    fits = truth.ndim in (4, 5) and truth.shape[-1] in (1, 3) and truth.size > 0
    if not fits or truth.shape != dream.shape or truth.dtype != np.uint8 or dream.dtype != np.uint8:
        raise UserError(
            "a split screen takes truth and dream as uint8 of one shape [T, H, W, 1 or 3] or [N, T, H, W, 1 or 3]; "
            f"got {truth.dtype} {list(truth.shape)} and {dream.dtype} {list(dream.shape)}; cut them to the same ticks"
        )
    return (truth, dream) if truth.ndim == 5 else (truth[None], dream[None])


def _horizons(horizon: int | Sequence[int] | NDArray[np.integer] | None, count: int) -> list[int | None]:
    if horizon is None:
        return [None] * count
    values = [int(value) for value in np.atleast_1d(np.asarray(horizon))]
    if len(values) != count:
        raise UserError(
            f"a split screen of {count} rollouts needs {count} horizons; got {len(values)}; give one for each"
        )
    return [*values]


def _places(
    shape: tuple[int, ...], factor: int, columns: int | None, panels: int
) -> tuple[tuple[int, int], list[_Place]]:
    """The screen's height and width, and the place of each of N rollouts of ``shape`` [N, T, H, W, C], row by row."""
    count, _, height, width_ = shape[:4]
    columns = columns or min(count, 1 if panels == 3 else 2)
    tall, wide = height * factor + 2 * EDGE, width_ * factor + 2 * EDGE
    across = panels * wide + (panels - 1) * GAP
    step_x, step_y = across + 2 * MARGIN, LABEL + tall + GAP + LINE + FOOT + MARGIN
    top = MARGIN + 2 * LETTER[1]
    corners = [(MARGIN + index % columns * step_x, top + index // columns * step_y) for index in range(count)]
    size = (top + -(-count // columns) * step_y, columns * step_x)
    return size, [_Place(x, y, tall, wide, across) for x, y in corners]


_TINT = colours.ramp(colours.COURT, colours.CHALK)


def _tint(frames: Frames) -> Frames:
    return _TINT[frames[..., 0]] if frames.shape[-1] == 1 else frames


def _difference(truth: Frames, dream: Frames) -> Frames:
    """[T, H, W, 3]: what both show in grey, what only one shows in that one's colour."""
    away = pixels.difference(truth, dream).max(-1)
    darker = truth.sum(-1, dtype=np.int32) >= dream.sum(-1, dtype=np.int32)
    levels = 8  # few steps keep a GIF exact
    share = np.round(away / 255 * levels) / levels
    both = np.round(np.minimum(truth, dream).mean(-1) / 255 * levels) / levels
    both = np.minimum(both, 1 - share)
    parts = [both, np.where(darker, share, 0), np.where(darker, 0, share)]
    return colours.mixed(parts, [(100, 112, 134), colours.MISSING, colours.EXTRA], colours.COURT)


def _draw_header(screens: Frames, title: str) -> None:
    ticks, _, across = screens.shape[:3]
    digits, y = len(str(ticks - 1)), MARGIN // 2 + 2
    x = across - MARGIN - width(f"tick {'':{digits}}", 2)
    stamp(screens[:, :, : max(x - GAP, 0)], title, (MARGIN, y), Ink(colours.CHALK, 2))
    for tick in range(ticks):
        stamp(screens[tick], f"tick {tick:>{digits}}", (max(x, 0), y), Ink(colours.CHALK, 2))


def _draw_panels(screens: Frames, place: _Place, panels: list[Frames]) -> None:
    """Panels with their frames, and the words that stay the same on every tick."""
    for index, (panel, name) in enumerate(zip(panels, ("truth", "dream", "difference"), strict=False)):
        x, y = place.x + index * (place.width + GAP), place.y + LABEL
        screens[:, y : y + place.height, x : x + place.width] = colours.FAINT
        screens[:, y + EDGE : y + place.height - EDGE, x + EDGE : x + place.width - EDGE] = panel
        large = width(name, 2) <= place.width
        stamp(screens, name, (x, place.y + (4 if large else 13)), Ink(colours.MUTED, 2 if large else 1))
    if len(panels) == 3 and width("difference", 2) + width("missing ") <= place.width:
        end = place.x + 3 * place.width + 2 * GAP
        for down, (text, colour) in enumerate((("missing", colours.MISSING), ("extra", colours.EXTRA))):
            stamp(screens, text, (end - width(text), place.y + 2 + 12 * down), Ink(colour))


def _draw_marks(screens: Frames, place: _Place, horizon: int | None) -> None:
    """The dream's frame, the word beside its name and the time line, tick by tick."""
    ticks = len(screens)
    turn = ticks if horizon is None else min(max(horizon, 0) + 1, ticks)  # the first wrong frame
    good = colours.MUTED if horizon is None else colours.RIGHT
    top = place.y + LABEL + place.height + GAP
    screens[:, top : top + LINE, place.x : place.x + place.across] = colours.FAINT
    _draw_numbers(screens, place, turn)
    ends = [place.x + round(tick * place.across / ticks) for tick in range(ticks + 1)]
    for tick, end in enumerate(ends[1:]):
        line = screens[tick, top : top + LINE]
        line[:, place.x : min(end, ends[turn])] = good
        line[:, ends[turn] : max(end, ends[turn])] = colours.WRONG
        if horizon is not None:
            _draw_verdict(screens[tick], place, tick >= turn)


def _draw_numbers(screens: Frames, place: _Place, turn: int) -> None:
    """Below the time line: the last tick at its end, and the horizon at its place from the first wrong frame on."""
    ticks, y = len(screens), place.y + LABEL + place.height + GAP + LINE + 2
    last, number = str(ticks - 1), str(turn - 1)
    right = place.x + place.across
    x = place.x + round(turn * place.across / ticks) - width(number) // 2
    x = min(max(x, place.x), right - width(number))
    if turn >= ticks or x + width(number) + LETTER[0] <= right - width(last):
        stamp(screens, last, (right - width(last), y), Ink(colours.MUTED))
    stamp(screens[turn:], number, (x, y), Ink(colours.WRONG))


def _draw_verdict(screen: Frames, place: _Place, wrong: bool) -> None:
    """The colour of the dream's frame, and one word above it, as large as there is room for."""
    text, colour = ("wrong", colours.WRONG) if wrong else ("right", colours.RIGHT)
    x, y = place.x + place.width + GAP, place.y + LABEL
    outer = screen[y : y + place.height, x : x + place.width]
    outer[:EDGE], outer[-EDGE:], outer[:, :EDGE], outer[:, -EDGE:] = colour, colour, colour, colour
    for scale in (2, 1):
        if width("dream ", scale) + width(text, scale) <= place.width:
            corner = (x + place.width - width(text, scale), place.y + 4 + (2 - scale) * 9)
            stamp(screen, text, corner, Ink(colour, scale))
            return
