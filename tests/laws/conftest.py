"""The cases of the law tests: every line of every table of parts, at a small size, on a grey and on a coloured game."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from tickworld.config import Config
from tickworld.models.cores import CoreConfig
from tickworld.models.initializers import InitializerConfig
from tickworld.models.renderers import RendererConfig
from tickworld.simulator import Param, Spec

SPECS = (
    Spec(
        name="grey",
        height=9,
        width=7,
        channels=1,
        players=("left", "right"),
        actions=("stay", "up", "down"),
        palette=((0,), (255,)),
        params=(
            Param("speed", 2, 1, 4, drawn=True),
            Param("angle", 0.5, 0.0, 6.283185307179586, kind="angle", drawn=True),
            Param("side", 1, 1, 3, kind="choice", drawn=True),
            Param("length", 3, 2, 5),
        ),
    ),
    Spec(
        name="coloured",
        height=6,
        width=8,
        channels=3,
        players=("one",),
        actions=("stay", "go"),
        palette=((0, 0, 0), (255, 0, 0), (0, 0, 255), (255, 255, 255)),
        params=(Param("bright", 0.2, 0.0, 1.0, kind="real", drawn=True), Param("size", 2, 1, 3)),
    ),
)
TABLES = {"core": CoreConfig, "renderer": RendererConfig, "initializer": InitializerConfig}
SMALL = 8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``core`` gets the config of each core there is; a new line in a table is a new case."""
    if "spec" in metafunc.fixturenames:
        metafunc.parametrize("spec", SPECS, ids=lambda spec: spec.name)
    for name, table in TABLES.items():
        if name in metafunc.fixturenames:
            kinds = get_args(get_args(table)[0])
            metafunc.parametrize(name, [small(kind) for kind in kinds], ids=lambda config: config.kind)


def small(kind: type[Config]) -> Any:
    """A config of ``kind`` with no whole number above ``SMALL``."""
    defaults = {name: field.default for name, field in kind.model_fields.items()}
    return kind(**{name: SMALL for name, value in defaults.items() if isinstance(value, int) and value > SMALL})
