"""An environment of Gymnasium whose objects are told by their colours, as its option ``objects`` says.

What has a colour of its own needs no knowledge of the game to be found, in true frames as in dreamt ones: then object
horizons are measured, and where there is a ball and the player's own object, players can run after it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.games.gym import Gym, GymState
from tickworld.games.gym_config import Address
from tickworld.games.reading import lit_centre
from tickworld.simulator import Objects

BALL = "ball"
"""What the object is called that players run after."""


def gym_game(address: Address) -> Gym:
    """The environment at ``address`` as a Simulator. Raises UserError as ``Gym``, and for a colour that its palette
    does not have."""
    objects = address.config.objects
    if not objects:
        return Gym(address)
    return GymBallGame(address) if BALL in objects else SeenGym(address)


class SeenGym(Gym):
    """With a probe that finds what was named."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.colours = {name: np.array(colour, np.uint8) for name, colour in address.config.objects.items()}
        shown = ", ".join(str(list(each)) for each in self.spec.palette) or "no colour, since there is no palette"
        for name, colour in address.config.objects.items():
            if colour not in self.spec.palette:
                raise UserError(
                    f"{address.what}: object {name} must have a colour of its palette, which has {shown}; got "
                    f"{list(colour)}"
                )

    def __reduce__(self) -> tuple[type[Gym], tuple[Address]]:
        """Another process makes environments of its own."""
        return type(self), (self.address,)

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """The middle of each object's pixels and their number, in any frames [N, H, W, C]."""
        found = {name: lit_centre((frames == colour).all(-1), 0, 0) for name, colour in self.colours.items()}
        return Objects(found, {})


class GymBallGame(SeenGym):
    """With a ball."""

    ball = BALL

    def render_without_ball(self, state: GymState) -> Frames:
        """Frames [N, H, W, C] whose pixels of the ball show the background, the commonest colour."""
        frames = self.render(state)
        frames[(frames == self.colours[BALL]).all(-1)] = self.spec.palette[0]
        return frames
