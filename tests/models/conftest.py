"""A made-up game that shares nothing with ours: other sizes, three colour channels, four colours, one player."""

from __future__ import annotations

import pytest

from tickworld.simulator import Spec


@pytest.fixture
def spec() -> Spec:
    return Spec(
        name="toy",
        height=9,
        width=7,
        channels=3,
        players=("one",),
        actions=("stay", "go", "turn"),
        palette=((0, 0, 0), (255, 0, 0), (0, 0, 255), (255, 255, 255)),
    )
