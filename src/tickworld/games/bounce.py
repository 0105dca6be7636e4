"""Bounce: balls of one weight in a box, real-valued and without friction; nobody presses anything. 32x32, grey.

Balls fly straight on, the walls reflect them, and two that meet exchange their speeds along the line between them, as
elastic bodies do. Their edges are drawn smooth, so a frame shows places finer than a pixel. Collisions of round bodies
magnify every difference, so no world can be right for ever: how long it can be is a matter of how precise it is.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games.drawing import disc
from tickworld.seeds import uniform
from tickworld.simulator import Opening, Param, Spec, Status

SIZE = 32
"""Height and width of the frame and of the box, in pixels."""
MOST = 4
"""Balls at most."""
RADIUS = 3.0
"""Of a ball, in pixels."""
SHADES = (255, 200, 150, 100)
"""Of the balls, in order: so they can be told apart."""

SPEC = Spec(
    name="bounce",
    height=SIZE,
    width=SIZE,
    channels=1,
    players=("nobody",),
    actions=("wait",),
    params=(
        Param("balls", 3, 1, MOST, doc="how many balls"),
        Param("speed", 0.8, 0.2, 1.5, kind="real", doc="mean speed of a ball at the start, pixels a tick"),
    ),
)


class State(NamedTuple):
    """Positions and speeds are float64, in pixels and pixels a tick; balls that are not there have NaN."""

    place: NDArray[np.float64]  # [N, MOST, 2] x, y of the middles
    speed: NDArray[np.float64]  # [N, MOST, 2]
    touched: NDArray[np.int32]  # [N] 0: nothing, 1: a ball touched a wall, 2: two balls met in this tick


class Bounce:
    """The simulation as a Simulator. ``Bounce(balls=2)`` fixes a param, ``Bounce(balls=(1, 4))`` draws it anew for each
    episode."""

    events = ("flight", "wall", "collision")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """Balls in the four quarters of the box, in an order, at places and with directions that follow from the
        seed."""
        self.spec.check_params(params)
        ball = np.arange(MOST)
        chance = np.stack([uniform(seeds, "bounce", number) for number in range(3 * MOST + 1)], 1)
        quarter = (ball + (4 * chance[:, -1:]).astype(int)) % 4
        room = SIZE / 2 - 2 * RADIUS
        place = RADIUS + room * chance[:, : 2 * MOST].reshape(-1, MOST, 2)
        place += SIZE / 2 * np.stack([quarter % 2, quarter // 2], -1)
        angle = 2 * np.pi * chance[:, 2 * MOST : 3 * MOST]
        speed = params[:, 1, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        there = (ball < params[:, :1])[..., None]
        touched = np.zeros(len(params), np.int32)
        return State(np.where(there, place, np.nan), np.where(there, speed, np.nan), touched)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick: all balls move, then those that overlap and come closer exchange their speeds, pair by pair, then
        the walls turn them."""
        place, speed = state.place + state.speed, state.speed.copy()
        met = np.zeros(len(place), bool)
        for one, other in itertools.combinations(range(MOST), 2):
            apart = place[:, one] - place[:, other]
            distance = np.maximum(np.hypot(*apart.T), 1e-9)
            towards = ((speed[:, one] - speed[:, other]) * apart).sum(1)
            meets = (distance < 2 * RADIUS) & (towards < 0)  # with NaN both are false
            kick = np.where(meets, towards / distance**2, 0)[:, None] * np.where(meets[:, None], apart, 0)
            speed[:, one] -= kick
            speed[:, other] += kick
            met |= meets
        low, high = place < RADIUS, place > SIZE - RADIUS
        turned = (low & (speed < 0)) | (high & (speed > 0))
        speed = np.where(turned, -speed, speed)
        touched = np.where(met, 2, np.where(turned.any((1, 2)), 1, 0)).astype(np.int32)
        return State(place, speed, touched)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 32, 32, 1]; where balls overlap the brighter one is seen."""
        frames = np.zeros((len(state.place), SIZE, SIZE))
        for ball, shade in enumerate(SHADES):
            x, y = state.place[:, ball].T
            covered = disc(np.nan_to_num(x, nan=-99.0), np.nan_to_num(y, nan=-99.0), RADIUS, (SIZE, SIZE))
            frames = np.maximum(frames, shade * covered)
        return np.rint(frames).astype(np.uint8)[..., None]

    def status(self, state: State) -> Status:
        """No reward; the simulation is never over."""
        count = len(state.place)
        return Status(np.zeros((count, 1), np.float32), np.zeros(count, bool))

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]."""
        return after.touched.astype(np.intp)
