"""The table of games: one file and one line each. A game is a true simulation in numpy; it loads no torch.

What a game's file holds: ``SPEC``, a ``State`` record, and a class with ``init``, ``update``, ``render`` and ``status``
(see ``tickworld.simulator``), plus ``objects`` when its frames can be read by eye, ``event`` when its ticks are of
different kinds, and ``violations`` when its rules can be checked on frames. Environments of Gymnasium are games too, by
names of their own: see ``gym``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tickworld.errors import UserError, choose
from tickworld.games.bounce import Bounce
from tickworld.games.breakout import Breakout
from tickworld.games.cart import Cart
from tickworld.games.catch import Catch
from tickworld.games.gym_config import is_gym, parsed
from tickworld.games.life import Life
from tickworld.games.maze import Maze
from tickworld.games.pong import Pong
from tickworld.games.pong_angle import PongAngle
from tickworld.games.rally import Rally
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
    "rally": Rally,
}


def game(name: str, **settings: Any) -> Simulator:
    """The game ``name`` as a Simulator, e.g. ``game("pong", serve_wait=0)`` or ``game("gym:ALE/Pong-v5", skip=4)``.

    ``settings`` are the game's params: one given as a number is fixed, one given as a (low, high) pair is drawn anew
    for each episode. Those of an environment of Gymnasium are its options (see ``gym_config.GymConfig``). Raises
    UserError for an unknown game or setting (with near matches) and for a value outside its range.
    """
    if not is_gym(name):
        return choose(GAMES, name, "game")(**settings)
    from tickworld.games.gym_objects import gym_game  # few games need Gymnasium

    return gym_game(parsed(name, settings))


def game_of(name: str, params: Mapping[str, Any], options: Mapping[str, Any]) -> Simulator:
    """The game ``name`` with its ``params``, or, if it is from Gymnasium, with its ``options``. Raises UserError as
    ``game``, and for what is not for this kind of game."""
    if is_gym(name):
        if params:
            raise UserError(
                f"{name} has no params; got {', '.join(params)}; give options instead, such as --gym.skip 4"
            )
        return game(name, **options)
    if options:
        raise UserError(
            f"gym options are for environments of Gymnasium, gym:ID, and {name} is a game of ours; got "
            f"{', '.join(options)}; leave them out"
        )
    return game(name, **params)
