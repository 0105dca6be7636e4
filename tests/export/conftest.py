"""Small worlds to export."""

from __future__ import annotations

from typing import Any

import pytest

from tickworld.games import game
from tickworld.models.learned import Learned
from tickworld.models.world import WorldConfig, seeded_world

PARTS: dict[str, Any] = {
    "initializer": {"kind": "params", "size": 4},
    "core": {"kind": "gru", "size": 6, "layers": 2},
    "renderer": {"kind": "dense"},
}


def learned(**parts: Any) -> Learned:
    """A world of pong that has learned nothing yet."""
    spec = game("pong").spec
    return Learned(seeded_world(WorldConfig.model_validate(PARTS | parts), spec, seed=0), spec)


@pytest.fixture(scope="session")
def world() -> Learned:
    """One that is quickly exported. Not to be changed."""
    return learned()
