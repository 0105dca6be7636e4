"""Runs that were trained apart become one whose worlds decide together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.recipes.conftest import SMALL_CORE, tiny

from tickworld.errors import UserError
from tickworld.models.cores.committee import Committee
from tickworld.recipes.cartridge import load
from tickworld.recipes.join import join
from tickworld.recipes.pack import pack
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, open_run, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Trains a tiny run with these settings."""
    folder, done = tmp_path_factory.mktemp("runs"), {}

    def make(**changes: Any) -> Run:
        key = repr(changes)
        if key not in done:
            run = begin_run(folder / str(len(done)), tiny("demo", SMALL_CORE | changes))
            train(run)
            done[key] = run
        return done[key]

    return make


def test_members_are_the_worlds_of_the_runs(trained: Callable[..., Run], tmp_path: Path) -> None:
    runs = [trained(seed=1), trained(seed=2)]
    joined = join(runs, tmp_path / "both")
    assert joined.finished and open_run(tmp_path / "both").config == joined.config
    core = joined.world().world.core
    assert isinstance(core, Committee) and len(core.cores) == 2
    for run, member in zip(runs, core.cores, strict=True):
        own = run.world().world.core.state_dict()
        assert all(torch.equal(each, own[name]) for name, each in member.state_dict().items())
    assert joined.seconds == pytest.approx(runs[0].seconds + runs[1].seconds)
    assert joined.source == f"{runs[0].source}; {runs[1].source}"


def test_a_joined_run_is_evaluated_and_packed_like_any_other(trained: Callable[..., Run], tmp_path: Path) -> None:
    joined = join([trained(seed=1), trained(seed=2)], tmp_path / "both")
    conclude(joined)
    label = pack(joined, tmp_path / "both.cartridge")
    assert label.world.core.kind == "committee"
    playable = load(tmp_path / "both.cartridge")
    assert isinstance(playable.world.world.core, Committee)


def test_it_says_what_cannot_be_joined(trained: Callable[..., Run], tmp_path: Path) -> None:
    one = trained(seed=1)
    other_game = trained(seed=1, **{"game.params.serve_wait": 0})
    wider = trained(seed=1, **{"world.core.width": 9})
    unfinished = begin_run(tmp_path / "new", tiny("demo", SMALL_CORE))
    cases = [
        ([one], "two members or more"),
        ([one, other_game], "learned another game"),
        ([one, wider], "another network"),
        ([one, unfinished], "is not finished"),
    ]
    for runs, words in cases:
        with pytest.raises(UserError, match=words):
            join(runs, tmp_path / "x")
        assert not (tmp_path / "x").exists()
    with pytest.raises(UserError, match="holds no run"):
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "a").touch()
        join([one, trained(seed=2)], tmp_path / "full")


def test_runs_without_openings_are_joined_and_again_to_the_same(trained: Callable[..., Run], tmp_path: Path) -> None:
    one = trained(seed=1)
    bare = Run(shutil.copytree(one.folder, tmp_path / "bare"), one.config)
    (bare.folder / "starts.safetensors").unlink()
    for _ in range(2):
        joined = join([bare, trained(seed=2)], tmp_path / "both")
        assert joined.world().starts is None
