"""What initializers that give a vector have in common."""

from __future__ import annotations

import math

from tickworld.errors import UserError


def length(start_shape: tuple[int, ...]) -> int:
    """How many numbers such a start has. Raises UserError for a core that starts from frames: it snaps them to colours,
    and through that no gradient would come back."""
    if len(start_shape) == 2:
        raise UserError(
            "this core starts from frames and a vector that describes the game; use --world.initializer.kind described"
        )
    if len(start_shape) > 1:
        raise UserError(
            f"this core starts from frames, {list(start_shape)}, and this initializer gives a vector; "
            "use --world.initializer.kind history"
        )
    return math.prod(start_shape)
