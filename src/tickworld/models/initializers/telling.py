"""What initializers have in common that give the first frames and beside them a vector that tells which game it is."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.parts import Initializer
from tickworld.simulator import Spec


def sizes(spec: Spec, start_shape: tuple[int, ...]) -> tuple[int, int]:
    """How many frames such a start has, and numbers of the vector. Raises UserError for a core with another start."""
    if len(start_shape) != 2:
        raise UserError(
            "this initializer gives frames and a vector that describes the game, which core engine starts from; use "
            f"--world.initializer.kind {'history' if len(start_shape) > 2 else 'frames or params'}"
        )
    return divmod(start_shape[0], math.prod(spec.frame_shape))


class Telling(Initializer):
    """Gives the frames as they are, and the vector that ``game`` makes."""

    def __init__(self, opening: int) -> None:
        super().__init__()
        self.opening = opening

    @abstractmethod
    def game(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """The vector [B, E] that describes the game; see ``Initializer.forward``."""

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """``start`` [B, K C H W + E, 1]: the frames, then the vector."""
        return torch.cat([frames.flatten(1), self.game(params, frames, actions)], 1).unsqueeze(2)
