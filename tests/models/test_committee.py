"""A committee of snapped cores: the first alone while it is sure, all where it is not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tickworld.models.cores.committee import Committee, CommitteeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.cores.snapping import ROWS
from tickworld.simulator import Spec
from tickworld.tensors import lead

BATCH = ROWS + 3
SMALL = SnappedConfig(radius=(2, 1), glance=(1, 2), width=12, summary=6, stirred=20, ages=5)


def committee(spec: Spec, **settings: Any) -> Committee:
    """An untrained committee whose members ask every pixel and disagree."""
    torch.manual_seed(5)
    core = CommitteeConfig.model_validate({"member": SMALL} | settings).build(spec).eval()
    for member in core.cores:
        member.lively[:] = member.remote[:] = True
        member.answer.weight.data *= 30
    return core


def begin(core: Committee, batch: int = BATCH) -> tuple[Any, Tensor]:
    """A state of random frames, and keys."""
    chance = torch.Generator().manual_seed(1)
    length, _, height, width = core.start_shape
    colours = torch.randint(len(core.cores[0].palette), (batch, length, height, width), generator=chance)
    keys = one_hot(torch.randint(3, (batch,), generator=chance), 3).float()
    return core.init(core.cores[0].palette[colours].movedim(-1, 2)), keys


def outs(core: Committee, state: Any, keys: Tensor) -> Tensor:
    """What each member expects, [members, B, Q, H, W]."""
    return torch.stack([member.update(state, keys).out for member in core.cores])


def test_it_carries_what_one_member_would(spec: Spec) -> None:
    core = committee(spec)
    state, keys = begin(core)
    alone = core.cores[0]
    assert core.start_shape == alone.start_shape and core.out_shape == alone.out_shape
    after = core.update(state, keys)
    assert after._fields == state._fields and all(new.shape == old.shape for new, old in zip(after, state, strict=True))
    assert torch.equal(after.out.argmax(1).to(torch.uint8), after.frames[:, -1])


@torch.no_grad()
def test_all_decide_where_the_first_is_not_sure(spec: Spec) -> None:
    core = committee(spec)
    state, keys = begin(core)
    each = outs(core, state, keys)
    least = lead(each[0]).flatten(1).min(1).values
    core = committee(spec, sure=float(least.median()))
    out = core.update(state, keys).out
    alone = least >= core.config.sure
    assert 0 < alone.sum() < BATCH
    torch.testing.assert_close(out[alone], each[0][alone])
    torch.testing.assert_close(out[~alone], each.mean(0)[~alone], rtol=1e-4, atol=1e-4)
    assert (out.argmax(1) != each[0].argmax(1)).any()


@torch.no_grad()
def test_alone_it_is_its_member_and_in_soft_mode_all_are_asked(spec: Spec) -> None:
    one = committee(spec, members=1)
    state, keys = begin(one)
    torch.testing.assert_close(one.update(state, keys).out, outs(one, state, keys)[0])
    soft = committee(spec, member=SMALL.model_copy(update={"mode": "soft"}), sure=0.0)
    state, keys = begin(soft)
    torch.testing.assert_close(soft.update(state, keys).out, outs(soft, state, keys).mean(0), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_games_do_not_depend_on_their_neighbours(spec: Spec) -> None:
    core = committee(spec, sure=3.0)
    state, keys = begin(core)
    together = core.update(state, keys)
    for row in range(0, BATCH, 5):
        alone = core.update(type(state)(*(each[row : row + 1] for each in state)), keys[row : row + 1])
        assert torch.equal(alone.frames[0], together.frames[row])
