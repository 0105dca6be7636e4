"""The exported page as a file: what it holds, and that it is written whole or not at all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.export import page as exporting
from tickworld.export import parity
from tickworld.export.onnx import played
from tickworld.export.page import Graphs, Page, export_page
from tickworld.export.parity import frames_apart
from tickworld.export.surgery import LONG, halved, weights_size
from tickworld.export.tick import STARTS, Tick
from tickworld.models.learned import Learned
from tickworld.progress import Silent

PROVENANCE = {"origin": {"recipe": "none"}, "claim": None}
CALIBRATION = {"least": 0.5, "levels": [{"below": 2.5, "wrong_within_100": 0.5}]}


class Scripts(HTMLParser):
    """What the script elements of a page hold, by id; that without an id is the one that runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.policy = ""
        self.styles: list[str] = []
        self._into: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "script":
            self._into = told.get("id") or ""
            assert self._into not in self.found, "a second script"
            self.found[self._into] = ""
        if tag == "style":
            self._into = "style"
        if told.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(told["content"])

    def handle_endtag(self, tag: str) -> None:
        self._into = None

    def handle_data(self, data: str) -> None:
        if self._into == "style":
            self.styles.append(data)
        elif self._into is not None:
            self.found[self._into] += data

    def block(self, name: str) -> bytes:
        return gzip.decompress(base64.b64decode(self.found[f"world-{name}"]))


class Made(NamedTuple):
    path: Path
    told: Page
    scripts: Scripts
    facts: dict[str, Any]


@pytest.fixture(scope="module")
def made(world: Learned, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A page, and what was told of it. Not to be changed."""
    path = tmp_path_factory.mktemp("export") / "folder" / "pong.html"
    told = export_page(world, path, PROVENANCE, CALIBRATION)
    scripts = Scripts(path.read_text(encoding="utf-8"))
    return Made(path, told, scripts, json.loads(scripts.found["world-facts"]))


def test_it_says_what_it_is(made: Made, world: Learned) -> None:
    facts = made.facts
    assert facts["spec"] == configs.plain(world.spec) and facts["title"] == "pong"
    assert (facts["provenance"], facts["calibration"]) == (PROVENANCE, CALIBRATION)
    assert (facts["noise"], facts["starts"]) == (0, STARTS)
    assert made.told == (made.path.stat().st_size, STARTS, parity.TICKS, made.told.difference, False)
    assert made.told.difference <= parity.CLOSE and 4e6 < made.told.size < 7e6


def test_it_begins_where_the_world_begins(made: Made, world: Learned) -> None:
    start = Tick(world).start
    assert [each["name"] for each in made.facts["state"]] == list(start._fields)
    for field, rows in zip(made.facts["state"], start, strict=True):
        got = np.frombuffer(base64.b64decode(field["rows"]), field["type"]).reshape(STARTS, *field["shape"])
        assert np.array_equal(got, rows.numpy())


def test_its_two_graphs_are_the_two_verbs(made: Made, world: Learned) -> None:
    import onnxruntime

    update, render = (onnxruntime.InferenceSession(made.scripts.block(name)) for name in ("update", "render"))
    start = Tick(world).start
    pressed = np.array([[1, 2]], np.uint8)
    feed = {name: field[2:3].numpy() for name, field in start._asdict().items()}
    later: Any = update.run(["out_out"], feed | {"actions": pressed})[0]
    frame: Any = render.run(["frame"], {"out": later})[0]
    row = type(start)(*(field[2:3] for field in start))
    wanted = world.render(world.update(row, pressed))
    np.testing.assert_allclose(frame.transpose(0, 2, 3, 1) * 255, wanted, atol=0.51)


def test_its_policy_allows_its_own_style_and_script_alone(made: Made) -> None:
    scripts = made.scripts
    named = re.findall(r"'sha256-([^']+)'", scripts.policy)
    texts = (scripts.found[""], "".join(scripts.styles))
    assert named == [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    rest = re.sub(r"'sha256-[^']+'", "#", scripts.policy)
    assert rest == (
        "default-src 'none'; script-src # blob: 'wasm-unsafe-eval'; style-src #; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_it_carries_what_it_needs_and_its_licences(made: Made) -> None:
    assert made.scripts.block("wasm")[:4] == b"\0asm"
    assert b"ONNX Runtime Web v1.30.0" in made.scripts.block("ort")[:200]
    notices = made.scripts.block("notices")
    assert b"MIT License" in notices and b"Eigen" in notices and len(notices) > 300_000
    assert set(made.scripts.found) == {
        "", *(f"world-{name}" for name in ("facts", "update", "render", "ort", "wasm", "notices"))
    }  # fmt: skip


@pytest.mark.parametrize("evil", ["</script><b>", "<!-- <script>", '"><img src=x>', "&amp;</title>"])
def test_no_text_of_a_world_becomes_a_part_of_the_page(evil: str, made: Made) -> None:
    facts = made.facts | {"title": evil, "provenance": {evil: evil}}
    scripts = Scripts(exporting._filled(facts, Graphs(b"", b"")))
    assert json.loads(scripts.found["world-facts"]) == facts
    assert set(scripts.found) == set(made.scripts.found)


def test_it_tells_nothing_of_the_machine_it_was_made_on(made: Made) -> None:
    for name in ("update", "render"):
        content = made.scripts.block(name)
        assert b".py" not in content and str(Path(exporting.__file__).parent).encode() not in content


def test_another_suffix_is_told(world: Learned, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"this writes a web page; got 'pong.htm'; name it something.html"):
        export_page(world, tmp_path / "pong.htm", {})


def test_a_missing_package_is_told(world: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"package onnxscript, .*; run pip install 'tickworld\[export\]'"):
        export_page(world, tmp_path / "pong.html", {})


@pytest.fixture
def tick_content(world: Learned, monkeypatch: pytest.MonkeyPatch) -> Tick:
    """Spares the seconds that tracing the tick takes."""
    tick = Tick(world)
    monkeypatch.setattr(exporting, "played", lambda tick, show: (b"", 0.0))
    monkeypatch.setattr(exporting, "part", lambda *names: b"")
    monkeypatch.setattr(exporting, "traced", lambda look: None)
    monkeypatch.setattr(exporting, "translated", lambda *parts: b"")
    return tick


@pytest.mark.parametrize("apart", [1e-4, float("nan")])
def test_parts_that_show_something_else_are_refused(
    apart: float, tick_content: Tick, world: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "frames_apart", lambda *parts: apart)
    with pytest.raises(UserError, match=r"frames of the page are .* away from those of the exported world; nothing"):
        export_page(world, tmp_path / "pong.html", {})
    assert not list(tmp_path.iterdir())


def test_halves_are_taken_only_where_they_weigh_and_change_nothing(
    made: Made, world: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick, graphs = Tick(world), Graphs(made.scripts.block("update"), made.scripts.block("render"))
    apart = 0.0
    monkeypatch.setattr(parity, "frames_apart", lambda *parts: apart)
    assert exporting.lightest(b"", graphs, tick, Silent()) is graphs, "they weigh too little"
    monkeypatch.setattr(exporting, "HEAVY", 1000)
    light = exporting.lightest(b"", graphs, tick, Silent())
    assert sum(map(len, light)) < 0.7 * sum(map(len, graphs))
    apart = 1.0
    assert exporting.lightest(b"", graphs, tick, Silent()) is graphs


def test_halved_weights_are_those_of_the_graph_rounded(made: Made) -> None:
    import onnx

    content = made.scripts.block("render")
    before = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load_from_string(content).graph.initializer}
    graph = onnx.load_from_string(halved(content)).graph
    after = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    long = {name for name, each in before.items() if each.dtype == np.float32 and each.size >= LONG}
    assert weights_size(content) == 4 * sum(before[name].size for name in long) > 0
    for name in before:
        stored = after[f"{name}.half" if name in long else name]
        assert stored.dtype == (np.float16 if name in long else before[name].dtype)
        np.testing.assert_allclose(stored, before[name], rtol=1e-3, atol=1e-6)


def test_frames_of_other_weights_are_found_to_be_others(made: Made, world: Learned) -> None:
    tick = Tick(world)
    whole = played(tick, Silent())[0]
    graphs = Graphs(made.scripts.block("update"), made.scripts.block("render"))
    light = [halved(each) for each in graphs]
    assert frames_apart(whole, graphs, tick, 4) < 1e-6 < frames_apart(whole, light, tick, 4)
