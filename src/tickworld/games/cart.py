"""Cart: a pole on a cart that is pushed to the left or right, drawn in 40x40 grey pixels.

The equations are those of Barto, Sutton and Anderson (1983), with friction in the pole's joint, integrated with four
steps a tick. The pole may fall and swing as it likes, the rail's ends stop the cart; nothing is ever over. One frame
shows places, not speeds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.games.drawing import line
from tickworld.simulator import Opening, Param, Spec, Status

SIZE = 40
"""Height and width of the frame, in pixels."""
RAIL_Y = 26.0
"""Row of the rail, in pixels."""
SCALE = 8.0
"""Pixels a metre."""
REACH = 1.1
"""How far the cart gets from the middle, in metres; the pole just stays in the picture."""
POLE = 1.4
"""Length of the pole, in metres; its middle is where its weight acts."""
CART_MASS, POLE_MASS, FRICTION = 1.0, 0.1, 0.004
GRAVITY = 9.8
SECONDS, STEPS = 0.04, 4
"""Of a tick, and into how many steps it is divided."""

SPEC = Spec(
    name="cart",
    height=SIZE,
    width=SIZE,
    channels=1,
    players=("cart",),
    actions=("coast", "left", "right"),
    params=(
        Param("force", 6.0, 2.0, 12.0, kind="real", doc="of a push, in newtons"),
        Param("angle", 0.0, 0.0, 2 * np.pi, kind="angle", drawn=True, doc="of the pole at the start, radians, 0: up"),
        Param("place", 0.0, -1.0, 1.0, kind="real", drawn=True, doc="of the cart at the start, metres from the middle"),
    ),
)


class State(NamedTuple):
    """All float64 [N]."""

    place: NDArray[np.float64]  # metres from the middle
    speed: NDArray[np.float64]  # metres a second
    angle: NDArray[np.float64]  # radians from upright, growing to the right
    spin: NDArray[np.float64]  # radians a second
    force: NDArray[np.float64]  # newtons, constant


class Cart:
    """The simulation as a Simulator. ``Cart(force=10)`` fixes a param."""

    events = ("coast", "push", "stop")

    def __init__(self, **params: float | tuple[float, float]) -> None:
        self.spec = SPEC.with_params(params)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """At rest, as ``params`` [N, 3] describe it."""
        self.spec.check_params(params)
        force, angle, place = params.T.astype(np.float64)
        zero = np.zeros(len(params))
        return State(place, zero, angle, zero, force)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """One tick of four semi-implicit steps."""
        push = state.force * ((actions[:, 0] == 2).astype(float) - (actions[:, 0] == 1))
        place, speed, angle, spin, _ = state
        for _ in range(STEPS):
            gained, turned = _accelerations(push, angle, spin)
            speed, spin = speed + gained * SECONDS / STEPS, spin + turned * SECONDS / STEPS
            place, angle = place + speed * SECONDS / STEPS, angle + spin * SECONDS / STEPS
            stopped = np.abs(place) >= REACH
            place, speed = np.where(stopped, np.sign(place) * REACH, place), np.where(stopped, 0, speed)
        return State(place, speed, angle, spin, state.force)

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames uint8 [N, 40, 40, 1]: rail, cart and pole."""
        x, y = SIZE / 2 + SCALE * state.place, np.full_like(state.place, RAIL_Y)
        tip = x + SCALE * POLE * np.sin(state.angle), y - SCALE * POLE * np.cos(state.angle)
        cart = line((x - 2.5, y), (x + 2.5, y), 4.0, (SIZE, SIZE))
        pole = line((x, y), tip, 2.0, (SIZE, SIZE))
        frames = np.maximum(170 * cart, 255 * pole)
        frames[:, int(RAIL_Y) + 3] = np.maximum(frames[:, int(RAIL_Y) + 3], 80)
        return np.rint(frames).astype(np.uint8)[..., None]

    def status(self, state: State) -> Status:
        """The reward is the pole's height, from -1 to 1; the simulation is never over."""
        return Status(np.cos(state.angle).astype(np.float32)[:, None], np.zeros(len(state.angle), bool))

    def event(self, before: State, after: State) -> NDArray[np.intp]:
        """What happened in the tick from ``before`` to ``after``, an index into ``events``, [N]; "push" is a tick in
        which the cart became faster or slower by more than coasting does."""
        stopped = (np.abs(after.place) >= REACH) & (np.abs(before.place) < REACH)
        pushed = np.abs(after.speed - before.speed) > SECONDS * 0.5 * before.force / (CART_MASS + POLE_MASS)
        return np.select([stopped, pushed], [2, 1], 0)


def _accelerations(push: NDArray, angle: NDArray, spin: NDArray) -> tuple[NDArray, NDArray]:
    """Of the cart, metres a second squared, and of the pole, radians a second squared, (7) and (8) of the source."""
    total, half = CART_MASS + POLE_MASS, POLE / 2
    sine, cosine = np.sin(angle), np.cos(angle)
    inner = (push + POLE_MASS * half * spin**2 * sine) / total
    moment = half * (4 / 3 - POLE_MASS * cosine**2 / total)
    turned = (GRAVITY * sine - cosine * inner - FRICTION * spin / (POLE_MASS * half)) / moment
    return inner - POLE_MASS * half * turned * cosine / total, turned
