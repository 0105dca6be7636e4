"""A picture of every game after a while of play: docs/games.png.

python benchmarks/gallery.py docs/games.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tickworld import seeds
from tickworld.agents import player
from tickworld.frames import enlarge, to_rgb
from tickworld.games import GAMES, game
from tickworld.visual.video import write_png

SIDE, GAP, LINE = 200, 14, 22
"""Pixels of a picture at most, between two of them, and of the name below."""
ROW = 6
TICKS = {"snake": 130, "maze": 40, "smoke": 150, "life": 6, "rally": 300}
"""Ticks that are played where 90 are not the best."""
PARAMS = {"rally": {"bricks": 1, "paddle_length": 9, "ball_size": 3, "colours": 2}}
"""Params of a game whose defaults do not show the most."""


def shown(name: str) -> np.ndarray:
    """A frame [H, W, 3] of game ``name``, as large as fits."""
    simulator = game(name, **PARAMS.get(name, {}))
    who = player("mixed", simulator)
    rows = seeds.rows(5, 0, 1)
    state, memory = simulator.init(simulator.spec.draw(rows), rows), who.init(rows)
    for tick in range(TICKS.get(name, 90)):
        actions, memory = who.act(memory, tick, simulator.render(state))
        state = simulator.update(state, actions)
    frame = to_rgb(simulator.render(state)[0])
    return enlarge(frame, SIDE // max(frame.shape[:2]))


def main(path: Path) -> None:
    """Draws them side by side, each with its name."""
    lines = -(-len(GAMES) // ROW)
    sheet = Image.new("RGB", (ROW * (SIDE + GAP) + GAP, lines * (SIDE + GAP + LINE) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, name in enumerate(GAMES):
        x, y = GAP + number % ROW * (SIDE + GAP), GAP + number // ROW * (SIDE + GAP + LINE)
        picture = Image.fromarray(shown(name))
        sheet.paste(picture, (x, y + (SIDE - picture.height) // 2))
        draw.text((x, y + SIDE + 3), name, fill=(60, 70, 90), font_size=15)
    write_png(path, np.asarray(sheet))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FILE.png")
    main(Path(sys.argv[1]))
