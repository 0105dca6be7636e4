"""Every core and every renderer of the tables plays in onnxruntime as it does in torch, from one file for any number
of rows."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
import torch
from tests.laws.conftest import SPECS, small

from tickworld.export.onnx import traced, translated
from tickworld.export.parity import CLOSE, difference
from tickworld.export.tick import Look, Tick
from tickworld.models.cores import CoreConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers import RendererConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.recipes.shelf import open_playable, shipped
from tickworld.simulator import Opening, Spec

CORES = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(CoreConfig)[0])}
RENDERERS = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(RendererConfig)[0])}
GREY, COLOURED = SPECS

SUITED: dict[str, tuple[str, Spec]] = {
    "lstm": ("deconv", COLOURED),
    "transition": ("profiles", COLOURED),
    "mingru": ("runtime", GREY),
    "window": ("diffusion", COLOURED),
    "mdn_rnn": ("vae", GREY),
    "bodies": ("sprites", GREY),
    "snapped": ("palette", COLOURED),
    "recall": ("palette", COLOURED),
    "cellular": ("palette", COLOURED),
    "engine": ("palette", COLOURED),
    "unet": ("palette", COLOURED),
    "committee": ("palette", GREY),
}
"""Cores with the renderer and the game they are exported with: tracing takes seconds, so each renderer is seen once."""
USUAL = ("dense", GREY)
CHANGES: dict[str, dict[str, Any]] = {
    "dilated": {"levels": 3, "cell": {"kind": "gru", "size": 6}},
    "snapped": {"stirred": 100, "far": 4},
    "recall": {"stirred": 100},
    "engine": {"stirred": 100},
    "cellular": {"radius": 2, "width": 12},
    "unet": {"widths": (8, 16)},
    "committee": {"member": {"width": 8, "glance_width": 8, "summary": 4, "stirred": 100}, "members": 2, "sure": 6.0},
}
"""Besides small sizes: as many pixels looked at as there are, since which ones are left out is the machine's choice."""


class Made(NamedTuple):
    """A world's tick and the .onnx file made of it."""

    tick: Tick
    content: bytes


def made(world: Learned) -> Made:
    tick = Tick(world)
    return Made(tick, translated(traced(tick), tick))


@cache
def small_world(name: str) -> Made:
    """A lively world around core ``name``, exported once for all tests."""
    return made(lively(name))


def lively(name: str) -> Learned:
    """A lively world of small parts around core ``name``."""
    renderer, spec = SUITED.get(name, USUAL)
    core = type(small(CORES[name])).model_validate(small(CORES[name]).model_dump() | CHANGES.get(name, {}))
    initializer = {"kind": "history"} if renderer == "palette" else {"kind": "params", "size": 8}
    initializer = {"kind": "described"} if name == "engine" else initializer
    parts = {"initializer": initializer, "core": core.model_dump(), "renderer": small(RENDERERS[renderer]).model_dump()}
    world = seeded_world(WorldConfig.model_validate(parts), spec, seed=0)
    for weight in world.core.parameters():
        weight.data *= 2
    if name == "unet":  # which begins with next to no wish to change anything
        world.core.get_parameter("answer.weight").data *= 10
    for buffer_name, buffer in world.named_buffers():
        if buffer_name.endswith("lively"):
            buffer[:] = True
    return Learned(world, spec, openings(spec, world.initializer.opening))


def openings(spec: Spec, length: int) -> Opening | None:
    """Three mostly dark openings."""
    if not length:
        return None
    chance = np.random.default_rng(0)
    lit = chance.integers(len(spec.palette), size=(3, length, spec.height, spec.width))
    lit[chance.random(lit.shape) < 0.8] = 0
    frames = np.array(spec.palette, np.uint8)[lit]
    return Opening(frames, np.zeros((3, length - 1, len(spec.players)), np.uint8))


@pytest.mark.parametrize("name", CORES)
def test_a_tick_in_onnxruntime_is_a_tick_in_torch(name: str) -> None:
    """Over several ticks, each from the state of the one before, for one row and for more than were traced."""
    tick, content = small_world(name)
    assert max(difference(content, tick, tick, rows, ticks=6) for rows in (1, 5)) <= CLOSE


@pytest.mark.parametrize("name", CORES)
def test_other_weights_would_be_noticed(name: str) -> None:
    tick, content = small_world(name)
    weights = {key: each.clone() for key, each in tick.state_dict().items()}
    try:
        with torch.no_grad():
            for weight in tick.world.core.parameters():
                weight += 0.1
        assert difference(content, tick, tick, ticks=2) > 10 * CLOSE
    finally:
        tick.load_state_dict(weights)


@pytest.mark.parametrize(
    "name", [next(core for core in (*SUITED, "gru") if SUITED.get(core, USUAL)[0] == each) for each in RENDERERS]
)
def test_a_state_is_looked_at_and_trusted_as_in_torch(name: str) -> None:
    import onnxruntime

    world = lively(name)
    start = Tick(world).start
    look = Look(world, start)
    session = onnxruntime.InferenceSession(translated(traced(look), look))
    frame, trust = session.run(list(look.outputs), {"out": start.out.numpy()})
    np.testing.assert_allclose(np.asarray(frame), world.world.render(start).detach().numpy(), atol=CLOSE)
    np.testing.assert_allclose(np.asarray(trust), world.trust(start), rtol=1e-4, atol=1e-4)
    assert np.isfinite(world.trust(start)).all()


def test_every_renderer_is_seen() -> None:
    assert {renderer for renderer, _ in (*SUITED.values(), USUAL)} == set(RENDERERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_cartridge_plays_the_same_game(name: str) -> None:
    tick, content = made(open_playable(f"cartridge:{name}").world)
    assert difference(content, tick, tick, ticks=60) <= CLOSE
