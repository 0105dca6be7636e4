"""The memory network over a window: the paper's equations hop by hop, what it can see, and that it learns from it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from tickworld.models.cores.window import WindowConfig
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, echo, held_out, learn, parity

Array = NDArray[np.float64]
TICKS, SIZE, HOPS = 3, 4, 2


def by_hand(w: dict[str, Array], start: Array, keys: list[int]) -> list[Array]:
    """``out`` of every tick, from entries [x, out] that are embedded anew each time they are looked at."""
    ask, key_x, value_x = w["inputs.weight"].reshape(3, SIZE, -1)
    ask_bias, key_bias, value_bias = w["inputs.bias"].reshape(3, SIZE)
    key_out, value_out = w["entry.weight"].reshape(2, SIZE, SIZE)
    out = np.tanh(start)
    entries: list[tuple[Array | None, Array]] = [(None, out)] * TICKS  # oldest first
    outs = []
    for key in keys:
        x = np.eye(3)[key]
        q = ask @ x + ask_bias + w["query.weight"] @ out
        for _ in range(HOPS):
            scores, values = [], []
            for slot, (pressed, came) in enumerate(entries):
                k, v = key_out @ came, value_out @ came
                if pressed is not None:
                    k, v = k + key_x @ pressed + key_bias, v + value_x @ pressed + value_bias
                scores.append(q @ (k + w["key_ages"][slot]) / SIZE**0.5)
                values.append(v + w["value_ages"][slot])
            p = np.exp(scores) / np.exp(scores).sum()
            q = w["hop.weight"] @ q + p @ np.array(values)
            q[SIZE // 2 :] = np.maximum(q[SIZE // 2 :], 0)
        out = np.tanh(w["outputs.weight"] @ q + w["outputs.bias"])
        entries = [*entries[1:], (x, out)]
        outs.append(out)
    return outs


@torch.no_grad()
def test_hops_are_the_papers(spec: Spec) -> None:
    torch.manual_seed(0)
    core = WindowConfig(size=SIZE, ticks=TICKS, hops=HOPS).build(spec)
    for each in core.parameters():
        each.mul_(3)  # so that lookups choose
    start, keys = torch.randn(1, SIZE), [1, 0, 2, 2, 1, 0, 1]
    outs, _ = core.unroll(core.init(start), torch.eye(3)[keys].unsqueeze(0))
    expected = by_hand(
        {n: each.double().numpy() for n, each in core.state_dict().items()}, start[0].double().numpy(), keys
    )
    np.testing.assert_allclose(outs[0].numpy(), np.stack(expected), rtol=1e-3, atol=1e-5)


def test_it_learns_to_look_back(spec: Spec) -> None:
    torch.manual_seed(0)
    solver = learn(WindowConfig(size=24, ticks=12, hops=2).build(spec), echo(delay=6, ticks=24), iterations=100)
    assert held_out(solver, echo(delay=6, ticks=24)) < 0.1 * NO_MEMORY


def test_it_learns_to_carry_on_beyond_its_window(spec: Spec) -> None:
    """Which way the thing goes depends on all keys since the start: only its own outputs can tell."""
    torch.manual_seed(0)
    core = WindowConfig(size=24, ticks=4, hops=2).build(spec)
    solver = learn(core, parity(ticks=12), iterations=200)
    assert held_out(solver, parity(ticks=12)) < 0.1 * NO_MEMORY
