"""``tickworld inspect`` from the words to the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tickworld.cli import main

FEW = "--games 10 --ticks 6 --every 2 --states 1 --ahead 1 --components 4".split()


def test_a_run_is_inspected(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "seen"
    assert main(["inspect", str(made), "-o", str(folder), *FEW]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == f"open {folder / 'inspect.html'}" and (folder / "inspect.html").exists()
    assert "what a change of one number does to the frame" in shown.out and "frames" in shown.out
    assert [line for line in shown.err.splitlines() if line.endswith(" ...")] == [
        "dreaming ...", "sensitivity ...", "probes and map ...",
    ]  # fmt: skip
    assert main(["inspect", str(made), "-o", str(folder), *FEW, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "inspect.json").read_text())


def test_mistakes_are_told(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for words, complaint in (
        (["none"], "none does not exist; give the folder that `tickworld train` made"),
        ([str(made), "--games", "4"], "setting 'games': Input should be greater than or equal to 5; got 4"),
        ([str(made), "--gmes", "9"], "inspect has no '--gmes'; did you mean '--games'?"),
        ([str(made), "--players", "nobody"], "there is no player 'nobody'"),
        ([str(made), *FEW, "-o", str(tmp_path / "file" / "x")], "cannot write"),
    ):
        assert main(["inspect", *words]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and complaint in shown.err.splitlines()[-1]
        assert shown.err.splitlines()[-1].startswith("tickworld: ")
