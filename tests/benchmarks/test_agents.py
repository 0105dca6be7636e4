"""The table of agents, and what it says of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import agents
from tickworld import files


def told(mean: float, spread: float = 0.5, dream: float | None = 1.0) -> dict[str, Any]:
    def each(value: float) -> dict[str, Any]:
        return {"mean": value, "low": value - spread, "high": value + spread, "matches": 4}

    return {"dream": None if dream is None else each(dream), "truth": each(mean)}


@pytest.mark.parametrize(
    ("dream", "truth", "said"),
    [
        (3.0, 2.0, "it beats the noisy tracker, and wins 150% of what the same agent wins"),
        (0.9, 2.0, "it does not beat the noisy tracker, and wins 45% of"),
        (3.0, -2.0, "it beats the noisy tracker, and wins against what the same agent wins"),
    ],
)
def test_the_verdict_is_by_the_ends_of_the_intervals(dream: float, truth: float, said: str) -> None:
    assert said in agents.verdict(told(dream), told(truth), told(0.0))


def test_a_row_says_what_is_known() -> None:
    assert agents.row("a", told(2), 1000, 90.0) == "| a | 1.00 (0.50 to 1.50) | 2.00 (1.50 to 2.50) | 1,000 | 1.5 |"
    assert agents.row("b", told(2, dream=None), None, None) == "| b |  | 2.00 (1.50 to 2.50) |  |  |"


def test_what_is_judged_already_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in agents.BY_HAND:
        files.write_json(tmp_path / f"cartridge-pong-{name}-500-8-4.json", told(0.0))
    monkeypatch.setattr(
        agents, "train_agent", lambda folder, config, show: told(3 if "dream" in folder.name else 2) | {
            "steps": config.steps, "seconds": 60.0,
        },
    )  # fmt: skip
    words = "agents.py cartridge:pong --matches 8 --dreamt 4 --steps 9 --seeds 0 1 --out".split()
    monkeypatch.setattr(sys, "argv", [*words, str(tmp_path)])
    agents.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 4 + 4 + 2
    assert lines[2].startswith("| ppo, seed 0, trained in the dream | 1.00") and lines[2].endswith("| 0 | 1.0 |")
    assert lines[3].endswith("| 9 | 1.0 |") and lines[-1].startswith("ppo, seed 1: in the truth it beats")
    monkeypatch.setattr(sys, "argv", [*words, str(tmp_path), "--where", "dream"])
    agents.main()
    assert len(capsys.readouterr().out.splitlines()) == 2 + 2 + 4, "of one place there is nothing to compare"
