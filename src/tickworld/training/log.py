"""What a run writes down as it goes: ``log.jsonl``, one line a record, and the same for TensorBoard.

A resumed run cuts the log back to its checkpoint first, so that no iteration stands in it twice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tickworld import files
from tickworld.training.board import Board
from tickworld.training.fit import Record


class Log:
    """An open log of the run in ``folder``, for iterations from ``first`` on."""

    def __init__(self, folder: Path, first: int) -> None:
        self.folder = folder
        self.path = folder / "log.jsonl"
        kept = [line for line in read(self.path) if line["iteration"] < first]
        files.write_text(self.path, "".join(json.dumps(line) + "\n" for line in kept))
        with files.disk_errors(folder):
            self.board = Board(folder / "tensorboard", first)

    def write(self, record: Record) -> None:
        """Appends one record. Raises UserError when the disk refuses."""
        with files.disk_errors(self.path), self.path.open("a") as file:
            file.write(json.dumps(record._asdict()) + "\n")
        scalars = {"loss": record.loss, "rate": record.rate, "gradient": record.gradient, **_prefixed(record.losses)}
        with files.disk_errors(self.folder):
            self.board.scalars(scalars, record.iteration)

    def picture(self, name: str, image: Any, iteration: int) -> None:
        """Shows an RGB picture, uint8 [H, W, 3], on the board."""
        with files.disk_errors(self.folder):
            self.board.picture(name, image, iteration)

    def close(self) -> None:
        """Ends it; everything was written at once."""
        self.board.close()


def read(path: Path) -> list[dict[str, Any]]:
    """The records in a ``log.jsonl``, up to the first line that is none: a kill may have cut the last one short."""
    lines: list[dict[str, Any]] = []
    if path.is_file():
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                break
            if not isinstance(line, dict) or not set(Record._fields) <= line.keys():
                break
            lines.append(line)
    return lines


def _prefixed(losses: dict[str, float]) -> dict[str, float]:
    return {f"losses/{name}": value for name, value in losses.items()}
