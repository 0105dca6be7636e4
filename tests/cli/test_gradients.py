"""``tickworld identify`` and ``tickworld gradcheck`` from the words to the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tickworld.cli import main

SMALL = (
    "--threads 1 --record.episodes 4 --record.ticks 16 --record.block 4 --training.iterations 2 --training.batch 2 "
    "--training.ticks.last 8 --evaluation.rollouts 2 --evaluation.frames 4 --output.save 2"
)
FEW = "--games 2 --frames 8 --places 4 --starts 1 --iterations 1".split()


@pytest.fixture(scope="module")
def speedy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of pong_speed that has learned next to nothing."""
    folder = tmp_path_factory.mktemp("speedy") / "run"
    assert main(["train", "pong_speed", "--out", str(folder), *SMALL.split()]) == 0
    return folder


def test_params_are_identified(speedy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    words = ["pong_angle", "-o", str(data), "--episodes", "2", "--ticks", "10", "--param", "speed=0.5..1.5"]
    assert main(["record", *words]) == 0
    capsys.readouterr()
    assert main(["identify", str(speedy), "--data", str(data), *FEW]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 games, 8 frames of each") and "found ± spread (true)" in shown
    assert main(["identify", str(speedy), "--data", str(data), *FEW, "--params", "speed", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["params"]) == ["speed"] and len(told["params"]["speed"]["found"]) == told["games"] == 2
    assert main(["identify", str(speedy), *FEW]) == 0, "games are played where there is no recording"


def test_slopes_are_checked(speedy: Path, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--games", "6", "--ticks", "30", "--moments", "1", "--nearby", "2"]
    assert main(["gradcheck", str(speedy), *few, "--players", "tracking"]) == 0
    shown = capsys.readouterr().out
    assert "keys: how the frame changes with another key" in shown and "params: how the ball's place" in shown
    assert main(["gradcheck", str(made), *few[:2], "--ticks", "6", "--moments", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["params"] == {} and told["keys"]["flight"]["hard"]["size"] == 0


def test_mistakes_are_told(speedy: Path, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "pong"
    assert main(["record", "pong", "-o", str(other), "--episodes", "1", "--ticks", "4"]) == 0
    capsys.readouterr()
    for words, complaint in (
        (["identify", str(made)], "starts from frames alone and hears no params"),
        (["identify", str(speedy), "--data", str(other)], "is a recording of pong with frames (32, 32, 1)"),
        (["identify", str(speedy), "--data", str(tmp_path / "none")], "none"),
        (["identify", str(speedy), *FEW, "--params", "sped"], "pong_angle has no param 'sped'; did you mean 'speed'"),
        (["identify", str(speedy), "--frames", "0"], "setting 'frames': Input should be greater than 0; got 0"),
        (["gradcheck", str(speedy), "--ticks", "2"], "games of 2 ticks are too short to look 3 ahead"),
        (["gradcheck", str(speedy), "--players", "nobody"], "there is no player 'nobody'"),
        (["gradcheck", "none"], "none does not exist"),
    ):
        assert main(words) == 2
        assert complaint in capsys.readouterr().err.splitlines()[-1]
