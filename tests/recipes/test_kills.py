"""A run that was killed ends as one that never was, and the same config gives the same run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.recipes.conftest import tiny

from tickworld import config as configs
from tickworld import files
from tickworld.data import store
from tickworld.progress import At, Silent
from tickworld.recipes.config import RunConfig
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run, train
from tickworld.training import checkpoint, log


def losses(run: Run) -> list[dict[str, Any]]:
    return [line | {"seconds": 0} for line in log.read(run.folder / "log.jsonl")]


def final(run: Run) -> dict[str, Any]:
    """All that a run leaves, without times."""
    last = checkpoint.newest(run.checkpoints).path
    result = json.loads((run.folder / "evaluation.json").read_text())
    return {
        "weights": (last / "world.safetensors").read_bytes(),
        "optimiser": (last / "optimizer.safetensors").read_bytes(),
        "pool": (last / "sampler.safetensors").read_bytes(),
        "losses": losses(run),
        "evaluation": {name: value for name, value in result.items() if name != "ticks_per_second"},
        "pictures": [(run.folder / name).read_bytes() for name in ("split.gif", "progress.png")],
        "starts": (run.folder / "starts.safetensors").read_bytes(),
    }


def test_the_same_config_gives_the_same_run(finished: Run, tiny_demo: RunConfig, tmp_path: Path) -> None:
    run = begin_run(tmp_path / "other", tiny_demo)
    train(run)
    conclude(run)
    assert final(run) == final(finished)
    other = begin_run(tmp_path / "seed", configs.override(tiny_demo, {"seed": 1}))
    train(other)
    assert losses(other) != losses(finished)


# Imports once and forks a child for each line "folder phase count delay": starting Python anew would take most of the
# time. The child goes on with the run and tells where it stands through a pipe; it is killed ``delay`` seconds after it
# has told ``count`` times of ``phase`` or once of a later one. Printed is -9, or 0 if it reached its end before that.
DRIVER = """
import contextlib, os, signal, sys, time
from pathlib import Path
import lightning_fabric, torchmetrics.functional.image, tickworld.training.board
from tickworld import config as configs
from tickworld.recipes.config import RunConfig
from tickworld.recipes.results import conclude
from tickworld.recipes.run import begin_run, train

PHASES = ["start", "recording", "training", "evaluating", "end"]
config = configs.load(RunConfig, Path(sys.argv[1]))


class Tell:
    def __init__(self, pipe):
        self.pipe = pipe

    def say(self, text):
        pass

    @contextlib.contextmanager
    def bar(self, title, total, unit, first=0):
        phase = PHASES.index(title.split()[0])
        yield lambda done, note: os.write(self.pipe, bytes([phase]))


for line in sys.stdin:
    folder, name, count, delay = line.split()
    phase, left = PHASES.index(name), int(count)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            run = begin_run(Path(folder), config)
            train(run, Tell(writer))
            conclude(run, Tell(writer))
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    os.close(writer)
    while left and (told := os.read(reader, 1)):
        left -= told[0] == phase
        if told[0] > phase:
            break
    if phase < PHASES.index("end"):
        time.sleep(float(delay))
        os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os.close(reader)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_ten_kills_change_nothing(finished: Run, tmp_path: Path) -> None:
    run, moments = Run(tmp_path / "run", finished.config), random.Random(1)
    plan = [
        *(("start", 0, moments.uniform(0, 0.03)) for _ in range(1)),
        *(("recording", moments.randint(1, 5), moments.uniform(0, 0.02)) for _ in range(3)),
        *(("training", moments.randint(1, 7), moments.uniform(0, 0.02)) for _ in range(3)),
        *(("evaluating", moments.randint(1, 21), moments.uniform(0, 0.3)) for _ in range(3)),
    ]
    done = (0, 0)
    killed = []
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(finished.folder / "config.yaml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdin and driver.stdout
        for phase, count, delay in plan:
            print(run.folder, phase, count, delay, file=driver.stdin, flush=True)
            code = int(driver.stdout.readline())
            assert code in (-9, 0)
            killed += [phase] * (code == -9)
            now = whole(run)
            assert now >= done, "something whole was lost"
            done = now
        print(run.folder, "end", 1, 0, file=driver.stdin, flush=True)
        assert int(driver.stdout.readline()) == 0
        driver.stdin.close()
    assert len(killed) >= 9 and set(killed) == {"start", "recording", "training", "evaluating"}
    assert final(run) == final(finished)
    assert not list(run.folder.rglob(f"{files.PARTIAL}*"))


def whole(run: Run) -> tuple[int, int]:
    """(blocks recorded, iterations kept) of a run that was killed; all that can be seen of it can be read."""
    blocks = 0
    if (run.folder / "data" / "zarr.json").exists():
        recording = store.open(run.folder / "data")
        blocks = len(recording.blocks_done())
        if blocks:
            assert len(recording.read()) == 2 * blocks
    kept = checkpoint.checkpoints(run.checkpoints)
    for each in kept:
        checkpoint.load_world(each, run.world().world)
    assert [line["iteration"] for line in losses(run)] == list(range(len(losses(run))))
    return blocks, kept[-1].iteration if kept else 0


class Stopped(Silent):
    """Stops the training after ``done`` iterations."""

    def __init__(self, done: int) -> None:
        self.done = done

    @contextlib.contextmanager
    def bar(self, title: str, total: int, unit: str, first: int = 0) -> Iterator[At]:
        def at(done: int, note: str) -> None:
            if title.startswith("training") and done == self.done:
                raise KeyboardInterrupt

        yield at


def test_windows_that_grow_by_success_grow_on_after_a_stop(tmp_path: Path) -> None:
    """Checkpoints are at 4 and 8: the mean that the run had at 8 is not that of a run that begins there."""
    growth = {"first": 1, "last": 4, "below": 1e6, "over": 3, "mixed": 0.2}
    config = tiny("seed_gru", {f"training.ticks.{name}": value for name, value in growth.items()})
    whole, stopped = (begin_run(tmp_path / name, config) for name in ("whole", "stopped"))
    train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, Stopped(10))
    train(stopped)
    assert {line["ticks"] for line in losses(whole)} == {1, 2, 4}
    assert losses(stopped) == losses(whole)
