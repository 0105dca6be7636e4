"""A learned world as a function with a gradient: params, states and keys in, frames out, slopes back.

    state = begin(params, opening) or soften(state)      state = update(state, shares)      pixels = render(state)

Keys are relaxed: ``shares`` [N, P, A] says which share of a tick each player presses each action for. A key that is
pressed is a corner, ``corners(actions)``, and between corners a world that is linear in its input does a bit of each.
States are soft: a core that carries decisions on is exchanged for its smooth twin (``Core.smooth``), whose weights are
the same. Params are tensors. Weights are a frozen copy, so what is learned through a world is never the world.

Everything that differentiates through a world goes through here; what is found this way is then played in the hard
world and in the true game, since a slope is a promise about small changes only.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.models.parts import State
from tickworld.models.world import World
from tickworld.tensors import one_hot


def smooth_twin(learned: Learned) -> World:
    """The world of ``learned`` with the smooth twin of its core in place of the core; the weights are shared."""
    world = learned.world
    return World(world.initializer, world.core.smooth(), world.renderer, learned.spec).eval()


class Smooth:
    """``learned`` as a function with a gradient; with ``double`` in float64, for differences that are small.

    A world that samples takes the mean or the mode here, as it does without noise.
    """

    def __init__(self, learned: Learned, double: bool = False) -> None:
        self.learned, self.spec = learned, learned.spec
        self.dtype = torch.float64 if double else torch.float32
        self.world = copy.deepcopy(smooth_twin(learned)).to(self.dtype).requires_grad_(False)

    def begin(self, params: Tensor, frames: Tensor | None = None, actions: Tensor | None = None) -> State:
        """The first state: params [N, S], the opening's frames [N, K, C, H, W] and actions [N, K-1, P], where the world
        needs one."""
        count, players = len(params), len(self.spec.players)
        if frames is None:
            if self.spec.opening:
                raise UserError(
                    f"this world starts from {self.spec.opening} frames of {self.spec.name}; show it an opening"
                )
            frames = params.new_zeros(count, 0, *self.world.frame_shape)
        if actions is None:
            actions = torch.zeros(count, 0, players, dtype=torch.long)
        pressed = one_hot(actions, len(self.spec.actions)).to(self.dtype)
        start = self.world.initializer(params.to(self.dtype), frames.to(self.dtype), pressed)
        return self._real(self.world.core.init(start))

    def soften(self, state: Any) -> State:
        """A state of the ``Learned`` simulator as the smooth twin holds it."""
        core = self.learned.core_state(state)
        fields = self.learned.world.core.smoothed(core)
        return self._real(type(fields)(*(field.clone() for field in fields)))  # made in inference mode, some of them

    def update(self, state: State, shares: Tensor) -> State:
        """One tick under ``shares`` [N, P, A]."""
        return self.world.core.update(state, self._inputs(shares.unsqueeze(1))[:, 0])

    def render(self, state: State) -> Tensor:
        """The expected frame [N, C, H, W] in 0..1."""
        return self._expected(self.world.renderer(state.out))

    def logits(self, state: State, shares: Tensor) -> Tensor:
        """What the renderer makes of ``state`` and the T ticks that follow under ``shares`` [N, T, P, A]: [N, T+1,
        ...]."""
        outs, _ = self.world.core.unroll(state, self._inputs(shares))
        outs = torch.cat([state.out.unsqueeze(1), outs], 1)
        return self.world.renderer(outs.flatten(0, 1)).unflatten(0, outs.shape[:2])

    def frames(self, state: State, shares: Tensor) -> Tensor:
        """The expected frames of ``state`` and the T ticks that follow, [N, T+1, C, H, W] in 0..1."""
        return self.pixels(self.logits(state, shares))

    def last(self, state: State, shares: Tensor) -> Tensor:
        """The expected frame [N, C, H, W] after the T ticks of ``shares`` [N, T, P, A]."""
        _, state = self.world.core.unroll(state, self._inputs(shares))
        return self.render(state)

    def pixels(self, logits: Tensor) -> Tensor:
        """Expected frames [N, T, C, H, W] of logits [N, T, ...]."""
        return self._expected(logits.flatten(0, 1)).unflatten(0, logits.shape[:2])

    def corners(self, actions: Any) -> Tensor:
        """The shares [..., P, A] of actions [..., P] that are pressed outright."""
        shares = one_hot(actions, len(self.spec.actions)).to(self.dtype)
        return shares.unflatten(-1, (len(self.spec.players), -1))

    def hears(self) -> list[int]:
        """The columns of the params that this world starts from and that have a slope; none for one that starts from
        frames alone."""
        count, opening = 8, self.spec.opening
        low, high = (torch.tensor([getattr(each, end) for each in self.spec.params]) for end in ("low", "high"))
        if not len(low):
            return []
        share = torch.linspace(0.1, 0.9, count).unsqueeze(1)
        params = (low + (high - low) * share).to(self.dtype).requires_grad_()
        frames = torch.zeros(count, opening, *self.world.frame_shape, dtype=self.dtype)
        keys = torch.zeros(count, max(opening - 1, 0), len(self.spec.players), dtype=torch.long)
        start = self.world.initializer(params, frames, one_hot(keys, len(self.spec.actions)).to(self.dtype))
        if not start.requires_grad:
            return []
        (slope,) = torch.autograd.grad(start.square().sum(), params, allow_unused=True)
        return [] if slope is None else [int(column) for column in slope.any(0).nonzero()]

    def _expected(self, logits: Tensor) -> Tensor:
        """Frames [N, C, H, W] of logits [N, ...]; of a renderer that decides on colours the mean over them."""
        if not self.world.renderer.exact:
            return self.world.renderer.pixels(logits)
        palette = self.learned.palette.to(self.dtype)
        shares = self.world.renderer.colour_nats(logits, palette).softmax(1)
        return torch.einsum("nqhw,qc->nchw", shares, palette)

    def _inputs(self, shares: Tensor) -> Tensor:
        """What the core is given, [N, T, P A + N]: shares [N, T, P, A], and zeros for its noise."""
        x, noise = shares.flatten(2), self.world.core.noise
        return torch.cat([x, x.new_zeros(*x.shape[:-1], noise)], -1) if noise else x

    def _real(self, state: State) -> State:
        """``state`` with its real numbers in this precision."""
        return type(state)(*(each.to(self.dtype) if each.is_floating_point() else each for each in state))
