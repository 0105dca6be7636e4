"""``tickworld play`` from the words to a game, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from tickworld.agents.arena import ArenaConfig
from tickworld.agents.network import Layer, Network
from tickworld.agents.trained import FILE, Agent, Label, write
from tickworld.cli import main
from tickworld.games import game
from tickworld.play import server
from tickworld.play.protocol import unpacked
from tickworld.play.scene import Scene
from tickworld.play.session import Session

PATIENCE = 300.0


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Scene]:
    """What would have been served."""
    scenes: list[Scene] = []

    def serve(scene: Scene, listening: socket.socket, host: str) -> None:
        scenes.append(scene)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", serve)
    return scenes


def play(*words: str | Path) -> int:
    return main(["play", *map(str, words), "--port", "0", "--no-open"])


def test_a_game_a_run_and_a_cartridge(served: list[Scene], made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [play(place) for place in ("pong_angle", made, "cartridge:pong")] == [0, 0, 0]
    shown = capsys.readouterr()
    assert shown.err == "" and len(shown.out.splitlines()) == 3
    assert shown.out.startswith("play pong_angle at http://127.0.0.1:") and shown.out.endswith("/ (Ctrl-C ends it)\n")
    alone, run, cartridge = served
    assert alone.dream is None and alone.truth.spec.name == "pong_angle" and "tracking" in alone.players
    for scene in (run, cartridge):
        assert scene.dream is not None and scene.dream.spec.name == scene.truth.spec.name == "pong"
        assert scene.folder == Path("runs/played") and scene.provenance["claim"]["rollouts"] > 0
        json.dumps(scene.hello(), allow_nan=False)
    assert run.provenance["origin"]["recipe"] == "demo"


def test_a_run_that_was_not_evaluated_claims_nothing(served: list[Scene], run: Path) -> None:
    (run / "evaluation.json").unlink()
    assert play(run, "--out", "elsewhere") == 0
    assert served[0].provenance["claim"] is None and served[0].folder == Path("elsewhere")


def test_others_are_let_in_with_a_warning(served: list[Scene], capsys: pytest.CaptureFixture[str]) -> None:
    assert play("pong", "--host", "0.0.0.0") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("warning: whoever can reach this machine at 0.0.0.0 can play here and save episodes to")
    assert shown.err.count("\n") == 1 and "at http://127.0.0.1:" in shown.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            "pogn",
            "there is no game 'pogn'; did you mean 'pong'? known: pong, pong_angle, breakout, ",
        ),
        ("runs/pogn", "runs/pogn does not exist; give the folder that `tickworld train` made"),
        ("pogn.cartridge", "pogn.cartridge does not exist; give the folder"),
        ("cartridge:pogn", "there is no cartridge 'pogn'; did you mean 'pong'?"),
        ("pong --port 65536", "setting 'port': Input should be less than or equal to 65535; got 65536"),
        ("pong --host 192.0.2.1", "cannot listen at 192.0.2.1, port 8000: "),
        ("pong --prot 1", "play has no '--prot'; did you mean '--port'?"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: str, complaint: str, served: list[Scene], capsys: pytest.CaptureFixture[str]
) -> None:
    extra = [] if "port" in words or "192" in words else ["--port", "0"]
    assert main(["play", *words.split(), *extra, "--no-open"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(f"tickworld: {complaint}") and shown.err.count("\n") == 1
    assert not served


def test_a_port_in_use_and_packages_that_are_missing(
    served: list[Scene], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["play", "pong", "--port", str(port), "--no-open"]) == 2
        assert f"port {port} is in use; choose another with --port, or 0 for any" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert play("pong") == 2
    assert "play needs the package starlette" in capsys.readouterr().err and not served


@pytest.mark.parametrize("spoil", [lambda text: text[: len(text) // 2], lambda text: b"\x00" * 100, lambda text: b""])
def test_a_cartridge_that_is_damaged_is_refused(
    spoil: Any, served: list[Scene], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tickworld.recipes.shelf import shipped

    (tmp_path / "x.cartridge").write_bytes(spoil(shipped()["pong"].read_bytes()))
    assert play(tmp_path / "x.cartridge") == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"tickworld: {tmp_path}/x.cartridge ") and shown.err.count("\n") == 1 and not served


def test_a_cartridge_that_means_harm(served: list[Scene], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says of itself is refused or stays text: no path, no page and no code is made of it."""
    from safetensors.torch import load as tensors_of
    from safetensors.torch import save as packed

    from tickworld.recipes.shelf import shipped

    good = shipped()["pong"].read_bytes()
    header = json.loads(good[8 : 8 + int.from_bytes(good[:8], "little")])
    label = json.loads(header["__metadata__"]["label"])
    evil = "</script><script>alert(1)</script>../../x\u0000\u202e"
    label["origin"]["recipe"] = label["origin"]["source"] = evil
    path = tmp_path / "x.cartridge"
    path.write_bytes(packed(tensors_of(good), {"label": json.dumps(label)}))
    assert play(path) == 0
    assert evil not in capsys.readouterr().out
    told = served[0].hello()["provenance"]["origin"]
    assert told["recipe"] == told["source"] == evil  # for the page to show as text
    label["spec"]["name"] = "../../x"
    path.write_bytes(packed(tensors_of(good), {"label": json.dumps(label)}))
    assert play(path) == 2
    assert "cannot be played: there is no game '../../x'" in capsys.readouterr().err


def test_the_browser_is_opened_unless_it_would_take_the_terminal(
    served: list[Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    import webbrowser

    from tickworld.cli import play as module

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    for browser, expected in ((webbrowser.BackgroundBrowser("x"), ["a"]), (webbrowser.GenericBrowser("x"), [])):
        opened.clear()
        monkeypatch.setattr(webbrowser, "get", lambda browser=browser: browser)
        module._open("a")
        assert opened == expected

    def none() -> None:
        raise webbrowser.Error("there is none")

    monkeypatch.setattr(webbrowser, "get", none)
    module._open("a")


@pytest.mark.skipif(os.name == "nt", reason="signals are others")
def test_it_plays_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tickworld.cli", "play", "pong", "--port", "0", "--no-open"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[3]
        with connect(address.replace("http", "ws") + "socket", open_timeout=PATIENCE, proxy=None) as page:
            assert unpacked(page.recv(timeout=PATIENCE, decode=False))[0]["hello"]["title"] == "pong"
            page.send('{"id": 1, "do": "init", "sim": "truth", "seed": 1}')
            header, frame = unpacked(page.recv(timeout=PATIENCE, decode=False))
            assert header["state"] == 1 and len(frame) == 1024
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()


def test_agents_take_their_sides(
    served: list[Scene], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = game("pong").spec
    for side in spec.players:
        config = ArenaConfig(side=side, observation="objects", stack=1)
        label = Label(game="pong", players=spec.players, actions=spec.actions, arena=config, origin={"steps": 1})
        pressed = Layer(np.zeros((3, 9), np.float32), np.array([0, 0, 1] if side == "left" else [0, 1, 0], np.float32))
        write(tmp_path / side / FILE, Agent(label, Network((pressed,))))
    sides = ["--agent", *(tmp_path / side for side in spec.players)]
    assert [play("pong", *sides), play("cartridge:pong", *sides)] == [0, 0]
    for scene in served:
        assert scene.hello()["own"] == {"agent 1: left": "left", "agent 2: right": "right"}
        assert set(scene.own) < set(scene.hello()["players"])
        session, asked = Session(scene), {"seed": 3, "tick": 0}
        sim = "truth" if scene.dream is None else "dream"  # in the one and in the other
        began, _ = unpacked(session.answer(json.dumps({"id": 1, "do": "init", "sim": sim, "seed": 3})))
        for number, name in enumerate(scene.own):
            words = {"id": 2, "do": "act", "player": name, "truth": began["state"], "memory": None, **asked}
            told, _ = unpacked(session.answer(json.dumps(words)))
            assert told["actions"][number] == (2, 1)[number], told
    monkeypatch.chdir(tmp_path)
    assert play("catch", "--agent", "left") == 2
    assert "agent left plays a game with the game 'pong'; got catch; train one" in capsys.readouterr().err
    assert play("pong", "--agent", "none") == 2
    assert "there is no agent at none; give the file or the folder that" in capsys.readouterr().err
