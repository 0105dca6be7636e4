"""What each ingredient of the exact world buys: recipe demo with one thing taken away at a time.

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/exact.py --out runs/exact

Every row is a run of its own, on the same games: what is finished is not trained again, so rows can be shared out among
processes by naming them, and the last call without names prints the table and draws survival.png. About six minutes a
row on one core. state.png shows what such a world carries from tick to tick.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tickworld as tw
from tickworld import config as configs
from tickworld import files, seeds
from tickworld.agents import player
from tickworld.cli.console import Terminal
from tickworld.data.record import play_episodes
from tickworld.models.world import seeded_world
from tickworld.recipes import recipe
from tickworld.recipes.playable import judge
from tickworld.recipes.run import Run, open_run
from tickworld.tensors import to_tensor
from tickworld.visual import curves
from tickworld.visual.lettering import Ink, stamp
from tickworld.visual.video import write_png

COMMON: dict[str, Any] = {"threads": 1, "evaluation.frames": 2000}
WHOLE, SOFT = "all of it", "not snapped"
ROWS: dict[str, dict[str, Any]] = {
    WHOLE: {},
    SOFT: {},
    "no memory": {"world.core.ages": 1},
    "hard, but not rare": {"training.sampler.kind": "hard"},
    "uniform sampling": {"training.sampler.kind": "uniform"},
    "no low-rate tail": {"training.rate.last": 1.0},
    "no weight decay": {"training.decay": 0.0},
}
WORDS = (
    "what is seen",
    "three frames, newest brightest",
    "ages: bright has just changed",
    "pixels that are asked about",
)
SHOWN = 5
"""Which game is drawn."""


def draw_state(path: Path) -> None:
    """One moment of a game as the snapped core holds it: three frames, the age of every pixel, and, bright, the pixels
    that it asks about."""
    config = recipe("demo")
    pong = config.game.build()
    world = seeded_world(config.world, pong.spec, 0)
    core: Any = world.core
    played = play_episodes(pong, player("mixed", pong), seeds.rows(3, 0, 512), 64)
    colours = (torch.from_numpy(played.frames[..., 0]) > 0).to(torch.uint8)
    for tick in range(64):
        core.watch(colours[:, tick], colours[:, tick] != colours[:, tick + 1])
    opening = world.initializer.opening
    state = core.init(to_tensor(played.frames[SHOWN : SHOWN + 1, 40 - opening : 40]))
    shades = torch.tensor([60.0, 120.0, 255.0]).view(-1, 1, 1)
    asked = core.asked(state.frames[:, -1])[0]
    panels = [
        state.frames[0, -1] * 255.0,
        (state.frames[0] * shades).amax(0),
        255 - state.age[0] * 255.0 / (core.config.ages - 1),
        asked * 110.0 + state.frames[0, -1] * 145.0,
    ]
    large = [panel.clamp(0, 255).byte().numpy().repeat(8, 0).repeat(8, 1) for panel in panels]
    picture = np.full((256 + 18, 4 * 256 + 3 * 12, 3), 255, np.uint8)
    for index, (panel, words) in enumerate(zip(large, WORDS, strict=True)):
        left = index * 268
        picture[18:, left : left + 256] = panel[..., None]
        stamp(picture, words, (left, 2), Ink((29, 36, 48)))
    write_png(path, picture)


def make(name: str, out: Path) -> None:
    """Trains and judges a row. What is not snapped are the weights of the whole, carrying on with probabilities."""
    folder = out / name.replace(" ", "_")
    if name != SOFT:
        tw.train("demo", out=folder, show=Terminal(), **COMMON, **ROWS[name])
    elif not (folder / "evaluation.json").exists():
        make(WHOLE, out)
        run = open_run(out / WHOLE.replace(" ", "_"))
        soft = Run(run.folder, configs.override(run.config, {"world.core.mode": "soft"})).playable()
        folder.mkdir(exist_ok=True)
        files.write_json(folder / "evaluation.json", judge(soft, soft.evaluation, Terminal()).to_json())


def main() -> None:
    """Makes the rows that were asked for, then prints the table of all that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=f"which rows: {', '.join(ROWS)}; by default all")
    parser.add_argument("--out", type=Path, default=Path("runs/exact"), help="where the runs are kept")
    asked = parser.parse_args()
    for name in asked.rows or ROWS:
        make(name, asked.out)
    lines = []
    print("| | pixel median | p10 | right to the end | ticks a mistake |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name in ROWS:
        path = asked.out / name.replace(" ", "_") / "evaluation.json"
        if path.exists():
            result = json.loads(path.read_text())
            horizon = result["pixel_horizon"]
            failed = result["rollouts"] * (1 - horizon["survived"])
            rate = f"{result['rollouts'] * horizon['mean'] / failed:,.0f}" if failed else "none seen"
            print(f"| {name} | {horizon['median']:,.0f} | {horizon['p10']:,.0f} | {horizon['survived']:.0%} | {rate} |")
            lines.append(curves.Series(name, result["over_time"]["dream"]["pixel_survival"]))
    draw_state(asked.out / "state.png")
    (asked.out / "survival.png").write_bytes(curves.png(curves.survival(lines)))


if __name__ == "__main__":
    main()
