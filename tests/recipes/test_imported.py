"""A recording that no game stands behind is learned, judged on what was held out, and its world is played alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld import config as configs
from tickworld import seeds
from tickworld.agents import player
from tickworld.cli import main
from tickworld.cli.play import Play
from tickworld.data import store
from tickworld.data.importing import bring_in, open_source
from tickworld.data.record import play_episodes
from tickworld.data.recorded import Recorded
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.recipes import begun
from tickworld.recipes.doctor import diagnose
from tickworld.recipes.pack import pack
from tickworld.recipes.playable import judge
from tickworld.recipes.recording import learned_from
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, train

TINY: dict[str, Any] = {
    "threads": 1,
    "world.core.width": 8,
    "world.core.summary": 4,
    "world.core.radius": [1, 1],
    "world.core.ages": 4,
    "training.sampler.fresh": 64,
    "training.iterations": 4,
    "training.batch": 8,
    "training.rate.warmup": 2,
    "output.save": 2,
    "evaluation.rollouts": 3,
    "evaluation.frames": 8,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An import of 12 episodes."""
    folder, simulator = tmp_path_factory.mktemp("imported"), game("pong")
    played = play_episodes(simulator, player("mixed", simulator), seeds.rows(3, 0, 12), 40)
    np.savez(folder / "mine.npz", frames=played.frames, actions=played.actions)
    bring_in(open_source(folder / "mine.npz"), folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run that learned it."""
    config = begun("demo", {"data": str(data), **TINY}).config
    made = begin_run(tmp_path_factory.mktemp("run") / "run", config)
    train(made)
    conclude(made)
    return made


def test_a_recipe_takes_the_recording_for_its_game(data: Path) -> None:
    config = begun("demo", {"data": str(data)}).config
    assert config.game.name == f"data:{data}" and isinstance(config.game.build(), Recorded)
    assert config.training.sampler.kind == "hard" and config.training.sampler.pool == 16_384
    assert (config.evaluation.players, config.evaluation.frames) == ("recorded", 40)
    asked = begun("demo", {"data": str(data), "evaluation.frames": 5, "training.sampler.kind": "uniform"}).config
    assert asked.evaluation.frames == 5 and asked.training.sampler.kind == "uniform", "what is asked for wins"
    named = begun("demo", {"game.name": f"data:{data}"}).config
    assert named.evaluation.players == "recorded" and named.data is None


def test_a_recipe_is_made_for_it(data: Path) -> None:
    made = begun(f"data:{data}", {})
    assert "a core of snapped frames" in made.why
    assert made.config.evaluation.players == "recorded" and made.config.training.sampler.kind == "hard"


def test_data_of_a_game_is_not_its_own_game(tmp_path: Path) -> None:
    assert main(["record", "pong", "-o", str(tmp_path / "pong"), "--episodes", "2", "--ticks", "9"]) == 0
    assert begun("demo", {"data": str(tmp_path / "pong")}).config.game.name == "pong"
    assert begun("demo", {"data": "none"}).config.game.name == "pong"


def test_what_is_held_out_is_not_trained_on(data: Path) -> None:
    there = store.open(data)
    trained, judged = learned_from(there, Recorded(data)).episodes, Recorded(data).episodes
    assert len(trained) == 11 and len(judged) == 1
    assert (np.concatenate([trained.frames, judged.frames]) == there.read().frames).all()


def test_params_are_left_out(tmp_path: Path) -> None:
    assert main(["record", "pong", "-o", str(tmp_path / "pong"), "--episodes", "3", "--ticks", "9"]) == 0
    there = store.open(tmp_path / "pong")
    assert there.spec.params and learned_from(there, Recorded(there.path)).episodes.params.shape == (2, 0)


def test_it_is_learned_and_judged(run: Run, data: Path) -> None:
    assert run.finished and (run.folder / "report.html").exists() and (run.folder / "split.gif").exists()
    page = (run.folder / "report.html").read_text()
    assert "from episodes that were held out of training" in page
    assert "12 episodes of up to 40 ticks of mine, imported from mine" in run.source
    playable = run.playable()
    config = configs.override(
        playable.evaluation,
        {"measures": ["all"], "rollouts": 2, "determinism_ticks": 2, "repair_ticks": 2, "repair_rollouts": 2},
    )
    result = judge(playable, config).to_json()
    assert set(result["floors"]) == {"copy"}
    assert result["suites"] is None and result["search"] is None and result["determinism"]


def test_measures_that_press_keys_are_left_out_with_a_word(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run.folder), "--measures", "suites", "search", "--rollouts", "2"]) == 0
    shown = capsys.readouterr().err
    assert "no suites: mine is a recording" in shown and "no search: mine cannot be set back" in shown


def test_a_doctor_asks_nothing_that_a_recording_cannot_answer(run: Run) -> None:
    told = [each.what for each in diagnose(run.folder)]
    assert len(told) == 3 and told[0].startswith("the training of") and told[1].startswith("the recording")


def test_another_player_is_refused_before_anything_is_done(data: Path, tmp_path: Path) -> None:
    config = begun("demo", {"data": str(data), **TINY, "evaluation.players": "random"}).config
    with pytest.raises(UserError, match="mine is a recording, .* use the player recorded"):
        train(begin_run(tmp_path / "run", config))


def test_its_world_is_played_alone(run: Run) -> None:
    scene = Play(place=str(run.folder))._scene()
    assert scene.dream is None and scene.folder is None and scene.truth.spec.opening > 0
    assert "random" in scene.players and "recorded" not in scene.players


def test_it_makes_no_cartridge(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learned a recording, .* export the world as a page instead"):
        pack(run, tmp_path / "a.cartridge")


def test_a_recording_that_is_gone_is_told(run: Run) -> None:
    gone = run.config.model_copy(update={"game": run.config.game.model_copy(update={"name": "data:gone"})})
    with pytest.raises(UserError, match="there is no recording at gone"):
        replace(run, config=gone).world()


def test_another_recording_is_refused(data: Path, tmp_path: Path) -> None:
    assert main(["record", "pong", "-o", str(tmp_path / "pong"), "--episodes", "2", "--ticks", "9"]) == 0
    changes = {"data": str(tmp_path / "pong"), "game.name": f"data:{data}", **TINY}
    with pytest.raises(UserError, match="this run learns the recording .* and is given .*; leave --data out"):
        train(begin_run(tmp_path / "run", begun("demo", changes).config))
