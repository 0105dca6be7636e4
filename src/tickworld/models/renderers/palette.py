"""The state's ``out`` holds logits over the palette's colours already; this names them. No weights."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Renderer
from tickworld.simulator import Spec
from tickworld.tensors import best_colour, nearest_colour


class PaletteConfig(Config):
    """Logits over the game's colours."""

    kind: Literal["palette"] = "palette"

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Palette:
        """The renderer for the palette of ``spec``. Raises UserError for a core whose ``out`` is not over its
        colours."""
        wanted = (len(spec.palette), spec.height, spec.width)
        if out_shape != wanted:
            raise UserError(
                f"renderer palette needs a core that puts out logits of shape {wanted}, such as snapped; this core "
                f"puts out {out_shape}; use --world.renderer.kind dense, deconv or profiles"
            )
        return Palette(spec.palette)


class Palette(Renderer):
    """See the module docstring."""

    exact = True
    palette: Tensor

    def __init__(self, palette: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.register_buffer("palette", torch.tensor(palette).float() / 255, persistent=False)

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, Q, H, W]: ``out`` itself."""
        return out

    def pixels(self, logits: Tensor) -> Tensor:
        """The most likely colour of each pixel: the frame that the core carries on with."""
        return self.palette[best_colour(logits).long()].movedim(-1, 1)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Cross-entropy against the nearest palette colour, in nats, [B, H, W]."""
        return F.cross_entropy(logits, nearest_colour(frames, self.palette).long(), reduction="none")
