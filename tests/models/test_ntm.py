"""The neural Turing machine against the paper's equations, worked out row by row in numpy; and its memory's use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tests.models.wiping import wiped
from torch import Tensor

from tickworld.models.cores.ntm import NtmConfig, NtmState, address, cosine, sharpen, shift, write
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, held_out, learn, recall

Array = NDArray[np.float64]
SMALL = NtmConfig(size=5, rows=4, width=3, read_heads=2, write_heads=2)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def places(*shape: int, seed: int = 1) -> Tensor:
    return numbers(*shape, seed=seed).softmax(-1)


def logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def softmax(values: Array) -> Array:
    return np.exp(values) / np.exp(values).sum()


def where_to(aims: Array, memory: Array, focus: Array) -> Array:
    """Section 3.3 of the paper for one head: equations 5 to 9, with loops."""
    rows, width = memory.shape
    key, strength, gate = aims[:width], np.log1p(np.exp(aims[width])), logistic(aims[width + 1])
    turn, power = softmax(aims[width + 2 : width + 5]), 1 + np.log1p(np.exp(aims[width + 5]))
    alike = np.array([key @ row / (np.linalg.norm(key) * np.linalg.norm(row)) for row in memory])
    gated = gate * softmax(strength * alike) + (1 - gate) * focus
    moved = np.zeros(rows)
    for i in range(rows):
        for offset, share in zip((-1, 0, 1), turn, strict=True):
            moved[i] += gated[(i - offset) % rows] * share
    return moved**power / (moved**power).sum()


def test_addressing_is_the_papers() -> None:
    aims, memory, focus = 2 * numbers(3, 2, 9), numbers(3, 4, 3, seed=1), places(3, 2, 4)
    found = address(aims, memory, focus).double().numpy()
    for b in range(3):
        for h in range(2):
            expected = where_to(*(each.double().numpy() for each in (aims[b, h], memory[b], focus[b, h])))
            np.testing.assert_allclose(found[b, h], expected, rtol=1e-4)


def test_a_shift_moves_a_place_around_the_ring() -> None:
    at_end = torch.tensor([[[0.0, 0.0, 0.0, 1.0]]])
    on, back = torch.tensor([[[0.0, 0.0, 1.0]]]), torch.tensor([[[1.0, 0.0, 0.0]]])
    assert shift(at_end, on).flatten().tolist() == [1, 0, 0, 0]
    assert shift(at_end, back).flatten().tolist() == [0, 0, 1, 0]


def test_sharpening_by_hand() -> None:
    weights = torch.tensor([[[0.5, 0.3, 0.2]]])
    found = sharpen(weights, torch.tensor([[[2.0]]]))
    torch.testing.assert_close(found.flatten(), torch.tensor([0.25, 0.09, 0.04]) / 0.38)


def test_sharpening_does_not_underflow() -> None:
    found = sharpen(torch.full((1, 1, 128), 1 / 128), torch.tensor([[[50.0]]]))
    torch.testing.assert_close(found, torch.full((1, 1, 128), 1 / 128))


def test_sharpening_has_the_slope_of_its_formula() -> None:
    weights = places(1, 2, 4).double().requires_grad_()
    power = torch.tensor([[[1.5], [3.0]]], dtype=torch.float64, requires_grad=True)
    plain = weights**power / (weights**power).sum(2, keepdim=True)
    expected = torch.autograd.grad((plain * torch.arange(4)).sum(), (weights, power))
    found = torch.autograd.grad((sharpen(weights, power) * torch.arange(4)).sum(), (weights, power))
    torch.testing.assert_close(found, expected)


def test_nothing_looks_like_an_empty_row() -> None:
    memory = torch.full((1, 2, 3), 1e-6)
    memory[0, 1] = torch.tensor([1.0, 0.0, 0.0])
    likeness = cosine(torch.tensor([[[2.0, 0.0, 0.0]]]), memory).flatten()
    torch.testing.assert_close(likeness, torch.tensor([0.0, 1.0]), atol=2e-3, rtol=0)


def test_two_heads_write_as_in_the_paper() -> None:
    memory, weights = numbers(1, 4, 3), places(1, 2, 4)
    erase, add = numbers(1, 2, 3, seed=2).sigmoid(), numbers(1, 2, 3, seed=3)
    expected = memory[0].numpy().copy()
    for h in range(2):
        for i in range(4):
            expected[i] *= 1 - weights[0, h, i].item() * erase[0, h].numpy()
    for h in range(2):
        for i in range(4):
            expected[i] += weights[0, h, i].item() * add[0, h].numpy()
    np.testing.assert_allclose(write(memory, weights, erase, add)[0].numpy(), expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_a_whole_tick_is_the_papers(spec: Spec) -> None:
    torch.manual_seed(0)
    core = SMALL.build(spec)
    memory, focus, cell, out = numbers(1, 4, 3), places(1, 4, 4), numbers(1, 5, seed=2), numbers(1, 11, seed=3)
    found = core.update(NtmState(memory, focus, cell, out), torch.tensor([[0.0, 1.0, 0.0]]))
    w = {name: each.double().numpy() for name, each in core.state_dict().items()}
    gates = w["inputs.weight"][:, 1] + w["inputs.bias"] + w["recurrent.weight"] @ out[0].double().numpy()
    enter, forget, leave, new = gates.reshape(4, 5)
    inside = logistic(forget) * cell[0].double().numpy() + logistic(enter) * np.tanh(new)
    hidden = logistic(leave) * np.tanh(inside)
    aims = (w["aims.weight"] @ hidden + w["aims.bias"]).reshape(4, 9)
    before = memory[0].double().numpy()
    now = np.stack([where_to(aims[h], before, focus[0, h].double().numpy()) for h in range(4)])
    erase, add = (w["writes.weight"] @ hidden + w["writes.bias"]).reshape(2, 2, 3)
    after = before * np.prod([1 - np.outer(now[2 + h], logistic(erase[h])) for h in range(2)], 0)
    after = after + sum(np.outer(now[2 + h], add[h]) for h in range(2))
    expected = (after, now, inside, np.concatenate([hidden, now[0] @ after, now[1] @ after]))
    for name, one, two in zip(found._fields, found, expected, strict=True):
        np.testing.assert_allclose(one[0].numpy(), two, rtol=1e-4, atol=1e-5, err_msg=name)


def test_places_stay_distributions(spec: Spec) -> None:
    torch.manual_seed(0)
    core = SMALL.build(spec)
    with torch.no_grad():
        _, state = core.unroll(core.init(3 * numbers(4, *core.start_shape)), numbers(4, 200, 3))
    torch.testing.assert_close(state.focus.sum(2), torch.ones(4, 4))
    assert all(each.isfinite().all() for each in state) and (state.focus >= 0).all()


def test_it_learns_to_recall_and_does_so_from_its_memory(spec: Spec) -> None:
    torch.manual_seed(0)
    core = NtmConfig(size=16, rows=8, width=6).build(spec)
    draw = recall(length=8, batch=32)
    solver = learn(core, draw, iterations=200, rate=2e-2)
    assert held_out(solver, draw) < 0.65 * NO_MEMORY
    assert wiped(solver, draw, core.init(torch.zeros(1, *core.start_shape)).memory) > 0.9 * NO_MEMORY
