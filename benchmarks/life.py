"""Whether a learned Life is right for ever: its rule is tried in every neighbourhood there is, under every action.

    python benchmarks/life.py runs/life

A world around core ``cellular`` decides on each pixel by the nine cells around it and the action alone, the same way
everywhere. So there are 512 boards of 3x3 cells, the cursor on one of the nine or on none, and six actions: 30,720
cases. If the rule is right in each, every frame that follows from a right one is right, whatever is pressed and however
long it lasts: a proof, not a sample. Prints the cases that are wrong, and exits with 1 if there are any.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import torch

from tickworld.games.life import ALIVE, CURSOR, FLIP, SPEC
from tickworld.models.cores.cellular import Cellular
from tickworld.recipes.shelf import open_playable

BOARDS, PLACES, ACTIONS = 512, 10, len(SPEC.actions)


def neighbourhoods() -> tuple[np.ndarray, np.ndarray]:
    """Palette indices [N, 3, 3] of every board with every place of the cursor, and the action [N]."""
    boards = (np.arange(BOARDS)[:, None] >> np.arange(9) & 1).astype(np.int64)
    boards = boards[:, None].repeat(PLACES, 1)
    boards[:, np.arange(9), np.arange(9)] += CURSOR  # the tenth place is none
    boards = boards.reshape(-1, 3, 3)
    return boards.repeat(ACTIONS, 0), np.tile(np.arange(ACTIONS), len(boards))


def true_colour(board: np.ndarray, action: int) -> int:
    """What the middle cell [3, 3] becomes, written from the rules alone."""
    living = board % 2
    count = int(living.sum() - living[1, 1])
    alive = count == 3 or (count == 2 and living[1, 1] == 1)
    places = [tuple(place) for place in np.argwhere(board >= CURSOR)]
    if not places:
        return int(alive)
    (y, x), name = places[0], SPEC.actions[action]
    if action == FLIP and (y, x) == (1, 1):
        alive = not alive
    y += {"up": -1, "down": 1}.get(name, 0)
    x += {"left": -1, "right": 1}.get(name, 0)
    return ALIVE * alive + CURSOR * ((y, x) == (1, 1))


@torch.no_grad()
def decided(core: Cellular, boards: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """The colour [N] that the rule gives the middle cell of ``boards`` [N, 3, 3], and by how many nats it leads [N]."""
    found = []
    for part in np.array_split(np.arange(len(boards)), 64):
        colours = torch.nn.functional.one_hot(torch.from_numpy(boards[part]), len(SPEC.palette)).permute(0, 3, 1, 2)
        keys = torch.nn.functional.one_hot(torch.from_numpy(actions[part]), ACTIONS).float()
        found.append(core.rule(colours.float(), keys)[..., 0, 0])
    logits = torch.cat(found)
    best = logits.topk(2, 1)
    return np.stack([best.indices[:, 0].numpy(), (best.values[:, 0] - best.values[:, 1]).numpy()])


def main(path: str) -> int:
    """Tries every case; returns how many are wrong."""
    core = open_playable(path).world.world.core
    if not isinstance(core, Cellular) or core.config.radius != 1 or not core.config.wraps:
        sys.exit(f"{path} has no cellular core of radius 1 on a torus, so its neighbourhoods cannot be counted")
    boards, actions = neighbourhoods()
    colours, lead = decided(core, boards, actions)
    true = np.array([true_colour(board, action) for board, action in zip(boards, actions, strict=True)])
    wrong = np.flatnonzero(colours != true)
    print(
        f"{len(true):,} cases, {len(wrong):,} wrong, the narrowest right one by {lead[colours == true].min():.2f} nats"
    )
    for case in itertools.islice(wrong, 5):
        print(f"{SPEC.actions[actions[case]]}, {boards[case].tolist()}: {colours[case]:.0f} in place of {true[case]}")
    return len(wrong)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).exists():
        sys.exit(f"usage: python {sys.argv[0]} RUN")
    sys.exit(min(main(sys.argv[1]), 1))
