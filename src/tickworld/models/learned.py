"""A world worn as a Simulator: numpy in, numpy out, the same three verbs as a true game. A world whose core
samples is given noise that follows from each row's seed and tick, so that it dreams the same dream again.

Frames are what the world believes: grey where it is unsure. Nothing is snapped here that the world's own state does not
snap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld.errors import UserError
from tickworld.frames import check_frames
from tickworld.models.fields import changed, shown
from tickworld.models.trust import trust
from tickworld.models.world import World
from tickworld.seeds import mix, uniform
from tickworld.simulator import Opening, Spec, Status
from tickworld.tensors import lead, to_frames, to_tensor


class Drawn(NamedTuple):
    """``world``: the state of a world that samples; ``seeds`` [N]: the stream of its next tick."""

    world: Any
    seeds: NDArray[np.uint64]

    @property
    def out(self) -> Tensor:
        """What the renderer sees."""
        return self.world.out


class Learned:
    """``world`` as a Simulator for the frames, actions and params of ``spec``.

    ``starts`` are openings it may begin with when it is shown none; one is chosen by the seed.
    """

    def __init__(self, world: World, spec: Spec, starts: Opening | None = None) -> None:
        self.world = world.eval()
        palette = spec.palette if world.renderer.exact else ()  # a world that is unsure shows shades between
        self.spec = replace(spec, palette=palette, opening=world.initializer.opening, branchable=True)
        self.starts = starts
        self.palette = torch.tensor(spec.palette).float().view(-1, spec.channels) / 255  # of the game, also for shades
        self.noise = world.core.noise if world.core.samples else 0

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Any:
        """The state at the last opening frame. Raises UserError when the world must be shown frames and is shown none
        or others."""
        opening = self._begun(params, seeds, opening)
        with torch.inference_mode():
            state = self.world.init(
                torch.as_tensor(params, dtype=torch.float32),
                to_tensor(opening.frames),
                torch.as_tensor(opening.actions),
            )
        return Drawn(state, mix(seeds, "dream")) if self.noise else state

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        """One dreamt tick."""
        with torch.inference_mode():
            if not isinstance(state, Drawn):
                return self.world.update(state, torch.as_tensor(actions))
            noise = _normal(state.seeds, self.noise)
            return Drawn(self.world.update(state.world, torch.as_tensor(actions), noise), mix(state.seeds, "tick"))

    def render(self, state: Any) -> NDArray[np.uint8]:
        """Frames [N, H, W, C]."""
        with torch.inference_mode():
            return to_frames(self.world.render(state))

    def status(self, state: Any) -> Status:
        """A world without a reward model does not know its reward: NaN. It is never over. One with a reward model is a
        ``models.rewarded.Rewarded``, and tells what that model makes of its frames."""
        count = len(state.out)
        return Status(np.full((count, len(self.spec.players)), np.nan, np.float32), np.zeros(count, bool))

    def margin(self, state: Any) -> NDArray[np.float32]:
        """By how many nats the colours shown beat the next best, at the pixel where that is least, [N]; NaN for a world
        that shows shades and decides on none."""
        if not self.world.renderer.exact:
            return np.full(len(state.out), np.nan, np.float32)
        with torch.inference_mode():
            return lead(self.world.renderer(state.out)).flatten(1).amin(1).cpu().numpy()

    def trust(self, state: Any) -> NDArray[np.float32]:
        """How far the frame can be trusted by the world's own account, in nats, [N] (see ``models.trust``)."""
        with torch.inference_mode():
            renderer = self.world.renderer
            return trust(renderer, renderer(state.out), self.palette).cpu().numpy()

    @property
    def observes(self) -> bool:
        """Whether its core can be corrected by the frames of its game."""
        return self.world.core.seen_shape is not None

    def observe(self, state: Any, frames: NDArray[np.uint8]) -> Any:
        """The state corrected by the true ``frames`` [N, H, W, C]; what is drawn for it follows from its seeds. Raises
        UserError for frames of another size, and for a world whose core cannot observe."""
        self.world.check_observes()
        check_frames(frames, self.spec)
        count = self.world.renderer.noise + self.world.core.noise
        with torch.inference_mode():
            if not isinstance(state, Drawn):
                return self.world.observe(state, to_tensor(frames), torch.zeros(len(frames), count))[0]
            noise = _normal(mix(state.seeds, "observe"), count)
            return state._replace(world=self.world.observe(state.world, to_tensor(frames), noise)[0])

    def fields(self, state: Any) -> dict[str, NDArray[Any]]:
        """The tensors of the core's state by name, each [N, ...]."""
        return shown(self.core_state(state))

    def change(self, state: Any, field: str, index: int, value: float) -> Any:
        """``state`` with number ``index`` of each row's ``field`` set to ``value``. Raises UserError."""
        if isinstance(state, Drawn):
            return state._replace(world=changed(state.world, field, index, value))
        return changed(state, field, index, value)

    def core_state(self, state: Any) -> Any:
        """The core's own record within a state of this simulator."""
        return state.world if isinstance(state, Drawn) else state

    def _begun(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None) -> Opening:
        """The opening to begin with: the one given, else one of its own, or one of no frames for a world that needs
        none. Raises UserError as ``init``."""
        self.spec.check_params(params)
        needed = self.spec.opening
        if needed and opening is None:
            opening = self._own_start(seeds)
        count, players = len(params), len(self.spec.players)
        if opening is None or needed == 0:
            opening = Opening(
                np.zeros((count, 0, *self.spec.frame_shape), np.uint8), np.zeros((count, 0, players), np.uint8)
            )
        self._check_opening(opening, (count, needed), (count, max(needed - 1, 0), players))
        return opening

    def _check_opening(self, opening: Opening, frames: tuple[int, ...], actions: tuple[int, ...]) -> None:
        check_frames(opening.frames, self.spec, "opening frames")
        if opening.frames.shape[:-3] != frames or opening.actions.shape != actions:
            raise UserError(
                f"this world starts from {frames[1]} frames: it needs them as {list(frames)} and the actions between "
                f"them as {list(actions)}; got {list(opening.frames.shape[:-3])} and {list(opening.actions.shape)}"
            )

    def _own_start(self, seeds: NDArray[np.uint64]) -> Opening:
        if self.starts is None:
            raise UserError(
                f"this world starts from {self.spec.opening} frames of {self.spec.name}; show it an opening"
            )
        choice = (mix(seeds, "start") % np.uint64(len(self.starts.frames))).astype(np.int64)
        return Opening(self.starts.frames[choice], self.starts.actions[choice])


def _normal(streams: NDArray[np.uint64], count: int) -> Tensor:
    """Standard normal numbers, float32 [N, count], the same for the same seed."""
    share = uniform(mix(streams, "noise")[:, None] + np.arange(count, dtype=np.uint64))
    return torch.special.ndtri(torch.from_numpy(share).clamp(min=2.0**-53)).float()
