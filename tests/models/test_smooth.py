"""A world as a function with a gradient: it shows what the hard one shows, and its slopes arrive."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.by_hand import by_hand, truth

from tickworld import seeds
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.smooth import Smooth
from tickworld.models.world import WorldConfig
from tickworld.simulator import Opening

ROWS = seeds.rows(0, 0, 2)
KEYS = np.random.default_rng(0).integers(0, 3, (2, 4, 2))


def snapped() -> Learned:
    spec = game("pong").spec
    core = SnappedConfig(width=8, glance_width=8, summary=4, radius=(2, 2), glance=(1, 1), ages=4)
    torch.manual_seed(0)
    world = WorldConfig(initializer=HistoryConfig(), core=core, renderer=PaletteConfig()).build(spec)
    assert isinstance(world.core, Snapped)
    world.core.watch(torch.zeros(1, 32, 32), torch.ones(1, 32, 32, dtype=torch.bool))
    frames = np.zeros((2, world.initializer.opening, 32, 32, 1), np.uint8)
    frames[:, :, 10:15, 3] = 255
    return Learned(world, spec, Opening(frames, np.zeros((2, world.initializer.opening - 1, 2), np.uint8)))


def test_pressed_keys_show_what_the_world_shows() -> None:
    world, params = by_hand(), truth().spec.draw(ROWS)
    smooth, state = Smooth(world), world.init(params, ROWS)
    dreamt = smooth.frames(smooth.begin(torch.from_numpy(params)), smooth.corners(KEYS))
    now = smooth.soften(state)
    for tick in range(4):
        with torch.no_grad():
            shown = world.world.render(state)
        torch.testing.assert_close(dreamt[:, tick], shown, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(dreamt[:, tick], smooth.render(now), rtol=1e-4, atol=1e-5)
        state, now = world.update(state, KEYS[:, tick]), smooth.update(now, smooth.corners(KEYS[:, tick]))
    torch.testing.assert_close(
        smooth.last(smooth.soften(world.init(params, ROWS)), smooth.corners(KEYS)), dreamt[:, -1]
    )


@pytest.mark.parametrize("double", [False, True])
def test_slopes_come_back_from_frames_to_keys_states_and_params(double: bool) -> None:
    smooth = Smooth(by_hand(), double)
    params = torch.from_numpy(truth().spec.draw(ROWS)).to(smooth.dtype).requires_grad_()
    shares = (smooth.corners(KEYS) * 0.7 + 0.1).requires_grad_()
    state = smooth.begin(params)
    smooth.last(state, shares).square().sum().backward()
    for each in (params, shares):
        assert each.grad is not None and each.grad.isfinite().all() and each.grad.any()
    assert not any(weight.requires_grad for weight in smooth.world.parameters())


@pytest.mark.parametrize("double", [False, True])
def test_a_world_that_decides_is_soft_here(double: bool) -> None:
    world = snapped()
    smooth = Smooth(world, double)
    state = smooth.soften(world.init(game("pong").spec.draw(ROWS), ROWS))
    shares = smooth.corners(KEYS).requires_grad_()
    frame = smooth.last(state, shares)
    frame.square().sum().backward()
    assert shares.grad is not None and shares.grad.any() and frame.dtype == smooth.dtype
    assert ((frame >= 0) & (frame <= 1)).all() and ((frame > 0.01) & (frame < 0.99)).any(), "shades, not colours"


def test_it_knows_which_params_it_hears() -> None:
    assert Smooth(by_hand()).hears() == [0, 1]
    assert Smooth(snapped()).hears() == []


def test_an_opening_is_asked_for() -> None:
    with pytest.raises(UserError, match="this world starts from 4 frames of pong; show it an opening"):
        Smooth(snapped()).begin(torch.zeros(1, 14))
