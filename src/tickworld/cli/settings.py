"""The settings of a recipe as a table: dotted name, value, what it is. The docstrings of the configs are the text."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic.fields import FieldInfo
from rich.table import Table

from tickworld import config as configs
from tickworld.config import Config


def table(config: Config, without: tuple[str, ...] = (), prefix: str = "") -> Table:
    """Every setting of ``config`` for the terminal, one row each, but those ``without``; ``prefix`` stands before the
    names."""
    shown = Table(box=None)
    shown.add_column("setting", no_wrap=True)
    shown.add_column("value", overflow="fold")
    shown.add_column("what it is")
    for name, value in configs.leaves(config.model_dump(mode="json", exclude=set(without))):
        shown.add_row(f"--{prefix}{name}", value if isinstance(value, str) else json.dumps(value), about(config, name))
    return shown


def about(config: Config, name: str) -> str:
    """What the docstrings say of the setting ``name``; of the ``kind`` of a part also which kinds there are."""
    above: FieldInfo | None = None
    field: FieldInfo | None = None
    node: Any = config
    for part in name.split("."):
        if not isinstance(node, Config):
            break  # inside a free mapping, such as game.params
        above, field = field, type(node).model_fields[part]
        node = getattr(node, part)
    assert field is not None
    if name.endswith(".kind") and above is not None:
        return f"{above.description}: {', '.join(_kinds(above))}"
    return field.description or ""


def _kinds(field: FieldInfo) -> list[str]:
    """The kinds that a part can be of."""
    members = get_args(field.annotation) or (field.annotation,)
    parts = [each for each in members if isinstance(each, type) and issubclass(each, Config)]
    return [kind for part in parts for kind in get_args(part.model_fields["kind"].annotation)]
