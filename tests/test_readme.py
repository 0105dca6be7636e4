"""The README's commands and code do what it says.

An HTML comment ``<!-- test -->`` on the line before a fenced block marks it. Each such block is run from top to bottom
in an empty folder of its own: the lines of a console block that begin with ``$``, or a Python block as it stands.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from tickworld.cli import main

README = Path(__file__).parents[1] / "README.md"
MARKED = re.compile(r"^<!-- test -->\n```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One marked block: its language and its text."""

    language: str
    text: str


def blocks(text: str) -> list[Block]:
    """The marked blocks of a README."""
    return [Block(*match.groups()) for match in MARKED.finditer(text)]


FOUND = blocks(README.read_text(encoding="utf-8")) if README.exists() else []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in. Torch keeps the one thread that tests have: two would wait for each other."""
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(block: Block) -> None:
    """Runs a block in the folder we are in; raises when anything in it fails."""
    if block.language == "python":
        exec(compile(block.text, "README.md", "exec"), {"__name__": "__main__"})
        return
    assert block.language in ("console", "bash"), f"no way to run a {block.language} block"
    commands = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    assert commands, "a console block needs lines that begin with $"
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        if name == "tickworld":  # in this process: starting Python takes longer than most commands
            assert main(words) == 0, command
        else:
            subprocess.run(["bash", "-c", command], check=True)


@pytest.mark.skipif(not README.exists(), reason="there is no README here")
def test_the_readme_has_blocks_to_test() -> None:
    assert {block.language for block in FOUND} >= {"console", "python"}


@pytest.mark.parametrize("block", FOUND, ids=lambda block: block.language)
def test_a_block_of_the_readme_runs(block: Block, folder: Path) -> None:
    run(block)
    assert list(folder.iterdir()), "it made nothing"


def test_only_marked_blocks_are_found() -> None:
    text = "<!-- test -->\n```console\n$ a\nout\n```\n\n```console\n$ b\n```\n<!-- test -->\n```python\nc = 1\n```\n"
    assert blocks(text) == [Block("console", "$ a\nout\n"), Block("python", "c = 1\n")]


def test_a_block_that_fails_is_noticed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(Block("console", "$ echo hello > made\n"))
    assert (folder / "made").read_text() == "hello\n"
    with pytest.raises(AssertionError, match="tickworld gamse"):
        run(Block("console", "$ tickworld gamse\n"))
    with pytest.raises(subprocess.CalledProcessError):
        run(Block("bash", "$ exit 3\n"))
    with pytest.raises(ZeroDivisionError):
        run(Block("python", "1 / 0\n"))
    for block in (Block("console", "tickworld games\n"), Block("yaml", "a: 1\n")):
        with pytest.raises(AssertionError):
            run(block)
