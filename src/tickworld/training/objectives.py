"""What a world is asked to get right: named losses (B, T), and the one function that masks, weights and sums them.

An objective is called as ``objective(world, batch, generator)``. Its losses are sums over a frame's pixels in nats, so
that a one-pixel ball counts for one pixel: names and weights, not averages over a mostly empty frame, say how much that
is. ``objective.check(world, ticks)`` raises UserError when it cannot train ``world`` on windows of ``ticks`` ticks:
it is asked before anything is recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from tickworld.errors import UserError
from tickworld.models.cores.committee import Committee
from tickworld.models.cores.snapping import Snapping
from tickworld.models.parts import State
from tickworld.models.world import World
from tickworld.tensors import one_hot
from tickworld.training.curriculum import ShownConfig
from tickworld.training.denoise import DenoiseConfig
from tickworld.training.objective import Losses, Objective, TensorBatch


class RolloutConfig(Objective):
    """Free running over a window, every pixel judged."""

    kind: Literal["rollout"] = "rollout"
    moving: float = Field(default=1.0, ge=0)
    """extra weight of pixels that change from one true frame to the next"""
    patience: float = Field(default=0.0, ge=0)
    """nats that a frame may cost before those after it count less, as they follow from a mistake; 0: all count"""
    truncate: int = Field(default=0, ge=0)
    """ticks that a gradient reaches back, at most: it is cut every so many, and the state carried on; 0: all ticks"""
    push: int = Field(default=0, ge=0)
    """ticks unrolled without a gradient before those judged, at most: each iteration draws from 0 on; 0: none"""

    @model_validator(mode="after")
    def _of_one_mind(self) -> Self:
        if self.push and self.patience:
            raise ValueError(
                f"push {self.push} trains on what follows from mistakes, and patience {self.patience:g} counts it "
                "less; set one of them to 0"
            )
        return self

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss; ``untrusted`` is only there to be seen."""
        weights = {"pixels": 1.0} | ({"moving": self.moving} if self.moving else {})
        return weights | ({"untrusted": 0.0} if self.patience else {})

    def check(self, world: World, ticks: int) -> None:
        """Raises UserError for a world that draws: how varied its draws are would not be learned, nor would its
        encoder."""
        if world.core.noise or world.renderer.noise:
            raise UserError(
                "objective rollout does not train what a world draws, and this one has a core or renderer that draws; "
                "use --training.objective.kind evidence, or another core and renderer"
            )

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Losses:
        """The renderer's loss over the whole frame (``pixels``) and over what moves (``moving``), [B, T+1] each.

        Without a weight ``moving`` is left out: over long windows it costs a third of the time. With ``patience`` comes
        the share that does not count (``untrusted``): where it is high, a low loss says little.

        Raises UserError as ``check``.
        """
        self.check(world, batch.actions.shape[1])
        state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
        if self.push and torch.is_grad_enabled():  # windows that are only compared are judged alike
            state, batch = pushed(world, state, batch, self._pushes(batch, generator))
        logits = world.unroll(state, batch.actions, truncate=self.truncate)
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

    def _pushes(self, batch: TensorBatch, generator: torch.Generator) -> int:
        """How many ticks are pushed: from 0 on, as windows that begin at the start teach the initializer.

        Raises UserError for windows that might have no tick left to judge.
        """
        ticks = batch.actions.shape[1]
        if self.push >= ticks:
            raise UserError(
                f"objective rollout pushes {self.push} ticks before those it judges, and got windows of {ticks}; set "
                f"--training.ticks.first to {self.push + 1} or more, or --training.objective.push to less"
            )
        return int(torch.randint(self.push + 1, (), generator=generator))


def pushed(world: World, state: State, batch: TensorBatch, ticks: int) -> tuple[State, TensorBatch]:
    """The state that free running reaches after ``ticks`` ticks, as a mere value, and what is left of ``batch``:
    push-forward (Brandstetter et al. 2022, 2202.03376), which teaches a world to go on from states of its own making.

    Of 0 ticks all is left as it is, with its gradient. The first frame that is left has one for the renderer only.
    """
    if not ticks:
        return state, batch
    with torch.no_grad():
        state = world.advance(state, batch.actions[:, :ticks])
    rest = {name: getattr(batch, name)[:, ticks:] for name in ("frames", "actions", "mask")}
    return state, batch._replace(**rest)


def _trusted(costs: Tensor, patience: float) -> Tensor:
    """Weights [B, T] of frames that cost ``costs`` [B, T]: what comes after a mistake is learned once the mistake is
    gone. The causal weights of Wang et al. 2022 (2203.07404), exp(-sum of earlier costs), with a mistake for a cost."""
    mistakes = (costs / patience - 1).relu()
    return (mistakes - mistakes.cumsum(1)).exp()


class EvidenceConfig(Objective):
    """A core that draws, corrected by every true frame: the evidence lower bound of the window."""

    kind: Literal["evidence"] = "evidence"
    told: float = Field(default=1.0, ge=0)
    """weight of the nats in which a renderer with an encoder tells a frame"""
    surprise: float = Field(default=1.0, ge=0)
    """weight of the nats by which a frame surprises the core"""
    shown: ShownConfig = ShownConfig()
    """which of the true frames correct the state that the next tick starts from"""

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss."""
        return {"pixels": 1.0, "told": self.told, "surprise": self.surprise}

    def at(self, iteration: int, iterations: int) -> Callable[..., Losses]:
        """With the share of frames that are shown at ``iteration``."""
        return functools.partial(self, shown=self.shown.at(iteration, iterations))

    def check(self, world: World, ticks: int) -> None:
        """Raises UserError for a world that cannot observe."""
        world.check_observes()

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator, shown: float = 1.0) -> Losses:
        """The renderer's loss of each frame when the state has been corrected by it (``pixels``), and what it took to
        tell it (``told``) and to foresee it (``surprise``), [B, T+1] each; noise from ``generator``. Each frame but the
        first is ``shown`` with that chance: if not, the next tick starts from the state before it was corrected.

        Raises UserError as ``check``.
        """
        state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
        wide = world.renderer.noise + 2 * world.core.noise
        noise = batch.drawn(torch.randn, batch.mask.shape[1], wide, generator=generator)
        ticks = batch.actions.shape[1]
        show = batch.drawn(torch.rand, ticks, generator=generator) < shown if shown < 1 else None
        logits, told, surprise = world.follow(state, batch.actions, batch.frames, noise, show)
        each = world.renderer.pixel_loss(logits.flatten(0, 1), batch.frames.flatten(0, 1))
        pixels = each.sum((1, 2)).unflatten(0, batch.mask.shape)
        return {"pixels": pixels, "told": told, "surprise": surprise}


class TransitionConfig(Objective):
    """Single transitions of a snapped core, or of each in a committee, judged at all pixels that may change."""

    kind: Literal["transition"] = "transition"
    pixels: int = Field(default=24, gt=0)
    """pixels of a frame that are learned from: those that change, then those that the world gets most wrong"""
    push: int = Field(default=0, ge=0)
    """a window is dreamt on for up to so many ticks before the one that is judged, for games that hide something"""

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss."""
        return {"changed": 1.0, "still": 1.0}

    def check(self, world: World, ticks: int) -> None:
        """Raises UserError for a world or a length of windows that it cannot train."""
        self.cores_of(world, ticks)

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Losses:
        """Cross-entropy of the next colour, summed over pixels that change (``changed``) and do not (``still``). [B,
        1].

        A rule that is nearly right is wrong at few pixels of few frames. All are judged, so that none hides; only the
        worst pass a gradient on, which is nearly all there is to pass on and costs a quarter.

        With ``push`` it first goes on alone for 0 to that many ticks, as many as ``generator`` says. What then is right
        is still the true next frame: so a world learns to come back from frames of its own making. A world that is
        never wrong has no need of it; one of a game that hides something is wrong now and then, and what it sees then
        no recording shows (push-forward, Brandstetter et al. 2022, 2202.03376).
        """
        cores = self.cores_of(world, batch.actions.shape[1])
        start = world.start(batch.params, batch.opening_frames, batch.opening_actions)
        keys = one_hot(batch.actions, world.action_count)
        ticks = int(torch.randint(self.push + 1, (), generator=generator)) if self.push else 0
        each = [self.of(core, start, keys[:, : ticks + 1], batch.frames[:, ticks + 1]) for core in cores]
        return {name: torch.stack([losses[name] for losses in each]).sum(0) for name in self.weights}

    def of(self, core: Snapping, start: Tensor, keys: Tensor, frames: Tensor) -> Losses:
        """The losses of one core that begins with ``start`` under ``keys`` [B, T, A], in the last tick, which leads to
        ``frames`` [B, C, H, W]."""
        state = core.init(start)
        *before, pressed = keys.unbind(1)
        with torch.no_grad():
            for each in before:
                state = core.update(state, each)
        now = state.frames[:, -1]
        after = core.colours(frames)
        changed = now != after
        if not before:
            core.watch(now, changed)
        look = core.look(state, pressed)
        with torch.no_grad():
            asked = core.asked(now).flatten(1)
            judged = torch.zeros(asked.shape, device=asked.device)
            judged[asked] = _surprise(core, look, after, *asked.nonzero(as_tuple=True))
        changed = changed.flatten(1)
        if not torch.is_grad_enabled():
            return _split(judged, changed)
        worst = (judged + 1e3 * changed + asked).topk(min(self.pixels, judged.shape[1]), 1).indices
        rows = torch.arange(len(worst), device=worst.device).repeat_interleave(worst.shape[1])
        learned = _surprise(core, look, after, rows, worst.flatten()).view_as(worst)
        return _split(judged.scatter(1, worst, learned * asked.gather(1, worst)), changed)

    def watch(self, world: World, batch: TensorBatch, anywhere: Callable[[Tensor], Tensor]) -> None:
        """The cores take note of the pixels that change."""
        if self.push:
            return
        for core in self.cores_of(world, batch.actions.shape[1]):
            now, after = (core.colours(batch.frames[:, tick]) for tick in (0, 1))
            core.watch(now, now != after, anywhere)

    def cores_of(self, world: World, ticks: int) -> list[Snapping]:
        """The cores that this objective trains. Raises UserError as ``check``."""
        if ticks != self.push + 1:
            raise UserError(
                f"objective transition with push {self.push} judges windows of {self.push + 1} "
                f"tick{'s' if self.push else ''}; got {ticks}; set --training.ticks.first and --training.ticks.last "
                "to it"
            )
        if isinstance(world.core, Committee):
            return list(world.core.cores)
        if isinstance(world.core, Snapping):
            return [world.core]
        raise UserError("objective transition trains a snapped core; use --training.objective.kind rollout")


def _split(judged: Tensor, changed: Tensor) -> Losses:
    """The losses ``judged`` [B, H W] of pixels that change and of those that do not, summed over the frame: [B, 1]."""
    moves = (judged * changed).sum(1, keepdim=True)
    return {"changed": moves, "still": (judged * ~changed).sum(1, keepdim=True)}


def _surprise(core: Snapping, look: Any, after: Tensor, rows: Tensor, pixels: Tensor) -> Tensor:
    """Cross-entropy [N] of the colours of ``after`` [B, H, W] at N pixels."""
    target = after.flatten(1)[rows, pixels].long()
    return F.cross_entropy(core.logits(look, rows, pixels), target, reduction="none")


ObjectiveConfig = Annotated[
    RolloutConfig | TransitionConfig | EvidenceConfig | DenoiseConfig, Field(discriminator="kind")
]


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


def combine(losses: Mapping[str, Tensor], weights: Mapping[str, float], mask: Tensor, count: int = 0) -> Tensor:
    """The one number to minimise: the weighted sum of the losses (B, T), averaged over the frames that ``mask`` keeps,
    or, for a part of a larger batch, summed over those and divided by the ``count`` of all."""
    return (weighted(losses, weights, mask) * mask).sum() / (count or mask.sum().clamp(min=1))
