"""``tickworld import`` from the words to the recording, and what goes wrong told in one sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.cli import main
from tickworld.data import store
from tickworld.data.record import play_episodes
from tickworld.games import game


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pong as an NPZ file under names of its own."""
    simulator = game("pong")
    played = play_episodes(simulator, player("mixed", simulator), seeds.rows(3, 0, 6), 60)
    path = tmp_path_factory.mktemp("source") / "mine.npz"
    np.savez(path, obs=played.frames, actions=played.actions)
    return path


def test_a_recording_is_made_and_told(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["import", str(source), "-o", str(tmp_path / "data"), "--field", "frames=obs", "--shift", "auto"]
    words += ["--action-names", "stay", "up", "down", "--crop", "1", "1", "0", "0", "--size", "16", "16"]
    assert main([*words, "--palette", "2", "--name", "tennis"]) == 0
    shown = capsys.readouterr()
    fit, *_, last = shown.out.splitlines()
    assert fit.startswith("actions and frames fit as they are")
    told = "6 episodes of up to 60 ticks of tennis (16 x 16, 2 colours, actions stay, up, down) are in "
    assert last == told + str(tmp_path / "data")
    assert "looking through mine" in shown.err and "importing mine" in shown.err
    spec = store.open(tmp_path / "data").spec
    assert (spec.name, spec.frame_shape, spec.actions) == ("tennis", (16, 16, 1), ("stay", "up", "down"))


def test_json_for_a_program(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(source), "-o", str(tmp_path / "data"), "--field", "frames=obs", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["episodes"], told["longest"], told["ticks"], told["shift"]) == (6, 60, 360, 0)
    assert told["spec"]["palette"] and told["alignment"]["lag"] == 0
    assert set(told["alignment"]["scores"]["player1"]) == {str(lag) for lag in range(-5, 6)}
    assert told["notes"][0].startswith("actions and frames fit")


def test_a_recording_goes_out_as_minari(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "pong"
    assert main(["record", "pong", "-o", str(data), "--episodes", "2", "--ticks", "9"]) == 0
    assert main(["export", str(data), "-o", str(tmp_path / "out")]) == 0
    assert "is a Minari dataset of 2 episodes" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "out"), "-o", str(tmp_path / "back"), "--ticks", "9"]) == 0
    assert (store.open(tmp_path / "back").read().frames == store.open(data).read().frames).all()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("none.mp4 -o x", "there is nothing at none.mp4; check the path"),
        (
            "note.txt -o x",
            "note.txt is nothing that can be imported; give a Minari dataset: its folder, or minari:ID; an",
        ),
        ("SOURCE -o x", "has no array 'frames'; "),
        ("SOURCE -o x --field obs", "--field takes OURS=THEIRS, such as frames=obs; got 'obs'"),
        ("SOURCE -o x --field frames=obs --shift late", "--shift takes a whole number of ticks, such as -2, or auto"),
        ("SOURCE -o x --field frames=obs --fps 10", "tells no times, so --fps cannot choose among its frames"),
        ("SOURCE -o x --field frames=obs --size 0 9", "setting 'size.0': Input should be greater than or equal to 1"),
        (
            "SOURCE -o x --field frames=obs --palette 300",
            "setting 'palette': Input should be less than or equal to 256",
        ),
        ("SOURCE -o x --field frames=obs --name ../x", "setting 'name': String should match pattern"),
        ("SOURCE -o x --field frames=obs --crop 40 0 0 0", "cutting off 40 + 0 rows"),
        ("SOURCE -o x --field frames=obs --action-names a b", "row 5 has the action '2'; expected 0..1"),
        ("SOURCE -o x --field frames=obs --kind images", "mine.npz is no folder; give one that holds numbered images"),
        ("SOURCE -o x --field frames=obs --paletet 2", "import has no '--paletet'; did you mean '--palette'?"),
        ("note.txt -o x --kind video", "there is no table of actions beside note.txt"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    words: str, complaint: str, source: Path, tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("mine")
    assert main(["import", *(str(source) if word == "SOURCE" else word for word in words.split())]) == 2
    shown = capsys.readouterr()
    *before, sentence = shown.err.splitlines()
    assert sentence.startswith("tickworld: ") and shown.out == ""
    assert all(line.startswith("looking through") for line in before)
    assert not (tmp_path / "x").exists()
    if "row 5" not in complaint:
        assert complaint in sentence
    else:
        assert "has the action '2'; expected 0..1" in sentence


def test_a_package_that_is_missing_is_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.mp4").write_bytes(b"")
    assert main(["import", str(tmp_path / "a.mp4"), "-o", str(tmp_path / "x")]) == 2
    assert "import needs the package av, which is not installed; run pip install 'tickworld[import]'" in (
        capsys.readouterr().err
    )


def test_the_help_names_units_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["import", "--help"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert end.value.code == 0
    assert "ticks a second, for videos" in shown and "(default: area)" in shown and "height and width" in shown
