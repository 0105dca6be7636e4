"""Who presses the keys: the protocol that recording and evaluation ask of a player. The players are in ``agents``."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Memory = Any
"""What a player carries from tick to tick: a value, passed in and handed back, never changed in place."""


class Player(Protocol):
    """Plays all players of a simulator for N rows at once, seeing frames only.

    Its randomness is a pure function of (seed of the row, tick): row i depends only on ``seeds[i]`` and
    ``frames[i]`` so far, and the same calls give the same keys again.
    """

    def init(self, seeds: NDArray[np.uint64]) -> Memory:
        """The memory before the first tick, one row for each of ``seeds`` [N]."""
        ...

    def act(self, memory: Memory, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Memory]:
        """Actions uint8 [N, P] (indices into ``spec.actions``) in answer to ``frames`` [N, H, W, C] of ``tick``."""
        ...
