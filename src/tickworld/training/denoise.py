"""The objective of a renderer that draws by taking noise away: to guess, from a noisy frame and the state, the frame.

    loss = weight(s) |D(y + s n; s | out) - y|^2        ln s ~ N(mean, spread^2)        y the true frame, n noise

Denoising score matching in the weighting of EDM (Karras et al. 2022, 2206.00364). No frame is drawn while it learns:
one pass of the network a frame, at one noise.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.denoising import weight
from tickworld.models.renderers.diffusion import Diffusion
from tickworld.models.world import World
from tickworld.training.objective import Losses, Objective, TensorBatch

FAINTEST, LOUDEST = 2e-3, 20.0
"""Range of the noise that is learned from, in halves of the range of brightness."""


class DenoiseConfig(Objective):
    """True frames out of noise, told the states of a window, for renderer diffusion."""

    kind: Literal["denoise"] = "denoise"
    states: Literal["dreamt", "corrected"] = "dreamt"
    """dreamt: free running from the opening; corrected: by every true frame, for cores that observe"""
    core: bool = False
    """whether initializer and core learn from it too; else they stay as they are"""
    frames: int = Field(default=2, ge=0)
    """frames of each window that are learned from, drawn anew each time: they cost more than ticks do; 0: all"""
    mean: float = -0.4
    """of the logarithm of the noise"""
    spread: float = Field(default=1.2, ge=0)
    """deviation of the logarithm of the noise"""

    @property
    def weights(self) -> dict[str, float]:
        """One weight a loss."""
        return {"noise": 1.0}

    def check(self, world: World, ticks: int) -> None:
        """Raises UserError for a world with another renderer, and for one whose states are not to be had so."""
        _renderer_of(world)
        if self.states == "corrected":
            world.check_observes()
        elif world.core.noise:
            raise UserError(
                "objective denoise on dreamt states needs a core that does not draw, since a frame that was drawn "
                "otherwise is no frame of its state; use --training.objective.states corrected, or another core"
            )

    def __call__(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Losses:
        """Squared error of the guess, in EDM's weighting, summed over the frame (``noise``), [B, T+1]: 0 for frames
        that are not learned from, and as much more for the others. Which these are, noise and its size come from
        ``generator``.

        Raises UserError as ``check``.
        """
        self.check(world, batch.actions.shape[1])
        renderer = _renderer_of(world)
        with torch.set_grad_enabled(self.core and torch.is_grad_enabled()):
            outs = self._outs(world, batch, generator)
        count = batch.frames.shape[1]
        picked = min(self.frames or count, count)
        which = batch.drawn(torch.rand, count, generator=generator).topk(picked, 1).indices  # [B, N]
        rows = torch.arange(len(which), device=which.device).unsqueeze(1)
        frames = renderer.scaled(batch.frames[rows, which].flatten(0, 1))
        sigma = (batch.drawn(torch.randn, picked, generator=generator) * self.spread + self.mean).exp()
        sigma = sigma.clamp(FAINTEST, LOUDEST).flatten()
        noise = batch.drawn(torch.randn, picked, *frames.shape[1:], generator=generator).flatten(0, 1)
        told = renderer.read_state(outs[rows, which].flatten(0, 1))
        guess = renderer.denoised(frames + noise * sigma.view(-1, 1, 1, 1), sigma, told)
        each = ((guess - frames).square().sum((1, 2, 3)) * weight(sigma)).view_as(which)
        return {"noise": each.new_zeros(batch.mask.shape).scatter(1, which, each * (count / picked))}

    def _outs(self, world: World, batch: TensorBatch, generator: torch.Generator) -> Tensor:
        """``out`` [B, T+1, ...] of the states that are told."""
        state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
        if self.states == "dreamt":
            return world.outs(state, batch.actions)
        wide = world.renderer.noise + 2 * world.core.noise
        noise = batch.drawn(torch.randn, batch.mask.shape[1], wide, generator=generator)
        return world.corrected(state, batch.actions, batch.frames, noise).outs


def _renderer_of(world: World) -> Diffusion:
    if not isinstance(world.renderer, Diffusion):
        raise UserError(
            "objective denoise trains a renderer that draws by taking noise away, and this world has another; use "
            "--world.renderer.kind diffusion, or objective rollout"
        )
    return world.renderer
