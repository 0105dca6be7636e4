"""A map of games: points coloured by a param, and arrows for where params lead.

As in ``curves``, a function gives a Figure that ``curves.png`` draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.visual.curves import INK, MUTED, new_figure
from tickworld.visual.inspection import DOTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONG = 0.8
"""How far the longest arrow reaches, as a share of the way to the farthest point."""
SHORT = 0.06
"""Arrows that are shorter than this share of the longest say nothing on this map and are left out."""
LINE = 0.05
"""Between two names that stand one above the other, as a share of the height of the map."""


class Arrow(NamedTuple):
    """Where a spread of the param ``name`` leads on the map."""

    name: str
    x: float
    y: float


class Colouring(NamedTuple):
    """The param that points are coloured by, its ``values`` [N], and whether these have no order."""

    name: str
    values: NDArray[np.float64]
    choice: bool


def chart(
    places: NDArray[np.float64],
    shares: tuple[float, float],
    colouring: Colouring,
    arrows: Sequence[Arrow],
    learned: int,
) -> Figure:
    """Points ``places`` [N, 2], of which the first so many were ``learned`` and are filled. ``shares`` are those of the
    variance that the two axes hold. Arrows keep their lengths to each other, and begin in the middle."""
    figure, (axes,) = new_figure(1, 1, 6.4)
    axes.grid(False)
    palette, low, high = _palette(colouring)
    told: Any = {"cmap": palette, "vmin": low, "vmax": high}
    drawn: Any = axes.scatter(
        *places[:learned].T, s=34, c=colouring.values[:learned], linewidths=0, label="learned", **told
    )
    if learned < len(places):
        seen: Any = axes.scatter(*places[learned:].T, s=34, c=colouring.values[learned:], label="never seen", **told)
        seen.set_edgecolor(seen.to_rgba(colouring.values[learned:]))
        seen.set_facecolor("none")
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.7, pad=0.02, aspect=30, label=colouring.name.replace("_", " "))
    if colouring.choice:
        bar.set_ticks(list(np.unique(colouring.values)))
    bar.outline.set_visible(False)
    _arrows(axes, arrows, np.abs(places).max(0))
    axes.margins(0.12)
    for name, axis, share in zip("xy", ("first", "second"), shares, strict=True):
        axes.set(**{f"{name}label": f"{axis} principal component, {share:.0%} of the variance", f"{name}ticks": []})
    return figure


def _palette(colouring: Colouring) -> tuple[Any, float, float]:
    """Colours, and the values at their ends. Those of a choice are as many as it has."""
    import matplotlib

    low, high = float(colouring.values.min()), float(colouring.values.max())
    if not colouring.choice:
        return matplotlib.colormaps[DOTS], low, high
    return matplotlib.colormaps["tab10"].resampled(int(high - low) + 1), low - 0.5, high + 0.5


def _arrows(axes: Axes, arrows: Sequence[Arrow], reach: NDArray[np.float64]) -> None:
    """Arrows with their names at the ends, which make way for each other upwards."""
    lengths = {each.name: float(np.hypot(each.x, each.y)) for each in arrows}
    longest = max(lengths.values(), default=0.0)
    if not longest or not reach.any():
        return
    scale = LONG * min(
        float(size) / abs(way) for each in arrows for size, way in zip(reach, each[1:], strict=True) if way
    )
    taken: list[tuple[float, float]] = []
    for each in sorted(arrows, key=lambda arrow: arrow.y):
        if lengths[each.name] < SHORT * longest:
            continue
        x, y = each.x * scale, each.y * scale
        style: Any = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x, y), (0, 0), arrowprops=style)
        while any(abs(y - other) < 2 * reach[1] * LINE and (x < 0) == (there < 0) for there, other in taken):
            y += reach[1] * LINE
        taken.append((x, y))
        side = "left" if x >= 0 else "right"
        words = each.name.replace("_", " ")
        text = axes.annotate(words, (x, y), (4 if x >= 0 else -4, 0), textcoords="offset points", ha=side, va="center")
        text.set(
            fontsize=9,
            color=INK,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
        )
    axes.plot(0, 0, "+", color=MUTED, markersize=9)
