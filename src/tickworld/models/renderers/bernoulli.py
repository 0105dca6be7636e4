"""What the renderers of grey or coloured light share: each channel of each pixel is a coin with its own probability.

pixels = sigmoid(logits); the loss is the binary cross-entropy, which also serves for values between 0 and 1 (its lowest
value is then the entropy of the target, not 0).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

DARK = -3.0
"""Starting logit of every pixel: most pixels of most games are dark (5 %)."""


def pixels(logits: Tensor) -> Tensor:
    """Probabilities as brightness, in 0..1."""
    return torch.sigmoid(logits)


def pixel_loss(logits: Tensor, frames: Tensor) -> Tensor:
    """Binary cross-entropy summed over channels, in nats, [B, H, W] from [B, C, H, W]."""
    return F.binary_cross_entropy_with_logits(logits, frames, reduction="none").sum(-3)
