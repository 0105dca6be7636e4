"""How long a tick of `tickworld play` takes, from the request that a page sends to the frame that it gets, and of what
that time is made. The server is a process of its own, as it is when one plays.

python benchmarks/serving.py [--ticks 2000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from websockets.sync.client import connect

from tickworld.games import game
from tickworld.play.protocol import unpacked
from tickworld.play.scene import Scene
from tickworld.play.session import Session
from tickworld.recipes.shelf import open_playable
from tickworld.simulator import Candid, Simulator

WARM = 100
"""Ticks before the first that counts."""


@contextmanager
def served(place: str) -> Iterator[str]:
    """The address of a server of ``place``."""
    command = [sys.executable, "-m", "tickworld.cli", "play", place, "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[3]
    finally:
        process.terminate()
        process.wait()


def over_socket(place: str, sim: str, keys: list[list[int]]) -> np.ndarray:
    """Milliseconds of each tick, [T]."""
    with served(place) as address:
        with connect(address.replace("http", "ws", 1) + "socket", proxy=None, compression=None) as page:
            page.recv()

            def exchange(text: str) -> bytes:
                page.send(text)
                return page.recv(decode=False)

            return exchanged(exchange, sim, keys)


def exchanged(exchange: Callable[[str], bytes], sim: str, keys: list[list[int]]) -> np.ndarray:
    """Milliseconds of each tick that is asked for and answered, [T]."""
    there, _ = unpacked(exchange(json.dumps({"id": 0, "do": "init", "sim": sim, "seed": 1})))
    took = []
    for number, pressed in enumerate(keys):
        text = json.dumps({"id": number, "do": "update", "state": there["state"], "actions": pressed})
        began = time.perf_counter()
        reply = exchange(text)
        took.append(time.perf_counter() - began)
        there, _ = unpacked(reply)
    return 1000 * np.array(took[WARM:])


def alone(simulator: Simulator, keys: list[list[int]]) -> dict[str, np.ndarray]:
    """Milliseconds of the verbs that make a tick, each [T]."""
    row = np.ones(1, np.uint64)
    state: Any = simulator.init(simulator.spec.draw(row), row)
    took: dict[str, list[float]] = {"update": [], "render": [], "trust": []}
    for pressed in keys:
        actions = np.array([pressed], np.uint8)
        times = [time.perf_counter()]
        state = simulator.update(state, actions)
        times.append(time.perf_counter())
        simulator.render(state)
        times.append(time.perf_counter())
        if isinstance(simulator, Candid):
            simulator.trust(state)
        times.append(time.perf_counter())
        for name, seconds in zip(took, np.diff(times), strict=True):
            took[name].append(seconds)
    return {name: 1000 * np.array(seconds[WARM:]) for name, seconds in took.items()}


def line(what: str, took: np.ndarray) -> str:
    """One line of the table."""
    return f"{what:<34} {np.percentile(took, 50):8.2f} {np.percentile(took, 99):8.2f} ms"


def main() -> None:
    """Prints, for the learned and the true Pong, p50 and p99 of the whole and of its parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=2000)
    ticks = parser.parse_args().ticks
    torch.set_num_threads(1)  # as in a session
    keys = np.random.default_rng(0).integers(0, 3, (WARM + ticks, 2)).tolist()
    playable = open_playable("cartridge:pong")
    for place, sim, scene in (
        ("cartridge:pong", "dream", Scene("dream", playable.game, playable.world)),
        ("pong", "truth", Scene("truth", game("pong"))),
    ):
        print(f"{place} ({sim}), {ticks} ticks{'p50':>26}{'p99':>9}")
        for name, took in alone(scene.simulator(sim), keys).items():
            print(line(f"  {name}", took))
        print(line("  in a session, with JSON", exchanged(Session(scene).answer, sim, keys)))
        print(line("  round trip over the socket", over_socket(place, sim, keys)))


if __name__ == "__main__":
    main()
