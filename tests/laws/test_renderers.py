"""Every renderer of the table: size, range, gradient, and a loss that is lowest where the picture is right."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.parts import Renderer
from tickworld.simulator import Spec

ROWS = 5


class Case(NamedTuple):
    """A renderer with what it renders."""

    renderer: Renderer
    out: Tensor  # [B, *out_shape]
    frames: Tensor  # [B, C, H, W] in the colours of the game
    others: Tensor  # the same, every pixel in another colour


@pytest.fixture
def case(renderer: Any, spec: Spec) -> Case:
    """Built for the first kind of ``out`` that suits it: a vector, or a map over the colours."""
    torch.manual_seed(0)
    palette = torch.tensor(spec.palette).float() / 255
    which = torch.randint(len(palette), (ROWS, spec.height, spec.width))
    frames, others = (palette[index].movedim(-1, 1) for index in (which, (which + 1) % len(palette)))
    for shape in ((12,), (len(palette), spec.height, spec.width)):
        try:
            return Case(renderer.build(spec, shape), torch.randn(ROWS, *shape), frames, others)
        except UserError:
            continue
    raise AssertionError(f"{renderer.kind} suits no core")


def rendered(case: Case, out: Tensor) -> Tensor:
    with torch.no_grad():
        return case.renderer.pixels(case.renderer(out))


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_pixels_are_a_frame_between_black_and_full(case: Case, scale: float) -> None:
    pixels = rendered(case, case.out * scale)
    assert pixels.shape == case.frames.shape and pixels.dtype == torch.float32
    assert pixels.isfinite().all() and pixels.min() >= 0 and pixels.max() <= 1


def test_a_new_one_shows_mostly_the_first_colour(case: Case) -> None:
    assert rendered(case, case.out * 0).mean() < 0.2


def test_the_loss_is_one_number_a_pixel(case: Case) -> None:
    loss = case.renderer.pixel_loss(case.renderer(case.out), case.frames)
    assert loss.shape == (ROWS, *case.frames.shape[-2:])
    assert loss.isfinite().all() and (loss >= 0).all()


def test_the_loss_is_lowest_at_the_truth(case: Case) -> None:
    """Whatever logits the loss asks for show the true frame, and every pixel of another colour costs more."""
    logits = case.renderer(case.out).detach().requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        case.renderer.pixel_loss(logits, case.frames).sum().backward()
        optimizer.step()
    best = logits.detach()
    torch.testing.assert_close(case.renderer.pixels(best), case.frames, atol=0.02, rtol=0)
    true, wrong = (case.renderer.pixel_loss(best, frames) for frames in (case.frames, case.others))
    assert true.max() < 0.05 and (wrong > true).all()


def test_gradient_reaches_the_state_and_every_weight(case: Case) -> None:
    out = case.out.clone().requires_grad_()
    seen, nats = case.renderer.read(case.frames, torch.randn(ROWS, case.renderer.noise))
    loss = case.renderer.pixel_loss(case.renderer(out), case.frames).sum()
    (loss + seen.square().sum() + nats.sum()).backward()
    assert out.grad is not None and (out.grad != 0).any(0).all()
    weights = dict(case.renderer.named_parameters())
    assert [name for name, weight in weights.items() if weight.grad is None or not weight.grad.any()] == []


def test_what_a_core_may_observe_is_one_row_a_frame(case: Case) -> None:
    noise = torch.randn(ROWS, case.renderer.noise)
    before = torch.random.get_rng_state()
    with torch.no_grad():
        seen, nats = case.renderer.read(case.frames, noise)
        alone, told = case.renderer.read(case.frames[2:3], noise[2:3])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert seen.shape == (ROWS, *(case.renderer.code_shape or case.frames.shape[1:]))
    assert seen.shape in (case.frames.shape, case.out.shape) and nats.shape == (ROWS,) and (nats >= 0).all()
    torch.testing.assert_close(alone, seen[2:3])
    torch.testing.assert_close(told, nats[2:3])


def test_a_row_alone_is_the_row_among_others(case: Case) -> None:
    together = rendered(case, case.out)
    for row in range(ROWS):
        alone = rendered(case, case.out[row : row + 1])
        torch.testing.assert_close(alone, together[row : row + 1], rtol=1e-5, atol=1e-6)


def test_what_is_given_is_never_changed(case: Case) -> None:
    out, frames = case.out.clone(), case.frames.clone()
    logits = case.renderer(case.out)
    kept = logits.detach().clone()
    case.renderer.pixels(logits)
    case.renderer.pixel_loss(logits, case.frames)
    assert torch.equal(case.out, out) and torch.equal(case.frames, frames) and torch.equal(logits, kept)
