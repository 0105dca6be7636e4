"""Engines: from many games to one vector to a plain world that shows the same frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tickworld import seeds
from tickworld.cli import main
from tickworld.config import override
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.recipes import recipe
from tickworld.recipes.bake import bake, blended, engined, named_game, vector_of
from tickworld.recipes.playable import judge
from tickworld.recipes.run import Run, begin_run, train

SHORT, LONG = {"paddle_length": 3.0}, {"paddle_length": 9.0, "ball_size": 3.0}
TINY: dict[str, Any] = {
    "threads": 1,
    "game.name": "pong",
    "game.split": None,
    "game.params": {"paddle_length": (3, 9), "ball_size": (1, 3)},
    "record.episodes": 16,
    "record.ticks": 24,
    "world.core": {"kind": "unet", "reach": (3, 3), "ages": 4, "widths": (8, 8), "dense": 8, "told": 8, "vector": 5},
    "training.batch": 4,
    "training.iterations": 6,
    "training.rate.warmup": 2,
    "training.sampler": {"kind": "uniform"},
    "evaluation.rollouts": 3,
    "evaluation.frames": 8,
    "output.save": 6,
    "output.picture": 6,
}


def trained(folder: Path, **changes: Any) -> Run:
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    run = begin_run(folder, override(recipe("engine_pong"), TINY | dotted))
    train(run)
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("engine") / "run")


def dreamt(world: Learned, openings: Learned, ticks: int) -> list[np.ndarray]:
    """Frames under random keys, of games that begin as those of ``openings`` do."""
    rows = seeds.rows(5, 0, 4)
    state = world.init(world.spec.defaults(4), rows, openings._own_start(rows))
    chance, frames = np.random.default_rng(0), []
    for _ in range(ticks):
        state = world.update(state, chance.integers(0, 3, (4, 2)))
        frames.append(world.render(state))
    return frames


RULE = {"kind": "engine", "radius": (2, 2), "ages": 4, "width": 8, "glance_width": 8, "summary": 4, "vector": 5}


@pytest.mark.parametrize("adapts", ["concat", "film", "rank", "full", ""])
def test_a_baked_world_is_the_engine_with_that_vector(tmp_path: Path, adapts: str) -> None:
    """With the local rule, or (no adapters) with a U-Net."""
    made = trained(tmp_path / "run", **({"world__core": RULE | {"adapts": adapts}} if adapts else {}))
    plain = bake(made, vector_of(made, LONG), LONG, tmp_path / "baked")
    world = made.world()
    world.spec = plain.world().spec  # whose standard params are the long ones
    for one, other in zip(dreamt(world, made.world(), 12), dreamt(plain.world(), made.world(), 12), strict=True):
        assert (one == other).all()
    assert (
        plain.config.world.core.kind == ("snapped" if adapts else "unet")
        and plain.config.world.initializer.kind == "history"
    )
    assert plain.config.game.params["paddle_length"] == 9 and plain.finished and "baked" in plain.source
    judge(plain.playable(), plain.config.evaluation)


def test_a_vector_stays_as_it_is_while_the_game_is_played(run: Run) -> None:
    engine = engined(run.world().world)
    state: Any = engine.core.init(torch.rand(2, *engine.core.start_shape))
    later: Any = engine.core.update(state, torch.zeros(2, 6))
    assert torch.equal(later.game, state.game) and state.game.shape == (2, 5)


def test_a_blend_has_the_mean_vector_and_names_the_game_it_should_be(run: Run) -> None:
    vector, expected = blended(run, [SHORT, LONG], (0.5, 0.5))
    assert torch.allclose(vector, (vector_of(run, SHORT) + vector_of(run, LONG)) / 2)
    assert expected["paddle_length"] == 6 and expected["ball_size"] == 2 and "ball_x" not in expected
    _, beyond = blended(run, [SHORT, LONG], (-1.0, 2.0))
    assert beyond["paddle_length"] == 9, "as far as the game goes"


@pytest.mark.parametrize("kind", ["described", "table", "inferred"])
def test_every_way_to_find_a_vector(tmp_path: Path, kind: str) -> None:
    made = trained(tmp_path / "run", world__initializer={"kind": kind})
    vector = vector_of(made, SHORT)
    assert vector.shape == (5,) and vector.isfinite().all() and torch.equal(vector, vector_of(made, SHORT))
    assert torch.equal(vector, vector_of(made, LONG)) == (kind == "table"), "one game, one vector"


def test_a_new_game_is_fitted_by_its_vector_alone(run: Run, tmp_path: Path) -> None:
    changes = {name: value for name, value in TINY.items() if name not in ("game.params", "training.sampler")}
    one = {"game.params": LONG, "begin.run": str(run.folder), "training.sampler": {"kind": "uniform"}}
    fitted = begin_run(tmp_path / "fit", override(recipe("engine_fit"), changes | one))
    train(fitted)
    before, after = (engined(each.world().world) for each in (run, fitted))
    same = [torch.equal(a, b) for a, b in zip(before.core.parameters(), after.core.parameters(), strict=True)]
    assert all(same) and vector_of(fitted, LONG).any()


def test_games_by_name(run: Run) -> None:
    assert named_game("paddle_length=4, ball_size=2", run.config.game) == {"paddle_length": 4, "ball_size": 2}
    assert named_game("", run.config.game) == {}
    for text, complaint in (
        ("paddle_length", "params of a game are written ball_size=3,speed=12; got 'paddle_length'"),
        ("paddle_length=long", "params of a game are written"),
        ("paddle_lenght=4", "has no param 'paddle_lenght'; did you mean 'paddle_length'"),
        ("between:0", "a game of a split is written between:0"),
    ):
        with pytest.raises(UserError, match=complaint):
            named_game(text, run.config.game)


def test_the_command_that_blends(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["blend", "paddle_length=3", "paddle_length=9", "--run", str(run.folder), "--no-play"]
    assert main(words) == 0 and "paddle_length 6" in capsys.readouterr().out
    assert main(["evaluate", "runs/blend", "--rollouts", "2", "--frames", "5"]) == 0
    assert main([*words, "--share", "0.25"]) == 2 and "another --out" in capsys.readouterr().err


def test_what_is_no_engine(tmp_path: Path, run: Run) -> None:
    plain = bake(run, vector_of(run, SHORT), SHORT, tmp_path / "baked")
    with pytest.raises(UserError, match="this needs an engine, a world of many games"):
        vector_of(plain, SHORT)
