"""Mistakes a user can make, told in one sentence: what was got, what was expected, what to do.

The command line turns a UserError into that sentence and exit code 2. Anything else that is raised is our own bug.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import TypeVar


class UserError(Exception):
    """A mistake by the user or in the user's data; its text is one complete sentence for a person."""


LISTED = 50
"""More names than so many are counted and not listed."""


def near_match(name: str, known: Iterable[str]) -> str:
    """A clause for an unknown name: "did you mean 'pong'? known: ..."."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listing = "known: " + ", ".join(names) if len(names) <= LISTED else f"{len(names):,} are known"
    return f"did you mean {close[0]!r}? {listing}" if close else listing


def check_installed(packages: Iterable[str], extra: str) -> None:
    """Raises UserError unless ``packages``, which the extra of the same name as the work brings, can be imported."""
    try:
        for name in packages:
            importlib.import_module(name)
    except ImportError as error:
        raise UserError(
            f"{extra} needs the package {error.name}, which is not installed; run pip install 'tickworld[{extra}]'"
        ) from error


T = TypeVar("T")


def choose(table: Mapping[str, T], name: str, what: str) -> T:
    """``table[name]``. Raises UserError naming ``what`` and the near matches."""
    if name not in table:
        raise UserError(f"there is no {what} {name!r}; {near_match(name, table)}")
    return table[name]
