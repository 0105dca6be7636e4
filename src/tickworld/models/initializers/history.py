"""Start from the first K frames themselves: for cores whose state is made of frames. No weights."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Initializer
from tickworld.simulator import Spec


class HistoryConfig(Config):
    """Start from the first frames as they are."""

    kind: Literal["history"] = "history"

    def build(self, spec: Spec, start_shape: tuple[int, ...]) -> History:
        """The initializer. Raises UserError for a core that does not start from frames."""
        if start_shape[1:] != (spec.channels, spec.height, spec.width):
            wants, kinds = f"a vector of {start_shape}", "frames or params"
            if len(start_shape) == 2:
                wants, kinds = "frames and a vector that describes the game", "described"
            raise UserError(
                f"initializer history gives frames, and this core starts from {wants}; "
                f"use --world.initializer.kind {kinds}"
            )
        return History(start_shape[0])


class History(Initializer):
    """See the module docstring."""

    def __init__(self, opening: int) -> None:
        super().__init__()
        self.opening = opening

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        """The frames [B, K, C, H, W]."""
        return frames
