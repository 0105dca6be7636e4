"""Cuts leave what is seen as it is and stop gradients; frames that are shown now and then lie between all and none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.mingru import MinGruConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.transformer import TransformerConfig
from tickworld.models.parts import Core
from tickworld.models.unrolling import detached, partly_shown, truncated
from tickworld.simulator import Spec

ROWS, TICKS = 4, 7
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
BLIND = {"gru": GruConfig(size=8), "mingru": MinGruConfig(size=8), "transformer": TransformerConfig(size=8, ticks=3)}
SEEING = {
    "rssm": RssmConfig(size=8, groups=3, classes=4, hidden=8, free=0.0),
    "gaussian": RssmConfig(size=8, groups=3, hidden=8, free=0.0, latent="gaussian"),
    "mdn_rnn": MdnRnnConfig(size=8, code=5, components=2),
}


def build(config: Any, spec: Spec) -> Core:
    torch.manual_seed(0)
    return config.build(spec).eval()


def some(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def inputs(core: Core, spec: Spec) -> Tensor:
    keys = some(2, ROWS, TICKS, len(spec.players) * len(spec.actions))
    return torch.cat([keys, some(3, ROWS, TICKS, core.noise)], 2)


@pytest.mark.parametrize("ticks", [1, 3, 7, 20])
@pytest.mark.parametrize("name", BLIND)
def test_a_cut_changes_nothing_that_is_seen(name: str, ticks: int, spec: Spec) -> None:
    core = build(BLIND[name], spec)
    state, x = core.init(some(1, ROWS, *core.start_shape)), inputs(core, spec)
    (whole, last), (cut, cut_last) = core.unroll(state, x), truncated(core, state, x, ticks)
    torch.testing.assert_close(cut, whole, **CLOSE)
    for one, other in zip(cut_last, last, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("name", BLIND)
def test_no_gradient_passes_a_cut(name: str, spec: Spec) -> None:
    """Cut every three ticks: ``out`` of tick t learns from the inputs since the cut before it, and from no other."""
    core = build(BLIND[name], spec)
    start = some(1, ROWS, *core.start_shape).requires_grad_()
    x = inputs(core, spec).requires_grad_()
    outs, _ = truncated(core, core.init(start), x, 3)
    uncut, _ = core.unroll(core.init(start), x)
    for tick in range(TICKS):
        reached, whole = (
            torch.autograd.grad(
                (each[:, tick] * some(9, 8)).sum(), (x, start), retain_graph=True, materialize_grads=True
            )
            for each in (outs, uncut)
        )
        of_x, cut = reached[0].abs().sum((0, 2)), tick // 3 * 3
        assert not of_x[:cut].any() and not of_x[tick + 1 :].any()
        assert (of_x[cut : tick + 1] > 0).all()
        torch.testing.assert_close(reached[0][:, cut:], whole[0][:, cut:], **CLOSE)
        assert reached[1].any() == (tick < 3)
        assert whole[1].any() and (tick == 0 or whole[0][:, tick - 1].any())


def test_a_detached_state_is_the_same_value(spec: Spec) -> None:
    core = build(BLIND["gru"], spec)
    state = core.update(core.init(some(1, ROWS, *core.start_shape)), inputs(core, spec)[:, 0])
    for one, other in zip(detached(state), state, strict=True):
        assert torch.equal(one, other) and not one.requires_grad
    assert state.out.requires_grad


def sights(core: Core, spec: Spec) -> tuple[Any, Tensor, Tensor, Tensor]:
    """State, inputs, what there is to see after each tick, and the noise of observing."""
    assert core.seen_shape is not None
    state = core.init(some(1, ROWS, *core.start_shape))
    return state, inputs(core, spec), some(4, ROWS, TICKS, *core.seen_shape), some(5, ROWS, TICKS, core.noise)


@pytest.mark.parametrize("name", SEEING)
def test_all_shown_is_to_follow(name: str, spec: Spec) -> None:
    core = build(SEEING[name], spec)
    case, always = sights(core, spec), torch.ones(ROWS, TICKS, dtype=torch.bool)
    expected, found = core.follow(*case), partly_shown(core, *case, always)
    for one, other in zip((*found[:2], *found[2]), (*expected[:2], *expected[2]), strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("name", SEEING)
def test_none_shown_is_to_run_free(name: str, spec: Spec) -> None:
    core = build(SEEING[name], spec)
    state, x, seen, noise = sights(core, spec)
    outs, nats, last = partly_shown(core, state, x, seen, noise, torch.zeros(ROWS, TICKS, dtype=torch.bool))
    for tick in range(TICKS):
        state = core.update(state, x[:, tick])
        corrected, surprise = core.observe(state, seen[:, tick], noise[:, tick])
        torch.testing.assert_close(outs[:, tick], corrected.out, **CLOSE)
        torch.testing.assert_close(nats[:, tick], surprise, **CLOSE)
    for one, other in zip(last, core.unroll(sights(core, spec)[0], x)[1], strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("name", SEEING)
def test_each_row_goes_on_from_what_it_was_shown(name: str, spec: Spec) -> None:
    """Row 0 is shown tick 2: that changes its later surprises, none before and nobody else's."""
    core = build(SEEING[name], spec)
    case, shown = sights(core, spec), torch.zeros(ROWS, TICKS, dtype=torch.bool)
    none = partly_shown(core, *case, shown)[1]
    shown[0, 2] = True
    once = partly_shown(core, *case, shown)[1]
    assert torch.equal(once[:, :3], none[:, :3]) and torch.equal(once[1:], none[1:])
    assert (once[0, 3:] != none[0, 3:]).all()
