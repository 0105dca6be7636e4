"""How long work tells a person where it stands. Whoever works calls these; who shows them is somebody else's choice.

The command line shows bars (``tickworld.cli.console``); a library call shows nothing unless it is given a Progress.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

At = Callable[[int, str], None]
"""Is told how much is done, and a short note to show beside it."""


class Progress(Protocol):
    """Says things and shows bars."""

    def say(self, text: str) -> None:
        """One line."""
        ...

    def bar(self, title: str, total: int, unit: str, first: int = 0) -> AbstractContextManager[At]:
        """A bar from ``first`` to ``total``, with a rate in ``unit`` a second and the time that is left."""
        ...


class Silent:
    """Shows nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    @contextlib.contextmanager
    def bar(self, title: str, total: int, unit: str, first: int = 0) -> Iterator[At]:
        """Nothing."""
        yield lambda done, note: None
