"""The table of views: what an agent is given to see of a simulator, each a line. True games and dreams alike.

``frame`` is the picture itself; ``objects`` are the places of the game's objects, read off the frame by the game's own
probe, and so the same in truth and dream; ``state`` are the numbers of the simulator's own state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld.data.record import truth_of
from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.simulator import Inspectable, Probed, Simulator, State


@dataclass(frozen=True)
class View:
    """What is seen of N rows at once: ``see(state, frames)`` gives [N, *shape], values within ``low..high``. ``frames``
    are rendered for it only where ``of_frames``; otherwise it is given None."""

    shape: tuple[int, ...]
    dtype: type
    low: float
    high: float
    of_frames: bool
    see: Callable[[State, Any], NDArray[Any]]


def frame(simulator: Simulator, game: Simulator) -> View:
    """The frame, uint8 [H, W, C]."""
    return View(simulator.spec.frame_shape, np.uint8, 0, 255, True, lambda state, frames: frames)


def objects(simulator: Simulator, game: Simulator) -> View:
    """Of each object of ``game`` its x and y in -1..1 from edge to edge and whether it is there, 1 or 0, float32
    [3 * objects]; x and y are 0 where it is not. Raises UserError for a game whose frames cannot be read."""
    if not isinstance(game, Probed):
        raise UserError(
            f"{game.spec.name} has no probe that finds objects in its frames; choose the observation frame or state"
        )
    height, width, _ = game.spec.frame_shape
    scale = np.array([max(width - 1, 1), max(height - 1, 1)])

    def see(state: State, frames: Frames) -> NDArray[np.float32]:
        places = np.stack(list(game.objects(frames).positions.values()), 1)[..., :2]  # [N, objects, 2]
        there = ~np.isnan(places).any(-1, keepdims=True)
        scaled = np.where(there, 2 * places / scale - 1, 0)
        return np.concatenate([scaled, there], -1, dtype=np.float32).reshape(len(frames), -1)

    size = see(None, np.zeros((1, *game.spec.frame_shape), np.uint8)).shape[1]
    return View((size,), np.float32, -1, 1, True, see)


def state(simulator: Simulator, game: Simulator) -> View:
    """All numbers of the simulator's state one after the other, float32 [S]. Raises UserError for one that shows
    none."""

    def see(state: State, frames: None) -> NDArray[np.float32]:
        fields = simulator.fields(state) if isinstance(simulator, Inspectable) else truth_of(simulator, state)
        numbers = [each.reshape(len(each), -1) for each in fields.values()]
        return np.concatenate(numbers, -1, dtype=np.float32) if numbers else np.zeros((1, 0), np.float32)

    row = np.zeros(1, np.uint64)
    size = see(simulator.init(simulator.spec.draw(row), row), None).shape[1]
    if not size:
        raise UserError(
            f"the state of {simulator.spec.name} shows no numbers; choose another observation, such as frame"
        )
    most = float(np.finfo(np.float32).max)
    return View((size,), np.float32, -most, most, False, see)


VIEWS: dict[str, Callable[[Simulator, Simulator], View]] = {"frame": frame, "objects": objects, "state": state}
"""By name, what makes the view of a simulator, with the true game whose probe reads frames."""
