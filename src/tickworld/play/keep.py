"""States by number: a page names a state by its handle, and the server holds as many as fit in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import states
from tickworld.errors import UserError


class Kept(NamedTuple):
    """``state`` of ``what``: "truth", "dream", or the memory of a player. Of the first two, ``params`` [1, S] and
    ``seeds`` [1] are what the game began with."""

    what: str
    state: Any
    params: NDArray[np.float64] | None = None
    seeds: NDArray[np.uint64] | None = None


class Keep:
    """Holds the newest states that take up to ``most`` bytes together; the last one in any case."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self._next = 1
        self._there: OrderedDict[int, tuple[Kept, int]] = OrderedDict()

    def __len__(self) -> int:
        """How many states it holds."""
        return len(self._there)

    def put(self, kept: Kept) -> int:
        """The handle of ``kept``, a new one; the oldest states go if they must."""
        handle, size = self._next, states.size(kept)
        self._next += 1
        self._there[handle] = kept, size
        self.used += size
        while self.used > self.most and len(self._there) > 1:
            self._drop(next(iter(self._there)))
        return handle

    def get(self, handle: int, *whats: str) -> Kept:
        """What ``handle`` stands for, one of ``whats``. Raises UserError when it is something else, is no longer there
        or never was."""
        if handle not in self._there:
            if 0 < handle < self._next:
                raise UserError(
                    f"state {handle} is no longer kept: the server holds the newest {self.most // 2**20} MiB of a "
                    "player's states; go on from a newer one, or begin again"
                )
            raise UserError(f"there is no state {handle} here; begin with init")
        kept = self._there[handle][0]
        if kept.what not in whats:
            raise UserError(f"state {handle} is the {kept.what}; expected the {' or the '.join(whats)}")
        return kept

    def forget(self, handles: Iterable[int]) -> None:
        """Lets go of states; of those that are gone already, nothing is said."""
        for handle in handles:
            if handle in self._there:
                self._drop(handle)

    def _drop(self, handle: int) -> None:
        self.used -= self._there.pop(handle)[1]
