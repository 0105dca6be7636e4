"""A renderer that draws by taking noise away: one frame a state, told by pictures and vectors, quick to learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.parts import Renderer
from tickworld.models.renderers.diffusion import EDGE, Diffusion, DiffusionConfig
from tickworld.models.world import World, WorldConfig, seeded_world
from tickworld.simulator import Spec

GREY = Spec("grey", 8, 8, 1, ("one",), ("stay", "go"), palette=((0,), (255,)))
COLOURS = replace(GREY, channels=3, palette=((0, 0, 0), (255, 0, 0), (0, 0, 255)))
REAL = replace(GREY, palette=())
SMALL = DiffusionConfig(width=8, doublings=1, told=16)


def made(spec: Spec = GREY, out_shape: tuple[int, ...] = (4,), **settings: Any) -> Diffusion:
    torch.manual_seed(0)
    return DiffusionConfig.model_validate(SMALL.model_dump() | settings).build(spec, out_shape)


def shown(renderer: Renderer, out: Tensor) -> Tensor:
    with torch.no_grad():
        return renderer.pixels(renderer(out))


def taught(renderer: Diffusion, out: Tensor, frames: Tensor, steps: int) -> float:
    """The last loss of some steps of denoising these ``frames``, told ``out``."""
    chance = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(renderer.parameters(), lr=4e-3)
    y = renderer.scaled(frames)
    loss = torch.zeros(())
    for _ in range(steps):
        optimizer.zero_grad()
        sigma = (torch.randn(len(y), generator=chance) * 1.2 - 0.4).exp()
        noisy = y + torch.randn(y.shape, generator=chance) * sigma.view(-1, 1, 1, 1)
        guess = renderer.denoised(noisy, sigma, renderer.read_state(out))
        loss = ((guess - y).square().sum((1, 2, 3)) * (1 / sigma.square() + 4)).mean()
        loss.backward()
        optimizer.step()
    return loss.item()


def test_the_same_state_is_the_same_picture_whatever_chance_does() -> None:
    renderer, out = made(), torch.randn(3, 4)
    torch.manual_seed(1)
    one = shown(renderer, out)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert torch.equal(shown(renderer, out), one) and torch.equal(torch.random.get_rng_state(), before)
    torch.testing.assert_close(shown(renderer, out[:1].expand(3, -1)), one[:1].expand(3, -1, -1, -1))
    assert "grain" not in renderer.state_dict()
    assert torch.equal(made().grain, renderer.grain) and not torch.equal(made(seed=1).grain, renderer.grain)


def test_another_seed_shows_another_picture() -> None:
    one, other = made(), made(seed=1)
    other.load_state_dict(one.state_dict())
    assert (shown(one, torch.zeros(1, 4)) - shown(other, torch.zeros(1, 4))).abs().max() > 0.05


def test_a_picture_is_told_as_a_picture_and_all_else_as_a_vector() -> None:
    picture = made(COLOURS, (3, 8, 8))
    assert picture.is_picture and not hasattr(picture, "grow")
    told = picture.read_state(torch.randn(2, 3, 8, 8))
    assert told.picture is not None and torch.allclose(told.picture.sum(1), torch.ones(2, 8, 8))
    for spec, shape in ((COLOURS, (3, 8, 7)), (COLOURS, (12,)), (REAL, (1, 8, 8))):
        vector = made(spec, shape)
        assert not vector.is_picture and vector.read_state(torch.randn(2, *shape)).picture is None
        assert shown(vector, torch.randn(2, *shape)).shape == (2, spec.channels, 8, 8)


@pytest.mark.parametrize("spec", [GREY, COLOURS, REAL], ids=["grey", "colours", "real"])
def test_frames_are_scaled_about_the_background(spec: Spec) -> None:
    renderer = made(spec)
    behind = torch.tensor(spec.palette[0]).float() / 255 if spec.palette else torch.full((spec.channels,), 0.5)
    flat = behind.view(1, -1, 1, 1).expand(1, -1, 8, 8)
    assert not renderer.scaled(flat).any()
    assert renderer.scaled(torch.ones(1, spec.channels, 8, 8)).max() == (2 if spec.palette else 1)


def test_what_is_cut_is_shown_as_black_and_white_and_costs_next_to_nothing() -> None:
    renderer = made()
    logits = torch.tensor([EDGE, 1 - EDGE]).logit().view(1, 1, 1, 2)
    assert (renderer.pixels(logits) * 255).round().flatten().tolist() == [0, 255]
    frames = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    right, wrong = (renderer.pixel_loss(logits, each) for each in (frames, 1 - frames))
    torch.testing.assert_close(right, torch.full((1, 1, 2), EDGE), atol=1e-5, rtol=0)
    assert wrong.flatten().tolist() == pytest.approx([6.238, 6.238], abs=1e-3)


def test_it_draws_what_a_picture_over_colours_says() -> None:
    renderer = made(COLOURS, (3, 8, 8))
    chance = torch.Generator().manual_seed(0)
    which = torch.randint(3, (64, 8, 8), generator=chance)
    palette = torch.tensor(COLOURS.palette).float() / 255
    out, frames = 20 * torch.eye(3)[which].movedim(-1, 1), palette[which].movedim(-1, 1)
    taught(renderer, out[:32], frames[:32], steps=200)
    assert (shown(renderer, out[32:]) - frames[32:]).abs().max() < 0.4  # the nearest colour is the right one
    assert (shown(renderer, out[32:]) - frames[32:]).square().mean() < 0.002


def test_it_draws_where_a_vector_says_far_better_than_the_mean_picture() -> None:
    """A dot in one of sixteen places, which a vector of four numbers tells."""
    renderer = made()
    places = torch.arange(16)
    out = torch.stack([(places >> bit & 1).float() * 2 - 1 for bit in range(4)], 1)
    frames = torch.zeros(16, 1, 8, 8)
    for place in range(16):
        top, left = 2 * (place // 4), 2 * (place % 4)
        frames[place, :, top : top + 2, left : left + 2] = 1
    taught(renderer, out.repeat(4, 1), frames.repeat(4, 1, 1, 1), steps=200)
    error, floor = (shown(renderer, out) - frames).square().mean(), (frames.mean(0) - frames).square().mean()
    assert error < 0.1 * floor


def test_where_the_state_leaves_it_open_it_draws_one_of_the_pictures() -> None:
    """All white or all black, whatever the state says: other renderers would show grey."""
    frames = torch.cat([torch.zeros(16, 1, 8, 8), torch.ones(16, 1, 8, 8)])
    sides = []
    renderer = made(REAL)
    taught(renderer, torch.zeros(32, 4), frames, steps=250)
    for seed in range(6):
        other = made(REAL, seed=seed)
        other.load_state_dict(renderer.state_dict())
        picture = shown(other, torch.zeros(1, 4))
        assert (picture - 0.5).abs().mean() > 0.3
        sides.append(bool(picture.mean() > 0.5))
    assert len(set(sides)) == 2


def test_more_steps_and_blocks_and_odd_sizes() -> None:
    spec = replace(GREY, height=7, width=9)
    renderer = made(spec, steps=5, blocks=2, doublings=3)
    assert len(renderer.levels) == 6 and shown(renderer, torch.randn(2, 4)).shape == (2, 1, 7, 9)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"lowest": 6.0}, "noise falls from highest to lowest; got 5 and 6"),
        ({"width": 12}, "multiple of 8"),
        ({"steps": 0}, "greater than 0"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        DiffusionConfig.model_validate(settings)


WORLDS = {
    "gru": WorldConfig(initializer=FramesConfig(opening=2, size=8), core=GruConfig(size=8), renderer=SMALL),
    "snapped": WorldConfig(
        initializer=HistoryConfig(), core=SnappedConfig(radius=(1, 1), ages=3, width=8, summary=4), renderer=SMALL
    ),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=2, size=8), core=RssmConfig(size=8, groups=2, classes=2), renderer=SMALL
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_draws_so_unrolls_as_it_renders(name: str) -> None:
    world: World = seeded_world(WORLDS[name], GREY, 0).eval()
    opening = world.initializer.opening
    state = world.init(torch.zeros(2, 0), torch.rand(2, opening, 1, 8, 8), torch.zeros(2, opening - 1, 1).long())
    actions = torch.randint(2, (2, 3, 1))
    with torch.no_grad():
        logits = world.unroll(state, actions)
        for tick in range(4):
            torch.testing.assert_close(
                world.renderer.pixels(logits[:, tick]), world.render(state), rtol=1e-4, atol=1e-4
            )
            state = world.update(state, actions[:, tick]) if tick < 3 else state


def test_a_core_of_codes_has_nothing_to_observe_in_it() -> None:
    config = WORLDS["gru"].model_dump() | {"core": {"kind": "mdn_rnn", "size": 8, "code": 4}}
    world = seeded_world(WorldConfig.model_validate(config), GREY, 0)
    with pytest.raises(UserError, match="give a core of codes, such as mdn_rnn, a renderer with an encoder"):
        world.check_observes()
