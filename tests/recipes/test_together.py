"""One training in several processes, on one machine and on two: the same losses, and nothing lost when one dies."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tickworld import config as configs
from tickworld.recipes.config import RunConfig
from tickworld.recipes.run import begin_run, train
from tickworld.training import log

PLACE = "10.199.77.1"
HOSTS = {"tickworld-a": PLACE, "tickworld-b": "10.199.77.2"}
WAIT = 300  # seconds that a machine with other work may take


def losses(folder: Path) -> list[float]:
    """As the log tells them."""
    return [line["loss"] for line in log.read(folder / "log.jsonl")]


def words(config: RunConfig, folder: Path, *more: str) -> list[str]:
    """The command that trains ``config`` in ``folder``."""
    return [sys.executable, "-m", "tickworld.cli", "train", "demo", "--out", str(folder), *flags(config), *more]


def flags(config: RunConfig) -> Iterator[str]:
    """What is other than in the recipe."""
    from tickworld.recipes import recipe

    usual = dict(configs.leaves(recipe("demo").model_dump(mode="json")))
    for name, value in configs.leaves(config.model_dump(mode="json")):
        if usual.get(name) != value:
            yield from (f"--{name}", str(value))


@pytest.fixture(scope="module")
def config(tiny_demo: RunConfig) -> RunConfig:
    return configs.override(tiny_demo, {"training.iterations": 24, "evaluation.frames": 5, "evaluation.rollouts": 1})


@pytest.fixture(scope="module")
def alone(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses of one process."""
    run = begin_run(tmp_path_factory.mktemp("alone") / "demo", config)
    train(run)
    return losses(run.folder)


def children(process: int) -> Iterator[int]:
    """The processes that ``process`` started, and theirs."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            own, _, rest = each.read_text().partition(" ")
            if int(rest.rpartition(")")[2].split()[1]) == process:
                yield int(own)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes in /proc")
def test_two_processes_learn_as_one_and_a_killed_one_loses_nothing(
    config: RunConfig, alone: list[float], tmp_path: Path
) -> None:
    folder, said = tmp_path / "demo", tmp_path / "said"
    with said.open("w") as told:
        command = words(config, folder, "--devices", "2")
        process = subprocess.Popen(command, stdout=told, stderr=told, env=os.environ | {"OMP_NUM_THREADS": "1"})
        _wait(lambda: (folder / "log.jsonl").exists() and len(losses(folder)) > 5, process)
        workers = [each for each in children(process.pid) if b"RANK=1" in _environment(each)]
        assert len(workers) == 1
        os.kill(workers[0], signal.SIGKILL)
        assert process.wait(WAIT) == 2
    text = said.read_text()
    assert "Traceback" not in text and text.count("process 1 of this training was killed (SIGKILL)") == 1
    assert losses(folder) == pytest.approx(alone[: len(losses(folder))], rel=1e-4)
    run = begin_run(folder, config)
    assert not run.finished
    train(run)  # alone, from the last checkpoint of the two
    assert losses(folder) == pytest.approx(alone, rel=1e-4)


def _environment(process: int) -> list[bytes]:
    return Path(f"/proc/{process}/environ").read_bytes().split(b"\0")


def _wait(there: Any, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + WAIT
    while not there():
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)


def test_processes_that_read_a_lane_each_learn_as_one(config: RunConfig, tmp_path: Path) -> None:
    streamed = {"training.sampler": {"kind": "streamed", "memory": 64.0, "lanes": 2}, "training.iterations": 8}
    config = configs.override(config, streamed | {"record.block": config.record.episodes // 4})
    run = begin_run(tmp_path / "alone", config)
    train(run)
    folder = tmp_path / "demo"
    subprocess.run(words(config, folder, "--devices", "2"), check=True, timeout=WAIT)
    assert losses(folder) == pytest.approx(losses(run.folder), rel=1e-4)


@pytest.fixture
def hosts() -> Iterator[dict[str, str]]:
    """Two machines of a kind: network namespaces with an address each, and a wire between them."""
    if not shutil.which("ip") or subprocess.run(["ip", "netns", "add", "tickworld-a"], capture_output=True).returncode:
        pytest.skip("no right to make network namespaces here")
    try:
        for line in (
            "netns add tickworld-b",
            "link add tickworld-a type veth peer name tickworld-b",
            *(f"link set {name} netns {name}" for name in HOSTS),
            *(f"-n {name} addr add {address}/24 dev {name}" for name, address in HOSTS.items()),
            *(f"-n {name} link set {device} up" for name in HOSTS for device in (name, "lo")),
        ):
            subprocess.run(["ip", *line.split()], check=True)
        yield HOSTS
    finally:
        for name in HOSTS:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def test_two_machines_learn_as_one(
    hosts: dict[str, str], config: RunConfig, alone: list[float], tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    command = words(config, folder, "--nodes", "2", "--rendezvous", f"{PLACE}:29511")
    both = [
        subprocess.Popen(["ip", "netns", "exec", name, *command], env=os.environ | {"OMP_NUM_THREADS": "1"})
        for name in hosts
    ]
    assert [each.wait(WAIT) for each in both] == [0, 0]
    assert losses(folder) == pytest.approx(alone, rel=1e-4)
    assert (folder / "report.html").exists()
