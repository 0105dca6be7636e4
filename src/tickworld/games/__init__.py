"""The table of games: one file and one line each. A game is a true simulation in numpy; it loads no torch.

What a game's file holds: ``SPEC``, a ``State`` record, and a class with ``init``, ``update``, ``render`` and ``status``
(see ``tickworld.simulator``), plus ``objects`` when its frames can be read by eye, ``event`` when its ticks are of
different kinds, and ``violations`` when its rules can be checked on frames.
"""

from __future__ import annotations

from collections.abc import Callable

from tickworld.errors import choose
from tickworld.games.bounce import Bounce
from tickworld.games.breakout import Breakout
from tickworld.games.cart import Cart
from tickworld.games.catch import Catch
from tickworld.games.life import Life
from tickworld.games.maze import Maze
from tickworld.games.pong import Pong
from tickworld.games.pong_angle import PongAngle
from tickworld.games.smoke import Smoke
from tickworld.games.snake import Snake
from tickworld.simulator import Simulator

GAMES: dict[str, Callable[..., Simulator]] = {
    "pong": Pong,
    "pong_angle": PongAngle,
    "breakout": Breakout,
    "catch": Catch,
    "snake": Snake,
    "maze": Maze,
    "life": Life,
    "cart": Cart,
    "bounce": Bounce,
    "smoke": Smoke,
}


def game(name: str, **params: float | tuple[float, float]) -> Simulator:
    """The game ``name`` as a Simulator, e.g. ``game("pong", serve_wait=0)``.

    A param given as a number is fixed; given as a (low, high) pair it is drawn anew for each episode. Raises UserError
    for an unknown game or param (with near matches) and for a value outside the param's range.
    """
    return choose(GAMES, name, "game")(**params)
