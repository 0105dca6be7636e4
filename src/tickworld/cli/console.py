"""The terminal: bars where there is one, plain lines where there is not. Everything goes to stderr; results go to
stdout."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from tickworld.progress import At

PLAIN_SECONDS = 10.0
"""Between two plain lines of one bar."""


class Terminal:
    """A ``tickworld.progress.Progress`` on stderr."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def bar(self, title: str, total: int, unit: str, first: int = 0) -> Iterator[At]:
        """A bar with rate, note and time left; without a terminal a line every ten seconds."""
        if not self.console.is_terminal:
            yield from self._lines(title, total, unit, first)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            _Rate(unit),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console) as shown:
            task = shown.add_task(title, total=total, completed=first, note="")
            yield lambda done, note: shown.update(task, completed=done, note=note)

    def _lines(self, title: str, total: int, unit: str, first: int) -> Iterator[At]:
        started = last = time.monotonic()
        self.say(f"{title} ...")

        def at(done: int, note: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last < PLAIN_SECONDS and done < total:
                return
            last = now
            rate = (done - first) / max(now - started, 1e-9)
            left = (total - done) / rate if rate else 0.0
            rest = f", {left:.0f} s left" if done < total else f" in {now - started:.0f} s"
            self.say(f"{title}: {done:,} of {total:,} {unit}, {rate:,.0f} {unit}/s{rest}  {note}".rstrip())

        yield at


class _Rate(ProgressColumn):
    """Units a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self.unit}/s" if speed else "")
