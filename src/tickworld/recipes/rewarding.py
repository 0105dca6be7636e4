"""Gives a world that was trained already a reward model: a run gets it in its folder, a cartridge is written anew."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.evaluation.measures import MEASURES
from tickworld.evaluation.setting import Setting
from tickworld.models.rewarded import Rewarded
from tickworld.models.rewards import RewardModel
from tickworld.progress import Progress, Silent
from tickworld.recipes import cartridge, rewards
from tickworld.recipes.run import open_run
from tickworld.recipes.shelf import located, open_playable
from tickworld.training.rewards import RewardsConfig

PLAYERS, TICKS = "mixed", 128
"""Who plays for a cartridge, which brings no recording, and for how long."""
BYTES = 512 * 2**20
"""Memory that the frames of these games may take."""


def reward(place: str | Path, out: Path | None, config: RewardsConfig, show: Progress | None = None) -> RewardModel:
    """Learns the rewards of the world at ``place``: of a run from its own recording, kept in its folder; of a cartridge
    from games that are played now, with a copy written to ``out`` that knows them.

    Raises UserError for a place where there is no world, for rewards that cannot be learned, and for a cartridge
    without ``out`` or a run with it.
    """
    show, path = show or Silent(), located(place)
    if path.is_dir():
        if out is not None:
            raise UserError(
                f"{place} is a run, which gets its rewards in its own folder; got --out {out}; leave it out"
            )
        run = open_run(path)
        if not run.finished:
            raise UserError(f"{place} is not finished; go on with the `tickworld train` that began it")
        torch.set_num_threads(run.config.threads)
        return rewards.learned_in(path, run.config, config, show)
    if out is None:
        raise UserError(f"{place} is a cartridge, of which a copy is written; say where with --out NAME.cartridge")
    return _cartridge(path, out, config, show)


def measured(place: str | Path, rollouts: int, show: Progress | None = None) -> dict[str, Any]:
    """How right the world at ``place`` is in its rewards, by the measure rewards in so many games, as
    ``evaluation.json`` holds it."""
    playable = open_playable(place)
    config = playable.evaluation.model_copy(update={"rewards_rollouts": rollouts})
    setting = Setting(playable.world, playable.game, player(config.players, playable.game), config, show or Silent())
    return {MEASURES["rewards"].key: MEASURES["rewards"].take(setting)}


def _cartridge(path: Path, out: Path, config: RewardsConfig, show: Progress) -> RewardModel:
    there, label = cartridge.load(path), cartridge.read_label(path)
    game, seed = there.game, seeds.derive(label.origin.seed, "rewards")
    count = min(config.episodes, max(BYTES // (TICKS * math.prod(game.spec.frame_shape)), 1))
    with show.bar(f"playing {game.spec.name}", count * TICKS, "frames") as at:
        rows = seeds.rows(seed, 0, count)
        episodes = play_episodes(game, player(PLAYERS, game), rows, TICKS, lambda done, _: at(done, ""))
    model = rewards.learned(episodes, game.spec, config, seed, show)
    world = Rewarded(there.world.world, game.spec, there.world.starts, model)
    cartridge.write(out, label, world)
    return model
