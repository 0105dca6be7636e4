"""``tickworld atlas`` from the words to the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.recipes.test_bake import trained

from tickworld.cli import main
from tickworld.recipes import atlas as recipes_atlas


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an engine's run."""
    return trained(tmp_path_factory.mktemp("engine") / "run").folder


@pytest.mark.slow
def test_an_engine_has_a_page_and_a_picture(engine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "maps" / "atlas.html"
    assert main(["atlas", str(engine), "-o", str(out), "--games", "6"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("pong: ") and "never seen; the map holds" in shown[0]
    assert [line.split()[0] for line in shown[2:4]] == ["paddle_length", "ball_size"]
    assert shown[-2].startswith(f"{out} has ") and shown[-1] == f"{out.with_suffix('.png')} is the map as a picture"
    assert out.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"
    assert '"world-atlas"' in out.read_text(encoding="utf-8")


def test_what_directions_mean_is_told_to_programs_too(
    engine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page, which takes a while, is not written here."""
    monkeypatch.setattr(recipes_atlas, "write", lambda run, atlas, out, show: None)
    out = tmp_path / "atlas.html"
    assert main(["atlas", str(engine), "-o", str(out), "--games", "6", "--colour", "ball_size", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["directions"]) == {"paddle_length", "ball_size"} and told["games"]["learned"] <= 6
    assert told["directions"]["ball_size"]["score"] > 0.5 and out.with_suffix(".png").exists()


def test_mistakes_are_told(made: Path, engine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``made`` is the run of a single game."""
    for place, words, complaint in (
        (made, [], "this needs an engine, a world of many games; train one with tickworld train engine_pong"),
        (tmp_path / "none", [], "none does not exist; give the folder that `tickworld train` made"),
        (engine, ["-o", "atlas.png"], "atlas writes a web page; got 'atlas.png'; name it something.html"),
        (engine, ["--games", "1"], "setting 'games': Input should be greater than or equal to 2; got 1"),
        (engine, ["--colour", "ball_siez"], "there is no param that varies 'ball_siez'; did you mean 'ball_size'"),
    ):
        assert main(["atlas", str(place), "-o", str(tmp_path / "atlas.html"), *words]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and complaint in shown.err.splitlines()[-1]
        assert shown.err.splitlines()[-1].startswith("tickworld: ") and not list(tmp_path.glob("atlas*"))
