"""The table of a bench: what its rows have in their row.json, as Markdown and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tickworld import files
from tickworld.recipes.bench.row import TICKS, Bench, Row, row_folder
from tickworld.recipes.bench.suites import SUITES
from tickworld.recipes.results import NAMES

HEADER = (
    "world", "seed", "starts from", "weights: start + core + picture", "CPU min", "iterations", "loss (BCE)", "MSE",
    "pixel median (p10)", "object median (p10)", "ball off", "ball lost", "paddle off", "ticks/s", "alone", "MB",
)  # fmt: skip
AT = "/".join(str(tick) for tick in TICKS)


def error_path(out: Path, row: Row) -> Path:
    """Where it is told why ``row`` failed."""
    return out / "rows" / f"{row}.error"


def gathered(out: Path, bench: Bench, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """What is there of the rows of a bench for these ``seeds``, in the order of its suite: what row.json holds or, of a
    failed row, its name and ``error``. Rows that were not tried are left out."""
    found: list[dict[str, Any]] = []
    for game, worlds in SUITES[bench.suite]().items():
        for row in (Row(game, name, seed) for name in worlds for seed in seeds):
            done, failed = row_folder(out, row) / "row.json", error_path(out, row)
            if done.exists():
                found.append(files.read_json(done, "row of a bench"))
            elif failed.exists():
                found.append({**row._asdict(), "error": failed.read_text(encoding="utf-8").strip()})
    return found


def write_table(out: Path, bench: Bench, seeds: Sequence[int]) -> str:
    """Writes table.md and table.json of the rows there are; returns the former."""
    rows = gathered(out, bench, seeds)
    files.write_json(out / "table.json", {**bench.model_dump(mode="json"), "rows": rows})
    text = markdown(bench, rows)
    files.write_text(out / "table.md", text)
    return text


def markdown(bench: Bench, rows: Sequence[dict[str, Any]]) -> str:
    """The rows as one table a game, its floors below."""
    asked = "smoke: the figures mean nothing" if bench.smoke else f"{bench.minutes:g} minutes of processor time a row"
    parts = [f"# Bench {bench.suite}: {asked}"]
    for game in dict.fromkeys(row["game"] for row in rows):
        here = [row for row in rows if row["game"] == game]
        done = [row for row in here if "error" not in row]
        lines = [_cells(row) for row in done]
        if done:
            lines += [_floor_cells(name, floor, done[0]) for name, floor in done[0]["floors"].items()]
        parts.append(f"## {game}")
        if lines:
            parts += [_table([HEADER, *lines]), _legend(done[0])]
        parts += [f"{row['name']}, seed {row['seed']}, failed: {row['error']}" for row in here if "error" in row]
    return "\n\n".join(parts) + "\n"


def _legend(row: dict[str, Any]) -> str:
    games = "/".join(str(count) for count in row["games"].values())
    return (
        f"Ball and paddles: mean pixels off, and share of games without the ball, at ticks {AT}, when {games} games of "
        f"the first row are still played. MSE and BCE: a pixel, open loop. The floors are those of the first row's "
        "start. MB: most memory in training, with the recording and the libraries. Rates: on a machine that may have "
        "done other work."
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    rates, memory, minutes = row["ticks_per_second"], row["memory_mb"], row["cpu_minutes"]
    return (
        row["name"],
        str(row["seed"]),
        row["starts_from"],
        " + ".join(f"{count:,}" for count in row["weights"].values()),
        "-" if minutes is None else f"{minutes:.2f}",
        f"{row['iterations']:,}",
        *_judged(row),
        f"{rates['batch']:,.0f}",
        f"{rates['alone']:,.0f}",
        "-" if memory is None else f"{memory:,.0f}",
    )


def _floor_cells(name: str, floor: dict[str, Any], row: dict[str, Any]) -> tuple[str, ...]:
    return (NAMES.get(name, name), "", row["starts_from"], "", "", "", *_judged(floor), "", "", "")


def _judged(row: dict[str, Any]) -> tuple[str, ...]:
    """The cells that rows and floors have alike."""
    horizons = [row["pixel_horizon"], row["object_horizon"]]
    return (
        f"{row['bce']:.5f}",
        f"{row['mse']:.5f}",
        *(f"{each['median']:g} ({each['p10']:g})" if each else "-" for each in horizons),
        _series(row["ball"]["off"], "{:.1f}"),
        _series(row["ball"]["lost"], "{:.0%}"),
        _series(row["paddle"]["off"], "{:.1f}"),
    )


def _series(values: dict[str, float | None], form: str) -> str:
    return " / ".join("-" if value is None else form.format(value) for value in values.values())


def _table(lines: Sequence[Sequence[str]]) -> str:
    """Markdown whose columns stand below each other; the first is set to the left."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))
