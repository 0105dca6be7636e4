"""Layers with predicted filters against sums written out in numpy, and that each row has filters of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tickworld.models.filters import Filtered, Kind

INPUTS, OUTPUTS, ROWS = 4, 3, 5
CASES: list[tuple[Kind, int, int]] = [
    ("full", 1, 6),
    ("full", 1, 0),
    ("low_rank", 2, 6),
    ("low_rank", 3, 0),
    ("product", 7, 6),
    ("product", 7, 0),
]


def layer(kind: Kind, rank: int, hidden: int) -> Filtered:
    torch.manual_seed(3)
    return Filtered(INPUTS, OUTPUTS, kind, rank, hidden).double()


def predicted(kind: Kind, rank: int, weights: dict[str, Any], z: Any) -> Any:
    """W(z) [O, I] of one row, entry by entry."""
    filters = np.zeros((OUTPUTS, INPUTS))
    for o in range(OUTPUTS):
        for i in range(INPUTS):
            if kind == "full":
                filters[o, i] = sum(weights["weights.weight"][o * INPUTS + i, d] * z[d] for d in range(len(z)))
            elif kind == "low_rank":
                told = weights["filters.weight"] @ z + weights["filters.bias"]
                look, write = told[: rank * INPUTS], told[rank * INPUTS :]
                filters[o, i] = sum(write[o * rank + r] * look[r * INPUTS + i] for r in range(rank))
            else:
                gains = weights["gains.weight"] @ z + weights["gains.bias"]
                read, write = weights["look.weight"], weights["write.weight"]
                filters[o, i] = sum(write[o, k] * gains[k] * read[k, i] for k in range(rank))
    return filters


@pytest.mark.parametrize(("kind", "rank", "hidden"), CASES)
def test_it_is_a_layer_whose_weights_depend_on_its_input(kind: Kind, rank: int, hidden: int) -> None:
    built = layer(kind, rank, hidden)
    x = torch.randn(ROWS, INPUTS, dtype=torch.double, generator=torch.Generator().manual_seed(1))
    weights = {name: each.detach().numpy() for name, each in built.predicted.named_parameters()}
    read, bias = built.read.weight.detach().numpy(), built.read.bias.detach().numpy()
    for row, seen in zip(x.numpy(), built(x).detach().numpy(), strict=True):
        z = np.tanh(read[OUTPUTS:] @ row + bias[OUTPUTS:]) if hidden else row
        whole = read[:OUTPUTS] + predicted(kind, rank, weights, z)
        np.testing.assert_allclose(seen, whole @ row + bias[:OUTPUTS], rtol=1e-10)


@pytest.mark.parametrize("kind", ["full", "product"])
def test_without_a_hidden_layer_it_is_a_polynomial_of_degree_two(kind: Kind) -> None:
    """Along any straight line third differences vanish and second ones do not."""
    built = layer(kind, 7, 0)
    foot, way = torch.randn(2, INPUTS, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    along = built(foot + torch.arange(6).unsqueeze(1) * way).detach()
    assert along.diff(2, dim=0).abs().min() > 1e-3
    torch.testing.assert_close(along.diff(3, dim=0), torch.zeros(3, OUTPUTS, dtype=torch.double), atol=1e-10, rtol=0)


@pytest.mark.parametrize(("kind", "rank", "hidden"), [("full", 1, 16), ("low_rank", 2, 32), ("product", 32, 0)])
def test_a_new_layer_is_about_as_strong_as_a_plain_one(kind: Kind, rank: int, hidden: int) -> None:
    torch.manual_seed(0)
    built, plain = Filtered(100, 200, kind, rank, hidden), torch.nn.Linear(100, 200)
    x = torch.randn(50, 100)
    assert 0.5 < (built(x).std() / plain(x).std()).item() < 2
