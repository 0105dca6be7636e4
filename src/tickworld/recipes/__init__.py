"""The table of recipes: each is a function that returns one complete run config. One line each.

A variant calls another recipe and changes it: see ``config.override``.
"""

from __future__ import annotations

from collections.abc import Callable

from tickworld.errors import choose
from tickworld.recipes.config import RunConfig
from tickworld.recipes.pong import demo, pong, pong_angle, pong_polish, seed_gru
from tickworld.recipes.world_models import vae, world_models

RECIPES: dict[str, Callable[[], RunConfig]] = {
    "demo": demo,
    "pong": pong,
    "pong_polish": pong_polish,
    "seed_gru": seed_gru,
    "pong_angle": pong_angle,
    "vae": vae,
    "world_models": world_models,
}


def recipe(name: str) -> RunConfig:
    """The config of recipe ``name``. Raises UserError with near matches for one that does not exist."""
    return choose(RECIPES, name, "recipe")()
