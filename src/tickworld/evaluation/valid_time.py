"""Valid prediction time: for how many ticks a dream is better than knowing nothing, for games on real numbers, which no
world can follow to the last pixel for ever.

The error of a frame is the distance to the true one over that of the true frames to their mean picture:

    e_t = |dream_t - true_t| / sqrt(mean over games and ticks of |true - mean picture|^2)

so the mean picture has an error of about 1, and a dream of another game about 1.4. The valid time ends with the first
tick above ``THRESHOLD`` (as in the forecasting of chaos: Pathak et al. 2018, 1710.07313).

The theory beside it: two games that begin a hair apart come apart by exp(L t). L is the greatest Lyapunov exponent,
measured on the true state with the method of Benettin et al. (1980). A world that is off by ``hair`` at first can hold
for ln(1 / hair) / L ticks, about: ten times as precise, 2.3 / L ticks more. Where L is 0 or less, errors do not grow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Start, check_same_game
from tickworld.evaluation.evaluate import DREAM
from tickworld.evaluation.horizon import Horizon
from tickworld.evaluation.rollout import rollout
from tickworld.evaluation.setting import Setting
from tickworld.simulator import Simulator

THRESHOLD = 0.5
"""The error at which a dream is no longer valid."""
SETTLE, TICKS, ROWS = 40, 200, 32
"""Ticks before the exponent is measured, ticks and games over which it is."""
HAIR = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 1e-3}
"""How far apart two games begin, by the precision of their numbers."""


def valid_times(setting: Setting) -> dict[str, Any]:
    """The valid time of dream and last frame, and what the true game does to small differences, for JSON."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    check_same_game(truth.spec, dream.spec)
    start = Start(setting.player, config.rollouts, seeds.derive(config.seed, "valid time"))
    far: dict[str, list[NDArray[np.float64]]] = {DREAM: [], "copy": []}
    playing, total, squares = [], np.zeros(truth.spec.frame_shape), np.zeros(truth.spec.frame_shape)
    with setting.show.bar("valid time", config.frames, "ticks") as at:
        for tick in rollout(truth, {DREAM: dream}, start, config.frames):
            true = tick.truth.astype(np.float64)
            total, squares = total + true.mean(0), squares + np.square(true).mean(0)
            playing.append(tick.playing)
            for name, each in far.items():
                each.append(np.square(tick.dreams[name] - true).sum((1, 2, 3)))
            at(tick.index, "")
    spread = float((squares / len(playing) - np.square(total / len(playing))).sum())
    exponent = lyapunov(truth, setting)
    return {
        "threshold": THRESHOLD,
        "lyapunov_exponent": exponent,
        "ticks_to_grow_tenfold": np.log(10) / exponent if exponent and exponent > 0 else None,
        "valid_ticks": {name: _summary(np.stack(each), playing, spread) for name, each in far.items()},
    }


def _summary(squared: NDArray[np.float64], playing: list[NDArray[np.bool_]], spread: float) -> dict[str, float]:
    """Of how many ticks the error stays below the threshold; ``squared`` [T + 1, N] distances."""
    horizon = Horizon(squared.shape[1])
    for wrong, there in zip(squared[1:] > THRESHOLD**2 * spread, playing[1:], strict=True):
        horizon.add(wrong, there)
    return horizon.summary()


def lyapunov(truth: Simulator, setting: Setting) -> float | None:
    """The greatest exponent L, a tick: None for a game that cannot be branched or whose state is no record of real
    numbers."""
    rows = seeds.rows(seeds.derive(setting.config.seed, "lyapunov"), 0, ROWS)
    state, memory = truth.init(truth.spec.draw(rows), rows), setting.player.init(rows)
    if not truth.spec.branchable or not hasattr(state, "_fields"):
        return None
    growth: list[NDArray[np.float64]] = []
    names, twin = list[str](), state
    for tick in range(SETTLE + TICKS):
        actions, memory = setting.player.act(memory, tick, truth.render(state))
        after = truth.update(state, actions)
        if not tick:
            names = _moving(state, after)
            twin = _nudged(state, names, rows)
        if not names:
            return None
        twin_after = truth.update(twin, actions)
        apart = _apart(after, twin_after, names)
        if tick >= SETTLE:
            growth.append(np.log(apart / _hair(after, names)))
        twin = _pulled(after, twin_after, names, _hair(after, names) / apart)
        state = after
    return float(np.mean(growth))


def _moving(state: Any, after: Any) -> list[str]:
    """The fields of real numbers that change."""
    pairs = {name: (getattr(state, name), getattr(after, name)) for name in state._fields}
    return [name for name, (one, other) in pairs.items()
            if getattr(one, "dtype", None) in HAIR and not np.array_equal(one, other, equal_nan=True)]  # fmt: skip


def _hair(state: Any, names: list[str]) -> float:
    return max(HAIR[getattr(state, name).dtype] for name in names)


def _nudged(state: Any, names: list[str], rows: NDArray[np.uint64]) -> Any:
    """``state`` moved by a hair in a direction that follows from the seeds."""
    changes = {}
    for name in names:
        values = getattr(state, name)
        chance = seeds.generator(int(rows[0] >> np.uint64(1)), "nudge", name)
        changes[name] = values + (_hair(state, names) * chance.normal(size=values.shape)).astype(values.dtype)
    return state._replace(**changes)


def _apart(one: Any, other: Any, names: list[str]) -> NDArray[np.float64]:
    """The distance of two states [N], at least a thousandth of a hair: those that have met count as that close."""
    squares = [np.square(np.nan_to_num(getattr(one, name) - getattr(other, name), nan=0.0)).reshape(ROWS, -1).sum(1)
               for name in names]  # fmt: skip
    return np.maximum(np.sqrt(np.sum(squares, 0, dtype=np.float64)), 1e-3 * _hair(one, names))


def _pulled(state: Any, twin: Any, names: list[str], share: NDArray[np.float64]) -> Any:
    """``twin`` brought back towards ``state``, to ``share`` [N] of the way between them; else it is as ``state``."""
    changes = {}
    for name in names:
        here, there = getattr(state, name), getattr(twin, name)
        part = share.reshape(-1, *[1] * (here.ndim - 1)).astype(here.dtype)
        changes[name] = here + part * (there - here)
    return state._replace(**changes)
