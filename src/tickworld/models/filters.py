"""A layer whose filters are predicted at run time from the very input that they read.

    y = W_0 x + b + W(z) x        z = tanh(A x + a)  (or x itself)        W(z) predicted by a linear layer from z

Two networks see the same input: the small one says which features to look for, the other looks for them. Three ways to
write the predicted W(z) [O, I], by what it costs:

    full        W(z) = sum_d z_d G_d              O I numbers predicted
    low_rank    W(z) = U(z) V(z)^T                R (O + I) numbers predicted
    product     W(z) = P diag(Q z + q) R          K numbers predicted: the filters are fixed, their gains are not

Nets that predict the weights of others go back to Schmidhuber 1992 ("fast weights"); dynamic filter networks (Jia et
al. 2016, 1605.09673) and hypernetworks (Ha et al. 2016, 1609.09106) predict whole filters; the product is the factored
multiplicative layer of Sutskever et al. 2011 and Jayakumar et al. 2020 ("Multiplicative interactions and where to find
them", ICLR). With no hidden layer, z = x, it is the polynomial P ((Q x + q) * (R x)). In all three, what is predicted
adds to a layer with ordinary weights, so that a new layer is about as strong as a plain one: predicted weights alone
would be products of small numbers and start near nothing.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

Kind = Literal["full", "low_rank", "product"]
"""How predicted filters are written."""


class Filtered(nn.Module):
    """A layer from ``inputs`` to ``outputs`` numbers; ``rank`` is R or K and not used by ``full``; ``hidden`` is the
    size D of the small network's layer, 0: none."""

    def __init__(self, inputs: int, outputs: int, kind: Kind, rank: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.split = (outputs, hidden)
        self.read = nn.Linear(inputs, outputs + hidden)  # W_0 and A in one product
        makes = {"full": _Full, "low_rank": _LowRank, "product": _Product}
        self.predicted = makes[kind](hidden or inputs, inputs, outputs, rank)

    def forward(self, x: Tensor) -> Tensor:
        """[B, O] from [B, I]; row b is filtered by its own weights."""
        plain, key = self.read(x).split(self.split, 1)
        return plain + self.predicted(key.tanh() if self.hidden else x, x)


class _Full(nn.Module):
    """Every weight is predicted."""

    def __init__(self, keys: int, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.shape = (outputs, inputs)
        self.weights = nn.Linear(keys, outputs * inputs, bias=False)  # what is always there is in W_0
        nn.init.uniform_(self.weights.weight, -1 / math.sqrt(keys * inputs), 1 / math.sqrt(keys * inputs))

    def forward(self, key: Tensor, x: Tensor) -> Tensor:
        return (self.weights(key).unflatten(1, self.shape) @ x.unsqueeze(2)).squeeze(2)


class _LowRank(nn.Module):
    """R pairs of an input and an output filter are predicted."""

    def __init__(self, keys: int, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.split = (rank * inputs, rank * outputs)
        self.filters = nn.Linear(keys, sum(self.split))
        self.filters.weight.data[: self.split[0]] /= math.sqrt(inputs)  # each sums over all inputs

    def forward(self, key: Tensor, x: Tensor) -> Tensor:
        look, write = self.filters(key).split(self.split, 1)
        found = look.unflatten(1, (self.rank, -1)) @ x.unsqueeze(2)  # [B, R, 1]
        return (write.unflatten(1, (-1, self.rank)) @ found).squeeze(2)


class _Product(nn.Module):
    """The gains of K fixed filters are predicted."""

    def __init__(self, keys: int, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.gains = nn.Linear(keys, rank)
        self.look = nn.Linear(inputs, rank, bias=False)
        self.write = nn.Linear(rank, outputs, bias=False)

    def forward(self, key: Tensor, x: Tensor) -> Tensor:
        return self.write(self.gains(key) * self.look(x))
