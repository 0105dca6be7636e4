"""From an engine and one vector to a plain world, written as a run of its own: it is evaluated, played, exported and
packed like any other. The vector may be that of a game, a mean of several, or one that was fitted to a recording.

A vector is found as the engine's initializer finds it: made of the game's params, learned for it, or inferred from what
it shows; in the last case the mean over ``WINDOWS`` openings, of which each is a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tickworld import seeds
from tickworld.agents import player
from tickworld.config import override
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games.families import Kindred, Split, games_of
from tickworld.models.cores.engine import ByVector
from tickworld.models.initializers.telling import Telling
from tickworld.models.world import World, seeded_world
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.recipes.run import Run, begin_run, keep_starts
from tickworld.simulator import Simulator
from tickworld.tensors import one_hot, to_tensor
from tickworld.training import checkpoint

WINDOWS = 64
"""Openings that a vector is inferred from."""
SPLITS: tuple[Split, ...] = ("seen", "between", "corner", "strange")

Params = Mapping[str, float]


class Engined(NamedTuple):
    """The parts of an engine's world."""

    world: World
    initializer: Telling
    core: ByVector


def engined(world: World) -> Engined:
    """The parts of ``world``. Raises UserError when it is no engine."""
    if not isinstance(world.core, ByVector) or not isinstance(world.initializer, Telling):
        raise UserError("this needs an engine, a world of many games; train one with tickworld train engine_pong")
    return Engined(world, world.initializer, world.core)


def named_game(text: str, game: GameConfig) -> dict[str, float]:
    """The params that ``text`` says, such as ``ball_size=3,speed=12`` or ``between:0``, the first game of a split.
    Raises UserError for params that the game does not have."""
    truth = game.model_copy(update={"split": None}).build()
    split, colon, number = text.partition(":")
    if colon:
        if split not in SPLITS or not number.isdecimal() or int(number) > 4095 or not isinstance(truth, Kindred):
            raise UserError(
                f"a game of a split is written between:0, with one of {', '.join(SPLITS)}; got {text!r}; or give "
                "params, such as ball_size=3,speed=12"
            )
        return games_of(truth.family, split, int(number) + 1, game.name)[-1]
    params: dict[str, float] = {}
    for each in text.split(",") if text else ():
        name, equals, value = each.partition("=")
        try:
            params[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise UserError(f"params of a game are written ball_size=3,speed=12; got {each!r}")
    one_game(game, params).build()
    return params


def vectors_of(run: Run, games: Sequence[Params]) -> Tensor:
    """The vectors [G, E] of the games with these params. Raises UserError for a run of no engine."""
    engine = engined(run.world().world)
    truths = [one_game(run.config.game, params).build() for params in games]
    return torch.stack(
        [inferred(engine, some_episodes(each, run.config, engine.initializer.opening)) for each in truths]
    )


def vector_of(run: Run, params: Params) -> Tensor:
    """The vector [E] of the game with these ``params``. Raises UserError for a run of no engine."""
    return vectors_of(run, [params])[0]


@torch.no_grad()
def inferred(engine: Engined, episodes: Episodes) -> Tensor:
    """The mean vector [E] of windows of ``episodes``."""
    batch = windows(episodes, WindowShape(engine.initializer.opening, 1, WINDOWS), seeds.derive(0, "vector"), 0)
    keys = one_hot(torch.as_tensor(batch.opening_actions), engine.world.action_count)
    shown = to_tensor(batch.opening_frames)
    return engine.initializer.game(torch.as_tensor(batch.params, dtype=torch.float32), shown, keys).mean(0)


def blended(run: Run, games: Sequence[Params], shares: Sequence[float]) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum of the vectors of ``games``, and the params that the same sum of their params gives, each the
    nearest legal one: the true game that it should be. Choices have no sum; they are those of the largest share."""
    vector = torch.tensor(shares).float() @ vectors_of(run, games)
    spec = run.config.game.model_copy(update={"split": None}).build().spec
    expected = {}
    for param in spec.params:
        if not param.start:
            values = [game.get(param.name, param.default) for game in games]
            if param.kind == "choice":
                values = [values[int(np.argmax(shares))]] * len(values)
            value = float(np.clip(np.dot(shares, values), param.low, param.high))
            expected[param.name] = float(np.floor(value + 0.5)) if param.whole else value
    return vector, expected


def bake(run: Run, vector: Tensor, params: Params, folder: Path) -> Run:
    """Writes the plain world that the engine of ``run`` is with ``vector`` [E] to ``folder``; it is judged by the game
    with these ``params``. Raises UserError for a run of no engine, and when ``folder`` holds anything else."""
    engine = engined(run.world().world)
    plain = engine.core.baked(vector)
    one = one_game(run.config.game, params)
    changes: dict[str, Any] = {
        "game": one.model_dump(),
        "world.core": plain.config.model_dump(mode="json"),
        "world.initializer": {"kind": "history"},
    }
    config = override(run.config, changes)
    truth = one.build()
    world = seeded_world(config.world, truth.spec, config.seed)
    world.core.load_state_dict(plain.state_dict())
    world.renderer.load_state_dict(engine.world.renderer.state_dict())
    made = begin_run(folder, config)
    keep_starts(made, some_episodes(truth, config, world.initializer.opening), world.initializer.opening)
    source = f"baked from an engine that learned from {run.source}"
    checkpoint.save_world(made.checkpoints, config.training.iterations, world, source, run.seconds)
    return made


def some_episodes(game: Simulator, config: RunConfig, opening: int) -> Episodes:
    """Some episodes that are long enough for an opening and a tick."""
    who = player(config.evaluation.players, game)
    return play_episodes(game, who, seeds.rows(seeds.derive(0, "vector"), 0, WINDOWS), max(opening, 2) + 8)


def one_game(game: GameConfig, params: Params) -> GameConfig:
    """The one game with these params, the others as they are."""
    return game.model_copy(update={"split": None, "params": {**game.params, **params}})
