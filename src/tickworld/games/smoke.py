"""Smoke: a fluid in a box of 32x32 cells, and a nozzle at the bottom that one player moves. Grey.

The stable fluids of Stam (1999): smoke and speed are carried along by the flow (traced back, read off linearly), warm
smoke rises, and the flow is kept free of sources by taking off a pressure's slope, found with a fixed number of Jacobi
steps. The flow is not drawn, only the smoke is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.simulator import Opening, Param, Spec, Status

SIZE = 32
"""Cells in height and width, one pixel each."""
PRESSURE_STEPS = 16
NOZZLE = 2
"""Cells that the nozzle reaches to each side."""
FADE = 0.985
"""What is left of the smoke after a tick."""

SPEC = Spec(
    name="smoke",
    height=SIZE,
    width=SIZE,
    channels=1,
    players=("nozzle",),
    actions=("stay", "left", "right"),
    params=(
        Param("lift", 0.15, 0.0, 0.3, kind="real", doc="how strongly smoke rises, cells a tick squared"),
        Param("wind", 0.0, -0.3, 0.3, kind="real", drawn=True, doc="sideways speed of what comes out, cells a tick"),
        Param("nozzle_x", 15, NOZZLE, SIZE - 1 - NOZZLE, drawn=True, doc="column of the nozzle at the start"),
    ),
)


class State(NamedTuple):
    """Of N boxes; all but the nozzle float32."""

    smoke: NDArray[np.floating]  # [N, 32, 32] 0..1
    flow: NDArray[np.floating]  # [N, 2, 32, 32] x and y, cells a tick
    nozzle: NDArray[np.int32]  # [N] its column
    lift: NDArray[np.float32]  # [N] constant
    wind: NDArray[np.float32]  # [N] constant


class Smoke:
    """The simulation as a Simulator. ``Smoke(lift=0.1)`` fixes a param."""

    events = ("still", "moved")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """Clear air at rest; ``params`` [N, 3]."""
        self.spec.check_params(params)
        count = len(params)
        lift, wind, nozzle = params.T
        smoke, flow = np.zeros((count, SIZE, SIZE), np.float32), np.zeros((count, 2, SIZE, SIZE), np.float32)
        return State(smoke, flow, nozzle.astype(np.int32), lift.astype(np.float32), wind.astype(np.float32))

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: the nozzle moves and blows, smoke rises, the flow carries itself and the smoke."""
        move = (actions[:, 0] == 2).astype(np.int32) - (actions[:, 0] == 1)
        nozzle = np.clip(state.nozzle + move, NOZZLE, SIZE - 1 - NOZZLE)
        mouth = (np.abs(np.arange(SIZE) - nozzle[:, None]) <= NOZZLE).astype(np.float32)  # [N, 32]
        smoke, flow = state.smoke.copy(), state.flow.copy()
        smoke[:, -3:-1] = np.maximum(smoke[:, -3:-1], mouth[:, None])
        flow[:, 0, -3] += mouth * state.wind[:, None]
        flow[:, 1] -= state.lift[:, None, None] * smoke
        flow = without_sources(flow)
        carried = carry(np.concatenate([flow, smoke[:, None]], 1), flow)
        return State(FADE * carried[:, 2], carried[:, :2], nozzle, state.lift, state.wind)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 1]: the smoke, and the nozzle in the last row."""
        frames = np.rint(255 * np.clip(state.smoke, 0, 1)).astype(np.uint8)
        mouth = np.abs(np.arange(SIZE) - state.nozzle[:, None]) <= NOZZLE
        frames[:, -1] = np.where(mouth, 255, 0)
        return frames[..., None]

    def status(self, state: State) -> Status:
        """No reward; the simulation is never over."""
        count = len(state.nozzle)
        return Status(np.zeros((count, 1), np.float32), np.zeros(count, bool))

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """Whether the nozzle moved, an index into ``events``, [N]."""
        return (before.nozzle != after.nozzle).astype(np.intp)


def carry(what: NDArray[np.floating], flow: NDArray[np.floating]) -> NDArray[np.floating]:
    """Fields [N, F, H, W] carried along by ``flow`` [N, 2, H, W] for a tick: each cell takes what was where the flow
    has come from, between cells in proportion, and at the edge what is there."""
    count, fields, height, width = what.shape
    x = np.clip(np.arange(width, dtype=np.float32) - flow[:, 0], 0, width - 1.001)
    y = np.clip(np.arange(height, dtype=np.float32)[:, None] - flow[:, 1], 0, height - 1.001)
    column, row = x.astype(np.int64), y.astype(np.int64)
    right, down = (x - column)[:, None], (y - row)[:, None]
    first = (row * width + column).reshape(count, 1, -1)
    flat = what.reshape(count, fields, -1)
    corners = [np.take_along_axis(flat, first + step, 2).reshape(what.shape) for step in (0, 1, width, width + 1)]
    upper, lower = (one + (other - one) * right for one, other in (corners[:2], corners[2:]))
    return upper + (lower - upper) * down


def without_sources(flow: NDArray[np.floating]) -> NDArray[np.floating]:
    """``flow`` [N, 2, H, W] less the slope of a pressure, so that about as much goes into a cell as comes out; nothing
    passes the walls."""
    flow = _walled(flow)
    source = np.zeros_like(flow[:, 0])
    source[:, :, 1:-1] = flow[:, 0, :, 2:] - flow[:, 0, :, :-2]
    source[:, 1:-1] += flow[:, 1, 2:] - flow[:, 1, :-2]
    pressure = np.zeros((len(flow), SIZE + 2, SIZE + 2), np.float32)  # with an edge that is as what lies next to it
    inner = pressure[:, 1:-1, 1:-1]
    for _ in range(PRESSURE_STEPS):
        around = pressure[:, 1:-1, :-2] + pressure[:, 1:-1, 2:]
        around += pressure[:, :-2, 1:-1]
        around += pressure[:, 2:, 1:-1]
        around -= source / 2
        np.divide(around, 4, out=inner)
        pressure[:, :, 0], pressure[:, :, -1] = pressure[:, :, 1], pressure[:, :, -2]
        pressure[:, 0], pressure[:, -1] = pressure[:, 1], pressure[:, -2]
    across = pressure[:, 1:-1, 2:] - pressure[:, 1:-1, :-2]
    down = pressure[:, 2:, 1:-1] - pressure[:, :-2, 1:-1]
    return _walled(flow - np.stack([across, down], 1) / 2)


def _walled(flow: NDArray[np.floating]) -> NDArray[np.floating]:
    """With no flow across the box's edges."""
    flow = flow.copy()
    flow[:, 0, :, [0, -1]] = 0
    flow[:, 1, [0, -1], :] = 0
    return flow
