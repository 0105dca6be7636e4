"""Environments of Gymnasium on the command line: what is told, what is recorded, and mistakes in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickworld.cli import main
from tickworld.data import store

TINY = "gym:tests.games.environments:"


def test_recording_tells_what_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["record", f"{TINY}Dot", "-o", str(tmp_path), "--episodes", "2", "--ticks", "7", "--gym.skip", "2"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "12x16 pixels of 12x16 shown, as they are; a palette of 2 colours" in told.err
    assert "3 actions (as the environment calls them): noop, left, right; its observation is recorded" in told.err
    assert told.out == f"2 episodes of 7 ticks are in {tmp_path}\n"
    assert store.open(tmp_path).spec.name == f"{TINY}Dot?skip=2"


def test_the_options_of_an_environment_have_a_help(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", f"{TINY}Dot", "-o", str(tmp_path), "--gym.skip", "2", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "--gym.skip 2 steps of the environment in a tick" in shown and "--gym.arguments {}" in shown


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("record gym:CartPol-v1 -o x", "Gymnasium has no environment 'CartPol-v1'; did you mean 'CartPole-v1'?"),
        ("record gym:CartPole-v1 -o x --gym.skp 2", "there is no setting 'skp'"),
        ("record gym:CartPole-v1 -o x --gym.skip 0", "greater than or equal to 1; got 0"),
        ("record gym:CartPole-v1 -o x --skip 2", "record has no '--skip'"),
        ("record gym:CartPole-v1 -o x --param skip=2", "gym:CartPole-v1 has no params; got skip"),
        ("record pong -o x --gym.skip 2", "gym options are for environments of Gymnasium"),
        (f"record {TINY}Unseen -o x", "shows nothing to learn from"),
        (f"record {TINY}Loose -o x", "takes actions without bounds"),
        (f"record {TINY}Dot?arguments.breaks=3 -o x", "cannot be played: RuntimeError: a wheel came off"),
        (
            f"train {TINY}Dot --game.gym.size [9]",
            "[height, width] or one number for both, each in 0..1024 pixels; got [9]",
        ),
        ("train gym:no_such_module:make", "needs the module no_such_module"),
        ("train demo --game.gym.skip 2", "gym options are for environments of Gymnasium"),
    ],
)
def test_a_mistake(
    words: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    shown = capsys.readouterr()
    (sentence,) = shown.err.splitlines()
    assert sentence.startswith("tickworld: ") and complaint in sentence and shown.out == ""


def test_other_options_for_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["record", f"{TINY}Dot", "-o", str(tmp_path), "--episodes", "1", "--ticks", "3"]
    assert main(words) == 0
    assert main([*words, "--gym.skip", "2"]) == 2
    assert f"was recorded with game = {TINY}Dot; got {TINY}Dot?skip=2" in capsys.readouterr().err


def test_an_environment_can_be_played_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from tickworld.cli.play import Play

    scene = Play(place=f"{TINY}Dot", open=False)._scene()
    assert scene.truth.spec.actions == ("noop", "left", "right") and scene.dream is None
