"""The game between two games, as one web page: it plays there as the engine plays it in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.recipes.test_bake import LONG, SHORT, trained
from tests.web.dreams import played_in_page, played_in_python

from tickworld.cli import main
from tickworld.recipes.run import open_run
from tickworld.training import checkpoint

pytestmark = pytest.mark.slow

GAMES = [",".join(f"{name}={value:g}" for name, value in each.items()) for each in (SHORT, LONG)]


def test_a_blend_plays_in_the_page(opened: Any, tmp_path: Path) -> None:
    engine = trained(tmp_path / "engine")
    world = engine.world().world
    with torch.no_grad():  # so that something moves
        for weights in world.core.parameters():
            weights *= 2
        world.core.get_parameter("answer.weight").mul_(10)
        world.core.get_buffer("lively").fill_(True)
    checkpoint.save_world(engine.checkpoints, engine.config.training.iterations, world, "lively", 0.0)
    words = ["--run", str(engine.folder), "--out", str(tmp_path / "blend"), "--no-play"]
    assert main(["blend", *GAMES, *words]) == 0
    assert main(["export", str(tmp_path / "blend"), "-o", str(tmp_path / "blend.html")]) == 0
    told, made = opened(tmp_path / "blend.html"), open_run(tmp_path / "blend").world()
    keys = np.random.default_rng(0).integers(len(made.spec.actions), size=(12, len(made.spec.players)))
    wanted, got = played_in_python(made, 1, keys), played_in_page(told.page, made, 1, keys)
    assert len(np.unique(wanted, axis=0)) > 2, "hardly anything moves"
    assert (got == wanted).all()
    assert told.said == []
