"""Boxes at the places that the state holds: what a pixel's odds are depends on how far outside of them it lies.

    far(i, p)  = sum over the axes of max(|p - place_i| - extent_i, 0)      pixels outside box i, 0 within
    odds(c, p) = sum over the boxes i of exp(bright(c, i) - sharp_i far(i, p))      logit = log odds

An edge is known up to 1 / sharp pixels: as places get better, the edges get sharper by themselves. The logit falls
and falls outside, so a lit pixel that no box explains pulls the nearest one from far away: a thing need not be found by
chance. Odds are a product of a row and a column profile, as in ``profiles``, and cost one small matrix
product.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Renderer
from tickworld.models.renderers import bernoulli
from tickworld.simulator import Spec

NEVER = 1e-26
"""Odds of a pixel that no box is near: they keep the logarithm finite."""


class SpritesConfig(Config):
    """Boxes at the places of the state."""

    kind: Literal["sprites"] = "sprites"
    inside: bool = False
    """whether a thing is always drawn whole, at the frame's edge if its place is beyond"""

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Sprites:
        """The renderer for frames of ``spec``. Raises UserError for a core that does not put out (x, y) pairs."""
        if len(out_shape) != 1 or out_shape[0] % 2:
            raise UserError(
                f"renderer sprites needs a core that puts out (x, y) pairs, and this one puts out {list(out_shape)}; "
                "use core bodies"
            )
        return Sprites((spec.channels, spec.height, spec.width), out_shape[0] // 2, self.inside)


class Sprites(Renderer):
    """See the module docstring."""

    rows: Tensor
    columns: Tensor

    def __init__(self, frame: tuple[int, int, int], count: int, inside: bool) -> None:
        super().__init__()
        channels, height, width = frame
        self.inside = inside
        self.extent = nn.Parameter(torch.tensor([width, height]).float().repeat(count, 1) / 10)
        self.sharp = nn.Parameter(torch.zeros(count))
        self.bright = nn.Parameter(torch.full((channels, count), 0.5))
        self.register_buffer("rows", torch.arange(height) + 0.5, persistent=False)
        self.register_buffer("columns", torch.arange(width) + 0.5, persistent=False)

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, C, H, W] from places [B, 2M]."""
        x, y = out.unflatten(1, (-1, 2)).movedim(-1, 0).unsqueeze(-1)
        width, height = self.extent.unsqueeze(-1).unbind(1)
        if self.inside:
            x = x.minimum(len(self.columns) - width).maximum(width)
            y = y.minimum(len(self.rows) - height).maximum(height)
        sharp = self.sharp.exp().unsqueeze(-1)
        columns = (((self.columns - x).abs() - width).relu() * -sharp).exp()  # [B, M, W]
        rows = (((self.rows - y).abs() - height).relu() * -sharp).exp()
        bright = self.bright.exp().unsqueeze(-1) * columns.unsqueeze(1)  # [B, C, M, W]
        return (rows.transpose(1, 2).unsqueeze(1) @ bright + NEVER).log()

    def pixels(self, logits: Tensor) -> Tensor:
        """Probabilities as brightness."""
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return bernoulli.pixel_loss(logits, frames)
