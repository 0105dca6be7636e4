"""Which params a game was played with, found through a learned world: in a recording, or in games played for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tickworld import seeds
from tickworld.agents import player
from tickworld.data import store
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.evaluation.gradients.identification import identify, told
from tickworld.evaluation.gradients.seeker import IdentificationConfig
from tickworld.evaluation.gradients.slack import slack
from tickworld.progress import Progress, Silent
from tickworld.recipes.playable import Playable
from tickworld.simulator import Simulator, Spec

MORE = 4
"""Times as many games are played as are looked at."""


def identified(
    playable: Playable, data: Path | None, players: str, config: IdentificationConfig, show: Progress | None = None
) -> dict[str, Any]:
    """What was found and how far it is from the truth, for JSON: in the first games of the recording ``data``, or, for
    None, in as many games that ``players`` play now. Raises UserError for a recording of another game."""
    torch.set_num_threads(playable.threads)
    spec = playable.world.spec
    episodes = recorded(data, spec, config.games) if data else held_out(playable.game, players, config)
    found = identify(playable.world, episodes, config, show or Silent())
    left = slack(playable.game, episodes, found.names, config.frames, config.games)
    return told(found, spec, left.half)


def recorded(data: Path, spec: Spec, games: int) -> Episodes:
    """The first games of a recording with params as ``spec`` has them; those that it does not know are NaN. Raises
    UserError for a recording of a game that looks or is played otherwise."""
    there = store.open(data)
    one, other = ((each.frame_shape, each.players, each.actions) for each in (there.spec, spec))
    if one != other:
        raise UserError(
            f"{data} is a recording of {there.spec.name} with frames {one[0]}, players {one[1]} and actions {one[2]}; "
            f"this world learned {spec.name} with {other[0]}, {other[1]} and {other[2]}; give a recording of that game"
        )
    episodes = there.read(games)
    if not len(episodes):
        raise UserError(f"{data} holds no finished episode; run the command again that records it")
    params = np.full((len(episodes), len(spec.params)), np.nan)
    names = [param.name for param in there.spec.params]
    for column, param in enumerate(spec.params):
        if param.name in names:
            params[:, column] = episodes.params[:, names.index(param.name)]
    return replace(episodes, params=params)


def held_out(game: Simulator, players: str, config: IdentificationConfig) -> Episodes:
    """Games that no training has seen; those that are over before there is as much evidence as was asked for only where
    there are no others."""
    rows = seeds.rows(seeds.derive(config.seed, "identification"), 0, MORE * config.games)
    played = play_episodes(game, player(players, game), rows, config.frames)
    lasting = np.argsort(played.lengths < config.frames, kind="stable")[: config.games]
    return play_episodes(game, player(players, game), rows[lasting], config.frames)
