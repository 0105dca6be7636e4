"""tickworld learns an interactive simulation from what it shows and what was pressed. See ``tickworld.api`` for the
verbs."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_VERBS = ("evaluate", "fit", "game", "import_data", "load", "record", "train")


def __getattr__(name: str) -> Any:
    """The verbs of ``tickworld.api``, imported when they are first used: torch takes seconds, and games need none of
    it."""
    if name not in _VERBS:
        raise AttributeError(f"module 'tickworld' has no attribute {name!r}")
    # A game alone loads no torch.
    return getattr(importlib.import_module("tickworld.games" if name == "game" else "tickworld.api"), name)


def __dir__() -> list[str]:
    return [*_VERBS, "__version__"]
