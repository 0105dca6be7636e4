"""What every objective is given, and what it is: what they have in common, apart so that each may have its own file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tickworld.config import Config
from tickworld.models.world import World


class TensorBatch(NamedTuple):
    """A batch as a world reads it: ``params`` [B, S], ``opening_frames`` [B, K, C, H, W], ``opening_actions`` [B, K-1,
    P], ``frames`` [B, T+1, C, H, W] in 0..1 (the first is the frame of the state that the opening leads to),
    ``actions`` [B, T, P], ``mask`` [B, T+1]: false after the episode's end. ``place``: of a part of a larger batch, the
    number of its first window there and how many windows that one has."""

    params: Tensor
    opening_frames: Tensor
    opening_actions: Tensor
    frames: Tensor
    actions: Tensor
    mask: Tensor
    place: tuple[int, int] | None = None

    def drawn(self, draw: Callable[..., Tensor], *shape: int, generator: torch.Generator) -> Tensor:
        """[B, *shape] of what ``draw``, such as ``torch.rand``, draws: of the same windows the same numbers, whether
        the batch is whole or in parts."""
        count = len(self.mask)
        first, whole = self.place or (0, count)
        return draw(whole, *shape, generator=generator)[first : first + count].to(self.mask.device)


Losses = dict[str, Tensor]


class Objective(Config):
    """Base of the objectives."""

    def at(self, iteration: int, iterations: int) -> Any:
        """What is asked at ``iteration`` of ``iterations``, to be called as an objective: the same at all times, unless
        an objective has a schedule."""
        return self

    def watch(self, world: World, batch: TensorBatch, anywhere: Callable[[Tensor], Tensor]) -> None:
        """Has ``world`` take note of its share of a batch, which it is about to be shown in parts; ``anywhere`` as
        ``Snapping.watch`` has it."""
