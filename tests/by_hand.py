"""A world of the seed's Pong whose weights are set by hand: all but exact, so that nothing has to be trained."""

from __future__ import annotations

import math

import torch
from torch import nn

from tickworld.games import game
from tickworld.models.cores.bodies import UNITS, Bodies, BodiesConfig
from tickworld.models.initializers.params import FromParams, ParamsConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.sprites import Sprites, SpritesConfig
from tickworld.models.world import WorldConfig
from tickworld.simulator import Simulator

PLACES = ((19.5, 19.5), (2.5, 19.5), (37.5, 19.5))
"""Ball, left and right plank: things are drawn at most a pixel to the upper left of where they are, half a one on
average."""

SHARP = 4.0
"""Nats by which a pixel is darker for each pixel further off."""


def truth(**params: float | tuple[float, float]) -> Simulator:
    """The game, with balls of half to one and a half pixels a tick."""
    return game("pong_angle", **{"speed": (0.5, 1.5), **params})


def by_hand() -> Learned:
    """Three bodies that start, fly, bounce and obey as those of the true game do; nobody ever misses."""
    spec = truth().spec
    parts = WorldConfig(
        initializer=ParamsConfig(size=0, products=True), core=BodiesConfig(), renderer=SpritesConfig(inside=True)
    )
    world = parts.build(spec)
    start, core, boxes = world.initializer, world.core, world.renderer
    assert isinstance(start, FromParams) and isinstance(core, Bodies) and isinstance(boxes, Sprites)
    with torch.no_grad():
        for weight in (*start.parameters(), core.keys.weight):
            weight.zero_()
        # read: sin, cos, speed in -1..1, their products; v = (1 + speed / 2) (cos, sin)
        assert isinstance(start.net, nn.Linear)
        start.net.weight[6, [1, 4]] = torch.tensor([1.0, 0.5])
        start.net.weight[7, [0, 3]] = torch.tensor([1.0, 0.5])
        unit = spec.width / UNITS
        core.home.copy_(torch.tensor(PLACES) / unit)
        wall, bound = core.court
        wall[0], wall[1] = -100.0, 100.0
        wall[:, 0] = torch.tensor([[7.0, 2.0], [32.0, 37.0]]) / unit
        bound[0], bound[1] = 7.5 / unit, 32.5 / unit
        for player in range(2):
            for key, move in enumerate((-1.0, 1.0)):
                core.keys.weight[2 * (1 + player) + 1, 2 * player + key] = move
        boxes.extent.copy_(torch.tensor([[2.5, 2.5], [2.5, 7.5], [2.5, 7.5]]) - 5 / SHARP)
        boxes.sharp.fill_(math.log(SHARP))
        boxes.bright.fill_(5.0)
    return Learned(world, spec)
