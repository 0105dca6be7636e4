"""Cartridges on the command line: packed, listed, and read wherever a run is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tickworld.cli import main
from tickworld.recipes import shelf


@pytest.fixture
def packed(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A cartridge of the finished run."""
    path = tmp_path / "tiny.cartridge"
    assert main(["pack", str(made), "-o", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path} has 1")
    return path


@pytest.fixture
def on_the_shelf(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, shipped."""
    place = tmp_path / "shelf" / "tiny.cartridge"
    place.parent.mkdir()
    shutil.copy(packed, place)
    monkeypatch.setattr(shelf, "SHELF", place.parent)
    return place


def mistake(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence that a command fails with."""
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and shown.err.startswith("tickworld: ")
    return shown.err.removeprefix("tickworld: ").strip()


def test_pack_by_default_takes_the_name_of_the_run(
    made: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pack", str(made)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("run.cartridge has ") and "claims a median of 0 right ticks over 3 games of 10" in said
    assert (tmp_path / "run.cartridge").read_bytes() == packed.read_bytes()


@pytest.mark.parametrize("by_name", [False, True])
def test_what_reads_a_run_reads_a_cartridge(
    by_name: bool, made: Path, on_the_shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = "cartridge:tiny" if by_name else str(on_the_shelf)
    assert main(["evaluate", place, "--json"]) == 0
    result, kept = json.loads(capsys.readouterr().out), json.loads((made / "evaluation.json").read_text())
    assert {**result, "ticks_per_second": 0} == {**kept, "ticks_per_second": 0}
    assert main(["evaluate", place, "--rollouts", "2", "--frames", "5"]) == 0
    assert "pong: 2 rollouts of 5 ticks" in capsys.readouterr().out
    assert main(["watch", place, "-o", str(tmp_path / "split.gif"), "--frames", "3", "--rollouts", "1"]) == 0
    with Image.open(tmp_path / "split.gif") as image:
        assert getattr(image, "n_frames", 1) == 4


def test_the_shelf_is_listed(on_the_shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cartridges"]) == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split()[:2] == ["cartridge", "game"]
    size = f"{on_the_shelf.stat().st_size / 1000:.0f} kB"
    for part in (" tiny ", " pong ", " 0 (p10 0) ", " 0% ", " 3 x 10 ", " 0 min ", size):
        assert part in line
    assert main(["cartridges", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)["tiny"]
    assert content["bytes"] == on_the_shelf.stat().st_size and content["origin"]["iterations"] == 6
    assert content["claim"]["rollouts"] == 3 and content["spec"]["name"] == "pong"


def test_params_that_are_not_as_usual_are_listed(
    on_the_shelf: Path,
    tmp_path: Path,
    tiny: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    words = ["--game.params.serve_wait", "3", "--game.params.ball_size", "[1, 2]", "--out", str(tmp_path / "other")]
    assert main(["train", "demo", *tiny, *words]) == 0
    assert main(["pack", str(tmp_path / "other"), "-o", str(on_the_shelf)]) == 0
    capsys.readouterr()
    assert main(["cartridges"]) == 0
    assert "pong, ball_size 1..2, serve_wait 3" in capsys.readouterr().out


def test_mistakes(run: Path, on_the_shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["evaluate"], ["watch", "-o", str(tmp_path / "x.gif")]):
        for place, complaint in (
            ("cartridge:tiyn", "there is no cartridge 'tiyn'; did you mean 'tiny'? known: tiny"),
            (
                str(tmp_path / "x.cartridge"),
                "does not exist; give the folder that `tickworld train` made, a .cartridge",
            ),
            (str(run / "config.yaml"), "is no cartridge, or a damaged one"),
        ):
            assert complaint in mistake([words[0], place, *words[1:]], capsys)
    assert "does not exist; give the folder" in mistake(["pack", str(on_the_shelf / "none")], capsys)
    assert "name it something.cartridge" in mistake(["pack", str(run), "-o", str(tmp_path / "x.zip")], capsys)
    (run / "evaluation.json").unlink()
    said = mistake(["pack", str(run), "-o", str(tmp_path / "x.cartridge")], capsys)
    assert "has no evaluation.json" in said and "finish the run with the `tickworld train demo` that began it" in said
    assert not (tmp_path / "x.cartridge").exists()


@pytest.mark.parametrize("how", ["empty", "cut", "flipped", "newer"])
def test_damaged_cartridges(how: str, packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = packed.read_bytes()
    packed.write_bytes(
        {
            "empty": b"",
            "cut": content[: len(content) // 2],
            "flipped": content.replace(b"world/core.answer", b"world/core.answre"),
            "newer": content.replace(rb"\"format\":1", rb"\"format\":7"),
        }[how]
    )
    said = mistake(["evaluate", str(packed)], capsys)
    assert str(packed) in said
    assert {
        "empty": "is no cartridge",
        "cut": "is damaged",
        "flipped": "its weights are of another network: it lacks 'core.answer.bias'",
        "newer": "has format 7; this tickworld reads formats up to 1; update tickworld",
    }[how] in said


def test_runs_are_joined_and_judged_together(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = tmp_path / "both"
    assert main(["join", str(made), str(made), "-o", str(both)]) == 0
    assert capsys.readouterr().out == f"2 worlds are joined in {both}; measure them: tickworld evaluate {both}\n"
    assert main(["evaluate", str(both), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["pixel_horizon"] == json.loads((made / "evaluation.json").read_text())["pixel_horizon"]  # twins agree


def test_what_cannot_be_joined_is_told(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "x")]
    assert mistake(["join", *out], capsys) == "join needs two runs or more; got none; name their folders"
    assert "two members or more; got only" in mistake(["join", str(made), *out], capsys)
    assert "does not exist; give the folder" in mistake(["join", str(made), str(tmp_path / "no"), *out], capsys)
