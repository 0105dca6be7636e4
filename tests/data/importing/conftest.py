"""Real files of every kind, written from games of Pong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.episode import Episodes
from tickworld.data.importing import Asked, Brought, Choices, bring_in, open_source
from tickworld.data.record import play_episodes
from tickworld.games import game

RATE = 20


@pytest.fixture(scope="session")
def played() -> Episodes:
    """Six games of Pong of 80 ticks, one channel, two players."""
    simulator = game("pong")
    return play_episodes(simulator, player("mixed", simulator), seeds.rows(3, 0, 6), 80)


class Writer:
    """Writes files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = game("pong").spec.actions

    def film(self, name: str, frames: NDArray[np.uint8], codec: str, pixels: str, **options: str) -> Path:
        """A video by FFmpeg, ``RATE`` frames a second."""
        import av

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "gray" if frames.shape[-1] == 1 and pixels == "gray" else "rgb24"
        shown = frames[..., 0] if kind == "gray" else np.broadcast_to(frames, (*frames.shape[:-1], 3))
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=RATE, options=options)
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = pixels
            for each in shown:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(each), format=kind)))
            container.mux(stream.encode())
        return path

    def gif(self, name: str, frames: NDArray[np.uint8]) -> Path:
        """An animated GIF."""
        from PIL import Image

        path, images = self.folder / name, [Image.fromarray(each[..., 0]) for each in frames]
        images[0].save(path, save_all=True, append_images=images[1:], duration=1000 // RATE)
        return path

    def table(self, name: str, lines: Sequence[str]) -> Path:
        """A text file of these lines."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def every_frame(self, name: str, actions: NDArray[np.uint8], first: int = 0) -> Path:
        """A CSV with a row for each tick, actions [T, 2] by name."""
        rows = [f"{first + t},{self.names[left]},{self.names[right]}" for t, (left, right) in enumerate(actions)]
        return self.table(name, ["frame,action_left,action_right", *rows])

    def changes(self, name: str, actions: NDArray[np.uint8]) -> Path:
        """A CSV with a row for each change, by seconds, actions [T, 2] by name."""
        new = [t for t in range(len(actions)) if t == 0 or (actions[t] != actions[t - 1]).any()]
        rows = [f"{t / RATE:.3f};{self.names[actions[t, 0]]};{self.names[actions[t, 1]]}" for t in new]
        return self.table(name, ["time;left;right", *rows])


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


Bring = Callable[..., Brought]


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Imports a source with these choices."""
    count = 0

    def bring(source: Path | str, asked: Asked | None = None, **choices: Any) -> Brought:
        nonlocal count
        count += 1
        return bring_in(open_source(Path(source), asked), tmp_path / f"imported-{count}", Choices(**choices))

    return bring


@pytest.fixture
def names() -> NDArray[np.str_]:
    """Names of Pong's actions, to be indexed."""
    return np.array(game("pong").spec.actions)
