"""Determinism: are a dream's frames the same, byte for byte, however it is run? And how narrowly did it decide them?

One open-loop rollout is dreamt once more as it was, in smaller batches, and on two threads: a processor then adds up in
another order, and the last bits of sums may differ. Where decisions are wide apart, no frame does.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Beginning, Start, begin, check_same_game
from tickworld.evaluation.horizon import curve
from tickworld.evaluation.setting import Setting
from tickworld.simulator import Decisive, Simulator
from tickworld.states import take

ROWS = 64
"""How many games are dreamt at once."""
WAYS = {"again": (ROWS, 1), "batch of 7": (7, 1), "batch of 1": (1, 1), "2 threads": (ROWS, 2)}
"""How many of them are dreamt once more, and on how many threads; the first time it was one."""
QUANTILES = {"least": 0.0, "q001": 0.001, "q01": 0.01, "q10": 0.1, "median": 0.5}
"""Shares of all frames that were decided more narrowly."""


def differences(setting: Setting) -> dict[str, Any]:
    """For each way to run the world the first tick at which a frame differs (None: none does), and quantiles of the
    margins of its frames (None for a world without), for JSON. Threads are left as they were."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    check_same_game(truth.spec, dream.spec)
    start = begin(truth, Start(setting.player, ROWS, seeds.derive(config.seed, "determinism")), dream.spec.opening)
    actions, ways = _pressed(setting, start), {}
    shown = start._replace(truth=None, memory=None)  # all that a dream needs
    with setting.show.bar("determinism", len(WAYS) + 1, "rollouts") as at, _threads():
        torch.set_num_threads(1)
        first, margins = _dreamt(dream, shown, actions)
        for number, (name, (rows, threads)) in enumerate(WAYS.items()):
            at(number + 1, name)
            torch.set_num_threads(threads)
            some = np.arange(rows)
            again, _ = _dreamt(dream, take(shown, some), actions[:, some])
            ways[name] = {"first_difference": _first((again != first[:, some]).any(1))}
        at(len(WAYS) + 1, "")
    return {"rollouts": ROWS, "ticks": config.determinism_ticks, "ways": ways, "margins": _quantiles(margins)}


def _pressed(setting: Setting, start: Beginning) -> NDArray[np.uint8]:
    """What the player presses in the true games, [T, N, P]."""
    truth, state, memory, pressed = setting.truth, start.truth, start.memory, []
    for tick in range(setting.config.determinism_ticks):
        actions, memory = setting.player.act(memory, start.tick + tick, truth.render(state))
        state = truth.update(state, actions)
        pressed.append(actions)
    return np.stack(pressed)


def _dreamt(
    dream: Simulator, start: Beginning, actions: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.floating]]:
    """A fingerprint of each frame, [T + 1, N], since all frames may not fit into memory; and the margins of the dreamt
    ones, [T, N]."""
    state = start.dream(dream)
    prints, margins = [_prints(dream.render(state))], []
    for action in actions:
        state = dream.update(state, action)
        prints.append(_prints(dream.render(state)))
        margins.append(dream.margin(state) if isinstance(dream, Decisive) else np.full(len(action), np.nan))
    return np.stack(prints), np.stack(margins)


def _prints(frames: NDArray[np.uint8]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(frame.tobytes(), digest_size=8).digest() for frame in frames)
    return np.frombuffer(digests, np.uint64)


def _first(differs: NDArray[np.bool_]) -> int | None:
    return int(differs.argmax()) if differs.any() else None


def _quantiles(margins: NDArray[np.floating]) -> dict[str, float | None]:
    decided = margins[~np.isnan(margins)]
    values = np.quantile(decided, list(QUANTILES.values())) if decided.size else np.full(len(QUANTILES), np.nan)
    return dict(zip(QUANTILES, curve(values), strict=True))


@contextlib.contextmanager
def _threads() -> Iterator[None]:
    """Sets the number of torch's threads back at the end."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
