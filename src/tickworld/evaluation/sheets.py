"""Results of measures as tables of words, for the terminal and the report alike. What they mean is not asked here, so a
new measure is shown as soon as it has a line in the table of measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tickworld.config import leaves
from tickworld.evaluation.measures import MEASURES


class Sheet(NamedTuple):
    """Rows of cells under a header, the first cell of each row its name; or, without a header, pairs of name and
    number."""

    title: str
    header: list[str]
    rows: list[list[str]]


def sheets(result: dict[str, Any]) -> Iterator[list[Sheet]]:
    """What an evaluation has measured beside its horizons, measure by measure."""
    for measure in MEASURES.values():
        if result.get(measure.key):
            yield list(_sheets(measure.key, result[measure.key]))


def _sheets(title: str, values: dict[str, Any]) -> Iterator[Sheet]:
    if all(isinstance(value, dict) for value in values.values()):
        yield _table(title, values)
        return
    numbers = [[_words(name), _cell(value)] for name, value in values.items() if not isinstance(value, dict | list)]
    yield Sheet(_words(title), [], numbers)
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _sheets(name, value)


def _table(title: str, rows: dict[str, dict[str, Any]]) -> Sheet:
    """One line for each of ``rows``, one column for each number that any of them holds."""
    cells = {name: {key: each for key, each in leaves(row) if not isinstance(each, list)} for name, row in rows.items()}
    columns = list(dict.fromkeys(key for row in cells.values() for key in row))
    lines = [[name, *(_cell(row.get(column)) for column in columns)] for name, row in cells.items()]
    return Sheet(_words(title), ["", *map(_words, columns)], lines)


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _cell(value: Any) -> str:
    """A number as a person reads it; a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
