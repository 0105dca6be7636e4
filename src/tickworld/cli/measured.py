"""Results of measures on stdout: tables as tables, single numbers as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from tickworld.cli.command import print_table

if TYPE_CHECKING:
    from tickworld.evaluation.sheets import Sheet


def print_measured(result: dict[str, Any]) -> None:
    """What an evaluation has measured beside its horizons."""
    from tickworld.evaluation.sheets import sheets

    for measure in sheets(result):
        print()
        for sheet in measure:
            if sheet.header:
                print_table(_table(sheet))
            else:
                print(f"{sheet.title}: " + ", ".join(" ".join(pair) for pair in sheet.rows))


def _table(sheet: Sheet) -> Table:
    table = Table(title=sheet.title, title_justify="left", box=None)
    table.add_column("")
    for heading in sheet.header[1:]:
        table.add_column(heading, justify="right")
    for row in sheet.rows:
        table.add_row(*row)
    return table
