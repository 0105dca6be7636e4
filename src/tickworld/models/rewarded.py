"""A world that knows what a tick brought: a reward model watches its dream beside it.

The dream is the same with and without. What the model needs is carried in the state: the last frames that were shown.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tickworld.models.learned import Learned
from tickworld.models.rewards import RewardModel
from tickworld.models.world import World
from tickworld.simulator import Opening, Spec, Status
from tickworld.tensors import to_tensor


class Watched(NamedTuple):
    """``world``: the state of the dream; ``shown`` [N, K, H, W, C]: its last frames, the newest last; ``actions``
    [N, P] that led to it, -1 where no tick has passed; ``over`` [N]: whether the game had ended before that tick."""

    world: Any
    shown: NDArray[np.uint8]
    actions: NDArray[np.int64]
    over: NDArray[np.bool_]

    @property
    def out(self) -> torch.Tensor:
        """What the renderer sees."""
        return self.world.out


def worn(world: World, spec: Spec, starts: Opening | None, rewards: RewardModel | None) -> Learned:
    """``world`` as a Simulator that knows its rewards, if there is a model of them."""
    return Learned(world, spec, starts) if rewards is None else Rewarded(world, spec, starts, rewards)


class Rewarded(Learned):
    """``world`` as a Simulator whose ``status`` is what ``rewards`` tells of its frames; the rest as ``Learned``."""

    def __init__(self, world: World, spec: Spec, starts: Opening | None, rewards: RewardModel) -> None:
        super().__init__(world, spec, starts)
        self.rewards = rewards.eval()
        self._told: tuple[Watched, Status] | None = None  # kept, since an update asks again what was told of its state

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Watched:
        """As ``Learned``. Where the opening has two frames or more, its last tick is what ``status`` is about."""
        opening = self._begun(params, seeds, opening)
        world, count = super().init(params, seeds, opening), self.rewards.config.frames
        shown = opening.frames if opening.frames.shape[1] else super().render(world)[:, None]
        first = np.repeat(shown[:, :1], max(count - shown.shape[1], 0), 1)
        actions = np.full((len(params), len(self.spec.players)), -1, np.int64)
        if opening.actions.shape[1]:
            actions = opening.actions[:, -1].astype(np.int64)
        shown = np.concatenate([first, shown[:, -count:-1], super().render(world)[:, None]], 1)
        return Watched(world, shown, actions, np.zeros(len(params), bool))

    def update(self, state: Watched, actions: NDArray[np.integer]) -> Watched:
        """One dreamt tick."""
        world = super().update(state.world, actions)
        shown = np.concatenate([state.shown[:, 1:], super().render(world)[:, None]], 1)
        over = self.status(state).over if self.rewards.config.ends else state.over
        return Watched(world, shown, actions.astype(np.int64), over)

    def render(self, state: Watched) -> NDArray[np.uint8]:
        """Frames [N, H, W, C]."""
        return state.shown[:, -1]

    def status(self, state: Watched) -> Status:
        """The likeliest reward, and whether an end is likelier than not; 0 and no end where no tick has passed, and 0
        after an end. A game that was never seen to end is never over."""
        told = self._told
        if told is None or told[0] is not state:
            self._told = told = state, self._status(state)
        return told[1]

    def _status(self, state: Watched) -> Status:
        with torch.inference_mode():
            pressed = torch.from_numpy(state.actions).clamp(min=0)
            reward, over = (each.numpy() for each in self.rewards.tell(to_tensor(state.shown), pressed))
        passed = (state.actions[:, 0] >= 0) & ~state.over
        return Status(np.where(passed[:, None], reward, 0).astype(np.float32), state.over | (passed & (over > 0.5)))

    def margin(self, state: Watched) -> NDArray[np.float32]:
        """As ``Learned``."""
        return super().margin(state.world)

    def trust(self, state: Watched) -> NDArray[np.float32]:
        """As ``Learned``."""
        return super().trust(state.world)

    def observe(self, state: Watched, frames: NDArray[np.uint8]) -> Watched:
        """As ``Learned``; the model is shown the corrected frame."""
        return self._with(state, super().observe(state.world, frames))

    def change(self, state: Watched, field: str, index: int, value: float) -> Watched:
        """As ``Learned``; the model is shown the changed frame."""
        return self._with(state, super().change(state.world, field, index, value))

    def core_state(self, state: Watched) -> Any:
        """As ``Learned``."""
        return super().core_state(state.world)

    def _with(self, state: Watched, world: Any) -> Watched:
        """``state`` with another state of the dream, and the frame of that."""
        return state._replace(
            world=world, shown=np.concatenate([state.shown[:, :-1], super().render(world)[:, None]], 1)
        )
