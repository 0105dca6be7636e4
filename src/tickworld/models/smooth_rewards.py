"""What was dreamt, told again with slopes: how rewards and states change with the keys of some ticks.

    dreamt     state, reward = status(update(state, actions))       as every simulator; nothing is differentiated
    told anew  retell(window, shares) -> states, and paid(...) -> their rewards: the same ticks, with slopes

Where shares are the keys that were pressed, states are those of the dream and rewards are their means over what the
reward model thinks possible. Slopes go through the core from tick to tick, and to rewards through frames and reward
model. A game that ended within the window goes on as the game that was begun in its place, and no slope passes from one
to the other.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import states
from tickworld.errors import UserError
from tickworld.models.parts import State
from tickworld.models.rewarded import Rewarded, Watched
from tickworld.models.smooth import Smooth
from tickworld.simulator import Simulator
from tickworld.tensors import to_tensor


class Anew(NamedTuple):
    """M games begun anew after a tick: in which ``rows`` [M] of the window, and their states."""

    rows: NDArray[np.integer]
    state: Watched


class Window(NamedTuple):
    """T ticks of N games: the state in which they were ``begun``, and for each tick the games that were begun ``anew``
    after it, None where all went on."""

    begun: Watched
    anew: Sequence[Anew | None]


class Retold(NamedTuple):
    """``before`` and ``after`` each of T ticks: the core's state of N games."""

    before: list[State]
    after: list[State]


class SmoothRewards:
    """``world`` and its rewards as functions with a slope; in float64 with ``double``.

    Raises UserError for a simulator in which nothing has a slope: a true game, a world that decides or one that draws.
    """

    def __init__(self, world: Simulator, double: bool = False) -> None:
        self.world = _sloped(world)
        self.smooth = Smooth(self.world, double)
        self.rewards = copy.deepcopy(self.world.rewards).to(self.smooth.dtype).requires_grad_(False)

    def retell(self, window: Window, shares: Tensor) -> Retold:
        """The ticks of ``window`` under ``shares`` [T, N, P, A] of keys."""
        smooth = self.smooth
        state, before, after = smooth.soften(window.begun), [], []
        for share, anew in zip(shares, window.anew, strict=True):
            before.append(state)
            state = smooth.update(state, share)
            after.append(state)
            if anew is not None:
                state = states.put(state, anew.rows, smooth.soften(anew.state))
        return Retold(before, after)

    def paid(self, window: Window, retold: Retold, shares: Tensor) -> Tensor:
        """The mean rewards [T, N, P] of what was ``retold`` of ``window`` under these ``shares``."""
        smooth, count = self.smooth, self.rewards.config.frames
        outs = torch.cat([each.out for each in retold.after])
        frames = smooth.pixels(smooth.world.renderer(outs).unsqueeze(1))[:, 0].unflatten(0, shares.shape[:2])
        seen, shown = [], self._shown(window.begun)
        for frame, anew in zip(frames, window.anew, strict=True):
            shown = torch.cat([shown[:, 1 - count :], frame.unsqueeze(1)], 1)
            seen.append(shown)
            if anew is not None:
                shown = states.put(shown, anew.rows, self._shown(anew.state))
        return self.rewards.mean(torch.cat(seen), shares.flatten(0, 1)).unflatten(0, shares.shape[:2])

    @property
    def graded(self) -> bool:
        """Whether rewards are numbers, and not of a few kinds between which they jump."""
        return self.rewards.config.spread is not None

    def _shown(self, state: Watched) -> Tensor:
        """The last frames of a state, [N, K, C, H, W]."""
        return to_tensor(state.shown).to(self.smooth.dtype)


def _sloped(world: Simulator) -> Rewarded:
    """``world``, if it has slopes. Raises UserError that says why not."""
    name = world.spec.name
    if not isinstance(world, Rewarded):
        raise UserError(f"{name} as it is played here has no slopes to learn by; train in the dream of a learned world")
    core = world.world.core
    if core.smooth() is not core or world.noise:
        does = "draws by chance" if world.noise else "decides on its frames"
        raise UserError(
            f"this world of {name} {does}, and a decision has no slope to learn by; choose the method ppo, or a world "
            "with another core, such as recipe pong_speed"
        )
    return world
