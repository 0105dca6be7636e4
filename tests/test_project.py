"""What gets installed: everything has a tested pin, and nothing brings a second, larger PyTorch with it."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def plain(name: str) -> str:
    """A distribution's name as everyone compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(requirements: list[str]) -> set[str]:
    """The distributions that ``requirements`` name and, through what is installed here, all that those need in turn."""
    found: set[str] = set()
    todo = [plain(match.group()) for text in requirements if (match := NAME.match(text))]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed here, or what another system needs
        todo += [plain(match.group()) for text in needs if "extra ==" not in text and (match := NAME.match(text))]
    return found


EVERYTHING = PROJECT["dependencies"] + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {plain(name): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}


def test_everything_that_is_installed_is_pinned() -> None:
    missing = set()
    for name in wanted(EVERYTHING):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        missing |= {name} - set(pins())
    assert not missing, "add these to constraints.txt"


def test_every_direct_dependency_is_pinned() -> None:
    direct = {plain(match.group()) for text in EVERYTHING if (match := NAME.match(text))}
    assert direct <= set(pins())


def test_nothing_depends_on_torchvision() -> None:
    """It would replace the CPU build of torch by one that is several gigabytes larger."""
    assert "torchvision" not in wanted(EVERYTHING)


def test_the_pin_of_torch_names_no_build() -> None:
    assert re.fullmatch(r"[0-9.]+", pins()["torch"]), "a local label such as +cpu would shut out other builds"


@pytest.mark.parametrize(
    "name", ["LICENSE", "README.md", "CONTRIBUTING.md", "constraints.txt", "Makefile", "docs/log.md"]
)
def test_the_files_that_people_look_for_are_there(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()
