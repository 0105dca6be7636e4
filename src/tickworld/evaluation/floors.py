"""Floors: what a world that learned nothing of the ball would get. Every metric is compared with them.

copy        the last frame that was seen, for ever
no_ball     the true frame with the ball taken out: perfect paddles, perfect score, sure that there is no ball
mean_ball   the same, with the mean picture of the ball over many games in its place: what a world gets, by MSE or BCE,
            that is right about all else and hedges where the ball may be
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickworld.data.player import Player
from tickworld.frames import Frames
from tickworld.seeds import rows
from tickworld.simulator import BallGame, Simulator, State

_GAMES, _TICKS = 64, 512
"""What the mean picture is taken over."""


def floors(truth: Simulator, state: State, seen: Frames, ball: NDArray[np.uint8] | None) -> dict[str, Frames]:
    """The floors' frames [N, H, W, C] at a true ``state``; ``seen`` is the last frame that was seen, ``ball`` the mean
    picture. The two without a ball need a truth that has one."""
    frames = {"copy": seen}
    if isinstance(truth, BallGame):
        bare = truth.render_without_ball(state)
        frames["no_ball"] = bare
        if ball is not None:
            frames["mean_ball"] = np.maximum(bare, ball)
    return frames


def mean_ball(truth: Simulator, player: Player, seed: int) -> NDArray[np.uint8] | None:
    """The mean picture of the ball alone, [H, W, C], over games of their own; None for a truth without a ball."""
    if not isinstance(truth, BallGame):
        return None
    row_seeds = rows(seed, 0, _GAMES)
    state, memory = truth.init(truth.spec.draw(row_seeds), row_seeds), player.init(row_seeds)
    total, count = np.zeros(truth.spec.frame_shape), 0
    for tick in range(_TICKS):
        frames, playing = truth.render(state), ~truth.status(state).over
        if not playing.any():
            break
        total += (frames.astype(int) - truth.render_without_ball(state))[playing].sum(0)
        count += int(playing.sum())
        actions, memory = player.act(memory, tick, frames)
        state = truth.update(state, actions)
    return np.clip(np.round(total / max(count, 1)), 0, 255).astype(np.uint8)
