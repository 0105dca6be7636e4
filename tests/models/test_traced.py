"""What snapped cores do while they are traced for an export is what they do when they play."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.cores.snapping import ROWS
from tickworld.models.patches import marked, patches
from tickworld.simulator import Spec

SMALL: dict[str, Any] = {"radius": (2, 1), "glance": (1, 2), "width": 12, "summary": 6, "stirred": 10_000}


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls a function as if it were traced."""

    def traced(function: Any, *arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(torch.compiler, "is_compiling", lambda: True)
            return function(*arguments)

    return traced


@pytest.mark.parametrize("radius", [(0, 0), (1, 2), (2, 1), (2, 2)])
def test_patches_are_the_same(radius: tuple[int, int], traced: Any) -> None:
    marks = torch.rand(3, 5 + 4, 7 + 4, 2)
    rows, pixels = torch.arange(3).repeat_interleave(35), torch.arange(35).repeat(3)
    cut = (marks, (2, 2), radius, rows, pixels)
    assert torch.equal(patches(*cut), traced(patches, *cut))
    y, x = radius
    middle = marks[1, 2 + 3 - y : 2 + 3 + y + 1, 2 + 4 - x : 2 + 4 + x + 1]  # around row 3, column 4
    assert torch.equal(patches(*cut)[35 + 3 * 7 + 4], middle.flatten())


def test_of_more_marked_pixels_than_asked_for_the_first_are_taken(traced: Any) -> None:
    marks = torch.tensor([[0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1.0]])
    there, pixels = traced(marked, marks, 3)
    assert pixels.tolist() == [[1, 3, 4], [5, 0, 1]] and there.tolist() == [[1, 1, 1], [1, 0, 0]]
    alone, _ = marked(marks, 3)
    assert torch.equal(there, alone)


@pytest.mark.parametrize("mode", ["exact", "soft"])
@pytest.mark.parametrize("members", [1, 3])
def test_a_tick_is_the_same(members: int, mode: str, spec: Spec, traced: Any) -> None:
    torch.manual_seed(1)
    member = SnappedConfig.model_validate(SMALL | {"mode": mode})
    config = CommitteeConfig(member=member, members=members, sure=1.5) if members > 1 else member
    core = config.build(spec).eval()
    for name, buffer in core.named_buffers():
        if name.endswith("lively"):
            buffer[:] = True
    state, x = core.init(dark(core.start_shape, ROWS + 2)), torch.eye(3)[torch.arange(ROWS + 2) % 3]
    with torch.no_grad():
        for _ in range(3):
            played, other = core.update(state, x), traced(core.update, state, x)
            for one, two in zip(played, other, strict=True):
                torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-5)
            state = played


def dark(shape: tuple[int, ...], rows: int) -> Tensor:
    """Mostly dark frames."""
    frames = torch.rand(rows, *shape)
    return frames * (frames > 0.8)
