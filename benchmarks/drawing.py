"""How worlds draw: the same games open loop, in worlds that differ in their renderer.

    python benchmarks/drawing.py runs/smoke runs/diffusion --picture drawn.png

*Sharp*: how much neighbouring pixels differ, in the mean, as a share of what they differ in the truth: below 1 is a
haze. *At the start*: the first frame, whose state has only just been shown the truth. *Alone*: milliseconds of
processor time that a frame costs when it is drawn by itself, *of 64* when 64 are drawn at once, in one thread. With
``--steps 10`` worlds that draw by diffusion are also shown with ten steps in place of those that they are set to. The
picture shows the truth above the worlds, after 0, 8, 24 and 48 ticks, for two games.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from tickworld.agents import player
from tickworld.evaluation.rollout import Start, rollout
from tickworld.frames import Frames, enlarge, to_rgb
from tickworld.models.denoising import levels
from tickworld.models.learned import Learned
from tickworld.models.renderers.diffusion import Diffusion
from tickworld.recipes.run import open_run
from tickworld.visual.video import write_png

SHOWN = (0, 8, 24, 48)
GAMES = 2
"""Games in the picture."""


def edges(frames: Frames) -> float:
    """The mean difference of neighbouring pixels, of brightness in 0..1."""
    shades = frames.astype(np.float64) / 255
    return float(np.abs(np.diff(shades, axis=1)).mean() + np.abs(np.diff(shades, axis=2)).mean())


def cost(world: Learned, rows: int) -> float:
    """Milliseconds of processor time a frame, the median of several, when ``rows`` are drawn at once."""
    out = torch.randn(rows, *world.world.core.out_shape)
    took = []
    with torch.inference_mode():
        for _ in range(max(256 // rows, 8)):
            started = time.process_time()
            world.world.renderer.pixels(world.world.renderer(out))
            took.append(time.process_time() - started)
    return 1000 * float(np.median(took)) / rows


def named(folders: list[Path], steps: list[int]) -> dict[str, Learned]:
    """The worlds by the names of their folders, and those that draw by diffusion once more for each of ``steps``."""
    worlds = {}
    for folder in folders:
        world = worlds[folder.name] = open_run(folder).world()
        for count in steps:
            other = copy.deepcopy(world)
            if isinstance(drawn := other.world.renderer, Diffusion):
                drawn.levels = levels(count, drawn.levels[0], drawn.levels[-2])
                worlds[f"{folder.name}, steps {count}"] = other
    return worlds


def main(folders: list[Path], steps: list[int], rollouts: int, ticks: int, picture: Path | None) -> None:
    """Prints a line a world, and draws the picture."""
    torch.set_num_threads(1)
    worlds = named(folders, steps)
    config = open_run(folders[0]).config
    game = config.game.build()
    start = Start(player(config.evaluation.players, game), rollouts, config.evaluation.seed)
    errors, sharp, columns = defaultdict(list), defaultdict(list), []
    for tick in rollout(game, dict(worlds), start, ticks):
        truth = tick.truth[tick.playing]
        sharp["truth"].append(edges(truth))
        for name in worlds:
            dream = tick.dreams[name][tick.playing]
            errors[name].append(np.square((dream.astype(np.float64) - truth) / 255).mean())
            sharp[name].append(edges(dream))
        if tick.index in SHOWN:
            column = [tick.truth[:GAMES], *(tick.dreams[name][:GAMES] for name in worlds)]
            columns.append(np.stack(column, 1).reshape(-1, *game.spec.frame_shape))
    print("| | MSE | at the start | sharp | at the start | ms a frame alone | of 64 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, world in worlds.items():
        share = np.array(sharp[name]) / np.array(sharp["truth"])
        alone, many = cost(world, 1), cost(world, 64)
        print(
            f"| {name} | {np.mean(errors[name]):.5f} | {errors[name][0]:.5f} | {share.mean():.2f} | {share[0]:.2f} | "
            f"{alone:.2f} | {many:.2f} |"
        )
    if picture is not None:
        sheet = [[enlarge(to_rgb(frame), 4) for frame in column] for column in columns]
        write_png(picture, np.concatenate([np.concatenate(column, 0) for column in sheet], 1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How worlds draw.")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--steps", type=int, nargs="+", default=[], help="other numbers of steps of diffusion")
    parser.add_argument("--rollouts", type=int, default=32, help="games")
    parser.add_argument("--frames", type=int, default=100, help="ticks of each")
    parser.add_argument("--picture", type=Path, default=None, help="file to draw them to")
    given = parser.parse_args()
    main(given.runs, given.steps, given.rollouts, given.frames, given.picture)
