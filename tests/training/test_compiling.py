"""A compiled tick is the plain one: the same outputs and gradients, and only where gradients are wanted."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch

from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.cores.dnc import DncConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.ntm import NtmConfig
from tickworld.models.cores.window import WindowConfig
from tickworld.models.parts import Core
from tickworld.training import compiling
from tickworld.training.compiling import compile_tick

SPEC = game("pong").spec


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is handed to the compiler, whose own work is left out: it would take minutes."""
    found: list[Any] = []
    real = functools.partial(torch.compile, backend="eager")

    def noted(tick: Any) -> Any:
        fast = real(tick)

        def called(*values: Any) -> Any:
            found.append(len(values))
            return fast(*values)

        return called

    monkeypatch.setattr(torch, "compile", noted)
    monkeypatch.setattr(compiling.shutil, "which", lambda name: name)
    return found


def unrolled(core: Core) -> tuple[torch.Tensor, list[torch.Tensor]]:
    chance = torch.Generator().manual_seed(0)
    start, x = torch.randn(3, *core.start_shape, generator=chance), torch.randn(3, 4, 6, generator=chance)
    outs, _ = core.unroll(core.init(start), x)
    outs.square().mean().backward()
    return outs.detach(), [each.grad for each in core.parameters() if each.grad is not None]


@pytest.mark.parametrize("config", [NtmConfig(), DncConfig(), WindowConfig()], ids=lambda config: config.kind)
def test_a_compiled_tick_is_the_plain_one(config: Any, asked: list[Any]) -> None:
    torch.manual_seed(0)
    core = config.build(SPEC)
    before = unrolled(core)
    core.zero_grad()
    compile_tick(core)
    after = unrolled(core)
    assert len(asked) == 4
    torch.testing.assert_close(after, before)
    with torch.no_grad():
        core.unroll(core.init(torch.zeros(1, *core.start_shape)), torch.zeros(1, 2, 6))
    assert len(asked) == 4


def test_what_cannot_be_compiled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="core has no tick of many small steps, and gains nothing by --compile"):
        compile_tick(GruConfig().build(SPEC))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match="needs a C.. compiler, and there is no no-such-compiler here"):
        compile_tick(NtmConfig().build(SPEC))
