"""Every command does what it says, from words to files and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import tickworld
from tickworld.cli import commands, main
from tickworld.cli.parse import COMMANDS
from tickworld.data import store
from tickworld.games import GAMES
from tickworld.recipes import RECIPES, recipe
from tickworld.recipes.config import RunConfig

HORIZON = {"median", "p10", "mean", "survived"}


def stamps(folder: Path) -> dict[str, int]:
    return {str(each): each.stat().st_mtime_ns for each in sorted(folder.rglob("*"))}


def helped(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints when asked for help; it may return or exit, with code 0."""
    try:
        code: Any = main(words)
    except SystemExit as end:
        code = end.code
    shown = capsys.readouterr()
    assert code in (0, None) and not shown.err
    return shown.out


def test_nothing_and_help_show_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--help"], ["-h"], ["help"]):
        out = helped(words, capsys)
        assert all(name in out and text in out for name, (_, text) in COMMANDS.items())
    assert helped(["--version"], capsys) == f"tickworld {tickworld.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_of_a_command_names_every_flag(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = helped([command, flag], capsys)
    kind = getattr(commands, COMMANDS[command][0])
    text = " ".join(out.replace("│", " ").split())
    for name, field in kind.model_fields.items():
        positional = {
            "game": "GAME",
            "recipe": "RECIPE",
            "suite": "SUITE",
            "path": "RUN",
            "paths": "RUN",
            "place": "RUN",
            "source": "SOURCE",
            "first": "A",
            "second": "B",
            "run_folder": "--run",
        }
        assert positional.get(name, f"--{name.removesuffix('_output').replace('_', '-')}") in text
        assert field.description and field.description in text
    assert " ".join(kind.__doc__.split("\n")[0].split()) in text


@pytest.mark.parametrize("name", RECIPES)
def test_the_help_of_a_recipe_shows_its_settings(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = helped(["train", name, "--help"], capsys)
    assert f"settings of {name}" in out and "--out" in out
    for setting in ("--training.iterations", "--world.core.kind", "--evaluation.players", "--game.params"):
        assert setting in out
    assert str(recipe(name).training.iterations) in out and "--recipe" not in out


def test_the_help_of_a_recipe_follows_the_overrides(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "demo", "--world.core.kind", "lstm", "--game.params.serve_wait", "3", "--help"]
    text = " ".join(helped(words, capsys).split())
    assert "--world.core.kind lstm" in text and "--world.core.layers 1 how many LSTMs" in text
    assert "--game.params.serve_wait 3" in text and "--world.core.radius" not in text


def test_games(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["games"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in GAMES) and "serve_wait" in out
    assert main(["games", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content.keys() == GAMES.keys()
    assert content["pong"]["players"] == ["left", "right"]
    assert [each["name"] for each in content["pong_angle"]["params"]] == ["angle", "speed"]


def test_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in RECIPES)
    assert main(["recipes", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {name: RunConfig.model_validate(each) for name, each in content.items()} == {
        name: recipe(name) for name in RECIPES
    }


def test_record_and_record_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    words = ["record", "pong", "-o", str(folder), "--episodes", "4", "--ticks", "20", "--players", "sticky"]
    words += ["--param", "serve_wait=0", "ball_size=1..3", "--seed", "9"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out == f"4 episodes of 20 ticks are in {folder}\n" and "recording pong" in shown.err
    recording = store.open(folder)
    assert recording.read().frames.shape == (4, 21, 32, 32, 1)
    assert recording.manifest.plan.model_dump(exclude={"block"}) == {
        "players": "sticky", "episodes": 4, "ticks": 20, "seed": 9,
    }  # fmt: skip
    assert recording.manifest.game_params["serve_wait"] == 0 and recording.manifest.game_params["ball_size"] == (1, 3)
    before = stamps(folder)
    assert main(words) == 0
    assert capsys.readouterr().out == shown.out and stamps(folder) == before


def test_a_finished_run_is_shown_again_and_not_touched(
    made: Path, tiny: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = stamps(made)
    assert main(["train", "demo", "--out", str(made), *tiny]) == 0
    shown = capsys.readouterr()
    assert "is finished already" in shown.err and str(made / "report.html") in shown.err
    assert "pong: 3 rollouts of 10 ticks" in shown.out
    assert all(name in shown.out for name in ("dream", "copy", "no_ball", "ticks per second"))
    assert stamps(made) == before


def test_a_run_goes_to_runs_by_default(
    tmp_path: Path, tiny: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "demo", *tiny, "--training.iterations=3"]) == 0
    assert (tmp_path / "runs" / "demo" / "report.html").is_file()
    shown = capsys.readouterr()
    assert "recording pong" in shown.err and "training" in shown.err and "evaluating 3 rollouts" in shown.err


def test_evaluate(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = stamps(made)
    words = ["evaluate", str(made), "--rollouts", "5", "--frames", "7", "--seed", "3"]
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["game"], result["rollouts"], result["frames"]) == ("pong", 5, 7)
    assert result["pixel_horizon"].keys() == result["object_horizon"].keys() == HORIZON
    assert result["floors"].keys() == {"copy", "no_ball", "mean_ball"}
    assert result["ticks_per_second"].keys() == {"batch", "alone"}
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "pong: 5 rollouts of 7 ticks" in out and "no_ball" in out
    assert main(["evaluate", str(made), "--json"]) == 0  # as the run's own config says
    again, kept = json.loads(capsys.readouterr().out), json.loads((made / "evaluation.json").read_text())
    assert {**again, "ticks_per_second": 0} == {**kept, "ticks_per_second": 0}
    assert stamps(made) == before


def test_evaluate_with_measures(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", str(made), "--frames", "8", "--measures", "events", "rules", "--events", "2"]
    words += ["--events_ticks=30000", "--rules-frames", "4", "--rules_rollouts", "3"]
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["event_errors"]["events"]["flight"]["transitions"] == 2
    assert (result["rules"]["rollouts"], result["rules"]["frames"]) == (3, 4)
    assert main(words) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "event errors: ticks played" in out and "transitions errors rate low high frequency flight 2" in out
    assert "rules: rollouts 3, frames 4" in out and "violations per 1000 first digits" in out


def test_the_help_of_an_evaluation_shows_its_settings(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(helped(["evaluate", str(made), "--events", "77", "--frames", "9", "--help"], capsys).split())
    assert "--events 77 errors by event" in text and "--frames 9 ticks of each game" in text
    assert "--rollouts 3 how many games" in text, "as the run says"


def test_watch(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "deep" / "split.gif"
    words = ["watch", str(made), "-o", str(place), "--frames", "12"]
    assert main([*words, "--rollouts", "1"]) == 0
    assert capsys.readouterr().out == f"{place} shows 1 games of 12 ticks\n"
    with Image.open(place) as image:
        assert getattr(image, "n_frames", 1) == 13
        plain = image.size
    assert main([*words, "--rollouts", "6"]) == 0
    with Image.open(place) as image:
        assert image.size[0] > plain[0] and image.size[1] > plain[1]
    assert main([*words, "--rollouts", "1", "--difference", "--fps", "5", "--seed", "4"]) == 0
    with Image.open(place) as image:
        assert image.size[0] > plain[0] and image.info["duration"] == 200


def test_an_interrupt_says_that_it_can_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(words: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tickworld.cli.parse.run", interrupted)
    assert main(["games"]) == 130
    said = capsys.readouterr().err
    assert said.startswith("tickworld: interrupted; ") and said.count("\n") == 1


def test_the_program_itself_tells_a_mistake_in_one_line() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(str(tickworld.__file__)).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "tickworld.cli", "trian", "demo"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "did you mean 'train'" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(str(tickworld.__file__)).parents[1])}
    command = f"{sys.executable} -m tickworld.cli games --json | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.split() == ["{", "0"] and done.stderr == ""


def test_the_installed_program_is_this_one() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["tickworld"].partition(":")
    assert getattr(import_module(module), name) is main
