"""Plots: how long a dream stays right, how its error grows, how training went. As SVG for a page, or PNG for a file.

A plot is made in two steps: ``survival``, ``errors``, ``losses`` or one of ``inspection`` gives a Figure, ``svg`` or
``png`` draws it.
Matplotlib is loaded only then, and without pyplot, so nothing is kept between plots and no window system is touched.

SVG text stays text, every colour may be replaced by the page (``--chart-ink``, ``--chart-grid``, ``--chart-1`` ..), so
that a dark page has dark plots, and nothing in it is a style attribute: a page's security policy may forbid those.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickworld.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, MUTED = "#1d2430", "#d9dee7", "#5b6675"
COLOURS = ("#0b6fb8", "#c2500b", "#007a5e", "#a3417f", "#8a6d00", "#3f3f9e")
"""Lines in this order: told apart by colour-blind eyes, and dark enough on white (4.5:1) to be read as text."""
_DASHES = ("-", (0, (7, 1.2)), (0, (7, 1.2, 1.2, 1.2)), (0, (3, 1)), (0, (12, 1.2, 3, 1.2)))
"""Of another number than the colours, so that the two together come again only after thirty lines."""
_FLOOR_DASHES = ((0, (1, 1.6)), (0, (3.5, 2)), (0, (5, 1.5, 1, 1.5)))
POINTS = 300
"""A longer loss curve is drawn as this many means: more would only fatten the file."""


@dataclass(frozen=True, eq=False)
class Series:
    """One line: ``values`` [T] over ``at`` [T] (None: 0, 1, 2 ...). A ``floor`` is drawn muted, for comparison."""

    label: str
    values: ArrayLike
    floor: bool = False
    at: ArrayLike | None = None

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places and values (x, y) as float64 [T]. Raises UserError when they are not two lists of one length."""
        y = np.asarray(self.values, float)
        x = np.arange(len(y), dtype=float) if self.at is None and y.ndim == 1 else np.asarray(self.at, float)
        if y.ndim != 1 or x.shape != y.shape:
            raise UserError(
                f"the line {self.label!r} takes as many values as places; got shapes {list(y.shape)} and "
                f"{list(x.shape)}; give both as lists of one length"
            )
        return x, y


def survival(lines: Sequence[Series]) -> Figure:
    """Share of rollouts that are still right (values 0..1) against ticks; the half of them is marked.

    Give pixel and object horizon as lines and the floors with ``floor=True``. Raises UserError for values outside 0..1.
    """
    figure, (axes,) = new_figure(1, 1, 3.6)
    longest = max((series.points()[0].max(initial=1.0) for series in lines), default=1.0)
    axes.axhline(50, color=MUTED, linewidth=0.8, zorder=1)
    for series, style in _styled(lines):
        x, y = series.points()
        if (y < 0).any() or (y > 1).any():
            raise UserError(
                f"the line {series.label!r} takes shares of 0..1; got {np.nanmin(y):g}..{np.nanmax(y):g}; "
                "divide percentages by 100 and counts by their total"
            )
        axes.plot(x, y * 100, label=series.label, drawstyle="steps-post", clip_on=False, **style)
    axes.set(xlim=(0, longest), ylim=(0, 100), xlabel="ticks since the start", ylabel="rollouts still right (%)")
    axes.set_yticks([0, 25, 50, 75, 100])
    _legend(figure, axes)
    return figure


def errors(panels: Mapping[str, Sequence[Series]]) -> Figure:
    """Error over time, one small plot for each of ``panels`` (its key is the axis label, e.g. "MSE" or "PSNR (dB)").

    Lines of one label look the same in every plot. An infinite value (the PSNR of an exact frame) is drawn at the top
    edge. Raises UserError for lines of uneven length.
    """
    named = {(series.label, series.floor): series for lines in panels.values() for series in lines}
    style_of = {(series.label, series.floor): style for series, style in _styled(named.values())}
    rows = -(-len(panels) // 2)
    figure, grid = new_figure(max(rows, 1), min(len(panels), 2) or 1, 0.7 + 2.3 * max(rows, 1))
    for axes, (name, lines) in zip(grid, panels.items(), strict=False):
        top = _finite_top(lines)
        for series in lines:
            x, y = series.points()
            axes.plot(x, np.where(np.isposinf(y), top, y), label=series.label, **style_of[series.label, series.floor])
        axes.set(xlabel="ticks since the start", ylabel=name)
        axes.margins(x=0)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    _legend(figure, *grid[: len(panels)])
    return figure


def losses(lines: Sequence[Series]) -> Figure:
    """Training losses against iterations, on a logarithmic axis where all are positive.

    A long curve is drawn as means of equal stretches, with a band from the lowest to the highest value in each.
    """
    figure, (axes,) = new_figure(1, 1, 3.6)
    lowest = []
    for series, style in _styled(lines):
        x, low, mean, high = _binned(*series.points())
        if len(x) and (high > low).any():
            axes.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
        axes.plot(x, mean, label=series.label, marker="o" if len(x) == 1 else None, markersize=3, **style)
        lowest.append(np.nanmin(low) if np.isfinite(low).any() else np.inf)
    if 0 < min(lowest, default=0) < np.inf:
        axes.set_yscale("log")
        bottom, top = axes.get_ylim()
        narrow = top < 20 * bottom  # then powers of ten alone would leave the axis bare
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if narrow else "")
    places = np.concatenate([np.zeros(0), *(series.points()[0] for series in lines)])
    if len(places) and np.ptp(places):
        axes.set_xlim(places.min(), places.max())
    axes.set(xlabel="training iterations", ylabel="loss")
    _legend(figure, axes)
    return figure


def scatters(places: Mapping[str, Sequence[Any]], values: Sequence[float], label: str) -> Figure:
    """A value against each of several settings, one small plot for each of ``places`` (its key is the axis label)."""
    rows = -(-len(places) // 2)
    figure, grid = new_figure(max(rows, 1), min(len(places), 2) or 1, 0.7 + 2.3 * max(rows, 1))
    for axes, (name, at) in zip(grid, places.items(), strict=False):
        axes.plot(at, values, linestyle="none", marker="o", markersize=5, color=COLOURS[0], alpha=0.8)
        numbers = [each for each in at if isinstance(each, int | float)]
        if numbers and min(numbers) > 0 and max(numbers) > 30 * min(numbers):
            axes.set_xscale("log")
        axes.set(xlabel=name, ylabel=label)
    for axes in grid[len(places) :]:
        axes.set_axis_off()
    return figure


def svg(figure: Figure, title: str) -> str:
    """The figure as an ``<svg>`` element to put into a page; ``title`` is what a screen reader says."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "text.parse_math": False}):
        blank = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(file, format="svg", metadata=blank, transparent=True)
    return _for_page(file.getvalue(), title)


def png(figure: Figure, dpi: int = 150) -> bytes:
    """The figure as a PNG on white, ``dpi`` pixels an inch (a figure is 8 inches wide)."""
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"text.parse_math": False}):
        figure.savefig(file, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return file.getvalue()


def new_figure(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """An empty figure 8 inches wide and ``height`` high, with light axes, and the axes row by row."""
    import matplotlib
    from matplotlib.figure import Figure

    look: Any = {
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "text.parse_math": False,  # a label such as "$x" is a label, not a formula
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.formatter.useoffset": False,
    }
    with matplotlib.rc_context(look):
        figure = Figure(figsize=(8, height), layout="constrained")
        grid: Any = figure.subplots(rows, columns, squeeze=False)
    return figure, list(grid.flat)


def _styled(lines: Iterable[Series]) -> list[tuple[Series, dict[str, Any]]]:
    """Each line with how to draw it: lines differ in colour and in dashes, floors are thin and muted."""
    styled: list[tuple[Series, dict[str, Any]]] = []
    drawn = floors = 0
    for series in lines:
        if series.floor:
            style = {"color": MUTED, "linewidth": 1.5, "linestyle": _FLOOR_DASHES[floors % len(_FLOOR_DASHES)]}
            floors += 1
        else:
            colour, dashes = COLOURS[drawn % len(COLOURS)], _DASHES[drawn % len(_DASHES)]
            style = {"color": colour, "linewidth": 2.2, "linestyle": dashes, "zorder": 3}
            drawn += 1
        styled.append((series, style))
    return styled


def _legend(figure: Figure, *grid: Axes) -> None:
    """One legend above all plots, naming each line once."""
    named: dict[str, Any] = {}
    for axes in grid:
        for handle in axes.get_lines():
            label = str(handle.get_label())
            if not label.startswith("_child"):  # matplotlib's name for a line without one
                named.setdefault(label, handle)
    if named:
        columns = min(len(named), 4)
        legend = figure.legend(
            named.values(), named.keys(), loc="outside upper left", ncols=columns, frameon=False, handlelength=3
        )
        for text in legend.get_texts():
            text.set_color(INK)
            text.set_parse_math(False)


def _finite_top(lines: Sequence[Series]) -> float:
    """Where infinity is drawn: a tenth above the highest finite value."""
    values = np.concatenate([np.zeros(1), *(series.points()[1] for series in lines)])
    finite = values[np.isfinite(values)]
    return float(finite.max() + 0.1 * max(np.ptp(finite), 1.0))


def _binned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """x, lowest, mean and highest of at most POINTS stretches. A stretch without one finite value is NaN."""
    if not len(x):
        return x, y, y, y
    y = np.where(np.isfinite(y), y, np.nan)
    parts = np.array_split(np.arange(len(x)), min(len(x), POINTS))
    rows = [(x[part].mean(), *_range(y[part])) for part in parts]
    return tuple(np.array(rows).T)


def _range(values: NDArray[np.float64]) -> tuple[float, float, float]:
    known = values[~np.isnan(values)]
    return (known.min(), known.mean(), known.max()) if len(known) else (np.nan, np.nan, np.nan)


def _for_page(text: str, title: str) -> str:
    """Matplotlib's file made part of a page: small, without style attributes, in colours that the page may set."""
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r' style="([^"]*)"', lambda match: _attributes(match[1]), text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # nothing refers to these, and two plots on a page would share them
    text = text.replace("xlink:href", "href").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    for name, colour in {"ink": INK, "grid": GRID, "muted": MUTED, **dict(enumerate(COLOURS, 1))}.items():
        text = text.replace(f'="{colour}"', f'="var(--chart-{name}, {colour})"')
    # A tenth of a point is enough; what stands between tags is text and stays.
    text = re.sub(r"-?\d+\.\d{2,}(?=[^<>]*>)", lambda match: f"{float(match[0]):.1f}", text)
    text = re.sub(r"\s*\n\s*", " ", text).replace("> <", "><")
    said = re.sub(r'[&<>"]', lambda match: f"&#{ord(match[0])};", title)
    return text.replace("<svg", f'<svg role="img" aria-label="{said}"', 1)


def _attributes(style: str) -> str:
    """``fill: none; stroke: red`` as attributes of their own, with the reader's own font."""
    pairs = [part.partition(":")[::2] for part in style.split(";") if part.strip()]
    values = {name.strip(): value.strip() for name, value in pairs}
    if "font" in values:  # older matplotlib writes one shorthand, which is no attribute
        size = re.search(r"[\d.]+px", values.pop("font"))
        values |= {"font-size": size[0] if size else "10px", "font-family": ""}
    if "font-family" in values:
        values["font-family"] = "system-ui, sans-serif"
    return "".join(f' {name}="{value}"' for name, value in values.items())
