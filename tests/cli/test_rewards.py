"""``tickworld rewards`` from the words to a world that knows what its ticks bring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tickworld.cli import main
from tickworld.models.rewarded import Rewarded
from tickworld.recipes.shelf import open_playable

FEW = "--iterations 3 --width 2 --hidden 4 --rollouts 2".split()


def test_a_run_is_taught_and_measured(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", str(run), *FEW]) == 0
    shown = capsys.readouterr()
    assert isinstance(open_playable(run).world, Rewarded)
    assert shown.out.splitlines()[0] == f"{run} knows its rewards"
    assert "rewards: rollouts 2, frames 500, ticks 1,000" in shown.out and "told for true" in shown.out
    assert [line for line in shown.err.splitlines() if line.endswith(" ...")][-2:] == [
        "learning rewards (394 weights) ...", "rewards ...",
    ]  # fmt: skip
    assert main(["evaluate", str(run), "--measures", "rewards", "--rewards_rollouts", "2", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)["rewards"]
    assert main(["rewards", str(run), *FEW, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rewards": measured}


def test_a_cartridge_is_copied(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, out = tmp_path / "plain.cartridge", tmp_path / "out.cartridge"
    assert main(["pack", str(run), "-o", str(plain)]) == 0
    assert main(["rewards", str(plain), "-o", str(out), "--episodes", "16", *FEW]) == 0
    assert f"{out} knows its rewards" in capsys.readouterr().out
    assert isinstance(open_playable(out).world, Rewarded) and not isinstance(open_playable(plain).world, Rewarded)


def test_mistakes_are_told(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, complaint in (
        (["none"], "none does not exist; give the folder that `tickworld train` made"),
        ([str(run), "-o", "x.cartridge"], "is a run, which gets its rewards in its own folder; got --out x.cartridge"),
        (["cartridge:pong"], "is a cartridge, of which a copy is written; say where with --out"),
        ([str(run), "--frames", "1"], "setting 'frames': Input should be greater than or equal to 2; got 1"),
        ([str(run), "--iteration", "1"], "rewards has no '--iteration'; did you mean '--iterations'?"),
    ):
        assert main(["rewards", *words]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and complaint in shown.err.splitlines()[-1]
