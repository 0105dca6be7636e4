"""Suites: the pixel horizon under other ways to press the keys. A world that learned the game holds under all of them;
one that learned its players fails where they never went."""

from __future__ import annotations

from typing import Any

from tickworld.errors import UserError, choose
from tickworld.evaluation.beginning import Start, check_same_game
from tickworld.evaluation.horizon import Horizon
from tickworld.evaluation.rollout import rollout
from tickworld.evaluation.setting import PlayerConfig, Setting
from tickworld.frames import pixels_wrong
from tickworld.progress import At
from tickworld.simulator import Replayed


def suite_horizons(setting: Setting) -> dict[str, Any] | None:
    """The pixel horizon under each player of ``config.suites``, for JSON; None where a player cannot play this game,
    and for a recording, which nobody can.

    Raises UserError for a player that there is none of, and for a dream of another game.
    """
    config = setting.config
    check_same_game(setting.truth.spec, setting.dream.spec)
    if isinstance(setting.truth, Replayed):
        setting.show.say(f"no suites: {setting.truth.spec.name} is a recording, which goes on only as it was played")
        return None
    players = {name: choose(setting.players, name, "player") for name in config.suites}
    horizons: dict[str, dict[str, float | None]] = {}
    for name, who in players.items():
        with setting.show.bar(f"suites, {name}", config.frames, "ticks") as at:
            horizons[name] = _horizon(setting, who, at)
    return {"rollouts": config.suites_rollouts, "frames": config.frames, "players": horizons}


def _horizon(setting: Setting, who: PlayerConfig, at: At) -> dict[str, float | None]:
    truth, config = setting.truth, setting.config
    horizon = Horizon(config.suites_rollouts)
    try:
        start = Start(who.build(truth), config.suites_rollouts, config.seed)
        for tick in rollout(truth, {"dream": setting.dream}, start, config.frames):
            if tick.index:
                horizon.add(pixels_wrong(tick.truth, tick.dreams["dream"], truth.spec.palette), tick.playing)
            at(tick.index, "")
    except UserError:  # it cannot play this game, or no game of its lasts
        return dict.fromkeys(horizon.summary())
    return dict(horizon.summary())
