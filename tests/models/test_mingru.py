"""The linear recurrence: its scan against a slow one in double precision, its equations, and what it can remember."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm

from tickworld.models.cores.mingru import MinGru, MinGruConfig, scan
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, Draw, Task, held_out, learn, parity, pressed


def slow_scan(keep: Tensor, gain: Tensor, first: Tensor) -> Tensor:
    states = []
    for a, b in zip(keep.unbind(1), gain.unbind(1), strict=True):
        first = a * first + b
        states.append(first)
    return torch.stack(states, 1)


def pairs(ticks: int, spread: float) -> tuple[Tensor, Tensor, Tensor]:
    """Factors in -1..1, many of them at the ends when ``spread`` is large; gains; a first state."""
    torch.manual_seed(ticks)
    return (spread * torch.randn(3, ticks, 4)).tanh(), torch.randn(3, ticks, 4), torch.randn(3, 4)


@pytest.mark.parametrize("ticks", [1, 2, 3, 7, 8, 100, 512])
@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0])
def test_the_scan_and_its_gradients_are_those_of_a_slow_loop(ticks: int, spread: float) -> None:
    inputs = [each.requires_grad_() for each in pairs(ticks, spread)]
    exact = [each.detach().double().requires_grad_() for each in inputs]
    weights = torch.randn(3, ticks, 4) / ticks
    results = []
    for run, given in ((scan, inputs), (slow_scan, exact)):
        states = run(given[0], given[1], given[2])
        slopes = torch.autograd.grad((states * weights).sum(), given)
        results.append([each.double() for each in (states, *slopes)])
    scale = max(each.abs().max().item() for each in results[1])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6 * scale)


def test_the_scan_has_second_derivatives() -> None:
    inputs = [each.double().requires_grad_() for each in pairs(5, 1.0)]
    assert torch.autograd.gradcheck(scan, inputs) and torch.autograd.gradgradcheck(scan, inputs)


@pytest.mark.parametrize("gate", [-200.0, -20.0, 20.0, 200.0])
@pytest.mark.parametrize("signed", [False, True])
def test_gates_that_are_shut_or_open_for_512_ticks_leave_it_finite(spec: Spec, gate: float, signed: bool) -> None:
    core = small(spec, signed)
    for block in core.blocks:
        block.get_parameter("drive.1.bias").data[:6] = gate
    start = torch.randn(2, 12, requires_grad=True)
    outs, _ = core.unroll(core.init(start), torch.randn(2, 512, 3))
    outs.square().sum().backward()
    for each in (outs, start.grad, *(weight.grad for weight in core.parameters())):
        assert each is not None and each.isfinite().all()


def small(spec: Spec, signed: bool, size: int = 6) -> MinGru:
    torch.manual_seed(3)
    return MinGruConfig(size=size, signed=signed).build(spec)


def norm(y: Tensor) -> Tensor:
    return layer_norm(y, y.shape[-1:])


@pytest.mark.parametrize("signed", [False, True])
@torch.no_grad()
def test_it_is_what_the_equations_say(spec: Spec, signed: bool) -> None:
    core = small(spec, signed).double()
    w = dict(core.named_parameters())
    start, x = torch.randn(12).double(), torch.randn(9, 3).double()
    outs, _ = core.unroll(core.init(start[None]), x[None])
    hidden = list(start.split(6))
    for tick in range(-1, 9):
        y = x[tick] @ w["entry.weight"].T + w["entry.bias"] if tick >= 0 else torch.zeros(6).double()
        for block in range(2):
            at = f"blocks.{block}."
            gate, new = (norm(y) @ w[at + "drive.1.weight"].T + w[at + "drive.1.bias"]).split(6)
            keep = gate.tanh() if signed else 1 / (1 + (-gate).exp())
            if tick >= 0:
                hidden[block] = keep * hidden[block] + (1 - keep.abs()) * new
            m = y + hidden[block] @ w[at + "back.weight"].T + w[at + "back.bias"]
            inner = gelu(norm(m) @ w[at + "mlp.1.weight"].T + w[at + "mlp.1.bias"])
            y = m + inner @ w[at + "mlp.3.weight"].T + w[at + "mlp.3.bias"]
        seen = outs[0, tick] if tick >= 0 else core.init(start[None]).out[0]
        torch.testing.assert_close(seen, norm(y))


@pytest.mark.parametrize("signed", [False, True])
@torch.no_grad()
def test_512_ticks_at_once_are_512_steps(spec: Spec, signed: bool) -> None:
    core = small(spec, signed, size=32)
    state, x = core.init(torch.randn(4, 64)), torch.randn(4, 512, 3)
    outs, last = core.unroll(state, x)
    for tick in range(512):
        state = core.update(state, x[:, tick])
        torch.testing.assert_close(outs[:, tick], state.out, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(last.hidden, state.hidden, rtol=1e-5, atol=1e-5)


def held(ticks: int, batch: int = 16) -> Draw:
    """Which of two keys was the last one pressed? Asked while nothing is pressed, so the key says nothing."""

    def draw(chance: torch.Generator) -> Task:
        keys = 1 + torch.randint(2, (batch, ticks), generator=chance)
        down = torch.rand(batch, ticks, generator=chance) < 0.05
        down[:, 0] = True
        when = torch.where(down, torch.arange(ticks), 0).cummax(1).values
        return Task(pressed(keys * down), keys.gather(1, when) - 1, ~down)

    return draw


def test_it_learns_what_was_pressed_last(spec: Spec) -> None:
    """``held`` with 96 ticks, twenty between two keys on average."""
    task = held(96)
    assert held_out(learn(small(spec, False, size=24), task, 100), task) < 0.02 < NO_MEMORY


def test_only_signed_factors_follow_a_sign_that_keys_turn_round(spec: Spec) -> None:
    task = parity(24)
    signed, plain = (held_out(learn(small(spec, each, size=24), task, 250), task) for each in (True, False))
    assert signed < 0.02
    assert plain > 0.4


def test_a_signed_state_stays_as_bounded_as_its_candidates() -> None:
    keep = torch.linspace(-1, 1, 99).view(1, -1, 1)
    assert scan(keep, 1 - keep.abs(), torch.ones(1, 1)).abs().max() <= 1 + 1e-6  # rounding
