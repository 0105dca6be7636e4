"""Complete runs: every recipe ends with all its files, and a run that is killed ends as one that never was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld import config as configs
from tickworld import files, seeds
from tickworld.agents import player
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.errors import UserError
from tickworld.evaluation.rollout import Start
from tickworld.games import game
from tickworld.recipes import RECIPES, recipe
from tickworld.recipes.config import RunConfig
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, open_run, train
from tickworld.training import checkpoint, log

FILES = ("config.yaml", "log.jsonl", "evaluation.json", "split.gif", "progress.png", "report.html")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs_to_its_end(run_tiny: Any, name: str) -> None:
    run = run_tiny(name)
    for each in FILES:
        assert (run.folder / each).stat().st_size > 0, each
    assert not list(run.folder.rglob(f"{files.PARTIAL}*"))
    assert open_run(run.folder).config == run.config and run.config.recipe == name
    assert [each.iteration for each in checkpoint.checkpoints(run.checkpoints)] == [8, 12]
    assert list((run.folder / "tensorboard").iterdir())
    assert [line["iteration"] for line in log.read(run.folder / "log.jsonl")] == list(range(12))
    result = json.loads((run.folder / "evaluation.json").read_text())
    assert (result["game"], result["rollouts"], result["frames"]) == (run.config.game.build().spec.name, 4, 20)
    assert (run.folder / "split.gif").read_bytes()[:6] == b"GIF89a"
    assert (run.folder / "progress.png").read_bytes()[:4] == b"\x89PNG"
    page = (run.folder / "report.html").read_text()
    assert f"tickworld train {name}" in page and "--training.iterations 12" in page


def test_a_longer_window_is_learned_too(run_tiny: Any) -> None:
    run = run_tiny("seed_gru", **{"training.ticks.last": 8})
    assert {line["ticks"] for line in log.read(run.folder / "log.jsonl")} == {1, 2, 4, 8}


def test_a_run_leaves_a_world_that_can_be_played(finished: Run) -> None:
    world, pong = finished.world(), game("pong")
    rows = seeds.rows(0, 0, 3)
    state = world.init(pong.spec.draw(rows), rows)  # from an opening that the run kept
    state = world.update(state, np.zeros((3, 2), np.uint8))
    assert world.render(state).shape == (3, 32, 32, 1)
    assert world.starts is not None and world.starts.frames.shape == (16, 4, 32, 32, 1)


class Heard:
    """A Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bars: list[tuple[str, int, int]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def bar(self, title: str, total: int, unit: str, first: int = 0) -> Iterator[Any]:
        at = [first]
        yield lambda done, note: at.append(done)
        assert at == sorted(at)
        self.bars.append((title.split()[0], first, at[-1]))


def test_a_finished_run_does_nothing_when_run_again(finished: Run) -> None:
    def stamps() -> dict[str, int]:
        return {str(each): each.stat().st_mtime_ns for each in sorted(finished.folder.rglob("*"))}

    before, heard = stamps(), Heard()
    run = begin_run(finished.folder, finished.config)
    train(run, heard)
    result = conclude(run, heard)
    assert stamps() == before
    assert heard.bars == [] and heard.said == [f"{finished.folder} is finished already"]
    assert result == json.loads((finished.folder / "evaluation.json").read_text())


def test_a_run_shows_where_it_stands(tiny_demo: RunConfig, tmp_path: Path) -> None:
    run, heard = begin_run(tmp_path / "run", tiny_demo), Heard()
    train(run, heard)
    shutil.rmtree(run.checkpoints / "00000012")
    train(run, heard)
    conclude(run, heard)
    assert heard.bars == [
        ("recording", 0, 320), ("training", 0, 12), ("recording", 0, 320), ("training", 8, 12), ("evaluating", 0, 20)
    ]  # fmt: skip
    assert heard.said == ["going on from iteration 8"]


def losses(run: Run) -> list[dict[str, Any]]:
    return [line | {"seconds": 0} for line in log.read(run.folder / "log.jsonl")]


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        ("training.iterations", 13, "holds a run with training.iterations = 12; got 13"),
        ("seed", 5, "holds a run with seed = 0; got 5"),
        ("game.params.serve_wait", 3, "holds a run with game.params.serve_wait = None; got 3"),
        ("world.renderer.kind", "dense", "holds a run with world.renderer.kind = palette; got dense"),
    ],
)
def test_other_settings_in_the_same_folder_are_told(finished: Run, setting: str, value: Any, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        begin_run(finished.folder, configs.override(finished.config, {setting: value}))


def test_a_folder_of_something_else_is_left_alone(tiny_demo: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty and holds no run; choose another --out"):
        begin_run(tmp_path, tiny_demo)
    assert [each.name for each in tmp_path.iterdir()] == ["note.txt"]
    with pytest.raises(UserError, match="cannot write .*note.txt"):
        begin_run(tmp_path / "note.txt", tiny_demo)


def test_a_folder_with_what_a_kill_left_is_begun_anew(tiny_demo: RunConfig, tmp_path: Path) -> None:
    (tmp_path / f"{files.PARTIAL}12-config.yaml").write_text("recipe: de")
    begin_run(tmp_path, tiny_demo)
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


def test_a_run_that_came_no_further_than_its_config_can_be_begun_anew(tiny_demo: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no recording at"):
        learn_from(tiny_demo, tmp_path / "none", tmp_path / "run")
    begin_run(tmp_path / "run", tiny_demo)
    assert open_run(tmp_path / "run").config == tiny_demo


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist; give the folder that `tickworld train` made"):
        open_run(tmp_path / "none")
    with pytest.raises(UserError, match=r"is not a run: it has no config.yaml"):
        open_run(tmp_path)


def test_a_run_without_a_checkpoint_is_told(tiny_demo: RunConfig, tmp_path: Path) -> None:
    run = begin_run(tmp_path, tiny_demo)
    assert not run.finished
    with pytest.raises(UserError, match="there is no checkpoint in .*; train first"):
        run.world()


def learn_from(config: RunConfig, data: Path, out: Path) -> Run:
    run = begin_run(out, configs.override(config, {"data": str(data)}))
    train(run)
    return run


def test_a_recording_can_be_given(finished: Run, tiny_demo: RunConfig, tmp_path: Path) -> None:
    run = learn_from(tiny_demo, finished.folder / "data", tmp_path / "run")
    assert not (run.folder / "data").exists()
    assert losses(run) == losses(finished)


def test_a_recording_of_another_game_is_told(tiny_demo: RunConfig, tmp_path: Path) -> None:
    other = game("pong_angle")
    record(other, player("random", other), Plan(players="random", episodes=2, ticks=10), tmp_path / "data")
    with pytest.raises(
        UserError, match=r"of pong_angle .* this run learns pong with frames \(32, 32, 1\) and 14 params"
    ):
        learn_from(tiny_demo, tmp_path / "data", tmp_path / "run")


def test_a_recording_of_other_rules_is_told(tiny_demo: RunConfig, tmp_path: Path) -> None:
    pong = game("pong", serve_wait=3, ball_size=(1, 2))
    record(pong, player("random", pong), Plan(players="random", episodes=8, ticks=20), tmp_path / "data")
    said = r"was recorded with another ball_size; to learn that game add --game.params.ball_size '\[1, 2\]'"
    with pytest.raises(UserError, match=said):
        learn_from(tiny_demo, tmp_path / "data", tmp_path / "run")
    config = configs.override(tiny_demo, {"game.params.ball_size": "[1, 2]"})
    with pytest.raises(UserError, match="add --game.params.serve_wait '3'"):
        learn_from(config, tmp_path / "data", tmp_path / "run")
    learn_from(configs.override(config, {"game.params.serve_wait": 3}), tmp_path / "data", tmp_path / "run")


def test_a_recording_that_is_not_finished_is_told(finished: Run, tiny_demo: RunConfig, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "data", tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "block-00002")
    with pytest.raises(UserError, match="is not finished: 1 of 4 blocks are missing; run the same record command"):
        learn_from(tiny_demo, tmp_path / "data", tmp_path / "run")


def test_a_run_knows_what_it_learned_from_and_for_how_long(finished: Run) -> None:
    assert finished.source.startswith("8 episodes of 40 ticks of pong, played by mixed, seed 0")
    assert 0 < finished.seconds < 60
    assert "8 episodes of 40 ticks of pong" in (finished.folder / "report.html").read_text()


def test_no_recording_and_one_that_is_too_short_are_told(tiny_demo: RunConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no recording at"):
        learn_from(tiny_demo, tmp_path / "none", tmp_path / "one")
    pong = game("pong")
    record(pong, player("random", pong), Plan(players="random", episodes=2, ticks=3), tmp_path / "data")
    with pytest.raises(UserError, match="need episodes of at least 4 ticks; got 3"):
        learn_from(tiny_demo, tmp_path / "data", tmp_path / "two")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"world.renderer.kind": "dense", "world.core.kind": "gru"}, "initializer history gives frames"),
        ({"world.core.kind": "gru", "world.initializer.kind": "frames"}, "renderer palette needs a core"),
        ({"training.objective.kind": "rollout", "record.players": "mixd"}, "no player 'mixd'; did you mean 'mixed'"),
        ({"game.name": "pnog"}, "there is no game 'pnog'; did you mean 'pong'"),
        ({"game.params.ball_sise": 2}, "pong has no param 'ball_sise'; did you mean 'ball_size'"),
        ({"game.params.ball_size": 9}, r"param ball_size of pong takes a whole number .* within 1..3; got 9"),
    ],
)
def test_what_does_not_fit_together_is_told(
    tiny_demo: RunConfig, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    run = begin_run(tmp_path / "run", configs.override(tiny_demo, changes))
    with pytest.raises(UserError, match=complaint):
        train(run)
        conclude(run)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"training.objective.kind": "evidence"}, "core cannot observe frames"),
        ({"training.ticks.last": 3}, "judges windows of 1 tick; got 3"),
        ({"training.frozen": ["core"]}, "all weights of this world are frozen"),
        ({"evaluation.players": "nobody"}, "there is no player 'nobody'"),
        ({"evaluation.measures": ["event"]}, "there is no measure 'event'; did you mean 'events'"),
        ({"evaluation.measures": ["suites"], "evaluation.suites": ["idel"]}, "no player 'idel'; did you mean 'idle'"),
    ],
)
def test_what_cannot_be_trained_is_told_before_anything_is_recorded(
    tiny_demo: RunConfig, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        train(begin_run(tmp_path / "run", configs.override(tiny_demo, changes)))
    assert [each.name for each in (tmp_path / "run").iterdir()] == ["config.yaml"]
    begin_run(tmp_path / "run", tiny_demo)  # the folder is free for another config


def test_starts_that_are_damaged_are_told(finished: Run, tmp_path: Path) -> None:
    shutil.copytree(finished.folder, tmp_path / "run")
    run = Run(tmp_path / "run", finished.config)
    (run.folder / "starts.safetensors").write_bytes(b"\x00" * 30)
    with pytest.raises(UserError, match="starts.safetensors is damaged .*; delete it"):
        run.world()


def test_no_game_is_both_learned_from_and_judged(finished: Run) -> None:
    """Seeds of recordings and of evaluations never meet, whatever numbers they are given."""
    learned = {int(each) for seed in range(20) for each in seeds.rows(seed, 0, 2000)}
    judged = {int(each) for seed in range(20) for each in Start(player("idle", game("pong")), 500, seed).rows}
    assert len(learned) == 40_000 and len(judged) == 10_000
    assert not learned & judged
    assert finished.config.record.players == "mixed" and finished.config.evaluation.players == "held_out"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_judged_on_players_that_it_never_saw(name: str) -> None:
    config = recipe(name)
    assert config.recipe == name and (RECIPES[name].__doc__ or "").strip()
    assert config.evaluation.players == "held_out" != config.record.players
