"""Agents that were trained in a dream alone, beside the same ones trained in the true game and players by hand.

    python benchmarks/agents.py cartridge:pong --steps 600000 --out runs/agents
    python benchmarks/agents.py runs/ale_pong --where dream --steps 8192 --limit 200 --matches 30 --dreamt 8

Each agent is trained as `tickworld agent` does it, with the same method, settings, steps and seeds in the dream and in
the truth; run again, it goes on where it stopped. A match is a game of 500 ticks (``--limit``) against the noisy
tracker, which misses often enough that there is something to win; its return is the points won less the points lost.
All play the same matches. The last line is what was to be shown: that who learned in the dream alone wins more in the
true game than the noisy tracker does, and at least nine tenths of what the same agent wins that learned in the true
game.
"""

from __future__ import annotations

import argparse
from copy import copy
from pathlib import Path
from typing import Any

import torch

from tickworld import files
from tickworld.agents import able
from tickworld.agents.arena import ArenaConfig
from tickworld.agents.methods import METHODS
from tickworld.agents.views import VIEWS
from tickworld.cli.console import Terminal
from tickworld.recipes.agents import AgentConfig, Stage, Where, judged, train_agent

BY_HAND = ("tracking", "noisy", "random", "idle")
PLACES: tuple[Where, ...] = ("dream", "truth")


def trained(out: Path, config: AgentConfig) -> dict[str, Any]:
    """How the agent of ``config`` was judged, trained now unless that is done."""
    name = f"{files.plain_name(config.world)}-{config.method.kind}-{config.where}-{config.seed}"
    return train_agent(out / name, config, Terminal())


def by_hand(out: Path, stage: Stage, config: AgentConfig, name: str) -> dict[str, Any]:
    """How a player of the table is judged, read where that is done: in the truth, and the noisy one in the dream too,
    where matches begin from other starts and so may bring less or more to all alike."""
    path = out / f"{files.plain_name(config.world)}-{name}-{config.arena.limit}-{config.matches}-{config.dreamt}.json"
    if not path.exists():
        if name != "noisy":
            stage = copy(stage)
            stage.dream = None
        files.write_json(path, judged(stage, able(stage.game)[name], config, Terminal()))
    return files.read_json(path, "evaluation")


def shown(each: dict[str, Any] | None) -> str:
    """A return with its interval."""
    return "" if each is None else f"{each['mean']:.2f} ({each['low']:.2f} to {each['high']:.2f})"


def row(name: str, told: dict[str, Any], ticks: int | None, seconds: float | None) -> str:
    """A line of the table."""
    learned = "" if ticks is None else f"{ticks:,}"
    spent = "" if seconds is None else f"{seconds / 60:.1f}"
    return f"| {name} | {shown(told['dream'])} | {shown(told['truth'])} | {learned} | {spent} |"


def verdict(dream: dict[str, Any], truth: dict[str, Any], noisy: dict[str, Any]) -> str:
    """Whether what was to be shown is so for a pair of agents."""
    mine, same, theirs = (each["truth"] for each in (dream, truth, noisy))
    beats = "beats" if mine["low"] > theirs["high"] else "does not beat"
    share = f"{mine['mean'] / same['mean']:.0%} of" if same["mean"] > 0 else "against"
    return f"in the truth it {beats} the noisy tracker, and wins {share} what the same agent wins that learned there"


def main() -> None:
    """Trains what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("world")
    parser.add_argument("--methods", nargs="+", default=["ppo"], choices=list(METHODS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--where", nargs="+", default=PLACES, choices=PLACES, help="where each of them is trained")
    parser.add_argument("--observation", default="objects", choices=list(VIEWS))
    parser.add_argument("--steps", type=int, default=600_000)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--matches", type=int, default=1000)
    parser.add_argument("--dreamt", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("runs/agents"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    arena = ArenaConfig(opponent="noisy", observation=asked.observation, limit=asked.limit)
    config = AgentConfig(world=asked.world, steps=asked.steps, arena=arena, matches=asked.matches, dreamt=asked.dreamt)
    stage, lines, verdicts = Stage(asked.world), [], []
    noisy = by_hand(asked.out, stage, config, "noisy")
    for method in asked.methods:
        for seed in asked.seeds:
            pair = {}
            for where in asked.where:
                made = config.model_copy(update={"where": where, "method": METHODS[method], "seed": seed})
                told = pair[where] = trained(asked.out, made)
                ticks = told["steps"] if where == "truth" else 0
                lines.append(row(f"{method}, seed {seed}, trained in the {where}", told, ticks, told["seconds"]))
            if len(pair) == len(PLACES):
                verdicts.append(f"{method}, seed {seed}: {verdict(pair['dream'], pair['truth'], noisy)}")
    print("| who | return in the dream | return in the truth | true ticks learned from | minutes |")
    print("| --- | --- | --- | ---: | ---: |")
    print("\n".join(lines))
    for name in BY_HAND:
        print(row(name, by_hand(asked.out, stage, config, name), None, None))
    for each in verdicts:
        print(each)


if __name__ == "__main__":
    main()
