"""Linear layers whose weights follow from a vector, another one for each row of a batch.

With the vector e of a row, a layer that makes W x + b makes of it

    concat    W x + b + B e                            e is one more input of the layer
    film      (W x + b) (1 + G e) + B e                feature-wise modulation, Perez et al. 2018, 1709.07871
    rank      W x + b + U (C e * V x) + B e            a change of W of low rank, with as many factors as ranks
    full      (W + H e) x + b + B e                    all weights predicted: a hypernetwork, Ha et al. 2016, 1609.09106

All but B begin at 0 or near it, so that every row begins with the same W: what is predicted needs no scale of its own.
Since e does not change while a game is played, ``baked`` gives plain weights that make the same.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Adapts = Literal["concat", "film", "rank", "full"]


class Adapter(nn.Module):
    """What a vector changes of one linear layer. ``rank`` is that of ``rank`` alone."""

    def __init__(self, adapts: Adapts, layer: nn.Linear, vector: int, rank: int) -> None:
        super().__init__()
        self.adapts = adapts
        outputs, inputs = layer.weight.shape
        self.bias = nn.Linear(vector, outputs, bias=False)
        if adapts == "film":
            self.gain = _zero(nn.Linear(vector, outputs, bias=False))
        elif adapts == "rank":
            self.narrow = nn.Linear(inputs, rank, bias=False)
            self.factor = nn.Linear(vector, rank, bias=False)
            self.widen = nn.Linear(rank, outputs, bias=False)
            nn.init.normal_(self.widen.weight, std=0.01)  # from 0 no gradient would reach the two before it
        elif adapts == "full":
            self.weight = _zero(nn.Linear(vector, outputs * inputs, bias=False))

    def forward(self, layer: nn.Linear, x: Tensor, rows: Tensor, vectors: Tensor) -> Tensor:
        """What the adapted ``layer`` makes of ``x`` [N, I]: [N, O]. Input n is in row ``rows[n]`` of the batch, whose
        vector is ``vectors[rows[n]]``; rows are in order."""
        made, bias = layer(x), self.bias(vectors)[rows]
        if self.adapts == "film":
            return torch.addcmul(bias, made, (1 + self.gain(vectors))[rows])
        if self.adapts == "rank":
            made = made + self.widen(self.narrow(x) * self.factor(vectors)[rows])
        elif self.adapts == "full":
            made = made + self._each(x, rows, self.weight(vectors).unflatten(1, layer.weight.shape))
        return made + bias

    def baked(self, layer: nn.Linear, vector: Tensor) -> tuple[Tensor, Tensor]:
        """Weight [O, I] and bias [O] of the plain layer that makes the same of rows with ``vector`` [E]."""
        weight, bias = layer.weight, layer.bias
        if self.adapts == "film":
            gain = 1 + self.gain(vector)
            weight, bias = weight * gain.unsqueeze(1), bias * gain
        elif self.adapts == "rank":
            weight = weight + (self.widen.weight * self.factor(vector)) @ self.narrow.weight
        elif self.adapts == "full":
            weight = weight + self.weight(vector).view_as(weight)
        return weight, bias + self.bias(vector)

    @staticmethod
    def _each(x: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
        """Each input times the weights [B, O, I] of its row."""
        if torch.compiler.is_compiling():  # a graph for any number of rows has no loop over them
            return torch.bmm(weights[rows], x.unsqueeze(2)).squeeze(2)
        parts = x.split(torch.bincount(rows, minlength=len(weights)).tolist())
        return torch.cat([part @ weight.T for part, weight in zip(parts, weights, strict=True)])


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    return layer
