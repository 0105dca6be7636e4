"""The comparison by which a file is let through finds what it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tickworld.export import parity
from tickworld.export.parity import difference
from tickworld.export.tick import Tick
from tickworld.models.learned import Learned


class Echo:
    """A session that gives what ``tick`` gives, changed by ``spoil``."""

    def __init__(self, tick: Tick, spoil: Any) -> None:
        self.tick, self.spoil = tick, spoil

    def get_inputs(self) -> list[Any]:
        return [type("Port", (), {"name": name}) for name in (*self.tick.fields, "actions")]

    def run(self, outputs: None, feed: dict[str, Any]) -> list[Any]:
        *state, actions = (torch.from_numpy(each) for each in feed.values())
        return self.spoil([each.detach().numpy().copy() for each in self.tick(tuple(state), actions)])


def some(number: int, what: Any) -> Any:
    """Changes one number of output ``number``."""

    def spoil(outputs: list[Any]) -> list[Any]:
        outputs[number].flat[-1] = what(outputs[number].flat[-1])
        return outputs

    return spoil


@pytest.mark.parametrize(
    ("spoil", "least", "most"),
    [
        (lambda outputs: outputs, 0, 0),
        (some(0, lambda x: x + 1e-3), 5e-4, 2e-3),
        (some(2, lambda x: x - 1e-3), 5e-4, 2e-3),
        (some(1, lambda x: np.nan), np.inf, np.inf),
        (some(2, lambda x: np.inf), np.inf, np.inf),
        (lambda outputs: [*outputs[:2], outputs[2][:, :, :3]], np.inf, np.inf),
    ],
)
def test_what_differs_is_found(
    spoil: Any, least: float, most: float, world: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = Tick(world)
    monkeypatch.setattr(parity, "_session", lambda content: Echo(tick, spoil))
    for rows in (None, 1, 11):
        assert least <= difference(b"", tick, tick, rows, ticks=1) <= most


def test_each_goes_on_from_its_own_state(world: Learned, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small error which grows is seen growing."""
    tick, seen = Tick(world), []

    def play(state: tuple[Tensor, ...], actions: Tensor) -> tuple[Tensor, ...]:
        seen.append(state[0].sum().item())
        return tick(state, actions)

    monkeypatch.setattr(parity, "_session", lambda content: Echo(tick, some(0, lambda x: x + 0.5)))
    assert difference(b"", play, tick, ticks=4) >= 0.5
    assert len(set(seen)) == 4
