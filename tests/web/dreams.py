"""One dream twice: in the page of its export, and in Python."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld.export.tick import first_states
from tickworld.frames import Frames
from tickworld.models.learned import Drawn, Learned
from tickworld.seeds import mix

PLAY = """async ([seed, keys]) => {
    const { session } = tickworld.game;
    await session.restart(null, seed);
    const frames = [session.frames.dream];
    for (const pressed of keys) {
        await session.step(pressed);
        frames.push(session.frames.dream);
    }
    return btoa(frames.map((frame) => String.fromCharCode(...frame)).join(""));
}"""
"""``window.tickworld``: see web/src/main.ts."""


def played_in_page(page: Any, world: Learned, seed: int, keys: NDArray[np.int64]) -> Frames:
    """The frames [T+1, H, W, C] of the dream number ``seed`` under ``keys`` [T, P] in an open ``page`` of ``world``."""
    got = base64.b64decode(page.evaluate(PLAY, [seed, keys.tolist()]))
    return np.frombuffer(got, np.uint8).reshape(len(keys) + 1, *world.spec.frame_shape)


def played_in_python(world: Learned, seed: int, keys: NDArray[np.int64]) -> Frames:
    """The same, from torch. What a world draws follows from the seed, here as there."""
    world = Learned(world.world, world.spec, world.starts)  # the page knows no rewards
    states = first_states(world)
    start = seed % len(states.out)
    state: Any = type(states)(*(field[start : start + 1] for field in states))
    if world.noise:
        state = Drawn(state, mix(np.array([seed], np.uint64), "dream"))
    frames = [world.render(state)]
    for pressed in keys:
        state = world.update(state, pressed[None])
        frames.append(world.render(state))
    return np.concatenate(frames)
