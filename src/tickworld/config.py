"""Typed configs: frozen pydantic models whose field docstrings are the command line's help.

A config is made by a recipe (a Python function), changed by dotted overrides, checked by its types, and written beside
what it made. Loading one that a stranger sent runs no code: YAML is read with the safe loader, unknown keys refused.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tickworld import files
from tickworld.errors import UserError, near_match


class Config(BaseModel):
    """Base of every config: frozen, unknown keys refused, NaN refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


AnyConfig = TypeVar("AnyConfig", bound=Config)


def save(config: Config, path: Path) -> None:
    """Writes ``config`` as YAML, whole or not at all."""
    files.write_text(path, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def load(kind: type[AnyConfig], path: Path) -> AnyConfig:
    """The config in ``path``. Raises UserError when it is missing, is not YAML or does not fit ``kind``."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no config at {path}; check the path") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UserError(f"{path} is not readable YAML ({_reason(error)}); restore it or make it anew") from error
    return validate(kind, content, str(path))


def validate(kind: type[AnyConfig], content: Any, where: str) -> AnyConfig:
    """``content`` as a ``kind``. Raises UserError that names the first wrong field and the fields there are."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{where}: {explain(kind, error)}") from error


def explain(kind: type[Config], error: ValidationError) -> str:
    """The first complaint of ``error`` as one sentence, with near matches for an unknown field."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    name = ".".join(path) or kind.__name__
    if first["type"] == "extra_forbidden":
        known = _fields_at(kind, path[:-1])
        return f"there is no setting {name!r}; {near_match(path[-1], known)}"
    if first["type"] == "missing":
        return f"setting {name!r}: {first['msg']}"
    if first["type"] == "value_error":  # a check of our own, which says all there is to say
        return f"setting {name!r}: {first.get('ctx', {}).get('error')}"
    return f"setting {name!r}: {first['msg']}; got {reprlib.repr(first['input'])}"  # shortened: it may be huge


def override(config: AnyConfig, changes: Mapping[str, Any]) -> AnyConfig:
    """``config`` with dotted settings changed, e.g. ``{"training.iterations": 100, "world.core.size": 64}``.

    Choosing another ``kind`` of a part drops the old kind's settings. Values may be text as typed on a command line; it
    is read as YAML (``3``, ``1e-3``, ``[3, 9]``, ``true``). Raises UserError for a setting that does not exist, with
    near matches, and for a value that does not fit.
    """
    content = config.model_dump(mode="json")
    chosen: list[list[str]] = []
    typed: dict[tuple[str | int, ...], tuple[dict[str, Any], Any]] = {}
    for dotted, value in sorted(changes.items(), key=_kinds_first):
        *parents, last = dotted.split(".")
        node = _node(content, dotted, parents)
        if last == "kind" and node.get("kind") != value:
            node.clear()
            node.update(_usual(type(config), parents, value))
            chosen.append(parents)
        elif last not in node and parents not in chosen and not _open_mapping(type(config), parents):
            raise UserError(_unknown(dotted, node, last, parents))
        node[last] = read_value(value) if isinstance(value, str) else value
        typed[tuple(dotted.split("."))] = (node, value)
    try:
        return type(config).model_validate(content)
    except ValidationError as error:
        for each in error.errors():  # a path or a name that looks like a number or a date was meant as it was typed
            if each["type"] in ("path_type", "string_type") and each["loc"] in typed:
                node, value = typed[tuple(str(part) for part in each["loc"])]
                node[str(each["loc"][-1])] = value
    return validate(type(config), content, "override")


def _kinds_first(change: tuple[str, Any]) -> tuple[bool, int]:
    """Sorts kinds before all else, that of a part before those of its own parts."""
    return not change[0].endswith(".kind"), change[0].count(".")


def _usual(kind: type[Config], path: list[str], word: Any) -> dict[str, Any]:
    """The defaults of the part of kind ``word`` that ``path`` leads to; none for a word that is no kind."""
    for each in _configs_at(kind, path):
        if "kind" in each.model_fields and each.model_fields["kind"].default == word:
            return each.model_construct().model_dump(mode="json")
    return {}


def _node(content: dict[str, Any], dotted: str, parents: list[str]) -> dict[str, Any]:
    """The part of ``content`` that ``parents`` lead to."""
    node: Any = content
    for depth, part in enumerate(parents):
        if part not in node:
            raise UserError(_unknown(dotted, node, part, parents[:depth]))
        node = node[part]
        if not isinstance(node, dict):
            whole = ".".join(parents[: depth + 1])
            raise UserError(
                f"setting {whole!r} is a single value, and {dotted!r} asks for a part of it; set {whole} itself"
            )
    return node


def parse_overrides(arguments: Sequence[str]) -> dict[str, str]:
    """``["--training.iterations", "100", "--seed=3"]`` as a mapping. Raises UserError for anything else."""
    changes: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        flag = rest.pop(0)
        if not flag.startswith("--") or flag == "--":
            raise UserError(f"expected an override such as --training.iterations 100; got {flag!r}")
        name, equals, value = flag[2:].partition("=")
        if not equals:
            if not rest:
                raise UserError(f"override --{name} needs a value, e.g. --{name} 1")
            value = rest.pop(0)
        changes[name.replace("-", "_")] = value
    return changes


def read_value(text: str) -> Any:
    """A value as typed on a command line, read as YAML; ``1e-3`` is a number here, as people expect."""
    for read in (float, yaml.safe_load) if "e" in text.lower() else (yaml.safe_load,):
        try:
            return read(text)
        except (ValueError, yaml.YAMLError):  # a date that is none is a ValueError too
            continue
    return text


def leaves(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Every dotted setting of a dumped config with its value, in order."""
    found: list[tuple[str, Any]] = []
    for name, value in content.items():
        if isinstance(value, dict) and value:
            found += leaves(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", value))
    return found


def difference(before: Config, now: Config) -> str:
    """The first setting in which two configs differ, as "seed = 1; got 2"; empty where there is none. A mapping that is
    empty has no settings."""
    old, new = (
        {name: value for name, value in leaves(each.model_dump(mode="json")) if value != {}} for each in (before, now)
    )
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            return f"{name} = {old.get(name)}; got {new.get(name)}"
    return ""


def _reason(error: Exception) -> str:
    """What is wrong with a YAML text, on one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def flatten(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested changes as dotted ones; dotted ones stay."""
    return dict(leaves(changes))


def plain(value: Any) -> Any:
    """A dataclass or config as plain values for JSON."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def _unknown(dotted: str, node: Any, part: str, parents: list[str]) -> str:
    known = list(node) if isinstance(node, dict) else []
    where = f" in {'.'.join(parents)!r}" if parents else ""
    return f"there is no setting {dotted!r}: {part!r} is unknown{where}; {near_match(part, known)}"


def _fields_at(kind: type[Config], path: list[str]) -> list[str]:
    """Names of the fields of the config that ``path`` leads to, seen through unions."""
    return sorted({name for each in _configs_at(kind, path) for name in each.model_fields})


def _configs_at(kind: type[Config], path: list[str]) -> list[type[Config]]:
    """The configs that ``path`` may lead to: those of a union, or one."""
    level: list[type[Config]] = [kind]
    for part in path:
        annotations = [sub.model_fields[part].annotation for sub in level if part in sub.model_fields]
        found = [each for annotation in annotations for each in _configs_in(annotation)]
        level = found or level  # a union's tag (loc names the chosen member) does not descend
    return level


def _configs_in(annotation: Any) -> list[type[Config]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return [annotation]
    return [each for argument in get_args(annotation) for each in _configs_in(argument)]


def _open_mapping(kind: type[Config], path: list[str]) -> bool:
    """Whether ``path`` names a field that is a free mapping (such as ``game.params``)."""
    level = [kind]
    for depth, part in enumerate(path):
        annotations = [sub.model_fields[part].annotation for sub in level if part in sub.model_fields]
        level = [each for annotation in annotations for each in _configs_in(annotation)]
        if not level:
            return depth == len(path) - 1 and bool(annotations)
    return False
