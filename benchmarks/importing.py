"""How much memory and time importing a long video takes: by default two hours of 160x120 at 30 frames a second.

OMP_NUM_THREADS=1 python benchmarks/importing.py

The video, of boxes that move, and its table of actions are written first and kept in --out. Of memory it prints
the most that the import held at once, as the system counts it.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np

HEIGHT, WIDTH, RATE = 120, 160, 30
BOXES = 8
KEYS = ("none", "left", "right")


def film(path: Path, frames: int) -> None:
    """A video of boxes, of which the keys in the table beside it move the first."""
    chance = np.random.default_rng(0)
    place = chance.integers(0, (HEIGHT - 16, WIDTH - 16), (BOXES, 2))
    way = chance.integers(-2, 3, (BOXES, 2))
    colour = chance.integers(60, 256, (BOXES, 3))
    key = "none"
    with av.open(str(path), "w") as container, path.with_suffix(".csv").open("w") as table:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        table.write("frame,action\n")
        for number in range(frames):
            picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            for (y, x), shade in zip(place, colour, strict=True):
                picture[y : y + 16, x : x + 16] = shade
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            if number % 20 == 0:
                key = KEYS[int(chance.integers(3))]
            table.write(f"{number},{key}\n")
            way[0] = (0, (key == "right") - (key == "left"))
            turned = (place + way < 0) | (place + way > (HEIGHT - 16, WIDTH - 16))
            way = np.where(turned, -way, way)
            place = np.clip(place + way, 0, (HEIGHT - 16, WIDTH - 16))
        container.mux(stream.encode())


def main() -> None:
    """Writes the video, imports it, prints a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120, help="of the video")
    parser.add_argument("--out", type=Path, default=Path("runs/importing"), help="where video and recording lie")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    frames = round(asked.minutes * 60 * RATE)
    video, recording = asked.out / f"film_{frames}.mp4", asked.out / "recording"
    if not video.exists():
        part = video.with_name("part.mp4")
        film(part, frames)
        part.with_suffix(".csv").rename(video.with_suffix(".csv"))
        part.rename(video)
    shutil.rmtree(recording, ignore_errors=True)
    words = [sys.executable, "-m", "tickworld.cli", "import", str(video), "-o", str(recording)]
    started = time.perf_counter()
    subprocess.run(words, check=True)
    seconds = time.perf_counter() - started
    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    size = sum(each.stat().st_size for each in recording.rglob("*") if each.is_file()) / 2**20
    print(
        f"{frames:,} frames of {WIDTH}x{HEIGHT} ({video.stat().st_size / 2**20:.0f} MiB): {seconds:.0f} s, "
        f"{frames / seconds:.0f} frames a second, at most {held:.2f} GiB of memory; the recording has {size:.0f} MiB"
    )


if __name__ == "__main__":
    main()
