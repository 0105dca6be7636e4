"""What a user can get wrong is told in one sentence, with exit code 2 and never a traceback."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from tickworld import files
from tickworld.cli import main

Fails = Callable[..., str]


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Fails:
    """Runs a command that must fail; returns its one sentence."""

    def fails(*words: str | Path, after: str = "") -> str:
        """``after``: how the one line of progress begins that may stand before the sentence."""
        capsys.readouterr()
        assert main([str(word) for word in words]) == 2
        shown = capsys.readouterr()
        *before, sentence = shown.err.splitlines()
        assert sentence.startswith("tickworld: ") and shown.out == ""
        assert all(after and line.startswith(after) for line in before)
        return sentence

    return fails


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Fails:
    """Runs a command whose flags cannot be read; returns all that is said."""

    def refused(*words: str) -> str:
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err and "pydantic" not in shown.err and shown.out == ""
        return " ".join(shown.err.replace("│", " ").split())

    return refused


def says(complaint: str, text: str) -> bool:
    """Whether ``text`` holds the parts of ``complaint``, which " .. " sets apart, one after the other."""
    place = 0
    for part in complaint.split(" .. "):
        place = text.find(part, place)
        if place < 0:
            return False
    return True


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("gamse", "there is no command 'gamse'; did you mean 'games'? known: games, recipes"),
        ("record pogn -o x", "there is no game 'pogn'; did you mean 'pong'? known: pong, pong_angle"),
        ("record pong -o x --players mixd", "there is no player 'mixd'; did you mean 'mixed'"),
        ("record pong -o x --param ball_sise=2", "pong has no param 'ball_sise'; did you mean 'ball_size'"),
        ("record pong -o x --param ball_size=7", "param ball_size of pong takes a whole number"),
        ("record pong -o x --param ball_size=1.5", "param ball_size of pong takes a whole number"),
        ("record pong -o x --param ball_size", "--param takes NAME=VALUE or NAME=LOW..HIGH"),
        ("record pong -o x --param ball_size=big", "--param takes NAME=VALUE or NAME=LOW..HIGH"),
        ("record pong -o x --param =2", "--param takes NAME=VALUE or NAME=LOW..HIGH"),
        ("record pong -o x --episodes 0", "setting 'episodes': Input should be greater than 0; got 0"),
        ("record pong -o x --seed -1", "setting 'seed': Input should be greater than or equal to 0; got -1"),
        ("bench sead", "there is no suite 'sead'; did you mean 'seed'? known: seed"),
        (
            "bench seed --rows pong-gro-0",
            "no row is called 'pong-gro-0'; did you mean 'pong-gru-0'",
        ),
        ("bench seed --minutes 0", "setting 'minutes': Input should be greater than 0; got 0"),
        ("bench seed --seeds -1", "setting 'seeds.0': Input should be greater than or equal to 0; got -1"),
        (
            "train dmeo",
            "there is no recipe 'dmeo'; did you mean 'demo'? known: demo, pong, pong_polish, seed_gru",
        ),
        ("train demo --training.iteratons 3", "no setting 'training.iteratons' .. did you mean 'iterations'"),
        ("train demo --trainin.iterations 3", "no setting 'trainin.iterations' .. did you mean 'training'"),
        ("train demo --training.iterations.more 3", "setting 'training.iterations' is a single value"),
        ("train demo --world.core.layers 3", "no setting 'world.core.layers' .. known: mode, frames, reach, ages"),
        ("train demo --training.iterations many", "setting 'training.iterations': .. valid integer .. got 'many'"),
        ("train demo --training.iterations 1.5", "setting 'training.iterations': .. valid integer .. got 1.5"),
        ("train demo --training.iterations 0", "setting 'training.iterations':  .. greater than 0; got 0"),
        ("train demo --training.rate.peak .nan", "setting 'training.rate.peak':  .. finite number; got nan"),
        ("train demo --world.core.kind grru", "setting 'world.core' .. 'gru', 'lstm', "),
        ("train demo --training.iterations", "override --training.iterations needs a value"),
        ("train demo pong", "expected an override such as --training.iterations 100; got 'pong'"),
        ("train demo --recipe seed_gru", "the recipe is the first word: tickworld train seed_gru"),
        ("train demo --game.params.serve_wait 99", "param serve_wait of pong takes a whole number .. 0..15; got 99"),
        ("train demo --game.name pnog", "there is no game 'pnog'; did you mean 'pong'"),
        ("train demo --data none", "there is no recording at none; check the path, or record one"),
        ("evaluate none", "none does not exist; give the folder that `tickworld train` made"),
        ("record pong -o x --episods 3", "record has no '--episods'; did you mean '--episodes'?"),
        ("games --jsn", "games has no '--jsn'; did you mean '--json'?"),
        ("evaluate none --frames 0", "setting 'frames': Input should be greater than 0; got 0"),
        ("watch none", "none does not exist; give the folder that `tickworld train` made"),
        ("watch none -o split.mp4", "watch writes a GIF; got 'split.mp4'; name it something.gif"),
        ("watch none --fps 51", "setting 'fps': Input should be less than or equal to 50"),
        ("watch none --rollouts 7", "setting 'rollouts': Input should be less than or equal to 6; got 7"),
    ],
)
def test_a_mistake_in_the_words(
    words: str, complaint: str, fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says(complaint, fails(*words.split(), after="recording"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("record pong", "Missing from tickworld record: -o PATH, --out PATH"),
        ("record", "GAME"),
        ("record pong -o x --episodes many", "Error parsing --episodes: invalid literal for int"),
        ("train", "RECIPE"),
        ("evaluate", "RUN"),
        ("evaluate run --rollouts few", "--rollouts"),
        ("watch run --fps fast", "Error parsing --fps: could not convert string to float"),
    ],
)
def test_a_mistake_in_the_flags(words: str, complaint: str, refused: Fails) -> None:
    assert says(complaint, refused(*words.split()))


def test_the_help_of_an_unknown_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "dmeo", "--help"]) == 2
    assert capsys.readouterr().err.startswith("tickworld: there is no recipe 'dmeo'; did you mean 'demo'?")


def test_a_folder_of_something_else(fails: Fails, tmp_path: Path, tiny: list[str]) -> None:
    (tmp_path / "note.txt").write_text("mine")
    said = fails("record", "pong", "-o", tmp_path, "--episodes", "1", after="recording")
    assert "is not empty and holds no recording; choose another folder" in said
    assert "is not empty and holds no run; choose another --out" in fails("train", "demo", "--out", tmp_path, *tiny)
    assert "is not a run: it has no config.yaml" in fails("evaluate", tmp_path)
    assert "cannot write" in fails("train", "demo", "--out", tmp_path / "note.txt", *tiny)
    assert [each.name for each in tmp_path.iterdir()] == ["note.txt"]


def test_other_settings_for_a_folder(fails: Fails, run: Path, tiny: list[str]) -> None:
    said = fails("train", "demo", "--out", run, *tiny, "--seed", "5")
    assert "holds a run with seed = 0; got 5; use the same settings to go on with it, or another --out" in said
    said = fails("record", "pong", "-o", run / "data", "--episodes", "6", after="recording")
    assert "was recorded with ticks = 40; got 512" in said


def test_other_settings_of_an_evaluation(fails: Fails, run: Path) -> None:
    said = fails("evaluate", run, "--measures", "rules", "evnets")
    assert "there is no measure 'evnets'; did you mean 'events'? known: events, rules" in said
    assert "there is no setting 'evnets': 'evnets' is unknown; did you mean 'events'?" in fails(
        "evaluate", run, "--evnets=3"
    )
    assert "setting 'events': Input should be greater than 0; got 0" in fails("evaluate", run, "--events", "0")
    assert "override --events needs a value" in fails("evaluate", run, "--events")


def test_a_run_that_has_not_been_trained(fails: Fails, run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    for command in ("evaluate", "watch"):
        assert "there is no checkpoint in" in fails(command, run)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "config.yaml is not readable YAML"),
        ("", "config.yaml:  .. valid dictionary"),
        ("[1, 2]", "config.yaml:  .. valid dictionary"),
        ("recipe: demo", "config.yaml: setting 'game': Field required"),
        ("\x00\x01", "config.yaml is not readable YAML"),
        ("a: !!python/object/apply:os.system ['touch ran']", "config.yaml is not readable YAML"),
        ("a: !!python/name:os.system", "config.yaml is not readable YAML"),
    ],
)
def test_a_config_that_is_broken_or_means_harm(
    text: str, complaint: str, fails: Fails, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (run / "config.yaml").write_text(text)
    for words in (["evaluate", run], ["watch", run], ["train", "demo", "--out", run]):
        assert says(complaint, fails(*words))
    assert not (tmp_path / "ran").exists()


def changed(run: Path, setting: str, value: Any) -> None:
    """Changes a setting in the config of ``run``."""
    path = run / "config.yaml"
    node = content = yaml.safe_load(path.read_text())
    *parents, last = setting.split(".")
    for part in parents:
        node = node[part]
    node[last] = value
    path.write_text(yaml.safe_dump(content))


def test_a_config_with_an_unknown_setting(fails: Fails, run: Path) -> None:
    changed(run, "world.core.widht", 8)
    assert "config.yaml: there is no setting" in (said := fails("evaluate", run)) and "did you mean 'width'" in said


def test_a_checkpoint_of_another_world(fails: Fails, run: Path) -> None:
    changed(run, "world.core.width", 9)
    said = fails("evaluate", run)
    assert "is a checkpoint of another world: 'core." in said and "has shape [" in said and "expected [" in said
    shutil.rmtree(run / "checkpoints" / "00000006")
    said = fails("train", "demo", "--out", run, *overrides_of(run), after="recording")
    assert "is a checkpoint of another world" in said


def overrides_of(run: Path) -> list[str]:
    """The words that give the config of ``run``."""
    from tickworld import config as configs
    from tickworld.recipes import recipe

    asked = configs.leaves(yaml.safe_load((run / "config.yaml").read_text()))
    usual = dict(configs.leaves(recipe("demo").model_dump(mode="json")))
    return [word for name, value in asked if usual.get(name) != value for word in (f"--{name}", json.dumps(value))]


@pytest.mark.parametrize("name", ["world.safetensors", "state.json"])
@pytest.mark.parametrize("content", [b"", b"\x80\x02 not what it was"])
def test_a_damaged_checkpoint(name: str, content: bytes, fails: Fails, run: Path) -> None:
    (run / "checkpoints" / "00000006" / name).write_bytes(content)
    assert name in fails("evaluate", run)
    assert name in fails("watch", run, "-o", run / "split.gif")


def test_a_damaged_evaluation(fails: Fails, run: Path, tiny: list[str]) -> None:
    for text in ("{", "\x00", "[]", '{"game": "pong"}'):
        (run / "evaluation.json").write_text(text)
        assert "evaluation.json is not a readable evaluation" in fails(
            "train", "demo", "--out", run, *tiny, after=f"{run} is finished"
        )


def test_a_damaged_recording(fails: Fails, run: Path, tiny: list[str], tmp_path: Path) -> None:
    (chunk, *_) = (run / "data" / "block-00001" / "frames").glob("c.*")
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    words = ("train", "demo", "--out", tmp_path / "other", *tiny, "--data", run / "data")
    said = fails(*words)
    assert "block 1 of" in said and "is damaged" in said and "record again" in said
    (run / "data" / "zarr.json").write_text("{}")
    assert "is not the manifest of a recording made here" in fails(*words)
    (run / "data" / "zarr.json").unlink()
    assert "is not a recording: it has no zarr.json" in fails(*words)


def test_a_recording_of_another_game_or_size(fails: Fails, run: Path, tiny: list[str], tmp_path: Path) -> None:
    words = ("train", "demo", "--out", tmp_path / "other", *tiny, "--data", tmp_path / "data")
    assert main(["record", "pong_angle", "-o", str(tmp_path / "data"), "--episodes", "1", "--ticks", "9"]) == 0
    assert says("is a recording of pong_angle with frames (40, 40, 1) .. this run learns pong", fails(*words))
    manifest = json.loads((run / "data" / "zarr.json").read_text())
    manifest["attributes"]["spec"]["height"] = 16
    (run / "data" / "zarr.json").write_text(json.dumps(manifest))
    said = fails(*words[:-1], run / "data")
    assert says("is a recording of pong with frames (16, 32, 1) .. this run learns pong with frames (32, 32, 1)", said)
    manifest["attributes"]["spec"]["height"] = 32
    manifest["attributes"]["spec"]["params"].pop()
    (run / "data" / "zarr.json").write_text(json.dumps(manifest))
    assert says("recording of pong .. and 13 params; .. and 14 params", fails(*words[:-1], run / "data"))


def test_a_full_disk(fails: Fails, run: Path, tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_sync", full)
    for words, after in (
        (("record", "pong", "-o", tmp_path / "data", "--episodes", "1", "--ticks", "5"), "recording"),
        (("train", "demo", "--out", tmp_path / "new", *tiny), ""),
        (("watch", run, "-o", tmp_path / "split.gif", "--frames", "3"), "evaluating"),
    ):
        said = fails(*words, after=after)
        assert "cannot write" in said and "No space left on device; free some room" in said
    assert [each.name for each in tmp_path.rglob("*") if each.name.startswith(files.PARTIAL)] == []
    assert not (tmp_path / "split.gif").exists()


def test_a_path_that_no_file_can_have(fails: Fails, tiny: list[str]) -> None:
    name = "x" * 300
    for words in (["evaluate", name], ["watch", name], ["train", "demo", "--out", name, *tiny]):
        assert "File name too long" in fails(*words)
    assert "File name too long" in fails("record", "pong", "-o", name, "--episodes", "1", after="recording")


def test_players_and_places_that_are_none(fails: Fails, run: Path, tmp_path: Path) -> None:
    assert "there is no player 'nobody'" in fails("evaluate", run, "--players", "nobody")
    (tmp_path / "x.gif").mkdir()
    assert "cannot write" in fails("watch", run, "-o", tmp_path / "x.gif", "--frames", "3", after="evaluating")
