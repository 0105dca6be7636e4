"""``tickworld doctor`` from the words to the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tickworld.cli import main


def test_a_run_is_examined_with_its_recording(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", str(made), "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert [each["what"] for each in shown] == [
        f"the training of {made}", f"the recording {made / 'data'}", f"the world of {made}",
    ]  # fmt: skip
    assert all({"name", "sentence", "advice"} == one.keys() for each in shown for one in each["found"])


def test_a_good_world_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "cartridge:pong"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("the world of cartridge:pong: nothing found\n  looked for: the ball, ")


def test_a_recording_of_one_action_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(tmp_path / "data")
    assert main(["record", "pong", "-o", data, "--episodes", "8", "--ticks", "40", "--players", "idle"]) == 0
    capsys.readouterr()
    assert main(["doctor", data]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(f"the recording {data}:\n  one action only: left presses stay in 100.0% of")
    assert "record with a player that presses all keys" in shown


def test_a_run_that_has_stopped_is_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for later in run.glob("checkpoints/*6"):
        for each in later.iterdir():
            each.unlink()
        later.rmdir()
    assert main(["doctor", str(run)]) == 1
    assert "not finished: the training has come to iteration 6 of 6" in capsys.readouterr().out


def test_mistakes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for place, complaint in (
        ("none", "none does not exist"),
        (str(tmp_path / "empty"), "is not a run: it has no config.yaml"),
    ):
        assert main(["doctor", place]) == 2
        assert complaint in capsys.readouterr().err
