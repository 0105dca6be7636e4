"""Truth and dreams side by side: the same start, the same actions, open loop. No dream ever sees a true frame again.

The truth plays as many first ticks as the longest opening asks for, the dreams are shown these frames, and from there
all go on alone, until the truth is over or the ticks are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.evaluation.floors import floors
from tickworld.frames import Frames
from tickworld.simulator import Simulator


@dataclass(frozen=True)
class Tick:
    """Frames [N, H, W, C] of one tick: ``truth``, and one entry a dream or floor. Rows that are not ``playing`` were
    over before this tick: nothing in them is to be judged."""

    index: int  # 0: the common start; then ticks since
    actions: NDArray[np.integer] | None  # [N, P] that led here; None at the start
    truth: Frames
    dreams: dict[str, Frames]
    playing: NDArray[np.bool_]  # [N]


def rollout(
    truth: Simulator, dreams: dict[str, Simulator], start: Start, ticks: int, ball: NDArray[np.uint8] | None = None
) -> Iterator[Tick]:
    """Ticks 0 (the common start) to ``ticks``, or to the one at which every row is over. The floors stand among the
    dreams under their own names; that of the mean ball needs its picture, from ``floors.mean_ball``.

    Raises UserError for a dream of another game, or when no game lasts to the start.
    """
    for dream in dreams.values():
        check_same_game(truth.spec, dream.spec)
    common = begin(truth, start, max((dream.spec.opening for dream in dreams.values()), default=0))
    states = {name: common.dream(dream) for name, dream in dreams.items()}
    state, memory = common.truth, common.memory
    actions, playing = None, ~truth.status(state).over
    for index in range(ticks + 1):
        true_frames = truth.render(state)
        frames = {name: dreams[name].render(states[name]) for name in dreams}
        yield Tick(index, actions, true_frames, frames | floors(truth, state, common.seen[-1], ball), playing)
        playing = playing & ~truth.status(state).over
        if index == ticks or not playing.any():
            return
        actions, memory = start.player.act(memory, common.tick + index, true_frames)
        state = truth.update(state, actions)
        states = {name: dreams[name].update(states[name], actions) for name in dreams}
