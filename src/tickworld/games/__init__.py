"""The table of games: one file and one line each. A game is a true simulation in numpy; it loads no torch.

What a game's file holds: ``SPEC``, a ``State`` record, and a class with ``init``, ``update``, ``render`` and ``status``
(see ``tickworld.simulator``), plus ``objects`` when its frames can be read by eye, ``event`` when its ticks are of
different kinds, and ``violations`` when its rules can be checked on frames.
"""

from __future__ import annotations

from collections.abc import Callable

from tickworld.errors import choose
from tickworld.games.pong import Pong
from tickworld.games.pong_angle import PongAngle
from tickworld.simulator import Simulator

GAMES: dict[str, Callable[..., Simulator]] = {
    "pong": Pong,
    "pong_angle": PongAngle,
}


def game(name: str, **params: float | tuple[float, float]) -> Simulator:
    """The game ``name`` as a Simulator, e.g. ``game("pong", serve_wait=0)``.

    A param given as a number is fixed; given as a (low, high) pair it is drawn anew for each episode. Raises UserError
    for an unknown game or param (with near matches) and for a value outside the param's range.
    """
    return choose(GAMES, name, "game")(**params)
