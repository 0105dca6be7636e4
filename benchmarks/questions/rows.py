"""What the questions have in common: rows that are kept, judging as training goes on, tables and plots.

OUT/<row>-<seed>.json       one run: its figures, and ``points``, what was judged meanwhile
OUT/<question>.md · .png    made of them
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tickworld import files
from tickworld.errors import UserError
from tickworld.visual import curves

Figures = dict[str, Any]
SEEDS = (0, 1)


@dataclass(frozen=True)
class Effort:
    """Processor time that a run may train, in minutes, and whether it only shows that everything works."""

    minutes: float
    smoke: bool

    @property
    def budget(self) -> float:
        """What a row says of it: minutes, 0 for one that only shows that it works."""
        return 0.0 if self.smoke else self.minutes

    def of(self, share: float) -> Effort:
        """For a run that is one of several in a row, or quicker than others."""
        return Effort(self.minutes * share, self.smoke)


class Row(NamedTuple):
    """One line of a table: ``label`` to the reader, ``name`` of its files, ``make`` from a seed."""

    label: str
    name: str
    make: Callable[[int, Effort], Figures]


Results = Mapping[str, list[Figures]]
"""By label, the figures of each seed that is there."""


class Question(NamedTuple):
    """``asked`` in words, its rows, and ``show``, which gives the table and draws the plots into a folder."""

    asked: str
    rows: tuple[Row, ...]
    show: Callable[[Results, Path], str]


def make(question: Question, out: Path, effort: Effort) -> None:
    """Makes the rows of ``question`` that are not there yet.

    Raises UserError when one that is there trained for another time: they would not be comparable.
    """
    for seed in SEEDS[:1] if effort.smoke else SEEDS:
        for row in question.rows:
            path = out / f"{row.name}-{seed}.json"
            if path.exists():
                budget = files.read_json(path, "a row")["budget"]
                if budget != effort.budget:
                    raise UserError(
                        f"{path} is of a run of {budget:g} minutes; got {effort.budget:g}; use the same --minutes "
                        "(0: --smoke) or another --out"
                    )
                continue
            files.write_json(path, {"budget": effort.budget, **row.make(seed, effort)})
            print(f"{path.name} is made", flush=True)


def kept(question: Question, out: Path) -> Results:
    """The rows that are there."""
    found = {row.label: [out / f"{row.name}-{seed}.json" for seed in SEEDS] for row in question.rows}
    there = {label: [path for path in paths if path.exists()] for label, paths in found.items()}
    return {label: [files.read_json(path, "a row") for path in paths] for label, paths in there.items() if paths}


def practised(
    steps: Iterator[Any], judge: Callable[[], Figures], effort: Effort, marks: int = 8, whole: bool = False
) -> Iterator[Figures]:
    """What ``judge`` says before the first of ``steps`` and then ``marks`` times, evenly in processor time, which
    judging does not count to. With ``whole`` all steps are taken, however long it takes; else those of the effort."""
    spent, taken, told, judged = 0.0, 0, 0, 0
    seconds, end = effort.minutes * 60, object()
    yield {"minutes": 0.0, "steps": 0, **judge()}
    while whole or (taken < 2 if effort.smoke else spent < seconds):
        started = time.process_time()
        if next(steps, end) is end:
            break
        spent, taken = spent + time.process_time() - started, taken + 1
        if spent >= seconds * (told + 1) / marks:
            told, judged = int(spent / seconds * marks), taken
            yield {"minutes": spent / 60, "steps": taken, **judge()}
    if judged < taken:
        yield {"minutes": spent / 60, "steps": taken, **judge()}


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Markdown; the first column to the left, the others to the right."""
    names = list(head)
    rule = ["---", *["---:"] * (len(names) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (names, rule, *lines))


def both(rows: list[Figures], of: Callable[[Figures], float | None], form: str = "{:.2f}") -> str:
    """A figure of each seed, side by side."""
    return " / ".join("-" if (value := of(figures)) is None else form.format(value) for figures in rows)


def over(results: Results, value: str, points: str = "points", across: str = "minutes") -> list[curves.Series]:
    """``value`` against ``across`` as thin lines, one a seed, those of a label alike."""
    lines = ((label, figures[points]) for label, rows in results.items() for figures in rows)
    return [
        curves.Series(label, [point[value] for point in told], at=[point[across] for point in told])
        for label, told in lines
    ]


def draw(path: Path, panels: Mapping[str, list[curves.Series]], across: str, *logarithmic: str) -> None:
    """Lines side by side, one plot for each of ``panels``, as ``path``; ``logarithmic``: "x", "y"."""
    figure = curves.errors(panels)
    for axes in figure.axes[: len(panels)]:
        axes.set(xlabel=across, **{f"{axis}scale": "log" for axis in logarithmic})
        for axis in logarithmic:
            side = getattr(axes, f"{axis}axis")
            low, high = sorted(side.get_view_interval())
            side.set_major_formatter(lambda value, _: f"{value:g}")
            side.set_minor_formatter(_few if high < 20 * low else "")
        for line in axes.get_lines():
            line.set_linewidth(1.4)
    files.write_bytes(path, curves.png(figure, dpi=100))


def _few(value: float, _: int) -> str:
    """Labels of the minor ticks of a short logarithmic axis: some of them."""
    return f"{value:g}" if f"{value:e}"[0] in "246" else ""
