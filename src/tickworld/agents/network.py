"""What decides in a trained agent: a small network in numpy, so that playing needs no torch.

seen [N, *shape]  ──flat, uint8 as 0..1──►  [N, I]  ──layers, tanh between──►  logits [N, A]  ──greatest──►  action
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Layer(NamedTuple):
    """``weight`` [O, I] and ``bias`` [O], float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


class Network(NamedTuple):
    """Its layers in order; a single one is a linear controller."""

    layers: tuple[Layer, ...]

    def logits(self, seen: NDArray[Any]) -> NDArray[np.float32]:
        """For every action a number, [N, A]: the greater, the rather it is pressed."""
        x = flat(seen)
        for number, (weight, bias) in enumerate(self.layers):
            x = ((np.tanh(x) if number else x) @ weight.T + bias).astype(np.float32)
        return x

    def choose(self, seen: NDArray[Any]) -> NDArray[np.uint8]:
        """What it presses, [N]."""
        return self.logits(seen).argmax(1).astype(np.uint8)


def flat(seen: NDArray[Any]) -> NDArray[np.float32]:
    """What N agents see as rows of numbers [N, I]."""
    rows = seen.reshape(len(seen), -1).astype(np.float32)
    return rows / np.float32(255) if seen.dtype == np.uint8 else rows
