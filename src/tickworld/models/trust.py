"""How far a frame can be trusted by the account of the world that drew it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tickworld.models.parts import Renderer
from tickworld.tensors import lead

SUREST = 1e-30
"""Nats of doubt, at least: who is quite sure is not infinitely so."""


def trust(renderer: Renderer, logits: Tensor, palette: Tensor) -> Tensor:
    """Nats [B]: the lower, the more doubt. ``logits`` are the renderer's, ``palette`` [Q, C] is the game's.

    The margin of a world that decides on colours. For one of shades the log odds that its frame, each pixel snapped to
    the game's nearest colour as when it is judged, is right in every pixel: that is the margin too where one pixel
    alone is in doubt, and below 0 where a wrong pixel is likelier than none. (In a game without a palette, the odds
    against the expected log-loss of the frame.)
    """
    if renderer.exact:
        return lead(logits).flatten(1).amin(1)
    if len(palette) < 2:
        doubts = renderer.pixel_loss(logits, renderer.pixels(logits))
    else:
        doubts = functional.softplus(-lead(renderer.colour_nats(logits, palette)))
    nats = doubts.flatten(1).sum(1).clamp(min=SUREST)
    return -(nats + torch.log(-torch.expm1(-nats)))
