"""Results of measures as a person reads them, whatever a measure gives."""

from __future__ import annotations

from typing import Any

import pytest

from tickworld.cli.measured import print_measured


def shown(result: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_measured(result)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_rows_are_a_table_and_numbers_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    result = {
        "event_errors": {
            "ticks_played": 12_345,
            "events": {
                "flight": {"errors": 1, "rate": 0.123456, "low": None},
                "serve": {"errors": 20_000, "at": {"tick": 3}, "curve": [1, 2]},
            },
            "implied_horizon": None,
        }
    }
    assert shown(result, capsys) == [
        "",
        "event errors: ticks played 12,345, implied horizon -",
        "events",
        "errors rate low at tick",
        "flight 1 0.1235 - -",
        "serve 20,000 - - 3",
    ]


def test_a_measure_may_be_a_table_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown({"rules": {"a": {"x": 1.0}, "b": {"x": True}}}, capsys) == ["", "rules", "x", "a 1", "b True"]


def test_what_was_not_measured_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown({"event_errors": None, "mse": 3}, capsys) == []
