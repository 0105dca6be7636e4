"""What every method is given, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.agents.arena import Arena
from tickworld.agents.network import Network
from tickworld.errors import UserError

Saved = dict[str, NDArray[Any]]
"""Arrays by name: all that a method needs to go on."""


@dataclass(frozen=True)
class Task:
    """An agent is to be trained in ``arena`` for about ``steps`` ticks of all its games together."""

    arena: Arena
    steps: int
    seed: int

    @property
    def inputs(self) -> int:
        """How many numbers the agent sees."""
        return int(np.prod(self.arena.shape))

    @property
    def actions(self) -> int:
        """How many it chooses from."""
        return len(self.arena.spec.actions)


class Report(NamedTuple):
    """Where training stands: ``steps`` played so far, ``gained``, the mean return of its last matches (None: none has
    ended yet), the network and what is ``saved`` to go on."""

    steps: int
    gained: float | None
    network: Network
    saved: Saved


def part(saved: Saved, name: str, like: NDArray[Any]) -> NDArray[Any]:
    """The array ``name`` of what was saved. Raises UserError unless it has the shape and type of ``like``; -1 in a
    shape: any length."""
    there = saved.get(name)
    if there is None or there.dtype != like.dtype or there.shape != like.shape or not np.isfinite(there).all():
        raise UserError(
            f"what was saved of this training does not fit it: {name!r}; choose another --out, or begin it anew"
        )
    return there
