"""A recipe for any game: made for what it shows, run from its name to its report, and told again by its config."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld import config as configs
from tickworld.cli import main
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.games import GAMES
from tickworld.recipes import RECIPES, begun, overrides
from tickworld.recipes.any_game import BYTES, COLOURS, PIXELS
from tickworld.recipes.cartridge import load
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.recipes.pack import pack
from tickworld.recipes.playable import assess
from tickworld.recipes.results import _command, conclude
from tickworld.recipes.run import Run, begin_run, open_run, train

TINY = "gym:tests.games.environments:"
SMALL: dict[str, Any] = {
    "threads": 1,
    "record.episodes": 4,
    "record.ticks": 40,
    "training.iterations": 4,
    "training.batch": 4,
    "training.rate.warmup": 2,
    "evaluation.rollouts": 3,
    "evaluation.frames": 10,
}
SNAPPED = {"world.core.width": 8, "world.core.summary": 4, "world.core.radius": [1, 1], "training.sampler.fresh": 64}
RECURRENT = {"world.core.size": 8, "world.renderer.width": 4, "training.ticks.last": 6}
OURS = [name for name in GAMES if name not in RECIPES]


@pytest.mark.parametrize("name", [OURS[0], f"{TINY}Dot", f"{TINY}Wheel", "gym:CartPole-v1"])
def test_the_parts_suit_what_a_game_shows(name: str) -> None:
    config, why = begun(name, {"seed": 3})
    spec = config.game.build().spec
    exact = 2 <= len(spec.palette) <= COLOURS and spec.height * spec.width <= PIXELS
    assert config.recipe == name and config.game == GameConfig(name=name) and config.seed == 3
    assert config.world.core.kind == ("snapped" if exact else "gru")
    assert ("colours on" in why) == exact and "\n" not in why
    frames = config.record.episodes * (config.record.ticks + 1)
    assert frames * int(np.prod(spec.frame_shape)) <= BYTES


def test_games_that_are_soon_over_get_a_short_history() -> None:
    config, _ = begun(f"{TINY}short", {})
    assert config.world.core.kind == "snapped" and config.world.core.ages == 3 and config.record.ticks == 32


def test_the_recipe_knows_the_options_of_its_game() -> None:
    config, why = begun(f"{TINY}Dot", {"game.gym.palette": "1", "training.iterations": "5"})
    assert config.world.core.kind == "gru" and "there is no palette" in why and config.training.iterations == 5
    assert config.game.gym.palette == 1 and config.game.build().spec.name == f"{TINY}Dot?palette=1"
    assert overrides(config) == {"game.gym.palette": 1, "training.iterations": 5}
    assert overrides(begun("demo", {"seed": 2}).config) == {"seed": 2}


def test_a_word_that_is_neither_recipe_nor_game() -> None:
    with pytest.raises(UserError, match="there is no recipe 'smokke'; did you mean 'smoke'"):
        begun("smokke", {})


def test_options_for_a_game_of_ours() -> None:
    with pytest.raises(
        UserError, match=r"gym options are for environments of Gymnasium, gym:ID, and pong is a game of"
    ):
        begun("demo", {"game.gym.skip": 2}).config.game.build()
    begun("demo", {"game.gym.skip": 1}).config.game.build()
    with pytest.raises(UserError, match="has no params; got speed; give options instead"):
        GameConfig(name=f"{TINY}Dot", params={"speed": 2}).build()


def trained(name: str, folder: Path, changes: dict[str, Any]) -> Run:
    run = begin_run(folder, begun(name, SMALL | changes).config)
    train(run)
    return run


@pytest.mark.parametrize(
    ("name", "changes"),
    [(f"{TINY}Dot", SNAPPED), ("gym:CartPole-v1", RECURRENT | {"game.gym.size": [20, 30]}), (OURS[0], {})],
)
def test_from_a_name_to_a_report(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    if not changes:
        changes = SNAPPED if begun(name, {}).config.world.core.kind == "snapped" else RECURRENT
    run = trained(name, tmp_path / "run", changes)
    result = conclude(run)
    assert result["rollouts"] == 3 and (run.folder / "report.html").exists()
    words = shlex.split(_command(run))
    assert words[:3] == ["tickworld", "train", name]
    again = begun(name, configs.parse_overrides(words[3:-2])).config
    assert again == configs.load(RunConfig, run.folder / "config.yaml")


@pytest.fixture(scope="module")
def dot(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of an environment that ends, and whose code a file must not name. Not to be changed."""
    run = trained(f"{TINY}short", tmp_path_factory.mktemp("dot") / "run", SNAPPED)
    conclude(run)
    return run


def test_a_truth_that_cannot_be_set_back_is_measured_as_far_as_it_goes(dot: Run) -> None:
    few = {
        "rollouts": 3,
        "frames": 4,
        "measures": ["all"],
        "repair_ticks": 3,
        "determinism_ticks": 3,
        "trust_frames": 4,
    }
    config = configs.override(
        EvaluationConfig(), few | {"suites_rollouts": 2, "repair_rollouts": 2, "trust_rollouts": 2}
    )
    playable = dot.playable()
    measured = assess(playable.world, playable.game, config).measured
    assert "search" not in measured or measured["search"] is None
    assert measured["repair"]["rollouts"] == 2 and measured["suites"]["players"]["random"]["median"] is not None


def test_what_a_file_names_is_only_run_when_trusted(dot: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(dot, tmp_path / "dot.cartridge")
    with pytest.raises(
        UserError, match="plays gym:tests.games.environments:short, which runs code of the module tests"
    ):
        open_run(dot.folder)
    with pytest.raises(UserError, match="dot.cartridge plays gym:tests.games.environments:short, which runs"):
        load(tmp_path / "dot.cartridge")
    assert main(["evaluate", str(dot.folder)]) == 2
    begin_run(dot.folder, dot.config)  # who asks for it by name has it
    monkeypatch.setenv("TICKWORLD_TRUST", "tests.games.environments")
    assert open_run(dot.folder).config == dot.config
    assert load(tmp_path / "dot.cartridge").game.spec == dot.config.game.build().spec
