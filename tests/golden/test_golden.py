"""Golden frames: 200 seeded ticks of every game under several settings look today as they did when they were stored.

A change here is a change of a game's rules or looks, and so of every result measured on it. If it is meant, renew with

    python tests/golden/test_golden.py --renew

look at the frames, and say in the commit what changed. A game without stored hashes fails until they are renewed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tickworld import checks, seeds
from tickworld.games import GAMES, game

STORE = Path(__file__).parent / "games.json"
TICKS, ROWS = 200, 4

Params = Mapping[str, float | tuple[float, float]]

SETTINGS: dict[str, dict[str, Params]] = {
    "pong": {
        "no wait, big ball, short paddles": {"serve_wait": 0, "ball_size": 3, "paddle_length": 3},
        "slow ball, sum rule, short match": {"vy_limit": 1, "serve_rule": 1, "points": 2},
    },
    "pong_angle": {"one angle": {"angle": 0.3}},
    "rally": {
        "no walls above and below, gravity": {"walls": 0, "gravity": 5, "ball_size": 4, "colours": 5},
        "bricks, fast": {"bricks": 1, "speed": 22, "paddle_length": 9, "ball_size": 8, "serve_wait": 0},
    },
}
"""Beside each game's defaults; a game without a line is stored at its defaults and with every param drawn."""


def settings(name: str) -> dict[str, Params]:
    everything = {param.name: (param.low, param.high) for param in game(name).spec.params}
    return {"defaults": {}, "every param drawn": everything, **SETTINGS.get(name, {})}


def hashes(name: str, params: Params) -> list[str]:
    """One short hash for each of the first ``TICKS + 1`` frames (of all rows), rewards included."""
    simulator = game(name, **params)
    row_seeds = seeds.rows(2, 0, ROWS)
    actions = checks.some_actions(simulator, ROWS, TICKS, seed=2)
    frames, states = checks.play(simulator, simulator.spec.draw(row_seeds), row_seeds, actions)
    found = []
    for frame, state in zip(frames, states, strict=True):
        reward, over = simulator.status(state)
        content = frame.tobytes() + reward.astype(np.float32).tobytes() + over.tobytes()
        found.append(hashlib.sha256(content).hexdigest()[:8])
    return found


CASES = [(name, setting) for name in GAMES for setting in settings(name)]


@pytest.mark.parametrize(("name", "setting"), CASES)
def test_frames_are_as_they_were(name: str, setting: str) -> None:
    stored = json.loads(STORE.read_text()).get(name, {}).get(setting, "").split()
    assert stored, f"{name} with {setting!r} has no golden hashes; see the top of this file"
    now = hashes(name, settings(name)[setting])
    wrong = [tick for tick, (new, old) in enumerate(zip(now, stored, strict=True)) if new != old]
    assert not wrong, f"{name} with {setting!r} looks different from tick {wrong[0]} on"


def test_nothing_is_stored_that_is_not_checked() -> None:
    stored = json.loads(STORE.read_text())
    assert {(name, setting) for name in stored for setting in stored[name]} == set(CASES)


def renew() -> None:
    """Stores the hashes of today."""
    stored = {
        name: {setting: " ".join(hashes(name, params)) for setting, params in settings(name).items()} for name in GAMES
    }
    STORE.write_text(json.dumps(stored, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--renew"]:
        sys.exit(f"usage: python {sys.argv[0]} --renew")
    renew()
