"""The differentiable neural computer against the papers' equations, worked out row by row in numpy; and its memory's
use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tests.models.wiping import wiped
from torch import Tensor

from tickworld.models.cores.dnc import (
    DncConfig,
    DncState,
    allocation,
    blend,
    linked,
    lookup,
    retention,
    sharpen,
    used,
)
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, held_out, learn, recall

Array = NDArray[np.float64]
ROWS, WIDTH, HEADS, SIZE = 4, 3, 2, 5
SMALL = DncConfig(size=SIZE, rows=ROWS, width=WIDTH, read_heads=HEADS)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def plain(tensor: Tensor) -> Array:
    return tensor.detach().double().numpy()


def logistic(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def oneplus(value: Any) -> Any:
    return 1 + np.log1p(np.exp(value))


def softmax(values: Array) -> Array:
    return np.exp(values) / np.exp(values).sum()


def found_by(memory: Array, key: Array, strength: float, mask: Array) -> Array:
    """Content lookup with the mask on key and rows (Csordas and Schmidhuber)."""
    alike = []
    for row in memory:
        one, two = key * mask, row * mask
        alike.append(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))
    return softmax(strength * np.array(alike))


def free_places(usage: Array) -> Array:
    """Allocation along the free list (Graves et al.)."""
    share, order = np.zeros(len(usage)), np.argsort(usage, kind="stable")
    product = 1.0
    for i in order:
        share[i] = (1 - usage[i]) * product
        product *= usage[i]
    return share


def followed(links: Array, precedence: Array, writing: Array) -> tuple[Array, Array]:
    """Link matrix and precedence after a write."""
    new = np.zeros_like(links)
    for i in range(len(writing)):
        for j in range(len(writing)):
            if i != j:
                new[i, j] = (1 - writing[i] - writing[j]) * links[i, j] + writing[i] * precedence[j]
    return new, (1 - writing.sum()) * precedence + writing


def sharper(weights: Array, power: float) -> Array:
    return weights**power / (weights**power).sum()


def a_state() -> DncState:
    """A state in which everything has a legal value and nothing is zero."""
    reading, writing = (0.9 * numbers(1, HEADS + 1, ROWS, seed=1).softmax(2)).split([HEADS, 1], 1)
    links = 0.8 * numbers(1, ROWS, ROWS, seed=2).softmax(2) * (1 - torch.eye(ROWS))
    precedence, usage = 0.9 * numbers(1, ROWS, seed=3).softmax(1), numbers(1, ROWS, seed=4).sigmoid()
    cell, out = numbers(1, SIZE, seed=5), numbers(1, SIZE + HEADS * WIDTH, seed=6)
    return DncState(numbers(1, ROWS, WIDTH), usage, links, precedence, writing.squeeze(1), reading, cell, out)


def test_allocation_is_the_free_list_of_the_paper() -> None:
    usage = torch.tensor([[0.9, 0.2, 0.5, 0.2], [0.0, 0.0, 1.0, 0.3], [1.0, 1.0, 1.0, 1.0]])
    found = allocation(usage)
    torch.testing.assert_close(found[0], torch.tensor([0.1 * 0.02, 0.8, 0.5 * 0.04, 0.8 * 0.2]), atol=1e-5, rtol=0)
    for row, each in zip(found, usage, strict=True):
        np.testing.assert_allclose(plain(row), free_places(plain(each)), atol=1e-5)


def test_allocation_has_the_slope_of_its_formula() -> None:
    usage = torch.tensor([[0.3, 0.7, 0.5]], dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(allocation(usage)[0, 1], usage)  # (1 - u1) u0 u2
    torch.testing.assert_close(found, torch.tensor([[0.3 * 0.5, -0.3 * 0.5, 0.3 * 0.3]]).double(), atol=1e-5, rtol=0)


def test_usage_and_retention_by_hand() -> None:
    reading = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])
    keep = retention(torch.tensor([[1.0, 0.4]]), reading)
    torch.testing.assert_close(keep, torch.tensor([[0.0, 0.8]]))
    after = used(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.2, 0.6]]), keep)
    torch.testing.assert_close(after, torch.tensor([[0.0, 0.8 * 0.8]]))


def test_lookup_is_masked() -> None:
    memory, key = numbers(1, ROWS, WIDTH), numbers(1, HEADS, WIDTH, seed=1)
    strength, mask = numbers(1, HEADS, 1, seed=2), numbers(1, HEADS, WIDTH, seed=3).sigmoid()
    found = lookup(memory, key, strength, mask)
    for h in range(HEADS):
        arguments = plain(memory[0]), plain(key[0, h]), oneplus(plain(strength[0, h, 0])), plain(mask[0, h])
        np.testing.assert_allclose(plain(found[0, h]), found_by(*arguments), rtol=1e-4)


def test_a_value_under_the_mask_does_not_change_what_is_found() -> None:
    memory, key, mask = numbers(1, ROWS, WIDTH), numbers(1, 1, WIDTH, seed=1), torch.tensor([[[1.0, 1.0, 0.0]]])
    other = memory + torch.tensor([0.0, 0.0, 5.0])
    strength = torch.full((1, 1, 1), 3.0)
    torch.testing.assert_close(lookup(memory, key, strength, mask), lookup(other, key, strength, mask))


def test_links_follow_the_order_of_writes() -> None:
    links, precedence = torch.zeros(1, ROWS, ROWS), torch.zeros(1, ROWS)
    for row in (2, 0, 3):
        links, precedence = linked(links, precedence, torch.eye(ROWS)[row : row + 1])
    expected = torch.zeros(ROWS, ROWS)
    expected[0, 2] = expected[3, 0] = 1
    assert torch.equal(links[0], expected)
    assert torch.equal(precedence[0], torch.eye(ROWS)[3])


def test_sharpened_links_by_hand() -> None:
    weights = torch.tensor([[[0.4, 0.2, 0.0], [0.0, 0.0, 0.0]]])
    found = sharpen(weights, torch.tensor([[[2.0], [3.0]]]))
    torch.testing.assert_close(found, torch.tensor([[[0.8, 0.2, 0.0], [0.0, 0.0, 0.0]]]), atol=1e-5, rtol=0)


def test_read_modes_are_back_look_on() -> None:
    ways = torch.eye(3).view(3, 1, 1, 3)
    found = blend(torch.tensor([[[0.2, 0.3, 0.5]]]), *ways)
    torch.testing.assert_close(found.flatten(), torch.tensor([0.2, 0.3, 0.5]))


def whole_tick(w: dict[str, Array], s: DncState) -> dict[str, Array]:
    """One tick under the second action, by the papers' equations."""
    memory, usage, links, precedence, writing, reading, cell, out = (plain(each[0]) for each in s)
    gates = w["inputs.weight"][:, 1] + w["inputs.bias"] + w["recurrent.weight"] @ out
    enter, forget, leave, new = gates.reshape(4, SIZE)
    cell = logistic(forget) * cell + logistic(enter) * np.tanh(new)
    hidden = logistic(leave) * np.tanh(cell)
    raw = w["writes.weight"] @ hidden + w["writes.bias"]
    key, value, mask, erase = raw[: 4 * WIDTH].reshape(4, WIDTH)
    strength, allocate, put, *free = raw[4 * WIDTH :]
    keep = np.prod([1 - logistic(free[h]) * reading[h] for h in range(HEADS)], 0)
    usage = (usage + writing - usage * writing) * keep
    seen = found_by(memory, key, oneplus(strength), logistic(mask))
    writing = logistic(put) * (logistic(allocate) * free_places(usage) + (1 - logistic(allocate)) * seen)
    memory = memory * keep[:, None] * (1 - np.outer(writing, logistic(erase))) + np.outer(writing, value)
    links, precedence = followed(links, precedence, writing)
    heads = []
    for h, raw in enumerate((w["reads.weight"] @ hidden + w["reads.bias"]).reshape(HEADS, -1)):
        key, mask = raw[: 2 * WIDTH].reshape(2, WIDTH)
        (strength, back_power, on_power), modes = raw[2 * WIDTH :][:3], softmax(raw[2 * WIDTH :][3:])
        back = sharper(links.T @ reading[h], oneplus(back_power))
        on = sharper(links @ reading[h], oneplus(on_power))
        heads.append(modes @ [back, found_by(memory, key, oneplus(strength), logistic(mask)), on])
    out = np.concatenate([hidden, *(head @ memory for head in heads)])
    values = (memory, usage, links, precedence, writing, np.stack(heads), cell, out)
    return dict(zip(DncState._fields, values, strict=True))


@torch.no_grad()
def test_a_whole_tick_is_the_papers(spec: Spec) -> None:
    torch.manual_seed(0)
    core = SMALL.build(spec)
    found = core.update(a_state(), torch.tensor([[0.0, 1.0, 0.0]]))
    expected = whole_tick({name: plain(each) for name, each in core.state_dict().items()}, a_state())
    for name, each in found._asdict().items():
        np.testing.assert_allclose(plain(each[0]), expected[name], rtol=1e-3, atol=2e-5, err_msg=name)


def test_everything_stays_in_its_range(spec: Spec) -> None:
    torch.manual_seed(0)
    core = SMALL.build(spec)
    with torch.no_grad():
        for part in (core.writes, core.reads):
            part.weight.mul_(20)  # gates open and shut
        _, state = core.unroll(core.init(3 * numbers(4, *core.start_shape)), 3 * numbers(4, 300, 3))
    assert all(each.isfinite().all() for each in state)
    for each in (state.usage, state.precedence, state.writing, state.reading, state.links):
        assert each.min() > -1e-4 and each.max() < 1 + 1e-4
    for each in (state.precedence, state.writing, state.reading):
        assert each.sum(-1).max() < 1 + 1e-4


def test_it_learns_to_recall_and_does_so_from_its_memory(spec: Spec) -> None:
    torch.manual_seed(0)
    core = DncConfig(size=16, rows=8, width=6, read_heads=1).build(spec)
    draw = recall(length=8, batch=32)
    solver = learn(core, draw, iterations=150, rate=2e-2)
    assert held_out(solver, draw) < 0.75 * NO_MEMORY
    assert wiped(solver, draw, core.init(torch.zeros(1, *core.start_shape)).memory) > 0.9 * NO_MEMORY
