"""A recording on object storage, larger than what may be held of it, is learned from as if it lay in a folder; and
neither a kill nor a storage that dies loses anything."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tickworld.agents import player
from tickworld.cli import main
from tickworld.data.copying import copy
from tickworld.data.manifest import Plan
from tickworld.data.material import Material
from tickworld.data.record import record
from tickworld.games import game
from tickworld.places import Url
from tickworld.training import checkpoint
from tickworld.training.streamed import MB

URL, PARTS, ITERATIONS, HELD = "s3://bucket/pong", 24, 100, 8
SETTINGS = (
    "--threads 1 --world.core.width 8 --world.core.summary 4 --world.core.radius [1,1] --world.core.ages 4 "
    f"--training.iterations {ITERATIONS} --training.batch 8 --training.rate.warmup 2 --training.sampler.kind streamed "
    "--training.sampler.turn 3 --output.log 1 --output.save 5 --output.picture 1000 --evaluation.rollouts 2 "
    "--evaluation.frames 5"
)


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]


def until(there: Callable[[], bool]) -> None:
    for _ in range(30_000):
        if there():
            return
        time.sleep(0.02)
    raise AssertionError("waited for too long")


@pytest.mark.slow
def test_what_lies_on_object_storage_is_learned_from_in_little_memory(
    storage: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pong = game("pong")
    plan = Plan(players="mixed", episodes=4 * PARTS, ticks=40, block=4)
    here = record(pong, player("mixed", pong), plan, tmp_path / "data")
    copy(here, Url(URL))
    size = Material(here, plan.episodes).part_bytes
    memory = HELD * size / MB + 1e-6

    def words(out: str, data: str) -> list[str]:
        settings = [*SETTINGS.split(), "--training.sampler.memory", str(memory)]
        return ["train", "demo", "--out", str(tmp_path / out), "--data", data, *settings]

    def begun() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tickworld.cli", *words("cloud", URL)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def saved() -> int:
        done = checkpoint.checkpoints(tmp_path / "cloud" / "checkpoints")
        return done[-1].iteration if done else 0

    killed = begun()
    until(lambda: saved() >= 5)
    killed.kill()
    killed.communicate()
    orphan, first = begun(), saved()
    until(lambda: saved() > first)
    storage.stop()
    said, _ = orphan.communicate()
    assert orphan.returncode == 2 and "Traceback" not in said, said
    (sentence,) = [line for line in said.splitlines() if line.startswith("tickworld: ")]
    assert "cannot be reached (HTTP error: error sending request)" in sentence and "give the command again" in sentence
    assert first < saved() < ITERATIONS
    storage.start()
    capsys.readouterr()
    assert main(words("cloud", URL)) == 0
    said = capsys.readouterr().err
    assert main(words("local", str(tmp_path / "data"))) == 0
    assert losses(tmp_path / "cloud") == losses(tmp_path / "local") and len(losses(tmp_path / "cloud")) == ITERATIONS
    told = re.search(rf"read (\d+) parts of {URL}, which has {PARTS}; held ([\d.]+) MB", said)
    assert told and float(told[2]) <= memory + 0.01 and PARTS * size / MB > 2 * memory
