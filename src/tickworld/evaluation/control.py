"""Controllability: does every key do in the dream what it does in the truth, at once and when it is held?

From common true starts one player holds one key while the others rest, in truth and dream. The player's own object, the
one that bears its name, is to move as it truly does; nothing else is judged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, snap
from tickworld.simulator import Probed

HELD = 8
"""Ticks that a key is held."""
_OFF = 0.5
"""Pixels that a move may be off: less than one step."""


def controls(setting: Setting) -> dict[str, Any] | None:
    """For each player and key the share of starts from which the player's object moved as in truth, after one tick and
    after the key was held for ``HELD``, for JSON; None for a game without a probe that finds its players."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    if not isinstance(truth, Probed):
        return None
    check_same_game(truth.spec, dream.spec)
    there = truth.objects(np.zeros((1, *truth.spec.frame_shape), np.uint8)).positions
    keys = [(name, key) for name in truth.spec.players if name in there for key in truth.spec.actions]
    if not keys:
        return None
    shares = {}
    with setting.show.bar("control", len(keys), "keys") as at:
        for number, (name, key) in enumerate(keys):
            once, held = _right(setting, truth, name, key)
            shares[f"{name} {key}"] = {"once": once, "held": held}
            at(number + 1, "")
    return {"starts": config.rollouts, "held_ticks": HELD, "keys": shares}


def _right(setting: Setting, truth: Probed, name: str, key: str) -> tuple[float | None, ...]:
    """The share of starts in which the object of player ``name`` that holds ``key`` moves as in truth, after 1 tick and
    after ``HELD``; None where no start can be judged."""
    spec, dream, config = truth.spec, setting.dream, setting.config
    seed = seeds.derive(config.seed, "control")
    start = begin(truth, Start(setting.player, config.rollouts, seed), dream.spec.opening)  # anew: no state is old
    actions = np.zeros((len(start.seeds), len(spec.players)), np.uint8)
    actions[:, spec.players.index(name)] = spec.actions.index(key)

    def seen(frames: Frames) -> NDArray[np.float64]:
        return truth.objects(snap(frames, spec.palette)).positions[name]

    true, dreamt = start.truth, start.dream(dream)
    first = seen(truth.render(true)), seen(dream.render(dreamt))
    shares, playing = [], ~truth.status(true).over
    for tick in range(1, HELD + 1):
        true, dreamt = truth.update(true, actions), dream.update(dreamt, actions)
        if tick in (1, HELD):
            right, judged = moved_alike(first, (seen(truth.render(true)), seen(dream.render(dreamt))))
            judged &= playing
            shares.append(float(right[judged].mean()) if judged.any() else None)
        playing = playing & ~truth.status(true).over
    return tuple(shares)


def moved_alike(
    before: tuple[NDArray[np.float64], NDArray[np.float64]], after: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether an object moved by as many pixels in truth and dream, each (x, y, size) [N, 3] with NaN for absent, and
    whether that can be judged, bool [N] both: where the true object changes its size, another one lies over it."""
    moves = [(late - early)[:, :2] for early, late in zip(before, after, strict=True)]
    right = np.abs(moves[0] - moves[1]).max(1) < _OFF  # NaN compares false: one that is lost is wrong
    return right, before[0][:, 2] == after[0][:, 2]
