"""``tickworld agent`` from the words to a player that can be named wherever players are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld.agents import trained
from tickworld.agents.methods.policy_gradient import PolicyGradient
from tickworld.cli import main
from tickworld.data import store

FEW = "--arena.limit 6 --dreamt 3 --matches 4 --method.games 4 --method.window 4 --method.hidden [3] --steps 48".split()
EVOLVED = "--method cma --arena.limit 5 --matches 4 --method.population 4 --method.matches 1 --steps 60".split()


@pytest.fixture(scope="module")
def rewarded(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that knows its rewards. Not to be changed."""
    folder = shutil.copytree(made, tmp_path_factory.mktemp("agent") / "run")
    few = "--iterations 3 --width 2 --hidden 4 --rollouts 2".split()
    assert main(["rewards", str(folder), *few]) == 0
    return folder


@pytest.fixture(scope="module")
def taught(rewarded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agent that was trained in its dream. Not to be changed."""
    out = tmp_path_factory.mktemp("taught") / "left"
    assert main(["agent", str(rewarded), "-o", str(out), *FEW]) == 0
    return out


def test_an_agent_learns_in_a_dream(rewarded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["agent", str(rewarded), "-o", str(out), *FEW]
    assert main(words) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[0] == f"{out} plays left of pong against noisy; it is the player agent:{out}"
    assert lines[1] == "trained in the dream by ppo for 48 ticks"
    assert lines[2].startswith("return in the dream, 3 matches of 6 ticks: ") and " to " in lines[2]
    assert lines[3].startswith("return in the truth, 4 matches of 6 ticks: ") and len(lines) == 4
    assert "training ppo in the dream: 48 of 48 ticks" in shown.err
    label = trained.read(out).label
    assert label.side == "left" and label.origin["where"] == "dream" and label.origin["steps"] == 48
    assert sorted(path.name for path in out.iterdir()) == [
        "agent.yaml", "evaluation.json", "log.jsonl", "saved.safetensors", "trained.agent",
    ]  # fmt: skip
    assert main([*words, "--json"]) == 0  # it is done: nothing is trained or judged again
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads((out / "evaluation.json").read_text())
    assert shown.err == ""


def test_what_is_killed_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    words = ["agent", "catch", "--where", "truth", *EVOLVED, "--json", "-o"]
    assert main([*words, str(whole)]) == 0
    evaluation = json.loads(capsys.readouterr().out)
    assert evaluation["dream"] is None and evaluation["steps"] == 60 and evaluation["opponent"] is None

    from tickworld.recipes import agents

    with monkeypatch.context() as patch:
        at = iter([False, True])

        def killed(path: Path, content: str) -> None:
            if path.name == "log.jsonl" and next(at):
                raise KeyboardInterrupt
            original(path, content)

        original = agents.files.write_text
        patch.setattr(agents, "SAVE_SECONDS", -1.0)
        patch.setattr(agents.files, "write_text", killed)
        with pytest.raises(BaseException):  # noqa: B017
            main([*words, str(cut)])
    capsys.readouterr()
    assert not (cut / "evaluation.json").exists()
    assert main([*words, str(cut)]) == 0
    shown = capsys.readouterr()
    same = ("truth", "steps", "method")
    assert all(json.loads(shown.out)[name] == evaluation[name] for name in same)
    one, other = (trained.read(folder).network.layers[0] for folder in (whole, cut))
    np.testing.assert_array_equal(one.weight, other.weight)
    steps = [json.loads(line)["steps"] for line in (cut / "log.jsonl").read_text().splitlines()]
    assert steps == [20, 40, 60]


def test_it_is_a_player_everywhere(taught: Path, rewarded: Path, tmp_path: Path, capsys: Any) -> None:
    who = f"agent:{taught}"
    record = ["record", "pong", "-o", str(tmp_path / "data"), "--players", who, "--episodes", "2", "--ticks", "9"]
    assert main(record) == 0
    assert store.open(tmp_path / "data").read().actions.shape == (2, 9, 2)
    assert main(["evaluate", str(rewarded), "--players", who, "--rollouts", "2", "--frames", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("\n", 1)[1])["rollouts"] == 2
    against = ["--where", "truth", "--side", "right", "--arena.opponent", who, *EVOLVED]
    assert main(["agent", "pong", "-o", str(tmp_path / "right"), *against]) == 0
    assert "plays right of pong against agent:" in capsys.readouterr().out


def test_its_settings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent", "cartridge:pong", "--help"]) == 0
    shown = capsys.readouterr().out
    for field in PolicyGradient.model_fields:
        assert f"--method.{field}" in shown
    assert "--arena.opponent" in shown and "--arena.penalty" in shown and "cma, ppo" in shown
    assert main(["agent", "cartridge:pong", "--method", "cma", "--help"]) == 0
    assert "--method.population" in capsys.readouterr().out


def test_mistakes_are_told(made: Path, taught: Path, rewarded: Path, tmp_path: Path, capsys: Any) -> None:
    out = ["-o", str(tmp_path / "out")]
    for words, complaint in (
        (["nowhere", *out], "nowhere does not exist; give the folder that `tickworld train` made"),
        (["pong", *out], "pong is a true game and no dream; train in it with --where truth"),
        ([str(made), *out], "this world of pong does not know its rewards, and an agent needs them"),
        (
            ["cartridge:pong", "--method", "pp", *out],
            "there is no method 'pp'; did you mean 'ppo'? known: cma, ppo, gradient",
        ),
        (["cartridge:pong", "--side", "top", *out], "pong has no side 'top'"),
        (["cartridge:pong", "--arena.opponent", "me", *out], "there is no player 'me'"),
        (["cartridge:pong", "--arena.observation", "smell", *out], "there is no observation 'smell'"),
        (["cartridge:pong", "--method.layers", "3", *out], "there is no setting 'method.layers'"),
        (["cartridge:pong", "--steps", "0", *out], "setting 'steps': Input should be greater than 0; got 0"),
        ([str(rewarded), "-o", str(taught), *FEW, "--seed", "1"], "holds an agent with seed = 0; got 1; use the same"),
        ([str(rewarded), "-o", str(made)], "is not empty and holds no agent; choose another --out"),
        ([str(rewarded), "-o", str(made / "data")], "is not empty and holds no agent; choose another --out"),
    ):
        assert main(["agent", *words]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and complaint in shown.err.splitlines()[-1], shown.err
    assert not (tmp_path / "out").exists()


def test_a_damaged_folder_is_told(taught: Path, rewarded: Path, tmp_path: Path, capsys: Any) -> None:
    for name, content in (("saved.safetensors", b"x"), ("log.jsonl", b"{")):
        folder = shutil.copytree(taught, tmp_path / name)
        (folder / "evaluation.json").unlink()
        (folder / name).write_bytes(content)
        assert main(["agent", str(rewarded), "-o", str(folder), *FEW]) == 2
        assert f"{folder / name} is damaged (" in capsys.readouterr().err.splitlines()[-1]
