"""What slopes through a learned world are worth: tables for docs/gradients.md.

python benchmarks/gradients.py identify runs/pong_speed        params of held-out games, by frames of evidence
python benchmarks/gradients.py limits runs/pong_speed          what the true game's own frames leave open of them
python benchmarks/gradients.py plan runs/pong_speed            keys that make a frame happen, sought in the dream

OMP_NUM_THREADS=1 taskset -c 0.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tickworld import seeds
from tickworld.agents import player
from tickworld.agents.planning import Plan, SlopeConfig, Wish, by_slope, cem, played
from tickworld.cli.console import Terminal
from tickworld.evaluation.beginning import Start, begin
from tickworld.evaluation.gradients.identification import NEAR, Identified, errors
from tickworld.evaluation.gradients.seeker import IdentificationConfig
from tickworld.evaluation.gradients.slack import slack
from tickworld.frames import snap
from tickworld.recipes.identify import held_out, identified
from tickworld.recipes.playable import Playable
from tickworld.recipes.shelf import open_playable
from tickworld.simulator import Simulator

FRAMES = (4, 8, 16, 32, 64)

Row = tuple[str, ...]


def table(heading: Row, rows: Sequence[Row]) -> None:
    """Prints a table."""
    print("| " + " | ".join(heading) + " |")
    print("| ---: |" + " ---: |" * (len(heading) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def identify(asked: argparse.Namespace) -> None:
    """Median and worst error of each param, and the share of games in which all are within a hundredth."""
    playable, rows = open_playable(asked.run), []
    names: list[str] = []
    for frames in FRAMES:
        config = IdentificationConfig(frames=frames, games=asked.games, seed=asked.seed)
        result = identified(playable, None, "tracking", config, Terminal())
        names = list(result["params"])
        cells = [str(frames)]
        for row in result["params"].values():
            cells += [
                f"{row['error']['median']:.4f}",
                f"{row['error']['worst']:.4f}",
                f"{np.median(row['spread']):.4f}",
            ]
        cells += [f"{row['within_1_percent']:.0%}" for row in result["params"].values()]
        rows.append(tuple(cells))
    heads = [f"{name}, {what}" for name in names for what in ("median error", "worst", "spread")]
    table(("frames", *heads, *(f"{name} within 0.01" for name in names)), rows)


def limits(asked: argparse.Namespace) -> None:
    """How far the params go that show the very same frames, the share of games in which they go further than a
    hundredth to either side, and how right one is who takes their middle. Nothing is learned here, and nothing
    sought."""
    playable, rows = open_playable(asked.run), []
    game = playable.game
    names = tuple(param.name for param in game.spec.params if param.drawn)
    columns = [game.spec.index(name) for name in names]
    for frames in (*FRAMES, 2 * FRAMES[-1]):
        config = IdentificationConfig(frames=frames, games=asked.games, seed=asked.seed)
        episodes = held_out(game, "tracking", config)
        left, truth = slack(game, episodes, names, frames, asked.games), episodes.params[:, columns]
        unknown = np.full(asked.games, np.nan)
        ends = Identified(names, left.middle, left.half, truth, unknown, unknown, unknown, episodes.lengths.astype(int))
        off, half = errors(ends, game.spec), errors(ends._replace(found=truth + left.half), game.spec)
        open_ones = np.any([each > NEAR for each in half.values()], 0)
        cells = [f"{np.nanmedian(each):.4f}" for each in half.values()]
        cells += [f"{open_ones.mean():.0%}"]
        cells += [f"{np.median(each):.4f}" for each in off.values()]
        cells += [f"{(each <= NEAR).mean():.0%}" for each in off.values()]
        rows.append((str(frames), *cells))
    heads = [f"{name}, {what}" for what in ("left open", "middle's median error") for name in names]
    within = [f"{name}, middle within {NEAR:g}" for name in names]
    table(("frames", *heads[: len(names)], f"open by more than {NEAR:g}", *heads[len(names) :], *within), rows)


def stood(playable: Playable, asked: argparse.Namespace) -> tuple[Any, Any]:
    """True games and dreams of them after some ticks of play."""
    world, game = playable.world, playable.game
    who = player("tracking", game)
    common = begin(game, Start(who, asked.games, 0), max(world.spec.opening, 1))
    truth, dream, memory = common.truth, common.dream(world), common.memory
    for tick in range(asked.later):
        keys, memory = who.act(memory, common.tick + tick, game.render(truth))
        truth, dream = game.update(truth, keys), world.update(dream, keys)
    return truth, dream


def wished(game: Simulator, state: Any, ticks: int, games: int) -> Any:
    """The frames to which keys lead that nobody is told."""
    style = player("sticky", game)
    memory = style.init(seeds.rows(9, 0, games))
    for tick in range(ticks):
        keys, memory = style.act(memory, tick, game.render(state))
        state = game.update(state, keys)
    return game.render(state)


def plan(asked: argparse.Namespace) -> None:
    """How often a frame that keys led to is reached in the dream, and how often that plan then holds."""
    playable = open_playable(asked.run)
    world, game, rows = playable.world, playable.game, []
    truth, dream = stood(playable, asked)
    slopes = SlopeConfig(starts=4, iterations=40)
    ways: dict[str, Callable[[int, Wish], Plan]] = {
        "trial in the dream": lambda ticks, wish: cem(world, dream, ticks, wish),
        "slopes in the dream": lambda ticks, wish: by_slope(world, dream, ticks, wish, slopes),
        "trial in the true game": lambda ticks, wish: cem(game, truth, ticks, wish),
    }
    for ticks in asked.ahead:
        frames = wished(game, truth, ticks, asked.games)
        for name, way in ways.items():
            began = time.process_time()
            actions = way(ticks, Wish(frames)).actions
            seconds = (time.process_time() - began) / asked.games
            shown = [frames, played(world, dream, actions), played(game, truth, actions)]
            wanted, dreamt, true = (snap(each, game.spec.palette) for each in shown)
            reached, holds = ((each == wanted).all((1, 2, 3)) for each in (dreamt, true))
            found = (f"{reached.mean():.0%}", f"{(reached & holds).sum()} of {reached.sum()}")
            cells = found if name.endswith("dream") else ("-", "-")
            rows.append((str(ticks), name, *cells, f"{holds.mean():.0%}", f"{seconds:.2f}"))
    table(("ticks", "sought by", "reached in the dream", "of these in the game too", "in the game", "s a plan"), rows)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made: dict[str, Any] = {"identify": identify, "limits": limits, "plan": plan}
    parser.add_argument("what", choices=tuple(made))
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--games", type=int, default=32, help="held-out games")
    parser.add_argument("--seed", type=int, default=0, help="which games params are found of")
    parser.add_argument("--ahead", type=int, nargs="+", default=[8, 16, 32], help="ticks of a plan")
    parser.add_argument("--later", type=int, default=6, help="ticks that are played before a plan is made")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    made[asked.what](asked)


if __name__ == "__main__":
    main()
