"""The court of Pong: where everything is drawn. The game draws with these, its rule book reads with them."""

from __future__ import annotations

import numpy as np

SIZE = 32
"""Height and width of the frame, in pixels."""
TOP = 7
"""First row of the court."""
PADDLE_X = (1, SIZE - 2)
DIGIT_X = (8, 21)
DIGIT_Y = 1
LIT = 255

_GLYPHS = (
    "### .#. ### ### #.# ### ### ### ### ###",
    "#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#",
    "#.# .#. ### ### ### ### ### ..# ### ###",
    "#.# .#. #.. ..# ..# ..# #.# ..# #.# ..#",
    "### ### ### ### ..# ### ### ..# ### ###",
)
DIGITS = np.array(
    [[[LIT * (line[4 * d + x] == "#") for x in range(3)] for line in _GLYPHS] for d in range(10)], np.uint8
)
"""The ten digits, uint8 [10, 5, 3]."""
