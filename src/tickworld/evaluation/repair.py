"""Repair: does a world find back to the true course when it was shown a few wrong pixels?

Pixels of one opening frame are given another colour, once, and then truth and dream go on under the same actions. Wrong
pixels in the newest frame are things that are not there; in an older one they are changes that never happened, so that
a world which times by changes starts with a wrong timer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Beginning, Start, begin, check_same_game
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, pixels_wrong

FLIPS = (1, 2, 4, 8)
"""How many pixels are shown wrong."""
STEADY = 32
"""A game is back on the true course when it was right for so many ticks at its end."""


def repairs(setting: Setting) -> dict[str, Any] | None:
    """The share of games that are back on the true course and the median ticks until then, by what was shown wrong, for
    JSON; None for a world that is shown no frames."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    check_same_game(truth.spec, dream.spec)
    if dream.spec.opening == 0:
        return None
    seed = seeds.derive(config.seed, "repair")
    start = begin(truth, Start(setting.player, config.repair_rollouts, seed), dream.spec.opening)
    shown = dict(_shown(start, truth.spec.palette, seeds.generator(seed, "flips")))
    wrong_last, length = _played(setting, start, shown)
    return {
        "rollouts": config.repair_rollouts,
        "ticks": config.repair_ticks,
        "shown": {name: _row(wrong_last[name], length) for name in shown},
    }


def _shown(
    start: Beginning, palette: tuple[tuple[int, ...], ...], choice: np.random.Generator
) -> Iterator[tuple[str, Beginning]]:
    """The same games as a dream may be shown them: as they were, and with pixels wrong in one frame."""
    yield "as it was", start
    for flips in FLIPS:
        newest = flipped(start.seen[-1], flips, palette, choice)
        yield f"newest frame, {flips} wrong", start._replace(seen=(*start.seen[:-1], newest))
    for flips in FLIPS if start.tick else ():
        which = choice.integers(start.tick, size=len(start.seeds)).reshape(-1, 1, 1, 1)
        older = [
            np.where(which == number, flipped(frames, flips, palette, choice), frames)
            for number, frames in enumerate(start.seen[:-1])
        ]
        yield f"older frame, {flips} wrong", start._replace(seen=(*older, start.seen[-1]))


def flipped(frames: Frames, flips: int, palette: tuple[tuple[int, ...], ...], choice: np.random.Generator) -> Frames:
    """Frames [N, H, W, C] with ``flips`` pixels in another colour of ``palette``; without one, half its range away."""
    count, pixels, channels = len(frames), frames.shape[1] * frames.shape[2], frames.shape[3]
    flat = frames.reshape(count, pixels, channels).copy()
    where = np.arange(count)[:, None], choice.random((count, pixels)).argpartition(flips)[:, :flips]
    now = flat[where]
    if palette:
        colours = np.array(palette, np.uint8)
        index = (now[:, :, None] == colours).all(-1).argmax(-1)
        flat[where] = colours[(index + choice.integers(1, len(colours), index.shape)) % len(colours)]
    else:
        flat[where] = now + np.uint8(128)  # wraps around
    return flat.reshape(frames.shape)


def _played(
    setting: Setting, start: Beginning, shown: dict[str, Beginning]
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """The last tick at which each game is wrong, 0 for never, by what was shown, and how many ticks it has; all [N]."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    state, memory, frames = start.truth, start.memory, start.seen[-1]
    dreams = {name: each.dream(dream) for name, each in shown.items()}
    length = np.zeros(len(start.seeds), np.int64)
    wrong_last = {name: length.copy() for name in shown}
    playing = ~truth.status(state).over
    with setting.show.bar("repair", config.repair_ticks, "ticks") as at:
        for tick in range(1, config.repair_ticks + 1):
            actions, memory = setting.player.act(memory, start.tick + tick - 1, frames)
            state = truth.update(state, actions)
            frames = truth.render(state)
            length += playing
            for name in shown:
                dreams[name] = dream.update(dreams[name], actions)
                wrong = pixels_wrong(frames, dream.render(dreams[name]), truth.spec.palette)
                wrong_last[name][wrong & playing] = tick
            playing = playing & ~truth.status(state).over
            at(tick, "")
    return wrong_last, length


def _row(wrong_last: NDArray[np.int64], length: NDArray[np.int64]) -> dict[str, Any]:
    """For JSON; games that were over too soon to tell are left out."""
    steady = min(STEADY, int(length.max()))
    judged = length >= steady
    back = judged & (length - wrong_last >= steady)
    return {
        "back": float(back[judged].mean()) if judged.any() else None,
        "ticks_until_back": float(np.median(wrong_last[back])) if back.any() else None,
    }
