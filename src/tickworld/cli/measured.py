"""Results of measures on stdout: mappings of rows as tables, single numbers as lines. What they mean is not asked here,
so a new measure is shown as soon as it has a line in the table of measures."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from tickworld.cli.command import print_table
from tickworld.config import leaves


def print_measured(result: dict[str, Any]) -> None:
    """What an evaluation has measured beside its horizons."""
    from tickworld.evaluation.measures import MEASURES

    for measure in MEASURES.values():
        if result.get(measure.key):
            print()
            _print_values(measure.key, result[measure.key])


def _print_values(title: str, values: dict[str, Any]) -> None:
    if all(isinstance(value, dict) for value in values.values()):
        print_table(_table(title, values))
        return
    numbers = {name: value for name, value in values.items() if not isinstance(value, dict | list)}
    print(f"{_words(title)}: " + ", ".join(f"{_words(name)} {_cell(value)}" for name, value in numbers.items()))
    for name, value in values.items():
        if isinstance(value, dict) and value:
            _print_values(name, value)


def _table(title: str, rows: dict[str, dict[str, Any]]) -> Table:
    """One line for each of ``rows``, one column for each number that any of them holds."""
    table = Table(title=_words(title), title_justify="left", box=None)
    table.add_column("")
    cells = {name: {key: each for key, each in leaves(row) if not isinstance(each, list)} for name, row in rows.items()}
    columns = list(dict.fromkeys(key for row in cells.values() for key in row))
    for column in columns:
        table.add_column(_words(column), justify="right")
    for name, row in cells.items():
        table.add_row(name, *(_cell(row.get(column)) for column in columns))
    return table


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _cell(value: Any) -> str:
    """A number as a person reads it; a dash for none."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
