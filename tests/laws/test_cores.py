"""Every core of the table obeys the law of recurrence, whatever it is made of."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from tickworld.models.parts import Core
from tickworld.simulator import Spec

ROWS, TICKS = 6, 7
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


class Case(NamedTuple):
    """A core with a batch to run it on."""

    core: Core
    start: Tensor  # [B, *start_shape]
    x: Tensor  # [B, T, A + N]


@pytest.fixture
def case(core: Any, spec: Spec) -> Case:
    torch.manual_seed(0)
    built = core.build(spec)
    for weight in built.parameters():  # lively enough that a step changes something
        weight.data *= 2
    for name, buffer in built.named_buffers():
        if name.endswith(".lively") or name == "lively":
            buffer[:] = True  # every pixel has been seen to change
        if name.endswith("remote"):
            buffer[0, 0] = True  # and one to light up in the dark
    keys = torch.randint(len(spec.actions), (ROWS, TICKS, len(spec.players)))
    x = torch.nn.functional.one_hot(keys, len(spec.actions)).flatten(2).float()
    x = torch.cat([x, torch.randn(ROWS, TICKS, built.noise)], 2)
    return Case(built.eval(), torch.rand(ROWS, *built.start_shape), x)


def copied(state: Any) -> Any:
    return type(state)(*(each.detach().clone() for each in state))


def same(one: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def outs(case: Case, rows: Tensor | slice = slice(None)) -> Tensor:
    with torch.no_grad():
        return case.core.unroll(case.core.init(case.start[rows]), case.x[rows])[0]


def test_a_state_is_a_flat_record_of_rows(case: Case) -> None:
    first = case.core.init(case.start)
    for state in (first, case.core.update(first, case.x[:, 0]), case.core.unroll(first, case.x)[1]):
        assert "out" in state._fields
        assert all(isinstance(field, Tensor) and len(field) == ROWS for field in state)
        assert state.out.shape == (ROWS, *case.core.out_shape)


def test_a_state_keeps_its_shapes_and_types(case: Case) -> None:
    state = case.core.init(case.start)
    kinds = [(field.shape, field.dtype) for field in state]
    assert [(field.shape, field.dtype) for field in case.core.update(state, case.x[:, 0])] == kinds


def test_unroll_equals_update(case: Case) -> None:
    state = case.core.init(case.start)
    fast, fast_state = case.core.unroll(state, case.x)
    slow, slow_state = Core.unroll(case.core, state, case.x)
    assert fast.shape == (ROWS, TICKS, *case.core.out_shape)
    torch.testing.assert_close(fast, slow, **CLOSE)
    for one, other in zip(fast_state, slow_state, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)
    torch.testing.assert_close(fast[:, -1], fast_state.out, **CLOSE)


def test_an_unroll_can_be_cut_anywhere(case: Case) -> None:
    whole, end = case.core.unroll(case.core.init(case.start), case.x)
    for cut in range(1, TICKS):
        first, middle = case.core.unroll(case.core.init(case.start), case.x[:, :cut])
        second, last = case.core.unroll(middle, case.x[:, cut:])
        torch.testing.assert_close(torch.cat([first, second], 1), whole, **CLOSE)
        for one, other in zip(last, end, strict=True):
            torch.testing.assert_close(one, other, **CLOSE)


def test_a_row_alone_is_the_row_among_others(case: Case) -> None:
    together = outs(case)
    for row in range(ROWS):
        torch.testing.assert_close(outs(case, slice(row, row + 1)), together[row : row + 1], **CLOSE)
    shuffled = torch.randperm(ROWS, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(outs(case, shuffled), together[shuffled], **CLOSE)


def test_a_row_does_not_see_what_its_neighbours_hold(case: Case) -> None:
    start, x = case.start.clone(), case.x.clone()
    start[1:], x[1:] = torch.rand_like(start[1:]), x[1:].flip(1)
    assert torch.equal(outs(case)[0], outs(Case(case.core, start, x))[0])


@pytest.mark.parametrize("tick", range(TICKS))
def test_an_action_changes_the_future_and_not_the_past(case: Case, tick: int) -> None:
    other = case.x.clone()
    other[:, tick] = other[:, tick].roll(1, -1)
    one, two = outs(case), outs(Case(case.core, case.start, other))
    assert torch.equal(one[:, :tick], two[:, :tick])
    assert not torch.equal(one[:, tick], two[:, tick])


def test_what_is_given_is_never_changed(case: Case) -> None:
    start, x = case.start.clone(), case.x.clone()
    with torch.no_grad():
        state = case.core.init(case.start)
        before = copied(state)
        later = case.core.update(state, case.x[:, 0])
        assert same(state, before)
        kept = copied(later)
        case.core.unroll(state, case.x)
        case.core.update(later, case.x[:, 1])
        assert same(state, before) and same(later, kept)
    assert torch.equal(case.start, start) and torch.equal(case.x, x)


def test_an_old_state_can_be_continued(case: Case) -> None:
    with torch.no_grad():
        state = case.core.init(case.start)
        once = case.core.update(state, case.x[:, 0])
        case.core.update(state, case.x[:, 1])
        assert same(case.core.update(state, case.x[:, 0]), once)


def test_gradient_reaches_the_start(case: Case) -> None:
    if len(case.core.start_shape) > 1:
        pytest.skip("its start is no vector")
    start = case.start.clone().requires_grad_()
    seen, _ = case.core.unroll(case.core.init(start), case.x)
    seen[:, -1].square().sum().backward()
    assert start.grad is not None and (start.grad != 0).all()


def test_gradient_reaches_the_actions(case: Case) -> None:
    """From the last tick to every action; where exact colours are carried on, which have no slope, to the last."""
    x = case.x.clone().requires_grad_()
    seen, _ = case.core.unroll(case.core.init(case.start), x)
    (seen[:, -1] * torch.rand(seen[:, -1].shape, generator=torch.Generator().manual_seed(3))).sum().backward()
    snaps = len(case.core.start_shape) > 1
    keys = slice(0, x.shape[2] - case.core.noise)
    for tick in range(TICKS - 1 if snaps else 0, TICKS):
        assert x.grad is not None and x.grad[:, tick, keys].isfinite().all() and x.grad[:, tick, keys].any()


def sights(case: Case) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, what is seen after each tick, and the noise that observing takes."""
    if case.core.seen_shape is None:
        pytest.skip("it imagines only")
    chance = torch.Generator().manual_seed(3)
    seen = torch.rand(ROWS, TICKS, *case.core.seen_shape, generator=chance)
    return case.x, seen, torch.randn(ROWS, TICKS, case.core.noise, generator=chance)


def test_follow_equals_update_and_observe(case: Case) -> None:
    state = case.core.init(case.start)
    fast, slow = case.core.follow(state, *sights(case)), Core.follow(case.core, state, *sights(case))
    assert fast[0].shape == (ROWS, TICKS, *case.core.out_shape) and fast[1].shape == (ROWS, TICKS)
    for one, other in zip((*fast[:2], *fast[2]), (*slow[:2], *slow[2]), strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


def test_what_is_observed_changes_the_future_and_not_the_past(case: Case) -> None:
    x, seen, noise = sights(case)
    other = seen.clone()
    other[:, 3] = 1 - seen[:, 3]
    with torch.no_grad():
        one, two = (case.core.follow(case.core.init(case.start), x, each, noise)[:2] for each in (seen, other))
    assert torch.equal(one[0][:, :3], two[0][:, :3]) and torch.equal(one[1][:, :3], two[1][:, :3])
    assert not torch.equal(one[0][:, 3], two[0][:, 3])
    assert not all(torch.equal(now[:, 4:], then[:, 4:]) for now, then in zip(one, two, strict=True))


def test_noise_changes_what_is_imagined(case: Case) -> None:
    if not case.core.noise:
        pytest.skip("its future follows from state and actions")
    calm = case.x.clone()
    calm[..., -case.core.noise :] = 0
    assert not torch.equal(outs(case), outs(Case(case.core, case.start, calm)))


def test_gradient_reaches_every_weight(case: Case) -> None:
    state = case.core.init(case.start)
    loss = case.core.unroll(state, case.x)[0].square().sum()
    if case.core.seen_shape is not None:
        followed, surprise, _ = case.core.follow(state, *sights(case))
        loss = loss + followed.square().sum() + surprise.sum()
    loss.backward()
    assert [name for name, weight in case.core.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_it_draws_nothing_on_its_own(case: Case) -> None:
    case.core.train()
    before = torch.random.get_rng_state()
    assert torch.equal(outs(case), outs(case))
    assert torch.equal(torch.random.get_rng_state(), before)
