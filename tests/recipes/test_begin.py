"""A run may begin with the weights of another, of all parts or of some."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.models.world import World, seeded_world
from tickworld.recipes.config import RunConfig
from tickworld.recipes.run import Run, begin_run, open_run, train

ONE_STILL = {"training.iterations": 1, "training.rate.peak": 1e-12, "training.decay": 0.0, "seed": 4}


def going_on(finished: Run, out: Path, **changes: Any) -> Run:
    settings = {"begin.run": str(finished.folder)} | ONE_STILL | changes
    run = begin_run(out, configs.override(finished.config, settings))
    train(run)
    return run


def part(world: World, name: str) -> list[Tensor]:
    return list(world.get_submodule(name).parameters())


def close(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, atol=1e-9) for a, b in zip(one, other, strict=True))


def test_a_run_goes_on_from_the_weights_of_another(finished: Run, tmp_path: Path) -> None:
    run = going_on(finished, tmp_path / "run")
    before, after = (each.world().world for each in (finished, run))
    assert close(part(before, "core"), part(after, "core"))
    fresh = seeded_world(run.config.world, run.config.game.build().spec, 4)
    assert not close(part(fresh, "core"), part(after, "core"))


def test_only_the_parts_that_are_named_are_taken_over(run_tiny: Any, tmp_path: Path) -> None:
    finished = run_tiny("seed_gru")
    run = going_on(finished, tmp_path / "run", **{"begin.parts": ("renderer",)})
    before, after = (each.world().world for each in (finished, run))
    assert close(part(before, "renderer"), part(after, "renderer"))
    assert not close(part(before, "core"), part(after, "core"))


def test_frozen_parts_stay_those_of_the_other_run(run_tiny: Any) -> None:
    run = run_tiny("world_models")
    earlier = open_run(Path(str(run.config.begin.run)))
    before, after = (each.world().world for each in (earlier, run))
    fresh = seeded_world(earlier.config.world, earlier.config.game.build().spec, earlier.config.seed)
    for name, weight in after.renderer.state_dict().items():
        assert torch.equal(weight, before.renderer.state_dict()[name])
    assert not close(part(fresh, "renderer"), part(before, "renderer"))  # it has been learned, and nothing else has
    assert all(torch.equal(a, b) for a, b in zip(part(fresh, "core"), part(before, "core"), strict=True))


def test_time_and_sources_are_those_of_both(finished: Run, tmp_path: Path) -> None:
    run = going_on(finished, tmp_path / "run", **{"record.seed": 7})
    assert run.source.startswith(f"{finished.source}; then ") and run.source.endswith(
        finished.source.split(", ", 1)[1].replace("seed 0", "seed 7")
    )
    assert run.seconds > finished.seconds > 0


def test_what_cannot_be_begun_with_is_told_before_anything_is_recorded(
    finished: Run, tiny_demo: RunConfig, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="the core of .* is another than this run's: .*use the same settings"):
        going_on(finished, tmp_path / "other", **{"world.core.width": 9})
    shutil.copytree(finished.folder, tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "checkpoints" / "00000012")
    with pytest.raises(UserError, match="cut is not finished; go on with the `tickworld train` that began it"):
        going_on(Run(tmp_path / "cut", tiny_demo), tmp_path / "early")
    with pytest.raises(
        UserError,
        match="renderer of .*none, which does not exist; train that one first, or give another",
    ):
        going_on(Run(tmp_path / "none", tiny_demo), tmp_path / "nothing")
    assert not any((tmp_path / each / "data").exists() for each in ("other", "early", "nothing"))
