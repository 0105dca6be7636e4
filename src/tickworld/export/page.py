"""A learned world as one HTML file: opened from a disk, it plays in the browser and asks nobody for anything.

    page.html   with the style, the script and a policy that allows these two and nothing else (``tickworld.web``)
    blocks      script elements of no type that a browser runs, each found by its id:
      world-facts     JSON: title, spec, noise, ticks_per_second, calibration, provenance; ``state``: name, type,
                      shape and rows of each field of the first states
      world-update    ONNX: fields of a state, actions (and noise) -> the fields one tick later, <field>_out
      world-render    ONNX: out -> frame, and trust (``models.trust``)
      world-ort, world-wasm, world-notices    onnxruntime-web and its licences
      world-atlas     only of an engine whose map is wanted: JSON, as ``recipes.atlas.facts`` makes it

Blocks but the first are packed with gzip and written in base64. What they hold is read as data: no text of a world can
become a part of the page. The two graphs are the two verbs, as in ``tickworld.simulator``, so that a state which was
changed by hand can be looked at before time passes.

Frames are those of torch, byte for byte, for a world that decides on colours. Weights become halves only where they
weigh and no frame changes: what was measured of a world was measured of its own weights.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tickworld import config as configs
from tickworld import files
from tickworld.errors import UserError, check_installed
from tickworld.export import parity
from tickworld.export.metadata import packed
from tickworld.export.onnx import NEEDED, played, traced, translated
from tickworld.export.surgery import halved, part, weights_size
from tickworld.export.tick import Look, Tick
from tickworld.models.learned import Learned
from tickworld.progress import Progress, Silent
from tickworld.web import TICKS_PER_SECOND, asset

SUFFIX = ".html"
HEAVY = 2_000_000
"""Bytes of weights from which on halves are tried: below, they would make the file smaller by less than a tenth."""
HALF_TICKS = 1000
"""For how many ticks no frame may change by it."""
BLOCK = '<script type="application/octet-stream" id="world-{name}">{text}</script>'
STYLE = '<link rel="stylesheet" href="page.css">'
SCRIPT = '<script src="page.js" defer></script>'
TITLE = "<title>tickworld</title>"


class Page(NamedTuple):
    """What was written: its ``size`` in bytes, from how many first ``starts`` it was played beside torch for how many
    ``ticks``, by how much the two differed at most, and whether its weights are ``halves``."""

    size: int
    starts: int
    ticks: int
    difference: float
    halves: bool


class Graphs(NamedTuple):
    """The two verbs as .onnx files."""

    update: bytes
    render: bytes


def export_page(
    world: Learned,
    path: Path,
    provenance: Mapping[str, Any],
    calibration: Mapping[str, Any] | None = None,
    show: Progress | None = None,
    atlas: Mapping[str, Any] | None = None,
) -> Page:
    """Writes ``world`` to the .html file ``path``, whole or not at all, after it has been played beside torch.

    The page tells people the plain values of ``provenance`` (see ``recipes.shelf.known``), and has a light that is
    calibrated by ``calibration``: {"levels": [{"below": nats, "wrong_within_100": share}, ...]}. With an ``atlas``
    (see ``recipes.atlas.facts``) it has a map. Raises UserError as ``tickworld.export.onnx.export`` does.
    """
    show = show or Silent()
    if path.suffix.lower() != SUFFIX:
        raise UserError(f"this writes a web page; got {path.name!r}; name it something{SUFFIX}")
    check_installed(NEEDED, "export")
    tick = Tick(world)
    whole, apart = played(tick, show)
    look = Look(world, tick.start)
    exact = Graphs(
        part(whole, tick.inputs, tick.outputs[:-1]),
        translated(traced(look), look),
    )
    _check(parity.frames_apart(whole, exact, tick, parity.TICKS), look)
    mapped = atlas is not None  # there are more games than any play of both could speak for
    graphs = lightest(whole, exact, tick, show) if look.decides and not mapped else exact
    facts = _facts(tick, provenance, calibration)
    content = _filled(facts, graphs, atlas).encode()
    files.write_bytes(path, content)
    return Page(len(content), len(tick.start.out), parity.TICKS, apart, graphs is not exact)


def lightest(whole: bytes, exact: Graphs, tick: Tick, show: Progress) -> Graphs:
    """``exact`` with halves for weights where that makes the file smaller by much and no frame another; else itself."""
    if sum(weights_size(each) for each in exact) < HEAVY:
        return exact
    show.say(f"playing {len(tick.start.out)} games of {HALF_TICKS} ticks with weights of half the size ...")
    light = Graphs(*(halved(each) for each in exact))
    return exact if parity.frames_apart(whole, light, tick, HALF_TICKS) else light


def _check(apart: float, look: Look) -> None:
    """Both parts together must show what the whole shows: to the last bit where colours are decided on."""
    if not apart <= (0 if look.decides else parity.CLOSE):
        raise UserError(
            f"the frames of the page are {apart:.1e} away from those of the exported world; nothing was written; try "
            "other versions of onnx and onnxruntime, and report it"
        )


def fields(state: Any) -> list[dict[str, Any]]:
    """The rows of a core's state as a page holds them: name, type, shape of one row, and the rows, of each field."""
    with torch.no_grad():
        named = {name: field.numpy() for name, field in state._asdict().items()}
    return [
        {"name": name, "type": str(rows.dtype), "shape": rows.shape[1:], "rows": packed(rows)}
        for name, rows in named.items()
    ]


def _facts(tick: Tick, provenance: Mapping[str, Any], calibration: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "title": tick.spec.name,
        "spec": configs.plain(tick.spec),
        "noise": tick.noise,
        "starts": len(tick.start.out),
        "state": fields(tick.start),
        "ticks_per_second": TICKS_PER_SECOND,
        "calibration": calibration,
        "provenance": dict(provenance),
    }


def _filled(facts: Mapping[str, Any], graphs: Graphs, atlas: Mapping[str, Any] | None = None) -> str:
    """The whole page."""
    style, script = asset("page.css").decode(), asset("page.js").decode()
    assert "</script" not in script and "<!--" not in script and "</style" not in style
    blocks = {
        "facts": _json(facts).replace("<", "\\u003c"),
        "update": _block(graphs.update),
        "render": _block(graphs.render),
        "ort": _block(asset("vendor/ort.wasm.bundle.min.mjs")),
        "wasm": base64.b64encode(asset("vendor/ort-wasm-simd-threaded.wasm.gz")).decode(),
        "notices": _block(_notices()),
    } | ({} if atlas is None else {"atlas": _block(_json(atlas).encode())})
    policy = (
        f"default-src 'none'; script-src {_hash(script)} blob: 'wasm-unsafe-eval'; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>'
    body = [BLOCK.format(name=name, text=text) for name, text in blocks.items()]
    page = _put(asset("page.html").decode(), TITLE, f"<title>{html.escape(str(facts['title']))}</title>")
    page = _put(page, STYLE, head)
    return _put(page, SCRIPT, "\n".join([*body, f"<script>{script}</script>"]))


def _put(page: str, mark: str, content: str) -> str:
    before, found, after = page.partition(mark)
    assert found, f"page.html lacks {mark}"
    return before + content + after


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), allow_nan=False)


def _block(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _notices() -> bytes:
    """The licences of what the page carries."""
    notices = gzip.decompress(asset("vendor/ThirdPartyNotices.txt.gz"))
    return b"onnxruntime-web 1.30.0\n\n" + asset("vendor/LICENSE") + b"\n\n" + notices


def _hash(text: str) -> str:
    """As a security policy names a text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
