"""Imports go one way (see CONTRIBUTING.md). Every import counts, also inside functions and TYPE_CHECKING blocks."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import tickworld

PACKAGE = "tickworld"
SOURCE = Path(str(tickworld.__file__)).parent

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"games", "data", "models", "visual", "web"}),
    frozenset({"training", "evaluation", "agents", "export", "play"}),
    frozenset({"recipes"}),
    frozenset({"api", "cli", "environments"}),
)
"""From the ground up. Below them lie the root modules (``simulator``, ``files``, ...), which may import each other;
above them the package's own ``__init__``, the front door through which people see ``api``; nobody inside uses it."""

ROOT = -1
TORCH_ROOTS = {"tensors"}
HEAVY_HOMES = {"matplotlib": "visual"}
"""Packages that only one folder may import."""


def modules() -> dict[str, str]:
    """The source text of every module under src, by its path in the package, such as ``games/pong.py``."""
    return {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def violations(sources: Mapping[str, str]) -> list[str]:
    """One line for each import that breaks a rule."""
    return [
        f"{path}:{line}: {complaint}"
        for path, text in sources.items()
        for target, line in imports(text, path)
        if (complaint := judge(path, target, sources))
    ]


def imports(text: str, path: str) -> Iterator[tuple[str, int]]:
    """(absolute dotted name, line) of everything that a module imports; ``from a import b`` counts as ``a.b``."""
    folder = [PACKAGE, *path.split("/")[:-1]]
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            for alias in node.names:
                yield ".".join([*base, *(node.module.split(".") if node.module else []), alias.name]), node.lineno


def judge(path: str, target: str, sources: Mapping[str, str]) -> str:
    """What is wrong with ``path`` importing ``target``; empty when nothing is."""
    own = top_name(path)
    package, *parts = target.split(".")
    if package in HEAVY_HOMES and own != HEAVY_HOMES[package]:
        return f"imports {package}, which only {HEAVY_HOMES[package]} may"
    if package == "torch" and own == "games":
        return "a game imports torch"
    if package != PACKAGE or path == "__init__.py" or parts == ["__version__"]:
        return ""
    if not parts or parts[0] not in {top_name(each) for each in sources}:
        return f"imports {target} through the front door; name the module that holds it"
    here, there = rank(own, sources), rank(parts[0], sources)
    if there > here:
        return f"{own} imports {parts[0]}, which lies above it"
    if there == here != ROOT and parts[0] != own:
        return f"{own} imports {parts[0]}, which lies beside it"
    return ""


def top_name(path: str) -> str:
    """``games`` for ``games/pong.py``, ``files`` for ``files.py``."""
    return path.split("/")[0].removesuffix(".py")


def rank(name: str, sources: Mapping[str, str]) -> int:
    """The layer of a folder or module right under the package; ``ROOT`` for a root module."""
    for number, layer in enumerate(LAYERS):
        if name in layer:
            return number
    if f"{name}.py" in sources:
        return ROOT
    raise AssertionError(f"folder {name} has no place in LAYERS: give it one")


def test_imports_go_one_way() -> None:
    assert not violations(modules())


def test_every_folder_has_a_place() -> None:
    for path in modules():
        rank(top_name(path), modules())


@pytest.mark.parametrize(
    ("path", "line", "complaint"),
    [
        ("files.py", "from tickworld.games import pong", "lies above it"),
        ("files.py", "def f():\n    import tickworld.training.fit", "lies above it"),
        ("games/pong.py", "from tickworld.data.store import write", "lies beside it"),
        ("games/pong.py", "from ..data import store", "lies beside it"),
        ("games/pong.py", "import torch.nn", "a game imports torch"),
        ("data/store.py", "from tickworld.training.fit import fit", "lies above it"),
        ("training/fit.py", "if TYPE_CHECKING:\n    from tickworld.evaluation import rollout", "lies beside it"),
        ("training/fit.py", "import tickworld.recipes", "lies above it"),
        ("recipes/pong.py", "from tickworld.cli import main", "lies above it"),
        ("training/fit.py", "from tickworld import record", "front door"),
        ("training/fit.py", "import tickworld", "front door"),
        ("cli/__init__.py", "from tickworld import api", "lies beside it"),
        ("recipes/pong.py", "from tickworld.api import train", "lies above it"),
        ("training/fit.py", "def draw():\n    import matplotlib.pyplot as plt", "only visual may"),
    ],
)
def test_a_planted_violation_is_found(path: str, line: str, complaint: str) -> None:
    sources = {
        "files.py": "", "games/pong.py": "", "data/store.py": "", "training/fit.py": "", "evaluation/rollout.py": "",
        "recipes/pong.py": "", "cli/__init__.py": "", "api.py": "", "visual/curves.py": "import matplotlib",
    }  # fmt: skip
    assert not violations(sources)
    found = violations(sources | {path: line})
    assert len(found) == 1 and complaint in found[0]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("files.py", "from tickworld import errors\nimport tickworld.errors\nfrom .errors import UserError"),
        ("games/pong.py", "from tickworld.games.reading import lit_centre\nfrom .reading import lit_centre"),
        ("training/fit.py", "import torch\nfrom tickworld.models.world import World\nfrom tickworld import files"),
        ("cli/__init__.py", "from tickworld import recipes, visual\nfrom tickworld.training import fit"),
        ("api.py", "from tickworld.recipes import pong\nfrom tickworld.games import reading"),
        ("__init__.py", "from tickworld import api\nfrom tickworld.games import game"),
        ("data/store.py", "from tickworld import __version__"),
    ],
)
def test_imports_downwards_pass(path: str, line: str) -> None:
    sources = dict.fromkeys(
        ["errors.py", "files.py", "games/reading.py", "models/world.py", "training/fit.py", "recipes/pong.py"], ""
    ) | {"visual/curves.py": ""}
    assert not violations(sources | {path: line})


def test_games_and_root_modules_load_no_torch() -> None:
    """Checked by what is loaded, not by what is written: a heavy package may hide behind a light one."""
    sources = modules()
    roots = {top_name(path) for path in sources if "/" not in path} - TORCH_ROOTS - {"__init__"}
    light = [f"{PACKAGE}.{name}" for name in sorted(roots) if rank(name, sources) == ROOT] + [f"{PACKAGE}.games"]
    program = "\n".join(
        [f"import {name}" for name in light]
        + ["import sys", "print(*{name.split('.')[0] for name in sys.modules} & {'torch', 'matplotlib', 'lightning'})"]
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
