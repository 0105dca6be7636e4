"""What TensorBoard shows of a run: event files, written at once and in the caller's thread.

torch's ``SummaryWriter`` writes in a thread of its own, where a full disk ends in a traceback that nobody can catch.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tickworld.frames import Frames
from tickworld.visual.video import png_bytes


class Board:
    """A new event file in ``folder``, for iterations from ``first`` on; older files count up to there.

    Whatever the disk refuses is an OSError.
    """

    def __init__(self, folder: Path, first: int) -> None:
        # Only a run that trains needs these.
        self.events: Any = importlib.import_module("tensorboard.compat.proto.event_pb2")
        self.summaries: Any = importlib.import_module("tensorboard.compat.proto.summary_pb2")
        records: Any = importlib.import_module("tensorboard.summary.writer.record_writer")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}"
        self.file = records.RecordWriter(path.open("ab", buffering=0))
        self._write(file_version="brain.Event:2")
        log = self.events.SessionLog
        self._write(step=first, session_log=log(status=log.START))

    def scalars(self, values: Mapping[str, float], iteration: int) -> None:
        """One point of each curve."""
        points = [self.summaries.Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(step=iteration, summary=self.summaries.Summary(value=points))

    def picture(self, name: str, image: Frames, iteration: int) -> None:
        """An RGB picture, uint8 [H, W, 3]."""
        kind = self.summaries.Summary
        height, width, channels = image.shape
        shown = kind.Image(height=height, width=width, colorspace=channels, encoded_image_string=png_bytes(image))
        self._write(step=iteration, summary=kind(value=[kind.Value(tag=name, image=shown)]))

    def close(self) -> None:
        """Ends the file."""
        self.file.close()

    def _write(self, **content: Any) -> None:
        self.file.write(self.events.Event(wall_time=time.time(), **content).SerializeToString())
