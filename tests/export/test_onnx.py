"""The .onnx file: what it takes, what it says of itself, and that it is written whole or not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.export.conftest import learned

import tickworld
from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.export import onnx as exporting
from tickworld.export.metadata import OPSET, read_metadata, read_starts
from tickworld.export.onnx import Exported, export
from tickworld.export.tick import STARTS, Tick, first_states
from tickworld.models.learned import Learned


@pytest.fixture(scope="module")
def made(world: Learned, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    """A file, and what was told of it. Not to be changed."""
    path = tmp_path_factory.mktemp("export") / "folder" / "pong.onnx"
    return path, export(world, path)


def test_it_takes_and_gives_the_fields_of_the_state(made: tuple[Path, Exported]) -> None:
    told = made[1]
    hidden, out = "float32 [batch, 2, 6]", "float32 [batch, 6]"
    assert told.inputs == {"hidden": hidden, "out": out, "actions": "uint8 [batch, 2]"}
    assert told.outputs == {"hidden_out": hidden, "out_out": out, "frame": "float32 [batch, 1, 32, 32]"}
    assert told.difference <= 1e-5 and (told.starts, told.ticks) == (STARTS, 8)


def test_anyone_can_play_it_from_the_states_it_holds(made: tuple[Path, Exported], world: Learned) -> None:
    """As its documentation says, with onnxruntime and numpy alone, for hundreds of ticks and one game."""
    import onnxruntime

    content = made[0].read_bytes()
    session: Any = onnxruntime.InferenceSession(content)
    feed = {name: rows[2:3] for name, rows in read_starts(content).items() if name != "frame"}
    state = type(first_states(world))(*(torch.from_numpy(each.copy()) for each in feed.values()))
    actions = np.random.default_rng(0).integers(3, size=(200, 1, 2), dtype=np.uint8)
    frame: Any = None
    for pressed in actions:
        hidden, out, frame = session.run(None, feed | {"actions": pressed})
        feed = {"hidden": hidden, "out": out}
        state = world.update(state, pressed)
    with torch.inference_mode():
        np.testing.assert_allclose(frame, world.world.render(state).numpy(), atol=1e-5)


def test_it_says_what_it_is(made: tuple[Path, Exported], world: Learned) -> None:
    import onnx

    content = made[0].read_bytes()
    told = read_metadata(content)
    assert told["tickworld"] == tickworld.__version__ and told["opset"] == str(OPSET)
    assert json.loads(told["spec"]) == configs.plain(world.spec)
    assert told["noise"] == "0" and told["starts"] == str(STARTS)
    model = onnx.load_from_string(content)
    assert [each.version for each in model.opset_import if not each.domain] == [OPSET]
    assert model.producer_name == "tickworld"


def test_the_first_states_are_those_the_world_begins_with(made: tuple[Path, Exported], world: Learned) -> None:
    starts, state = read_starts(made[0].read_bytes()), Tick(world).start
    assert list(starts) == ["hidden", "out", "frame"]
    assert all(np.array_equal(starts[name], field.numpy()) for name, field in state._asdict().items())
    assert np.array_equal(np.round(starts["frame"] * 255), world.render(state).transpose(0, 3, 1, 2))


def test_it_tells_nothing_of_the_machine_it_was_made_on(made: tuple[Path, Exported]) -> None:
    content = made[0].read_bytes()
    for secret in (str(Path(tickworld.__file__).parent), str(Path(torch.__file__).parent), ".py"):
        assert secret.encode() not in content


def test_the_same_world_gives_the_same_file(made: tuple[Path, Exported], world: Learned, tmp_path: Path) -> None:
    export(world, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == made[0].read_bytes()


def test_a_world_that_draws_takes_noise_and_one_that_takes_the_likeliest_does_not() -> None:
    for mode, count in (("sample", 5 + 4), ("likeliest", 0)):
        core = {"kind": "mdn_rnn", "mode": mode, "size": 4, "code": 4, "components": 5}
        tick = Tick(learned(core=core, renderer={"kind": "vae", "size": 4}))
        assert tick.noise == count
        assert [tuple(each.shape) for each in tick.given(3, 0)] == [(3, 2), (3, count)][: 1 + bool(count)]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("pong.html", "this writes an ONNX file; got 'pong.html'; name it something.onnx"),
        ("pong", "this writes an ONNX file; got 'pong'; name it something.onnx"),
    ],
)
def test_another_suffix_is_told(name: str, complaint: str, world: Learned, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=complaint):
        export(world, tmp_path / name)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_told(
    package: str, world: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"package {package}, .*; run pip install 'tickworld\[export\]'"):
        export(world, tmp_path / "pong.onnx")


def test_a_world_that_must_be_shown_an_opening_and_has_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="starts from 2 frames of pong; show it an opening"):
        export(learned(initializer={"kind": "frames", "opening": 2, "size": 4}), tmp_path / "pong.onnx")


@pytest.fixture
def exported_already(made: tuple[Path, Exported], monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares the seconds that tracing takes: the file is the one that was made before."""
    ready: Any = type("Program", (), {"module": lambda self: None})()
    monkeypatch.setattr(exporting, "traced", lambda tick: ready)
    monkeypatch.setattr(exporting, "translated", lambda *parts: made[0].read_bytes())
    monkeypatch.setattr(exporting, "difference", lambda *parts: 1e-6)


@pytest.mark.parametrize("apart", [1e-4, float("inf"), float("nan")])
def test_a_world_that_plays_differently_is_refused(
    apart: float, exported_already: None, world: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "difference", lambda *parts: apart)
    with pytest.raises(UserError, match=r"away from the learned one after 8 ticks, expected at most 1e-05; nothing"):
        export(world, tmp_path / "pong.onnx")
    assert not list(tmp_path.iterdir())


def test_what_a_disk_refuses_is_told(exported_already: None, world: Learned, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*pong.onnx: "):
        export(world, tmp_path / "file" / "pong.onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
