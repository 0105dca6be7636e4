"""The log: one line a record, cut back to the checkpoint on resume, and never upset by a half line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tickworld.errors import UserError
from tickworld.training import log
from tickworld.training.fit import Record
from tickworld.training.log import Log


def record(iteration: int, loss: float = 0.5) -> Record:
    return Record(iteration, loss, {"changed": 0.2, "still": 0.3}, 1e-3, 2.0, 1, 64, 0.01)


def write(folder: Path, iterations: range, first: int | None = None, loss: float = 0.5) -> None:
    lines = Log(folder, iterations.start if first is None else first)
    for iteration in iterations:
        lines.write(record(iteration, loss))
    lines.close()


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    assert log.read(tmp_path / "log.jsonl") == [record(iteration)._asdict() for iteration in range(3)]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 3


def test_there_may_be_none(tmp_path: Path) -> None:
    assert log.read(tmp_path / "log.jsonl") == []


def test_a_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    lines = Log(tmp_path, 0)
    lines.write(record(0))
    assert len(log.read(tmp_path / "log.jsonl")) == 1
    lines.close()


def test_a_resumed_run_cuts_the_log_back(tmp_path: Path) -> None:
    write(tmp_path, range(10), loss=1.0)
    write(tmp_path, range(6, 12), loss=2.0)
    lines = log.read(tmp_path / "log.jsonl")
    assert [line["iteration"] for line in lines] == list(range(12))
    assert [line["loss"] for line in lines] == [1.0] * 6 + [2.0] * 6


@pytest.mark.parametrize(
    "rest", ["", "{", '{"iteration": 3, "lo', '{"iteration": 3}', "null", "12", "\x00\x00", "\udcff"]
)
def test_half_a_line_is_passed_over(tmp_path: Path, rest: str) -> None:
    write(tmp_path, range(3))
    with (tmp_path / "log.jsonl").open("ab") as file:
        file.write(rest.encode("utf-8", "surrogateescape"))
    assert [line["iteration"] for line in log.read(tmp_path / "log.jsonl")] == [0, 1, 2]
    write(tmp_path, range(3, 5))
    assert [json.loads(line)["iteration"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_the_board_shows_the_same(tmp_path: Path) -> None:
    lines = Log(tmp_path, 0)
    lines.write(record(7, 0.25))
    lines.picture("progress", np.zeros((4, 5, 3), np.uint8), 7)
    lines.close()
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    tags = board.Tags()
    assert {"loss", "rate", "gradient", "losses/changed", "losses/still"} <= set(tags["scalars"])
    assert tags["images"] == ["progress"]
    assert Image.open(io.BytesIO(board.Images("progress")[0].encoded_image_string)).size == (5, 4)
    (event,) = board.Scalars("loss")
    assert (event.step, event.value) == (7, 0.25)


def test_the_board_is_cut_back_too(tmp_path: Path) -> None:
    write(tmp_path, range(10), loss=1.0)
    write(tmp_path, range(6, 12), loss=2.0)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [(event.step, event.value) for event in board.Scalars("loss")] == [
        (iteration, 1.0 if iteration < 6 else 2.0) for iteration in range(12)
    ]


def test_a_full_disk_is_told(tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]) -> None:
    lines = Log(tmp_path, 0)
    with full_disk(300), pytest.raises(UserError, match="cannot write .*free some room"):
        for iteration in range(10):
            lines.write(record(iteration))
    assert all(line["loss"] == 0.5 for line in log.read(tmp_path / "log.jsonl"))
    lines.close()


def test_a_full_disk_under_the_board_is_told(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    lines = Log(tmp_path, 0)
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    with full_disk(10_000), pytest.raises(UserError, match="cannot write .*"):
        for iteration in range(50):
            lines.picture("progress", noise, iteration)
    lines.close()
