"""The table of recipes: each is a function that returns one complete run config. One line each.

A variant calls another recipe and changes it: see ``config.override``. The name of a game in place of a recipe's asks
for one that is made for it: see ``any_game``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tickworld import config as configs
from tickworld.data.recorded import is_recorded
from tickworld.errors import choose
from tickworld.games import GAMES
from tickworld.games.gym_config import is_gym
from tickworld.recipes.any_game import Made, any_game
from tickworld.recipes.atari import ale_pong, ale_pong_large, ale_pong_polish
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.recipes.drawn import diffusion, diffusion_catch
from tickworld.recipes.engines import engine_fit, engine_pong, engine_tune
from tickworld.recipes.games import breakout, catch, life, maze, snake
from tickworld.recipes.imported import adapted, with_game
from tickworld.recipes.pong import demo, pong, pong_angle, pong_polish, pong_speed, seed_gru
from tickworld.recipes.world_models import vae, world_models

RECIPES: dict[str, Callable[[], RunConfig]] = {
    "demo": demo,
    "pong": pong,
    "pong_polish": pong_polish,
    "seed_gru": seed_gru,
    "pong_angle": pong_angle,
    "pong_speed": pong_speed,
    "breakout": breakout,
    "catch": catch,
    "snake": snake,
    "maze": maze,
    "life": life,
    "ale_pong": ale_pong,
    "ale_pong_polish": ale_pong_polish,
    "ale_pong_large": ale_pong_large,
    "engine_pong": engine_pong,
    "engine_fit": engine_fit,
    "engine_tune": engine_tune,
    "vae": vae,
    "world_models": world_models,
    "diffusion": diffusion,
    "diffusion_catch": diffusion_catch,
}


def recipe(name: str) -> RunConfig:
    """The config of recipe ``name``. Raises UserError with near matches for one that does not exist."""
    return choose(RECIPES, name, "recipe")()


def begun(word: str, changes: Mapping[str, Any]) -> Made:
    """What ``tickworld train WORD`` trains, with dotted ``changes``: the recipe of that name, or one that is made for
    the game of that name, as it is with the changes to it. ``why`` is empty for a recipe of the table.

    Raises UserError for a word that is neither and for a change that does not fit.
    """
    changes = with_game(changes)
    if word in RECIPES:
        return Made(configs.override(adapted(recipe(word), changes), changes), "")
    if not is_gym(word) and not is_recorded(word):
        choose({**RECIPES, **GAMES}, word, "recipe")
    own = {name.removeprefix("game."): value for name, value in changes.items() if name.startswith("game.")}
    made = any_game(configs.override(GameConfig(name=word), own))
    return made._replace(config=configs.override(adapted(made.config, changes), changes))


def overrides(config: RunConfig) -> dict[str, Any]:
    """The dotted changes with which its recipe gives ``config``."""
    if config.recipe in RECIPES:
        usual = recipe(config.recipe)
    else:
        usual = any_game(config.game).config.model_copy(update={"game": GameConfig(name=config.recipe)})
    before = dict(configs.leaves(usual.model_dump(mode="json")))
    now = configs.leaves(config.model_dump(mode="json"))
    return {name: value for name, value in now if before.get(name) != value}
