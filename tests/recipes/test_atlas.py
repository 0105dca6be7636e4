"""An atlas: from an engine's run to vectors, a map of them, what directions mean, and the page that holds it all."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.recipes.test_bake import LONG, trained

from tickworld.errors import UserError
from tickworld.recipes.atlas import Atlas, facts, picture, survey, to_json
from tickworld.recipes.bake import bake, engined, vector_of
from tickworld.recipes.run import Run

RALLY: dict[str, Any] = {
    "game__name": "rally", "game__params": {}, "game__split": "seen", "game__games": 12, "record__episodes": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("engine") / "run")


@pytest.fixture(scope="module")
def atlas(run: Run) -> Atlas:
    return survey(run, 8)


def test_games_of_ranges_are_drawn_and_have_their_vectors(run: Run, atlas: Atlas) -> None:
    assert [each.param.name for each in atlas.directions] == ["paddle_length", "ball_size"]
    known, unseen = ({tuple(row) for row in games.rows} for games in (atlas.known, atlas.unseen))
    assert len(known) == len(atlas.known.rows) > 4 and len(unseen) == len(atlas.unseen.rows) and not known & unseen
    assert atlas.known.vectors.shape == (len(known), 5) and atlas.known.vectors.dtype == np.float32
    row = atlas.known.rows[0]
    params = {param.name: value for param, value in zip(atlas.spec.params, row, strict=True) if not param.start}
    assert torch.equal(vector_of(run, params), torch.from_numpy(atlas.known.vectors[0]))


def test_the_map_is_always_the_same(run: Run, atlas: Atlas) -> None:
    again = survey(run, 8)
    assert facts(again) == facts(atlas) and picture(again) == picture(atlas)
    places = (atlas.vectors - atlas.mean) @ atlas.plane.axes.T
    np.testing.assert_allclose(places, atlas.plane.places, atol=1e-5)
    assert atlas.plane.shares[0] >= atlas.plane.shares[1] and sum(atlas.plane.shares) <= 1 + 1e-9


def test_vectors_that_are_linear_in_params_are_read_without_a_mistake(tmp_path: Path) -> None:
    made = survey(trained(tmp_path / "run", world__initializer={"kind": "described", "size": 0}), 8)
    assert [each.score for each in made.directions] == pytest.approx([1, 1])
    assert sum(made.plane.shares) == pytest.approx(1)


def test_each_game_begins_with_openings_of_its_own(run: Run, atlas: Atlas) -> None:
    begun: Any = atlas.begun
    each = len(begun.out) // len(atlas.rows)
    assert each > 1 and torch.equal(begun.game[::each], torch.from_numpy(atlas.vectors))
    plain = bake(run, vector_of(run, LONG), LONG, run.folder.parent / "baked")
    core = engined(run.world().world).core
    assert begun.frames.shape[1:] == (core.config.frames, 32, 32) and plain.finished
    lit = begun.frames[:, -1, :, 1].sum(1)  # the column of the left paddle
    assert lit.tolist() == [length for length in atlas.rows[:, 0].tolist() for _ in range(each)]


def test_what_the_page_is_told_is_plain_and_exact(atlas: Atlas) -> None:
    told = json.loads(json.dumps(facts(atlas), allow_nan=False))
    vectors = np.array([game["vector"] for game in told["games"]], np.float32)
    assert (vectors == atlas.vectors).all()
    assert [game["learned"] for game in told["games"]].count(True) == len(atlas.known.rows)
    (game,) = (field for field in told["begun"] if field["name"] == "game")
    rows = np.frombuffer(base64.b64decode(game["rows"]), "<f4").reshape(-1, 5)
    assert (rows[:: told["beginnings"]] == atlas.vectors).all()
    assert json.loads(json.dumps(to_json(atlas)))["directions"]["ball_size"]["on_map"]


def test_a_family_is_learned_from_one_split_and_judged_by_another(tmp_path: Path) -> None:
    made = survey(trained(tmp_path / "run", **RALLY), 10)
    assert len(made.known.rows) == 10 and len(made.unseen.rows) == 64
    names = [each.param.name for each in made.directions]
    assert {"paddle_length", "ball_size", "speed", "colours"} <= set(names) and "bricks" not in names
    (colours,) = (each for each in made.directions if each.param.name == "colours")
    assert len(colours.values) == len(colours.along) > 2
    for colour in (None, "colours", "gravity"):
        with Image.open(io.BytesIO(picture(made, colour))) as drawn:
            assert drawn.format == "PNG" and drawn.width == 1200
    with pytest.raises(UserError, match="no param that varies 'gravitie'; did you mean 'gravity'"):
        picture(made, "gravitie")


def test_a_table_has_no_vectors_of_games_it_never_saw(tmp_path: Path) -> None:
    table = {"kind": "table", "spread": 1.0}
    made = survey(trained(tmp_path / "run", **RALLY, world__initializer=table), 12)
    assert (len(made.known.rows), len(made.unseen.rows)) == (12, 0)
    assert all(each.score is not None for each in made.directions)


def test_what_has_no_map_is_told(run: Run, tmp_path: Path) -> None:
    plain = bake(run, vector_of(run, LONG), LONG, tmp_path / "baked")
    with pytest.raises(UserError, match="this needs an engine, a world of many games"):
        survey(plain, 8)
    lonely = trained(tmp_path / "run", world__initializer={"kind": "table"})
    with pytest.raises(UserError, match="this engine has one vector for all its games"):
        survey(lonely, 8)
