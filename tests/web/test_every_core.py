"""Every core of the table plays in the page of its export as it does in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.laws.test_onnx import CORES, lively
from tests.web.dreams import played_in_page, played_in_python

from tickworld.export.page import export_page

TICKS = 20
SEED = 1


@pytest.mark.slow
@pytest.mark.parametrize("name", CORES)
def test_it_plays_in_the_page_as_in_python(name: str, opened: Any, tmp_path: Path) -> None:
    """To the last bit where colours are decided on, else to a shade of grey: sums are added in another order there.
    Worlds that draw, draw the same numbers there."""
    world, path = lively(name), tmp_path / "page.html"
    export_page(world, path, {})
    spec, told = world.spec, opened(path)
    keys = np.random.default_rng(0).integers(len(spec.actions), size=(TICKS, len(spec.players)))
    wanted, got = played_in_python(world, SEED, keys), played_in_page(told.page, world, SEED, keys)
    assert len(np.unique(wanted, axis=0)) > 2, "hardly anything moves"
    apart = np.abs(wanted.astype(int) - got).max((1, 2, 3))
    assert np.flatnonzero(apart > (0 if world.world.renderer.exact else 1)).tolist() == []
    assert told.said == []
