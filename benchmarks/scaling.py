"""What a second process is worth, and what the training loop costs beside a plain one:

OMP_NUM_THREADS=1 python benchmarks/scaling.py recording       frames/s recorded by this process, by pools and by Ray
OMP_NUM_THREADS=1 python benchmarks/scaling.py training        iterations/s in one process and in two
OMP_NUM_THREADS=1 python benchmarks/scaling.py evaluation      ticks/s judged by this process, by pools and by Ray
OMP_NUM_THREADS=1 python benchmarks/scaling.py streaming       batches/s from memory, from disk and from object storage
OMP_NUM_THREADS=1 python benchmarks/scaling.py loop            ``fit`` beside a plain torch loop, turn by turn

Each table is side by side in one call; other work on the machine shares the processors, so read the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from tickworld import seeds
from tickworld.agents import player
from tickworld.data import store
from tickworld.data.copying import copy
from tickworld.data.episode import Episodes
from tickworld.data.manifest import Plan
from tickworld.data.material import Material
from tickworld.data.record import play_episodes, record
from tickworld.games import game
from tickworld.models.world import seeded_world
from tickworld.places import Url
from tickworld.recipes import recipe
from tickworld.recipes.playable import judge
from tickworld.recipes.shelf import open_playable
from tickworld.training import log
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, TrainingConfig, fit, make_optimizer
from tickworld.training.objectives import combine
from tickworld.training.sampling import Sampler, UniformConfig
from tickworld.training.shards import tensors
from tickworld.training.streamed import MB, Streamed, StreamedConfig
from tickworld.workers import Workers, workers

RECIPES = ("demo", "seed_gru")


def recording(asked: argparse.Namespace) -> None:
    """Frames a second on disk, whoever plays."""
    pong = game("pong")
    plan = Plan(players="mixed", episodes=asked.episodes, ticks=512, block=max(asked.episodes // 8, 1))

    def play(by: Workers | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            record(pong, player("mixed", pong), plan, Path(folder) / "data", by=by)

    _by_each("recorded by", "frames/s", plan.episodes * plan.ticks, play)


def evaluation(asked: argparse.Namespace) -> None:
    """Ticks a second that the shipped Pong is judged for, whoever plays."""
    playable = replace(open_playable("cartridge:pong"), threads=1)
    settings = {"rollouts": asked.rollouts, "frames": asked.frames, "measures": ()}
    config = playable.evaluation.model_copy(update=settings)
    _by_each("judged by", "ticks/s", asked.rollouts * asked.frames, lambda by: judge(playable, config, by=by) and None)


def _by_each(title: str, unit: str, amount: int, work: Callable[[Workers | None], None]) -> None:
    """A table of how fast ``work`` that is ``amount`` units goes, whoever does it."""
    who: dict[str, Callable[[], Workers | None]] = {
        "this process": lambda: None,
        "a pool of 1": lambda: workers(1),
        "a pool of 2": lambda: workers(2),
        "Ray, 1 worker": lambda: workers(1, "ray"),
        "Ray, 2 workers": lambda: workers(2, "ray"),
    }
    print(f"| {title} | {unit}, with the start of the workers | times this process |\n| --- | ---: | ---: |")
    base = 0.0
    for name, by in who.items():
        started = time.perf_counter()
        work(by())
        speed = amount / (time.perf_counter() - started)
        base = base or speed
        print(f"| {name} | {speed:,.0f} | {speed / base:.2f} |", flush=True)


def training(asked: argparse.Namespace) -> None:
    """Iterations a second, as the log of each run tells, after the first tenth."""
    print("| recipe | one process, it/s | two | times | losses differ by |\n| --- | ---: | ---: | ---: | ---: |")
    for name in RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            one, two = (_logged(name, Path(folder) / str(count), count, asked.iterations) for count in (1, 2))
        speeds = [1 / np.mean([line["seconds"] for line in lines[len(lines) // 10 :]]) for lines in (one, two)]
        apart = max(abs(a["loss"] - b["loss"]) / a["loss"] for a, b in zip(one, two, strict=True))
        print(f"| {name} | {speeds[0]:.1f} | {speeds[1]:.1f} | {speeds[1] / speeds[0]:.2f} | {apart:.0e} |", flush=True)


def _logged(name: str, folder: Path, processes: int, iterations: int) -> list[dict[str, Any]]:
    """The log of a short training with uniform windows."""
    changes = {
        "training.iterations": iterations,
        "training.sampler.kind": "uniform",
        "record.episodes": 256,
        "evaluation.rollouts": 1,
        "evaluation.frames": 2,
        "output.log": 1,
        "threads": 1,
    }
    words = [word for setting, value in changes.items() for word in (f"--{setting}", str(value))]
    command = [sys.executable, "-m", "tickworld.cli", "train", name, "--out", str(folder), *words]
    subprocess.run([*command, "--devices", str(processes)], check=True, capture_output=True)
    return list(log.read(folder / "log.jsonl"))


def streaming(asked: argparse.Namespace) -> None:
    """Batches a second that are drawn, and how much is held for it, as long as a training would take them."""
    pong = game("pong")
    plan = Plan(players="mixed", episodes=asked.episodes, ticks=512, block=64)
    print("| drawn from | batches/s | MB held at most | MB read |\n| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        here = record(pong, player("mixed", pong), plan, Path(folder) / "data")
        copy(here, url)
        streamed, all_of_it, a_fourth = StreamedConfig(memory=asked.memory), slice(32), slice(8)
        lanes = streamed.model_copy(update={"lanes": 4})
        for name, config, there, mine in (
            ("memory", UniformConfig(), here, all_of_it),
            ("memory, by one of four processes", UniformConfig(), here, a_fourth),
            ("a folder", streamed, here, all_of_it),
            ("a folder, by one of four processes", streamed, here, a_fourth),
            ("the same, in four lanes", lanes, here, a_fourth),
            ("object storage on this machine", streamed, store.open(url), all_of_it),
        ):
            material = Material(there, plan.episodes)
            sampler = config.build(material, 4, 0)
            sampler.draw(0, 32, 32, lambda batch: np.zeros(0, np.float32), mine)
            started = time.perf_counter()
            for iteration in range(1, asked.iterations):
                sampler.draw(iteration, 32, 32, lambda batch: np.zeros(0, np.float32), mine)
            speed = (asked.iterations - 1) / (time.perf_counter() - started)
            if isinstance(sampler, Streamed):
                shelves = [lane.shelf for lane in sampler.lanes]
                held = sum(shelf.most for shelf in shelves)
                read = sum(shelf.count for shelf in shelves) * material.part_bytes
            else:
                held = read = material.episodes.nbytes
            print(f"| {name} | {speed:,.0f} | {held / MB:,.0f} | {read / MB:,.0f} |", flush=True)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Url]:
    """A URL on an object storage that is begun on this machine."""
    (folder / "storage" / "bucket").mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "localbucket", str(folder / "storage"), "--port", str(port)]
    keys = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    os.environ.update({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **keys})
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield Url("s3://bucket/pong")
        finally:
            process.kill()


def loop(asked: argparse.Namespace) -> None:
    """Seconds of an iteration of ``fit`` and of a loop that does nothing but learn, one after the other."""
    print("| recipe | fit, ms an iteration | plain loop | fit costs |\n| --- | ---: | ---: | ---: |")
    for name in RECIPES:
        config, game_ = recipe(name), recipe(name).game.build()
        changes = {"sampler": UniformConfig(), "iterations": 10**6}
        lesson = config.training.model_copy(update=changes)
        opening = seeded_world(config.world, game_.spec, 0).initializer.opening
        ticks = lesson.ticks.last + opening
        played = play_episodes(game_, player(config.record.players, game_), seeds.rows(0, 0, 256), max(ticks, 128))
        both = [make(name, played, lesson, opening) for make in (_fitted, _plain)]
        times: list[list[float]] = [[], []]
        for _ in range(asked.turns):
            for each, spent in zip(both, times, strict=True):
                started = time.perf_counter()
                next(each)
                spent.append(time.perf_counter() - started)
        ours, plain = (1000 * median(each[len(each) // 10 :]) for each in times)
        print(f"| {name} | {ours:.2f} | {plain:.2f} | {ours / plain - 1:+.1%} |", flush=True)


def _fitted(name: str, played: Episodes, config: TrainingConfig, opening: int) -> Iterator[Any]:
    world = seeded_world(recipe(name).world, recipe(name).game.build().spec, 0)
    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    return fit(fabric, wrapped, optimizer, Lesson(config, Sampler(played, opening, 0), 0))


def _plain(name: str, played: Episodes, config: TrainingConfig, opening: int) -> Iterator[None]:
    """What a training loop is at least: a batch, a loss, a gradient, a step."""
    world = seeded_world(recipe(name).world, recipe(name).game.build().spec, 0)
    optimizer, sampler, iteration = make_optimizer(world, config), Sampler(played, opening, 0), 0
    while True:
        ticks = config.ticks.at(iteration, config.iterations)
        batch = tensors(sampler.draw(iteration, config.windows(ticks), ticks, lambda batch: np.zeros(0, np.float32)))
        losses = config.objective.at(iteration, config.iterations)(world, batch, torch.Generator())
        loss = combine(losses, config.objective.weights, batch.mask[:, -next(iter(losses.values())).shape[1] :])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(world.parameters(), config.clip)
        optimizer.step()
        iteration += 1
        yield


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tables = {each.__name__: each for each in (recording, training, evaluation, streaming, loop)}
    parser.add_argument("what", choices=tables)
    parser.add_argument("--episodes", type=int, default=4096, help="recorded by each")
    parser.add_argument("--iterations", type=int, default=200, help="of each training")
    parser.add_argument("--turns", type=int, default=100, help="iterations of each loop")
    parser.add_argument("--memory", type=float, default=256, help="MB of a recording that are held")
    parser.add_argument("--rollouts", type=int, default=256, help="games that are judged by each")
    parser.add_argument("--frames", type=int, default=250, help="ticks of each of them")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tables[asked.what](asked)


if __name__ == "__main__":
    main()
