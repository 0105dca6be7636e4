"""The library's front door: ``import tickworld as tw`` and the verbs of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tickworld as tw
from tickworld import api
from tickworld.errors import UserError
from tickworld.simulator import Simulator

TINY: dict[str, Any] = {
    "threads": 1,
    "world": {"core": {"width": 8, "summary": 4, "radius": [1, 1], "ages": 4}},
    "training": {"iterations": 4, "batch": 8, "sampler.pool": 32, "sampler.fresh": 64, "sampler.played": 8},
    "evaluation.rollouts": 2,
    "evaluation.frames": 5,
    "game.params.serve_wait": 0,
}


def test_the_verbs_are_shown_and_nothing_else_is_there() -> None:
    assert set(api.__all__) < set(dir(tw))
    for verb in api.__all__:
        assert getattr(tw, verb) is getattr(api, verb)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        tw.trian  # noqa: B018


def test_from_a_game_to_a_learned_game(tmp_path: Path) -> None:
    game = tw.game("pong", serve_wait=0)
    data = tw.record(game, players="mixed", episodes=4, ticks=20, out=tmp_path / "data")
    run = tw.train("demo", data=data, out=tmp_path / "run", **TINY)
    core = run.config.world.core.model_dump()
    assert {name: core[name] for name in ("kind", "radius", "ages", "width", "summary")} == {
        "kind": "snapped", "radius": (1, 1), "ages": 4, "width": 8, "summary": 4,
    }  # fmt: skip
    assert run.config.training.iterations == 4 and run.config.data == tmp_path / "data"
    world = tw.load(tmp_path / "run")
    assert isinstance(world, Simulator) and isinstance(game, Simulator)
    result = tw.evaluate(world, game, rollouts=3, ticks=6)
    assert result.rollouts == 3 and result.frames == 6 and 0 <= result.pixel_horizon["median"] <= 6
    judged = tw.evaluate(game, game, rollouts=3, ticks=6, seed=1, measures=["rules"], rules_rollouts=2, rules_frames=20)
    assert judged.pixel_horizon["survived"] == 1
    assert judged.measured["rules"]["valid_horizon"]["survived"] == 1
    again = tw.train("demo", data=str(data.path), out=str(tmp_path / "run"), **TINY)
    assert again.finished and np.isfinite(result.pixel_horizon["mean"])


def test_data_of_ones_own(tmp_path: Path) -> None:
    games = tw.record(tw.game("pong"), players="mixed", episodes=6, ticks=20, out=tmp_path / "pong").read()
    np.savez(tmp_path / "mine.npz", frames=games.frames, actions=games.actions)
    there = tw.import_data(tmp_path / "mine.npz", out=tmp_path / "data", name="tennis", action_names=["a", "b", "c"])
    assert there.spec.name == "tennis" and (there.read().frames == games.frames).all()
    with pytest.raises(UserError, match="import_data: there is no setting 'shft'; did you mean 'shift'"):
        tw.import_data(tmp_path / "mine.npz", out=tmp_path / "data", shft=1)


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no game 'pnog'"):
        tw.game("pnog")
    with pytest.raises(UserError, match="no recipe 'dmeo'"):
        tw.train("dmeo")
    with pytest.raises(UserError, match="evaluate: there is no setting 'measure'; did you mean 'measures'"):
        tw.evaluate(tw.game("pong"), tw.game("pong"), measure=["rules"])
    with pytest.raises(UserError, match="there is no setting 'training.iteratons'"):
        tw.train("demo", out=tmp_path / "run", training={"iteratons": 3})
    with pytest.raises(UserError, match="does not exist"):
        tw.load(tmp_path / "run")
    with pytest.raises(UserError, match="no player 'nobody'"):
        tw.record(tw.game("pong"), players="nobody", out=tmp_path / "data")
    assert not list(tmp_path.iterdir())
