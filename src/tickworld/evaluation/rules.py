"""Rule validity: a dream goes on by itself, far beyond where it can be compared with the truth, and is held to the
rules.

Nobody shows it anything after its opening: the player presses keys in answer to the dream's own frames. The true game
breaks no rule, so each violation is the world's. Only counts are kept, so a dream may be as long as you like.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tickworld import seeds
from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.evaluation.horizon import Horizon
from tickworld.evaluation.setting import Setting
from tickworld.simulator import Ruled


def rule_violations(setting: Setting) -> dict[str, Any] | None:
    """How often a dream breaks each rule and at which tick first, for JSON, and for how many ticks it breaks none; None
    for a game without a rule book."""
    truth, dream, player, config = setting.truth, setting.dream, setting.player, setting.config
    if not isinstance(truth, Ruled):
        return None
    check_same_game(truth.spec, dream.spec)
    start = begin(truth, Start(player, config.rules_rollouts, seeds.derive(config.seed, "rules")), dream.spec.opening)
    state, memory = start.dream(dream), start.memory
    frames = dream.render(state)
    notes = truth.referee(start.params, frames)
    count, first = np.zeros((2, len(truth.rules)), np.int64)
    valid = Horizon(config.rules_rollouts)
    with setting.show.bar("rules", config.rules_frames, "ticks") as at:
        for tick in range(1, config.rules_frames + 1):
            actions, memory = player.act(memory, start.tick + tick - 1, frames)
            state = dream.update(state, actions)
            frames = dream.render(state)
            broken, notes = truth.violations(notes, actions, frames)
            count += broken.sum(0)
            first = np.where((first == 0) & broken.any(0), tick, first)
            valid.add(np.asarray(broken.any(1)))
            at(tick, f"{count.sum():,} violations")
    seen = config.rules_rollouts * config.rules_frames
    return {
        "rollouts": config.rules_rollouts,
        "frames": config.rules_frames,
        "rules": {
            name: {"violations": int(many), "per_1000": 1000 * int(many) / seen, "first": int(tick) or None}
            for name, many, tick in zip(truth.rules, count, first, strict=True)
        },
        "valid_horizon": valid.summary(),
    }
