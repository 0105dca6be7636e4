"""A stranger's game, known to this test alone, filmed with its keys noted two frames late: from the video to play."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.cli import main
from tickworld.cli.play import Play
from tickworld.data import store

SIZE, FRAMES, LAG = 24, 2400, 2
KEYS = ("none", "left", "right", "jump")
SETTINGS = (
    "--threads 1 --world.core.width 8 --world.core.summary 4 --world.core.radius [1,1] --world.core.ages 4 "
    "--training.sampler.fresh 64 --training.iterations 4 --training.batch 8 --training.rate.warmup 2 --output.save 2 "
    "--evaluation.rollouts 3 --evaluation.frames 8"
).split()


def filmed() -> tuple[NDArray[np.uint8], list[str]]:
    """A block that walks and jumps over a floor: frames [T, H, W] and the key that led from each to the next."""
    chance, frames, keys = np.random.default_rng(0), [], []
    x, height, rise, key = 10, 0, 0, "none"
    for _ in range(FRAMES):
        frame = np.zeros((SIZE, SIZE), np.uint8)
        frame[20:] = 90
        frame[17 - height : 20 - height, x : x + 3] = 255
        frames.append(frame)
        key = str(chance.choice(KEYS)) if chance.random() < 0.25 else key
        keys.append(key)
        x = min(max(x + (key == "right") - (key == "left"), 0), SIZE - 3)
        rise = 3 if key == "jump" and not height else rise - 1
        height = max(height + rise, 0)
        rise = rise if height else 0
    return np.array(frames), keys


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """walker.mp4, and walker.csv beside it whose every key stands ``LAG`` frames too late."""
    import av

    path = tmp_path_factory.mktemp("film") / "walker.mp4"
    frames, keys = filmed()
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30, options={"qp": "0", "preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = SIZE, SIZE, "yuv444p"
        for frame in frames:
            picture = np.ascontiguousarray(np.broadcast_to(frame[..., None], (SIZE, SIZE, 3)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    with path.with_suffix(".csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["frame", "action"])
        rows.writerows((frame, keys[max(frame - LAG, 0)]) for frame in range(FRAMES))
    return path


def test_from_a_strangers_video_to_play(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(video), "-o", "late", "--grey", "--palette", "3"]) == 0
    assert "2" in capsys.readouterr().out.splitlines()[0], "it says so at once"

    assert main(["doctor", "late"]) == 1, "something is wrong"
    told = capsys.readouterr().out
    assert "2 ticks" in told and "late" in told

    assert main(["import", str(video), "-o", "walker", "--grey", "--palette", "3", "--shift", "auto"]) == 0
    assert main(["doctor", "walker"]) == 0
    frames, keys = filmed()
    there = store.open(Path("walker"))
    episodes, names = there.read(), there.spec.actions
    taken = [names[action] for action in episodes.actions[0, : episodes.lengths[0], 0]]
    first = next(at for at in range(9) if (episodes.frames[0, :5, ..., 0] == frames[at : at + 5]).all())
    assert taken == keys[first : first + len(taken)], "every key is where it was pressed"

    assert main(["train", "data:walker", "-o", "run", *SETTINGS]) == 0
    assert main(["evaluate", "run", "--rollouts", "2", "--frames", "5"]) == 0
    assert "walker: 2 rollouts of 5 ticks" in capsys.readouterr().out
    scene = Play(place="run")._scene()
    assert scene.truth.spec.actions == names and scene.truth.spec.frame_shape == (SIZE, SIZE, 1)
