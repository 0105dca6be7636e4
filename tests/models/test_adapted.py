"""Layers whose weights follow from a vector: against plain ones row by row, and baked."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import nn

from tickworld.models.adapted import Adapter, Adapts

KINDS = get_args(Adapts)
INPUTS, OUTPUTS, VECTOR, ROWS = 5, 7, 3, 4


def made(adapts: Adapts) -> tuple[nn.Linear, Adapter]:
    torch.manual_seed(0)
    layer = nn.Linear(INPUTS, OUTPUTS)
    adapter = Adapter(adapts, layer, VECTOR, rank=2)
    for each in adapter.parameters():
        nn.init.normal_(each)
    return layer, adapter


@pytest.mark.parametrize("adapts", KINDS)
def test_every_row_has_the_weights_of_its_own_vector(adapts: Adapts) -> None:
    layer, adapter = made(adapts)
    x, vectors = torch.randn(9, INPUTS), torch.randn(ROWS, VECTOR)
    rows = torch.tensor([0, 0, 1, 1, 1, 3, 3, 3, 3])  # none of row 2
    shown = adapter(layer, x, rows, vectors)
    for row, each, x_row in zip(rows, shown, x, strict=True):
        weight, bias = adapter.baked(layer, vectors[row])
        torch.testing.assert_close(each, weight @ x_row + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("adapts", KINDS)
def test_what_the_formulas_say(adapts: Adapts) -> None:
    layer, adapter = made(adapts)
    x, e = torch.randn(INPUTS), torch.randn(VECTOR)
    plain, b = layer.weight @ x + layer.bias, adapter.bias.weight @ e
    if adapts == "film":
        plain = plain * (1 + adapter.gain.weight @ e)
    elif adapts == "rank":
        u, c, v = adapter.widen.weight, adapter.factor.weight, adapter.narrow.weight
        plain = plain + u @ torch.diag(c @ e) @ v @ x
    elif adapts == "full":
        plain = plain + (adapter.weight.weight @ e).view(OUTPUTS, INPUTS) @ x
    torch.testing.assert_close(adapter(layer, x[None], torch.zeros(1, dtype=torch.long), e[None])[0], plain + b)


@pytest.mark.parametrize("adapts", KINDS)
def test_without_a_vector_it_is_the_plain_layer_and_a_gradient_reaches_the_vector(adapts: Adapts) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(INPUTS, OUTPUTS)
    adapter = Adapter(adapts, layer, VECTOR, rank=2)
    x, rows = torch.randn(3, INPUTS), torch.tensor([0, 0, 1])
    torch.testing.assert_close(adapter(layer, x, rows, torch.zeros(2, VECTOR)), layer(x))
    vectors = torch.randn(2, VECTOR, requires_grad=True)
    adapter(layer, x, rows, vectors).square().sum().backward()
    assert vectors.grad is not None and (vectors.grad != 0).any(1).all()
    assert all(each.grad is not None and each.grad.any() for each in adapter.parameters())
