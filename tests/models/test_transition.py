"""The deep transition: its equations on numbers worked out apart, and tasks that need its memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tickworld.models.cores.transition import Transition, TransitionConfig, TransitionState
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, echo, held_out, learn, parity

SHAPES = [(1, 1), (1, 2), (1, 3), (3, 1), (2, 2)]


def small(spec: Spec, blocks: int, depth: int, size: int = 5) -> Transition:
    torch.manual_seed(3)
    return TransitionConfig(size=size, blocks=blocks, depth=depth).build(spec)


def slow(core: Transition, hidden: np.ndarray, x: np.ndarray, blocks: int, depth: int) -> np.ndarray:
    """One tick of one row, a unit at a time."""
    weights = {name: value.detach().double().numpy() for name, value in core.cell.named_parameters()}
    size = len(hidden)
    for block in range(blocks):
        deep = hidden
        for layer in range(depth):
            at = block * depth + layer
            bias = weights["entry.weight"] @ x + weights["entry.bias"] if at == 0 else weights[f"layers.{at}.bias"]
            deep = weights[f"layers.{at}.weight"] @ deep + bias
            deep = np.tanh(deep) if layer < depth - 1 else deep
        new, gate = np.tanh(deep[:size]), 1 / (1 + np.exp(-deep[size:]))
        hidden = (1 - gate) * hidden + gate * new
    return hidden


@pytest.mark.parametrize(("blocks", "depth"), SHAPES)
@torch.no_grad()
def test_it_is_what_the_equations_say(spec: Spec, blocks: int, depth: int) -> None:
    core = small(spec, blocks, depth)
    x, start = torch.randn(2, 6, 3), torch.randn(2, 5)
    outs, _ = core.unroll(core.init(start), x)
    for row in range(2):
        hidden = np.tanh(start[row].double().numpy())
        for tick in range(6):
            hidden = slow(core, hidden, x[row, tick].double().numpy(), blocks, depth)
            torch.testing.assert_close(outs[row, tick].double(), torch.from_numpy(hidden), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_a_recurrent_highway_of_one_unit_by_hand(spec: Spec) -> None:
    """Two blocks of one layer whose gates stand at 1/2 and at 3/4."""
    core = small(spec, blocks=2, depth=1, size=1)
    for weight in core.parameters():
        weight.zero_()
    core.cell.entry.weight[0, 1] = 0.5  # the second key adds 1/2 to the first candidate
    core.cell.get_parameter("layers.1.weight")[0] = 2.0
    core.cell.get_parameter("layers.1.bias")[1] = np.log(3)
    state = core.update(TransitionState(torch.tensor([[0.25]])), torch.tensor([[0.0, 1.0, 0.0]]))
    first = 0.5 * 0.25 + 0.5 * np.tanh(0.5)
    second = 0.25 * first + 0.75 * np.tanh(2 * first)
    assert state.out.item() == pytest.approx(second, abs=1e-6)


@pytest.mark.parametrize(("blocks", "depth"), SHAPES)
def test_a_new_network_carries_its_state_along(spec: Spec, blocks: int, depth: int) -> None:
    cell = small(spec, blocks, depth).cell
    last = [cell.entry if at == 0 else cell.layers[at] for at in range(depth - 1, blocks * depth, depth)]
    assert [layer.get_parameter("bias")[5:].tolist() for layer in last] == [[-1.0] * 5] * blocks


@pytest.mark.parametrize(("gate", "least", "most"), [(-6, 0.1, 1), (6, 0, 1e-6)])
def test_gradients_pass_480_layers_by_the_shortcuts(spec: Spec, gate: float, least: float, most: float) -> None:
    """Sixty ticks of four blocks of two layers, with gates nearly shut and with gates wide open."""
    core = small(spec, blocks=4, depth=2)
    for at in range(1, 8, 2):
        core.cell.get_parameter(f"layers.{at}.bias").data[5:] = gate
    start = torch.randn(3, 5, requires_grad=True)
    outs, _ = core.unroll(core.init(start), torch.zeros(3, 60, 3))
    (slope,) = torch.autograd.grad(outs[:, -1].sum(), start)
    assert least <= slope.abs().mean() <= most


def test_its_state_stays_in_range(spec: Spec) -> None:
    core = small(spec, blocks=2, depth=2)
    with torch.no_grad():
        for weight in core.parameters():
            weight *= 30
        outs, _ = core.unroll(core.init(9 * torch.randn(4, 5)), torch.randn(4, 50, 3))
    assert outs.abs().max() <= 1


@pytest.mark.parametrize(("blocks", "depth"), [(1, 2), (3, 1)])
def test_it_learns_a_sign_that_keys_turn_round_and_keeps_it(spec: Spec, blocks: int, depth: int) -> None:
    """Learned on eight ticks, right on sixty-four. Whoever misses one key can only guess: ``NO_MEMORY``."""
    solver = learn(small(spec, blocks, depth, size=24), parity(8), 300)
    assert held_out(solver, parity(8, 64)) < 0.02
    assert held_out(solver, parity(64, 64)) < 0.1 < NO_MEMORY


def test_it_learns_what_was_pressed_four_ticks_ago(spec: Spec) -> None:
    task = echo(4, 24)
    assert held_out(learn(small(spec, blocks=1, depth=2, size=24), task, 200), task) < 0.02 < NO_MEMORY


def test_without_its_state_it_can_only_guess(spec: Spec) -> None:
    class Forgetful(Transition):
        def unroll(self, state: TransitionState, x: Tensor) -> tuple[Tensor, TransitionState]:
            alone = x.flatten(0, 1).unsqueeze(1)
            outs = self.cell(alone, torch.zeros(1, len(alone), 24))[0].view(*x.shape[:2], 24)
            return outs, TransitionState(outs[:, -1])

    core = small(spec, blocks=1, depth=2, size=24)
    task = echo(4, 24)
    assert held_out(learn(Forgetful(core.cell, 24), task, 100), task) > 0.95 * NO_MEMORY
