"""The court of rally: where everything is drawn, and how it is read back out of frames without knowing the params.

Paddles have columns of their own; ball and bricks are between them and never on each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickworld.frames import Frames, nearest
from tickworld.games.reading import lit_centre
from tickworld.simulator import Objects

SIZE = 32
"""Height and width of the frame, in pixels."""
PADDLE_X = (1, SIZE - 2)
BRICK_H, BRICK_W = 4, 3
"""A brick's pixels: more than the ball flies in a tick, so it leaps over none."""
ROWS, COLUMNS = SIZE // BRICK_H, 2
"""Of bricks."""
BRICK_X = PADDLE_X[1] - BRICK_W * COLUMNS
"""First column of the bricks, which stand before the wall on the right."""
PALETTE = ((14, 22, 38), (255, 247, 228), (230, 120, 30), (60, 150, 240))
"""The field, and three bright colours 1 .. 3; bricks have the one after the ball's, 1 after 3."""
BRIGHT = len(PALETTE) - 1


def _spans() -> NDArray[np.uint8]:
    """[10 lengths, 32 first pixels, 32 pixels]: 1 in the pixels of a span, which goes on at the other end."""
    length, first = np.arange(10)[:, None, None], np.arange(SIZE)[:, None]
    return ((np.arange(SIZE) - first) % SIZE < length).astype(np.uint8)


SPANS = _spans()
_ROWS_TOUCHED = np.stack([SPANS[..., row * BRICK_H :][..., :BRICK_H].max(-1) > 0 for row in range(ROWS)], -1)
_COLUMNS_TOUCHED = np.stack(
    [SPANS[..., BRICK_X + column * BRICK_W :][..., :BRICK_W].max(-1) > 0 for column in range(COLUMNS)], -1
)


def touched(size: NDArray[np.integer], column: NDArray[np.integer], row: NDArray[np.integer]) -> NDArray[np.bool_]:
    """On which places of bricks a ball stands whose top-left pixel is at ``column`` and ``row``, [N, 8, 2]."""
    return _ROWS_TOUCHED[size, row][:, :, None] & _COLUMNS_TOUCHED[size, column][:, None]


def objects(frames: Frames) -> Objects:
    """Paddles by what is bright in their columns, where a right one as long as the frame is the wall; the ball by what
    is bright between them and is no brick. Bricks are in their columns and of the colour after another that is there,
    which is the ball's; their number is -1 when one is not whole."""
    picture = nearest(frames, PALETTE)
    court = picture[..., PADDLE_X[0] + 1 : PADDLE_X[1]]
    place = slice(BRICK_X - PADDLE_X[0] - 1, None)
    bricks = np.zeros(court[..., place].shape, bool)
    for colour in range(1, BRIGHT + 1):
        there = (court == colour).any((-2, -1))[..., None, None]
        bricks |= there & (court[..., place] == colour % BRIGHT + 1)
    ball = court > 0
    ball[..., place] &= ~bricks
    pixels = bricks.reshape(*bricks.shape[:-2], ROWS, BRICK_H, COLUMNS, BRICK_W).sum((-3, -1))
    whole = ((pixels == 0) | (pixels == BRICK_H * BRICK_W)).all((-2, -1))
    left, right = (picture[..., x : x + 1] > 0 for x in PADDLE_X)
    right &= ~right.all((-2, -1), keepdims=True)
    return Objects(
        positions={
            "left": lit_centre(left, PADDLE_X[0], 0),
            "right": lit_centre(right, PADDLE_X[1], 0),
            "ball": lit_centre(ball, PADDLE_X[0] + 1, 0),
        },
        readings={"bricks": np.where(whole, (pixels > 0).sum((-2, -1)), -1)},
    )
