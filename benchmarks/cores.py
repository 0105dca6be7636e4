"""What a core costs where it trains on long sequences: processor time for a token (one tick of one game), forward and
backward over 512 ticks of 16 games, and which operations take it:

OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/cores.py

With ``--compile`` the cores that gain by it are timed as ``tickworld train --compile`` has them, too.

All cores are sized to about as many weights. They take turns, so that noise of the machine hits all alike; each figure
is the median over the turns. Left out are cores whose state is frames: they learn single transitions.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from statistics import median

import torch
from torch.profiler import profile

from questions.sizes import KINDS, nearest, sized, weights
from tickworld.config import Config
from tickworld.games import game
from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import one_hot
from tickworld.training.compiling import compile_tick

GAMES, TICKS = 16, 512


def built(kind: type[Config], spec: Spec) -> tuple[Core, str]:
    """The core of that kind nearest to ``WEIGHTS`` weights, and what it is."""
    core = nearest(lambda size: sized(kind, size), spec).build(spec)
    return core, f"{weights(core):,} weights"


def training_pass(core: Core, spec: Spec) -> Callable[[], None]:
    """Forward and backward over ``TICKS`` ticks of ``GAMES`` games under random keys."""
    chance = torch.Generator().manual_seed(0)
    actions = torch.randint(len(spec.actions), (GAMES, TICKS, len(spec.players)), generator=chance)
    noise = torch.randn(GAMES, TICKS, core.noise, generator=chance)
    x = torch.cat([one_hot(actions, len(spec.actions)), noise], -1)
    start = torch.randn(GAMES, *core.start_shape, generator=chance)

    def act() -> None:
        core.zero_grad()
        outs, _ = core.unroll(core.init(start), x)
        outs.square().mean().backward()

    return act


def limits(act: Callable[[], None], count: int = 3) -> str:
    """The operations that take most of a pass's own time."""
    with profile() as watched:
        act()
    events = sorted(watched.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    return ", ".join(
        f"{event.key.removeprefix('aten::')} {event.self_cpu_time_total / total:.0%}" for event in events[:count]
    )


def main() -> None:
    """Prints a line for each core."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cores", nargs="*", help="which cores, beside gru; by default all")
    parser.add_argument("--turns", type=int, default=5, help="how often each is timed")
    parser.add_argument("--compile", action="store_true", help="compiled too, where there is something to compile")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    spec = game("pong").spec
    torch.manual_seed(0)
    cores = {name: built(kind, spec) for name, kind in KINDS.items() if name in ("gru", *(asked.cores or KINDS))}
    if asked.compile:
        for name, (core, size) in list(cores.items()):
            if hasattr(core, "_tick"):
                twin = copy.deepcopy(core)
                compile_tick(twin)
                cores[f"{name}, compiled"] = (twin, size)
    passes = {name: training_pass(core, spec) for name, (core, _) in cores.items() if len(core.start_shape) == 1}
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    for act in passes.values():
        act()
    for _ in range(asked.turns):
        for name, act in passes.items():
            started = time.process_time()
            act()
            seconds[name].append(time.process_time() - started)
    print("| core | size | µs a token | times gru | what takes the time |\n| --- | --- | ---: | ---: | --- |")
    for name, times in seconds.items():
        each = median(times) / (GAMES * TICKS) * 1e6
        ratio = median(one / other for one, other in zip(times, seconds["gru"], strict=True))
        print(f"| {name} | {cores[name][1]} | {each:.2f} | {ratio:.2f} | {limits(passes[name])} |")


if __name__ == "__main__":
    main()
