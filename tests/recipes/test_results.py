"""What a finished run shows."""

from __future__ import annotations

import html
import json
import shlex
import shutil
from pathlib import Path

import yaml
from PIL import Image

from tickworld import config as configs
from tickworld.agents import player
from tickworld.evaluation.evaluate import EvaluationConfig, evaluate
from tickworld.games import game
from tickworld.recipes import recipe
from tickworld.recipes.config import RunConfig
from tickworld.recipes.playable import judge
from tickworld.recipes.results import SplitConfig, conclude, write_split_screen
from tickworld.recipes.run import Run, open_run


def test_a_split_screen_shows_as_many_ticks_as_it_is_asked_for(tmp_path: Path) -> None:
    pong = game("pong")
    evaluation = evaluate(pong, pong, player("idle", pong), EvaluationConfig(rollouts=1, frames=245))
    for show, ticks in (
        (SplitConfig(rollouts=1, ticks=243), 243),
        (SplitConfig(rollouts=1), 240),
        (SplitConfig(ticks=999), 245),
    ):
        write_split_screen(tmp_path / "split.gif", evaluation, show)
        with Image.open(tmp_path / "split.gif") as image:
            assert getattr(image, "n_frames", 1) == ticks + 1


def test_the_report_says_how_to_make_the_run_again(finished: Run) -> None:
    page = (finished.folder / "report.html").read_text()
    (command,) = (line for line in page.splitlines() if "tickworld train demo" in line)
    for name, value in configs.leaves(finished.config.model_dump(mode="json")):
        usual = dict(configs.leaves(recipe("demo").model_dump(mode="json"))).get(name)
        written = html.escape(f"--{name} {shlex.quote(str(value))}")
        assert (written in command) == (value != usual), name


def test_the_report_holds_the_whole_config(finished: Run) -> None:
    assert RunConfig.model_validate(yaml.safe_load((finished.folder / "config.yaml").read_text())) == finished.config


def test_what_the_config_measures_is_in_the_evaluation(finished: Run) -> None:
    asked = {"measures": ["rules", "events"], "rules_frames": 3, "rules_rollouts": 2, "events": 1, "events_ticks": 600}
    config = configs.override(finished.config.evaluation, asked)
    result = judge(finished.playable(), config).to_json()
    assert result["rules"]["frames"] == 3 and result["event_errors"]["events"]["flight"]["transitions"] == 1
    assert result["rollouts"] == finished.config.evaluation.rollouts
    kept = json.loads((finished.folder / "evaluation.json").read_text())
    assert not kept.keys() & {"rules", "event_errors"}, "a run that asks for nothing measures nothing"


def test_the_report_shows_what_was_measured(finished: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(finished.folder, tmp_path / "run")
    asked = {"evaluation.measures": ["rules"], "evaluation.rules_frames": 3, "evaluation.rules_rollouts": 2}
    configs.save(configs.override(finished.config, asked), folder / "config.yaml")
    (folder / "evaluation.json").unlink()
    conclude(open_run(folder))
    page, plain = (folder / "report.html").read_text(), (finished.folder / "report.html").read_text()
    for words in ("<caption>Rules</caption>", "one ball", "Valid horizon"):
        assert words in page and words not in plain


def test_evaluation_json_is_that_of_the_last_checkpoint(finished: Run) -> None:
    result = json.loads((finished.folder / "evaluation.json").read_text())
    assert result["rollouts"] == finished.config.evaluation.rollouts
    assert {"median", "p10", "mean", "survived"} == result["pixel_horizon"].keys()
