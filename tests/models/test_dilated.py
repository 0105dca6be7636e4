"""Levels that look back 1, 2, 4, ... ticks: against a slow reference, from the inside, and on delays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tickworld.config import override
from tickworld.models.cores.dilated import Dilated, DilatedConfig, GruCellConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.transition import TransitionConfig
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, echo, held_out, learn

CELLS: dict[str, Any] = {
    "gru": GruCellConfig(size=5),
    "deep transition": TransitionConfig(size=5, depth=3),
    "recurrent highway": TransitionConfig(size=5, blocks=2, depth=1),
}


def small(spec: Spec, cell: Any, levels: int = 3) -> Dilated:
    torch.manual_seed(3)
    return DilatedConfig(levels=levels, cell=cell).build(spec)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gru(cell: nn.Module, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """One tick of a GRU for one row."""
    w, u, b, c = (each.detach().double().numpy() for each in cell.parameters())
    (r_x, z_x, n_x), (r_h, z_h, n_h) = np.split(w @ x + b, 3), np.split(u @ hidden + c, 3)
    z = sigmoid(z_x + z_h)
    return (1 - z) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * hidden


@pytest.mark.parametrize("ticks", [1, 3, 8, 21])
@torch.no_grad()
def test_every_level_steps_from_d_ticks_ago(spec: Spec, ticks: int) -> None:
    core = small(spec, CELLS["gru"])
    start, x = torch.randn(2, 15), torch.randn(2, ticks, 3)
    outs, _ = core.unroll(core.init(start), x)
    for row in range(2):
        seen = [[np.tanh(part)] * 2**level for level, part in enumerate(np.split(start[row].double().numpy(), 3))]
        for tick in range(ticks):
            below = x[row, tick].double().numpy()
            for level, cell in enumerate(core.cells):
                below = gru(cell, below, seen[level][-(2**level)])
                seen[level].append(below)
            torch.testing.assert_close(outs[row, tick].double(), torch.from_numpy(below), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_with_one_level_it_is_a_gru(spec: Spec) -> None:
    core, plain = small(spec, GruCellConfig(size=5), levels=1), GruConfig(size=5, layers=1).build(spec)
    plain.rnn.load_state_dict(core.cells[0].state_dict())
    start, x = torch.randn(2, 5), torch.randn(2, 9, 3)
    assert torch.equal(core.unroll(core.init(start), x)[0], plain.unroll(plain.init(start), x)[0])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("cut", [1, 2, 5, 8, 12])
@torch.no_grad()
def test_an_unroll_can_be_cut_at_any_phase_of_its_rings(spec: Spec, cell: str, cut: int) -> None:
    core = small(spec, CELLS[cell], levels=4)
    x = torch.randn(3, 13, 3)
    begun = core.init(torch.randn(3, 20))
    whole, last = core.unroll(begun, x)
    first, state = core.unroll(begun, x[:, :cut])
    second, end = core.unroll(state, x[:, cut:])
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(end.ring, last.ring)


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_an_unroll_is_tick_by_tick_what_updates_give(spec: Spec, cell: str) -> None:
    core = small(spec, CELLS[cell], levels=4)
    state, x = core.init(torch.randn(3, 20)), torch.randn(3, 21, 3)
    outs, last = core.unroll(state, x)
    for tick in range(21):
        state = core.update(state, x[:, tick])
        torch.testing.assert_close(outs[:, tick], state.out)
    torch.testing.assert_close(last.ring, state.ring)


@torch.no_grad()
def test_a_ring_holds_the_last_vectors_with_the_oldest_first(spec: Spec) -> None:
    core = small(spec, CELLS["gru"])
    outs, state = core.unroll(core.init(torch.randn(2, 15)), torch.randn(2, 10, 3))
    assert state.ring.shape == (2, 7, 5)
    assert torch.equal(state.ring[:, 3:], outs[:, 6:]) and torch.equal(state.out, outs[:, -1])


def test_a_start_fills_all_slots_of_its_level(spec: Spec) -> None:
    start = torch.arange(15.0).unsqueeze(0) / 10
    ring = small(spec, CELLS["gru"]).init(start).ring
    assert torch.equal(ring[0], start.tanh().view(3, 5)[[0, 1, 1, 2, 2, 2, 2]])


def test_a_top_level_chain_is_as_short_as_its_dilation_says(spec: Spec) -> None:
    """With lower levels cut off, the last tick depends on the start through every fourth tick only."""
    core = small(spec, CELLS["gru"])
    begun = core.init(torch.randn(1, 15))
    ring = begun.ring.detach().requires_grad_()
    outs, _ = core.unroll(begun._replace(ring=ring), torch.zeros(1, 6, 3))
    (slope,) = torch.autograd.grad(outs[:, -1].sum(), ring)
    assert slope[0, 3:].any(1).tolist() == [False, True, False, False]  # tick 5 = chain 1 of 4


def test_the_cell_is_chosen_by_a_setting() -> None:
    config = override(DilatedConfig(), {"cell.kind": "transition", "cell.size": "16", "cell.depth": "3"})
    assert config.cell == TransitionConfig(size=16, depth=3)


@pytest.mark.parametrize("cell", [GruCellConfig(size=24), TransitionConfig(size=24)])
def test_it_learns_a_long_delay(spec: Spec, cell: Any) -> None:
    """Which key was pressed twelve ticks ago: a sum of looks back, one level after the other."""
    task = echo(12, 36)
    assert held_out(learn(small(spec, cell), task, 150), task) < 0.02 < NO_MEMORY


def test_levels_without_dilation_learn_it_slower(spec: Spec) -> None:
    task = echo(12, 36)
    torch.manual_seed(3)
    stacked = GruConfig(size=24, layers=3).build(spec)
    assert held_out(learn(stacked, task, 150), task) > 0.1
