"""Laws of every core in the table: unroll is update step by step, rows are independent, nothing leaks from the future,
gradients reach the start and the actions, and what is built follows from torch's seed."""

from __future__ import annotations

import typing
from typing import Any

import pytest
import torch
from pydantic import BaseModel
from torch import Tensor

from tickworld.models.cores import CoreConfig
from tickworld.models.cores.bodies import BodiesConfig
from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.lstm import LstmConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.runtime import RuntimeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.parts import Core, State
from tickworld.simulator import Spec

BATCH, TICKS = 4, 7
SNAPPED = SnappedConfig(mode="soft", radius=(1, 1), ages=3, width=8, summary=4)
SMALL: dict[str, Any] = {
    "gru": GruConfig(size=6),
    "lstm": LstmConfig(size=6),
    "snapped": SNAPPED,
    "committee": CommitteeConfig(member=SNAPPED, members=2),
    "bodies": BodiesConfig(bodies=2),
    "mdn_rnn": MdnRnnConfig(size=6, code=3, components=2),
    "rssm": RssmConfig(size=6, groups=3, classes=4, hidden=5),
    "runtime": RuntimeConfig(size=6, rank=5),
}
"""One small core of every kind in the table."""
SNAPS = ("snapped", "committee")
"""Cores that start from the palette colours nearest to the frames they are shown: a step, with no slope."""


def kinds() -> list[str]:
    """The words of the table of cores."""
    union, _ = typing.get_args(CoreConfig)
    configs: list[type[BaseModel]] = list(typing.get_args(union))
    return [config.model_fields["kind"].default for config in configs]


def core_of(kind: str, spec: Spec) -> Core:
    torch.manual_seed(4)
    core = SMALL[kind].build(spec).eval()
    for name, buffer in core.named_buffers():
        if name.rpartition(".")[2] in ("lively", "remote"):
            buffer[:] = True  # every pixel is asked
    return core


def begin(core: Core, spec: Spec, batch: int = BATCH) -> tuple[Tensor, Tensor]:
    """A start, and one-hot actions and noise [B, T, A + N]."""
    chance = torch.Generator().manual_seed(2)
    start = torch.rand(batch, *core.start_shape, generator=chance)
    keys = torch.randint(len(spec.actions), (batch, TICKS), generator=chance)
    noise = torch.randn(batch, TICKS, core.noise, generator=chance)
    return start, torch.cat([torch.nn.functional.one_hot(keys, len(spec.actions)).float(), noise], 2)


def fields(state: State) -> dict[str, Tensor]:
    return state._asdict()


def test_every_core_of_the_table_is_held_to_the_laws() -> None:
    assert sorted(SMALL) == sorted(kinds())


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_unroll_is_update_step_by_step(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    outs, last = core.unroll(core.init(start), x)
    assert outs.shape == (BATCH, TICKS, *core.out_shape)
    state = core.init(start)
    assert state.out.shape == (BATCH, *core.out_shape)
    for tick in range(TICKS):
        state = core.update(state, x[:, tick])
        torch.testing.assert_close(outs[:, tick], state.out, rtol=1e-4, atol=1e-5)
    for name, each in fields(last).items():
        torch.testing.assert_close(each, fields(state)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_an_unroll_can_be_cut_anywhere(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    whole, last = core.unroll(core.init(start), x)
    first, middle = core.unroll(core.init(start), x[:, :3])
    second, end = core.unroll(middle, x[:, 3:])
    torch.testing.assert_close(torch.cat([first, second], 1), whole, rtol=1e-4, atol=1e-5)
    for name, each in fields(end).items():
        torch.testing.assert_close(each, fields(last)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_a_row_does_not_depend_on_its_neighbours(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    together, last = core.unroll(core.init(start), x)
    for name, each in fields(last).items():
        assert len(each) == BATCH, name
    alone, _ = core.unroll(core.init(start[2:3]), x[2:3])
    torch.testing.assert_close(alone, together[2:3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_nothing_leaks_from_the_future(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    other = x.clone()
    other[:, 4:] = x[:, 4:].roll(1, -1)
    one, two = (core.unroll(core.init(start), each)[0] for each in (x, other))
    torch.testing.assert_close(one[:, :4], two[:, :4], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", SMALL)
def test_gradients_reach_the_start_and_the_actions(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    start, x = start.requires_grad_(), x.requires_grad_()
    outs, _ = core.unroll(core.init(start), x)
    (outs[:, -1] * torch.rand(outs[:, -1].shape, generator=torch.Generator().manual_seed(3))).sum().backward()
    for what in (x,) if kind in SNAPS else (start, x):
        assert what.grad is not None and what.grad.isfinite().all() and what.grad.any()


@pytest.mark.parametrize("kind", SMALL)
@torch.no_grad()
def test_update_leaves_the_state_it_was_given_alone(kind: str, spec: Spec) -> None:
    core = core_of(kind, spec)
    start, x = begin(core, spec)
    state = core.init(start)
    before = {name: each.clone() for name, each in fields(state).items()}
    core.update(state, x[:, 0])
    assert all(torch.equal(each, before[name]) for name, each in fields(state).items())
