"""How fast a game is recorded to disk and read back, and what limits it. Pin it to one core to compare numbers:

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/recording.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tickworld import agents
from tickworld.data import record, store
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.data.manifest import Plan
from tickworld.data.store import Store
from tickworld.games import game
from tickworld.simulator import Simulator

WINDOWS = WindowShape(opening=4, ticks=32, batch=32)
BATCHES = 200


@dataclass
class Clock:
    """Seconds spent in each part: wall, and the processor's own."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, its time added to ``part``."""

        def call(*arguments: Any, **named: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            result = function(*arguments, **named)
            self.wall[part] = self.wall.get(part, 0) + time.perf_counter() - wall
            self.cpu[part] = self.cpu.get(part, 0) + time.process_time() - cpu
            return result

        return call


class TimedSimulator:
    """A simulator whose verbs are timed."""

    def __init__(self, simulator: Simulator, clock: Clock) -> None:
        self.spec = simulator.spec
        self.init = clock.timed("simulate", simulator.init)
        self.update = clock.timed("simulate", simulator.update)
        self.status = clock.timed("simulate", simulator.status)
        self.render = clock.timed("render", simulator.render)


class TimedPlayer:
    """A player whose verbs are timed."""

    def __init__(self, name: str, simulator: Simulator, clock: Clock) -> None:
        player = agents.player(name, simulator)
        self.init, self.act = clock.timed("play", player.init), clock.timed("play", player.act)


def time_recording(name: str, plan: Plan, path: Path) -> tuple[Store, Clock]:
    """Records ``plan`` and says how long each part took; "record" is the whole."""
    clock = Clock()
    simulator = game(name)
    write_block = store.Store.write_block
    store.Store.write_block = clock.timed("write", write_block)
    try:
        timed = TimedSimulator(simulator, clock), TimedPlayer(plan.players, simulator, clock)
        done = clock.timed("record", record.record)(*timed, plan, path)
    finally:
        store.Store.write_block = write_block
    return done, clock


def time_reading(recording: Store) -> tuple[Episodes, Clock]:
    """Decodes the recording and draws windows from it."""
    clock = Clock()
    episodes = clock.timed("decode", recording.read)()
    draw = clock.timed("windows", windows)
    for iteration in range(BATCHES):
        draw(episodes, WINDOWS, 0, iteration)
    return episodes, clock


def report(plan: Plan, clock: Clock) -> str:
    """The rate of recording and the share of each part."""
    frames = plan.episodes * plan.ticks
    lines = [
        f"recorded {frames:,} frames: {frames / clock.wall['record']:,.0f} a second, "
        f"{frames / clock.cpu['record']:,.0f} a second of processor time"
    ]
    parts = {part: clock.cpu[part] for part in ("simulate", "render", "play", "write")}
    parts["keep on tape"] = clock.cpu["record"] - sum(parts.values())
    for part, seconds in sorted(parts.items(), key=lambda item: -item[1]):
        lines.append(f"  {part:13}{seconds / clock.cpu['record']:4.0%}  {seconds / frames * 1e6:.2f} us a frame")
    waited = clock.wall["record"] - clock.cpu["record"]
    return "\n".join(
        [*lines, f"  not on the processor (disk, other processes): {waited / clock.wall['record']:.0%} of the wall"]
    )


def main() -> None:
    """Prints the rates for one game."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--game", default="pong")
    parser.add_argument("--players", default="mixed")
    parser.add_argument("--episodes", type=int, default=512)
    parser.add_argument("--ticks", type=int, default=512)
    parser.add_argument("--block", type=int, default=0, help="episodes side by side; 0: the default")
    arguments = parser.parse_args()
    plan = Plan(players=arguments.players, episodes=arguments.episodes, ticks=arguments.ticks, block=arguments.block)
    with tempfile.TemporaryDirectory() as folder:
        recording, clock = time_recording(arguments.game, plan, Path(folder) / "data")
        size = sum(each.stat().st_size for each in (Path(folder) / "data").rglob("*") if each.is_file())
        print(report(plan, clock), f"  {size / 1e6:.1f} MB on disk", sep="\n")
        _, clock = time_reading(recording)
    drawn = BATCHES * WINDOWS.batch
    decoded = plan.episodes * plan.ticks / clock.wall["decode"]
    print(f"decoded in {clock.wall['decode']:.2f} s: {decoded:,.0f} frames a second")
    print(f"drew windows of {WINDOWS.ticks} ticks: {drawn / clock.wall['windows']:,.0f} a second")


if __name__ == "__main__":
    main()
