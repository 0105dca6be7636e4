"""Bodies that fly and bounce, against a slow reference; boxes at their places; a start that is linear in params."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tickworld.errors import UserError
from tickworld.models.cores.bodies import Bodies, BodiesConfig, BodiesState
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.renderers.sprites import Sprites, SpritesConfig
from tickworld.simulator import Param, Spec

LOW, HIGH = 5.0, 30.0
NOTHING = torch.zeros(0)


def court(spec: Spec, bodies: int = 1) -> Bodies:
    """Bodies on a court of 5..30 pixels in x and y, with bounds far outside; the first key after resting pushes by
    1."""
    core = BodiesConfig(bodies=bodies).build(spec)
    sides = torch.tensor([[LOW, HIGH], [-100.0, 200.0]]).view(2, 2, 1, 1)
    core.court.data = sides / core.unit * torch.ones_like(core.court)
    core.home.data.zero_()
    core.keys.weight.data.zero_()
    core.keys.weight.data[:, 0] = 1
    return core


def at(place: Any, speed: Any) -> BodiesState:
    where = torch.tensor(place).view(1, -1, 2)
    return BodiesState(where, torch.tensor(speed).view(1, -1, 2), where.flatten(1))


def keys(*pressed: int) -> Tensor:
    return one_hot(torch.tensor(pressed), 3).float().unsqueeze(0)


def slow(place: float, speed: float, ticks: int) -> list[float]:
    """One number that flies between the walls."""
    seen = []
    for _ in range(ticks):
        place += speed
        if (place < LOW and speed < 0) or (place > HIGH and speed > 0):
            speed = -speed
        seen.append(place)
    return seen


def test_free_flight_is_exact(spec: Spec) -> None:
    core = court(spec)
    seen, state = core.unroll(at([8.0, 25.0], [0.25, -0.125]), keys(*[0] * 40))
    assert torch.equal(seen[0, :, 0], 8 + 0.25 * torch.arange(1, 41))
    assert torch.equal(seen[0, :, 1], 25 - 0.125 * torch.arange(1, 41))
    assert state.speed.flatten().tolist() == [0.25, -0.125]


@pytest.mark.parametrize("speed", [0.25, -0.75, 1.5])
def test_a_body_turns_round_behind_a_wall_as_a_slow_count_says(spec: Spec, speed: float) -> None:
    seen, state = court(spec).unroll(at([10.0, 20.0], [speed, 0.0]), keys(*[0] * 300))
    assert seen[0, :, 0].tolist() == slow(10.0, speed, 300)
    assert state.speed.abs().flatten().tolist() == [abs(speed), 0.0]


def test_keys_move_bodies_as_far_as_their_bounds(spec: Spec) -> None:
    core = court(spec)
    core.court.data[1] = (torch.tensor([9.0, 12.0]).view(2, 1, 1) / core.unit).view_as(core.court[1])
    seen, _ = core.unroll(at([10.0, 10.0], [0.0, 0.0]), keys(1, 2, 1, 1, 1))
    assert seen[0, :, 0].tolist() == [11.0, 11.0, 12.0, 12.0, 12.0]


def test_a_body_at_rest_has_the_slope_of_the_keys(spec: Spec) -> None:
    core = court(spec)
    core.court.data[1] = (torch.tensor([9.0, 12.0]).view(2, 1, 1) / core.unit).view_as(core.court[1])
    for place, slope in ((10.0, 1.0), (13.0, 0.5)):  # half of it beyond a bound, where it can go one way only
        rests = keys(0).requires_grad_()
        seen, _ = core.unroll(at([place, 10.0], [0.0, 0.0]), rests)
        seen[0, 0, 0].backward()
        assert rests.grad is not None and rests.grad[0, 0].tolist() == [0, slope, 0]


def test_a_body_that_flies_is_not_held_by_the_bounds_of_keys(spec: Spec) -> None:
    core = court(spec)
    core.court.data[1] = (torch.tensor([9.0, 12.0]).view(2, 1, 1) / core.unit).view_as(core.court[1])
    seen, _ = core.unroll(at([11.0, 10.0], [2.0, 0.0]), keys(0, 1, 0))
    assert seen[0, :, 0].tolist() == [13.0, 15.0, 17.0]


def test_a_contact_has_the_gradient_of_a_mirror(spec: Spec) -> None:
    """Averaged over where between two ticks the wall is passed, the slope is that of the true places."""
    core = court(spec)
    starts = torch.linspace(9, 9.75, 61)[:-1]  # one whole step of speed
    place = torch.stack([starts, torch.full_like(starts, 20)], 1).unsqueeze(1).requires_grad_()
    speed = torch.tensor([-0.75, 0.0]).expand(60, 1, 2).clone().requires_grad_()
    seen, _ = core.unroll(BodiesState(place, speed, place.flatten(1)), keys(*[0] * 20).expand(60, -1, -1))
    seen[:, -1, 0].sum().backward()
    assert place.grad is not None and speed.grad is not None and core.court.grad is not None
    torch.testing.assert_close(place.grad[:, 0, 0], -torch.ones(60))
    torch.testing.assert_close(speed.grad[:, 0, 0], -20 * torch.ones(60))
    slope = core.court.grad[0, 0, 0, 0] / core.unit[0] / 60
    torch.testing.assert_close(slope, torch.tensor(2.0))
    core.court.data[0, 0] += 0.75 / core.unit[0]  # true to what happens when the wall moves by a whole step
    moved, _ = core.unroll(BodiesState(place, speed, place.flatten(1)), keys(*[0] * 20).expand(60, -1, -1))
    assert (moved - seen)[:, -1, 0].mean().item() == pytest.approx(2 * 0.75, abs=1e-3)


def test_what_keys_moved_is_not_mirrored(spec: Spec) -> None:
    core = court(spec)
    start = at([LOW + 0.5, 20.0], [-1e-3, 0.0])
    core.keys.weight.data *= -1
    seen, _ = core.unroll(start, keys(1, 1, 1))
    seen[0, -1, 0].backward()
    assert core.keys.weight.grad is not None
    assert core.keys.weight.grad[0, 0].item() == pytest.approx(3, abs=0.01)


def box(spec: Spec) -> Sprites:
    renderer = SpritesConfig().build(spec, (2,))
    renderer.extent.data = torch.tensor([[1.0, 2.0]])
    renderer.sharp.data.fill_(3.0)
    renderer.bright.data.fill_(8.0)
    return renderer


def test_a_box_is_drawn_at_its_place(spec: Spec) -> None:
    pixels = box(spec).pixels(box(spec)(torch.tensor([[3.0, 5.0]])))
    lit = (pixels[0] > 0.5).nonzero()
    assert lit[:, 1].unique().tolist() == [3, 4, 5, 6] and lit[:, 2].unique().tolist() == [2, 3]
    assert len(lit) == 3 * 4 * 2  # three channels


def test_a_box_may_be_kept_inside_the_frame(spec: Spec) -> None:
    renderer = box(spec)
    renderer.inside = True
    beyond, edge = renderer(torch.tensor([[-3.0, 11.0], [1.0, 7.0]]))
    assert torch.equal(beyond, edge)
    assert not torch.equal(edge, renderer(torch.tensor([[1.25, 6.75]]))[0])


def test_a_lit_pixel_pulls_a_box_that_is_far_away(spec: Spec) -> None:
    renderer = box(spec)
    renderer.sharp.data.zero_()
    out = torch.tensor([[1.0, 2.0]], requires_grad=True)
    dark, lit = torch.zeros(1, 3, 9, 7), torch.zeros(1, 3, 9, 7)
    lit[..., 8, 6] = 1
    logits = renderer(out)
    pull = [
        torch.autograd.grad(renderer.pixel_loss(logits, frame).sum(), out, retain_graph=True) for frame in (dark, lit)
    ]
    torch.testing.assert_close(pull[1][0] - pull[0][0], torch.tensor([[-3.0, -3.0]]))  # one nat a pixel and channel


def test_sprites_need_pairs(spec: Spec) -> None:
    for shape in ((3,), (2, 9, 7)):
        with pytest.raises(UserError, match=r"needs a core that puts out \(x, y\) pairs.* use core bodies"):
            SpritesConfig().build(spec, shape)


def test_a_start_without_a_hidden_layer_is_linear_in_what_is_read() -> None:
    angle = Param("angle", 0.0, 0.0, 6.25, kind="angle")
    built = ParamsConfig(size=0).build(Spec("toy", 4, 4, 1, ("one",), ("stay",), params=(angle,)), (3,))
    angles = torch.tensor([[0.3], [0.3 + torch.pi], [1.1], [1.1 + torch.pi]])
    start = built(angles, NOTHING, NOTHING)
    torch.testing.assert_close(start[0] + start[1], start[2] + start[3])
