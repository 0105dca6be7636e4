"""What a world is asked to get right: named losses (B, T), and the one function that masks, weights and sums them.

An objective is called as ``objective(world, batch, generator)``. Its losses are sums over a frame's pixels in nats, so
that a one-pixel ball counts for one pixel: names and weights, not averages over a mostly empty frame, say how much that
is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.cores.snapped import Snapped
from tickworld.models.world import World
from tickworld.tensors import one_hot


class TensorBatch(NamedTuple):
    """A batch as a world reads it: ``params`` [B, S], ``opening_frames`` [B, K, C, H, W], ``opening_actions`` [B, K-1,
    P], ``frames`` [B, T+1, C, H, W] in 0..1 (the first is the frame of the state that the opening leads to),
    ``actions`` [B, T, P], ``mask`` [B, T+1]: false after the episode's end."""

    params: Tensor
    opening_frames: Tensor
    opening_actions: Tensor
    frames: Tensor
    actions: Tensor
    mask: Tensor


Losses = dict[str, Tensor]


class RolloutConfig(Config):
    """Free running over a window, every pixel judged."""

    kind: Literal["rollout"] = "rollout"
    moving: float = Field(default=1.0, ge=0)
    """extra weight of pixels that change from one true frame to the next"""
    patience: float = Field(default=0.0, ge=0)
    """nats that a frame may cost before those after it count less, as they follow from a mistake; 0: all count"""

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss; ``untrusted`` is only there to be seen."""
        weights = {"pixels": 1.0} | ({"moving": self.moving} if self.moving else {})
        return weights | ({"untrusted": 0.0} if self.patience else {})

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Losses:
        """The renderer's loss over the whole frame (``pixels``) and over what moves (``moving``), [B, T+1] each.

        Without a weight ``moving`` is left out: over long windows it costs a third of the time. With ``patience`` comes
        the share that does not count (``untrusted``): where it is high, a low loss says little.
        """
        state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
        logits = world.unroll(state, batch.actions)
        each = world.renderer.pixel_loss(logits.flatten(0, 1), batch.frames.flatten(0, 1))
        each = each.unflatten(0, batch.frames.shape[:2])  # [B, T+1, H, W]
        losses = {"pixels": each.sum((2, 3))}
        if self.moving:
            step = (batch.frames[:, 1:] != batch.frames[:, :-1]).any(2)
            moving = F.pad(step, (0, 0, 0, 0, 1, 0)) | F.pad(step, (0, 0, 0, 0, 0, 1))
            losses["moving"] = (each * moving).sum((2, 3))
        if self.patience:
            trusted = _trusted(losses["pixels"].detach(), self.patience)
            losses = {name: loss * trusted for name, loss in losses.items()} | {"untrusted": 1 - trusted}
        return losses


def _trusted(costs: Tensor, patience: float) -> Tensor:
    """Weights [B, T] of frames that cost ``costs`` [B, T]: what comes after a mistake is learned once the mistake is
    gone. The causal weights of Wang et al. 2022 (2203.07404), exp(-sum of earlier costs), with a mistake for a cost."""
    mistakes = (costs / patience - 1).relu()
    return (mistakes - mistakes.cumsum(1)).exp()


class TransitionConfig(Config):
    """Single transitions of a snapped core, judged at the pixels that matter."""

    kind: Literal["transition"] = "transition"
    near: int = Field(default=64, gt=0)
    """pixels of the frame itself: all that change, then some around them, then some that are lit"""
    elsewhere: int = Field(default=20, ge=0)
    """pixels that change in other transitions of the batch; without them a change there would always be expected"""
    anywhere: int = Field(default=4, ge=0)
    """pixels drawn from the whole frame"""

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss."""
        return {"changed": 1.0, "still": 1.0}

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Losses:
        """Cross-entropy of the next colour, summed over pixels that change (``changed``) and do not (``still``). [B,
        1]."""
        core = self.core_of(world, batch.actions.shape[1])
        state = core.init(world.initializer(batch.params, batch.opening_frames, batch.opening_actions))
        now = state.frames[:, -1]
        after = core.colours(batch.frames[:, 1])
        changed = now != after
        before = state.frames[:, -2:][:, 0]  # a core that sees one frame has none before it
        pixels = self.choose(changed, changed | (now != before), now > 0, generator)
        logits = core.logits(state, one_hot(batch.actions[:, 0], world.action_count), pixels)
        target = after.flatten(1).gather(1, pixels).long()
        each = F.cross_entropy(logits.transpose(1, 2), target, reduction="none")
        moves = changed.flatten(1).gather(1, pixels)
        return {"changed": (each * moves).sum(1, keepdim=True), "still": (each * ~moves).sum(1, keepdim=True)}

    def core_of(self, world: World, ticks: int) -> Snapped:
        """The core that this objective trains. Raises UserError for a world or a length of windows that it cannot
        train."""
        if not isinstance(world.core, Snapped):
            raise UserError("objective transition trains a snapped core; use --training.objective.kind rollout")
        if ticks != 1:
            raise UserError(f"objective transition judges windows of 1 tick; got {ticks}; set --training.ticks.last 1")
        return world.core

    def choose(self, changed: Tensor, active: Tensor, lit: Tensor, generator: torch.Generator) -> Tensor:
        """Indices [B, N] of the pixels to judge, from bool maps [B, H, W]; a random choice within each rank."""
        around, beside = _widened(active, 3), _widened(lit, 1)
        chance = torch.rand(changed.shape, generator=generator)
        rank = 4.0 * changed + 3.0 * active + chance * (0.1 + 0.5 * beside + 1.2 * around)
        own = rank.flatten(1).topk(min(self.near, rank[0].numel()), 1).indices
        count = len(changed)
        leading = own[:, :12].flatten()
        others = leading[torch.randint(len(leading), (count, self.elsewhere), generator=generator)]
        random = torch.randint(rank[0].numel(), (count, self.anywhere), generator=generator)
        return torch.cat([own, others, random], 1)


def _widened(marks: Tensor, reach: int) -> Tensor:
    """Marks [B, H, W] spread to all pixels at most ``reach`` away in x and y; rows and columns apart are quicker."""
    wide = F.max_pool2d(marks.unsqueeze(1).float(), (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(wide, (1, 2 * reach + 1), 1, (0, reach)).squeeze(1)


ObjectiveConfig = Annotated[RolloutConfig | TransitionConfig, Field(discriminator="kind")]


def weighted(losses: Mapping[str, Tensor], weights: Mapping[str, float], mask: Tensor) -> Tensor:
    """The weighted sum of the losses, (B, T).

    Raises ValueError when the names of losses and weights differ, or a loss does not have the mask's shape.
    """
    if losses.keys() != weights.keys():
        raise ValueError(f"losses {sorted(losses)} and weights {sorted(weights)} must have the same names")
    total = torch.zeros_like(mask, dtype=torch.float32)
    for name, loss in losses.items():
        if loss.shape != mask.shape:
            raise ValueError(f"loss {name} must have shape {tuple(mask.shape)}; got {tuple(loss.shape)}")
        total = total + weights[name] * loss
    return total


def combine(losses: Mapping[str, Tensor], weights: Mapping[str, float], mask: Tensor) -> Tensor:
    """The one number to minimise: the weighted sum of the losses (B, T), averaged over the frames that ``mask``
    keeps."""
    return (weighted(losses, weights, mask) * mask).sum() / mask.sum().clamp(min=1)
