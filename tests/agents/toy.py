"""A game that is learned in a second: a lamp says which key to press, and each tick the right key brings 1."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tickworld.seeds import mix
from tickworld.simulator import Opening, Spec, Status


class State(NamedTuple):
    seeds: np.ndarray  # uint64 [N]
    brought: np.ndarray  # float32 [N]
    ticks: np.ndarray  # [N]


class Lamp:
    """``ends``: after so many ticks the game is over; 0: never."""

    def __init__(self, ends: int = 0) -> None:
        self.spec = Spec("lamp", 2, 2, 1, ("player",), ("stay", "left", "right"))
        self.ends = ends

    def init(self, params: Any, seeds: np.ndarray, opening: Opening | None = None) -> State:
        return State(mix(seeds, "lamp"), np.zeros(len(seeds), np.float32), np.zeros(len(seeds), int))

    def update(self, state: State, actions: np.ndarray) -> State:
        brought = np.where(actions[:, 0] == self.right(state), 1, 0).astype(np.float32)
        return State(mix(state.seeds, "next"), brought, state.ticks + 1)

    def render(self, state: State) -> np.ndarray:
        frames = np.zeros((len(state.seeds), 2, 2, 1), np.uint8)
        frames[np.arange(len(frames)), 0, self.right(state) - 1, 0] = 255
        return frames

    def status(self, state: State) -> Status:
        over = state.ticks >= self.ends if self.ends else np.zeros(len(state.ticks), bool)
        return Status(state.brought[:, None], over)

    def trust(self, state: State) -> np.ndarray:
        """It doubts the frames in which the lamp is on the left."""
        return np.where(self.right(state) == 1, -100, 100).astype(np.float32)

    @staticmethod
    def right(state: State) -> np.ndarray:
        return 1 + (state.seeds % np.uint64(2)).astype(int)
