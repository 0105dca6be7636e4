"""Plots of what an inspection found: maps of the frame side by side, bars of what can be read, a plane of states.

As in ``curves``, each function gives a Figure that ``curves.svg`` or ``curves.png`` draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickworld.errors import UserError
from tickworld.visual.curves import COLOURS, GRID, INK, MUTED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEAT = "inferno"
"""From nothing, dark, to much, bright: ordered in lightness, so colour-blind eyes and grey print see it too."""
DOTS = "viridis"
RING = "#35d3f0"


class Heat(NamedTuple):
    """How much of something is where, ``values`` [H, W] from 0 on, grey where NaN. Each map has a scale of its own: its
    brightest is its greatest, and half as bright is a quarter of it, so that the faint is seen. ``title`` stands above,
    ``note`` below; ``mark`` is a pixel (row, column) to be ringed."""

    values: NDArray[np.floating]
    title: str = ""
    note: str = ""
    mark: tuple[int, int] | None = None


class Shown(NamedTuple):
    """A frame, uint8 [H, W, 1 or 3]."""

    frame: NDArray[np.uint8]
    title: str = ""
    note: str = ""


class Bars(NamedTuple):
    """One thing that may be read, and how much of it, 0..1, by each source."""

    name: str
    scores: Sequence[float]


def tiles(rows: Sequence[tuple[str, Sequence[Heat | Shown | None]]], columns: int) -> Figure:
    """Maps and frames in a grid: each of ``rows`` has a name and up to ``columns`` of them, None for a gap.

    Raises UserError for a grid without rows or a row that is too long.
    """
    if not rows or any(len(row) > columns for _, row in rows):
        got = [len(row) for _, row in rows]
        raise UserError(f"a grid of maps takes one row or more of up to {columns} maps; got {got}; make it wider")
    side = 7.4 / columns
    tall = max(_tallness(each) for _, row in rows for each in row if each is not None)
    figure, grid = new_figure(len(rows), columns, len(rows) * (side * min(tall, 2) + 0.42) + 0.1)
    for number, (name, row) in enumerate(rows):
        line = grid[number * columns : (number + 1) * columns]
        for axes, each in zip(line, [*row, *[None] * (columns - len(row))], strict=True):
            _tile(axes, each)
        line[0].set_ylabel(name, fontsize=9, color=INK, labelpad=6)
    return figure


def readable(bars: Sequence[Bars], sources: Sequence[str]) -> Figure:
    """Horizontal bars: for each thing its score by each of ``sources``."""
    figure, (axes,) = new_figure(1, 1, 1.0 + 0.42 * len(bars))
    thick = 0.76 / max(len(sources), 1)
    places = np.arange(len(bars))[::-1]
    for number, source in enumerate(sources):
        scores = np.clip([each.scores[number] for each in bars], 0, 1)
        at = places + 0.38 - (number + 0.5) * thick
        axes.barh(at, scores, thick * 0.9, color=COLOURS[number], label=source)
    axes.set(xlim=(0, 1), ylim=(-0.6, len(bars) - 0.4), xlabel="how much of it is read (0: a blind guess, 1: all)")
    axes.set_yticks(places, [each.name for each in bars])
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    figure.legend(loc="outside upper left", ncols=len(sources), frameon=False)
    return figure


def plane(places: NDArray[np.floating], colours: Sequence[tuple[str, ArrayLike]], names: tuple[str, str]) -> Figure:
    """The same points [M, 2] once for each of ``colours``, a name and values [M] that colour them (NaN: faint); up to
    three side by side. ``names`` are those of the axes."""
    across = max(min(len(colours), 3), 1)
    rows = max(-(-len(colours) // across), 1)
    figure, grid = new_figure(rows, across, 0.2 + rows * (7.6 / across))
    for axes, (name, values) in zip(grid, colours, strict=False):
        known = np.asarray(values, float)
        there = ~np.isnan(known)
        axes.scatter(*places[~there].T, s=3, color=GRID, linewidths=0)
        drawn: Any = axes.scatter(*places[there].T, s=5, c=known[there], cmap=DOTS, linewidths=0, alpha=0.85)
        bar = figure.colorbar(drawn, ax=axes, orientation="horizontal", shrink=0.85, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, colors=MUTED)
        axes.set_title(name, fontsize=10, color=INK)
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in grid[len(colours) :]:
        axes.set_axis_off()
    figure.supxlabel(names[0], fontsize=9, color=MUTED)
    figure.supylabel(names[1], fontsize=9, color=MUTED)
    return figure


def _heat_colours() -> Any:
    import matplotlib

    return matplotlib.colormaps[HEAT].with_extremes(bad=GRID)


def _tallness(each: Heat | Shown) -> float:
    height, width = (each.values if isinstance(each, Heat) else each.frame).shape[:2]
    return height / width


def _tile(axes: Axes, each: Heat | Shown | None) -> None:
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if each is None:
        axes.set_facecolor("none")
        return
    if isinstance(each, Heat):
        top = float(np.nanmax(each.values, initial=0.0))
        axes.imshow(
            np.sqrt(each.values), cmap=_heat_colours(), vmin=0, vmax=np.sqrt(top) or 1.0, interpolation="nearest"
        )
        if each.mark:
            axes.plot(each.mark[1], each.mark[0], "o", markersize=7, markerfacecolor="none", color=RING)
    else:
        frame = each.frame[..., 0] if each.frame.shape[-1] == 1 else each.frame
        axes.imshow(frame, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(each.title, fontsize=8.5, color=INK, pad=3)
    axes.set_xlabel(each.note, fontsize=8, color=MUTED, labelpad=2)
