"""A world built by hand, of which it is known what drives what: derivative and perturbation find it, and agree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from tests.laws.test_onnx import CORES, lively
from torch import Tensor

from tickworld.evaluation.inspection.sensitivity import FieldEffects, sensitivity
from tickworld.evaluation.inspection.visits import InspectionConfig, Moments, Visits, own
from tickworld.models.learned import Learned
from tickworld.models.parts import Core, Initializer, Renderer
from tickworld.models.renderers import bernoulli
from tickworld.models.world import World
from tickworld.progress import Silent
from tickworld.simulator import Spec

HEIGHT, WIDTH = 2, 4
SPEC = Spec("built", HEIGHT, WIDTH, 1, ("one",), ("stay", "go"), palette=((0,), (255,)))


class BuiltState(NamedTuple):
    hidden: Tensor
    out: Tensor


class BuiltCore(Core):
    """out' = (3 hidden_0, hidden_1), hidden' = (0.5 hidden_0, hidden_1); hidden_2 does nothing at all."""

    start_shape, out_shape = (3,), (2,)

    def init(self, start: Tensor) -> BuiltState:
        return BuiltState(start, start[:, :2])

    def update(self, state: BuiltState, x: Tensor) -> BuiltState:
        a, b, c = state.hidden.unbind(1)
        return BuiltState(torch.stack([a / 2, b, c], 1), torch.stack([3 * a, b], 1))


class BuiltRenderer(Renderer):
    """The left half of the frame is out_0 nats bright, the right half -2 out_1; the last pixel is always bright."""

    def forward(self, out: Tensor) -> Tensor:
        left, right = (out * torch.tensor([1.0, -2.0])).unsqueeze(-1).expand(-1, -1, 2).unbind(1)
        logits = torch.cat([left, right], 1).unsqueeze(1).repeat(1, HEIGHT, 1)
        logits[:, -1, -1] = 30.0
        return logits.unsqueeze(1)

    def pixels(self, logits: Tensor) -> Tensor:
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        return bernoulli.pixel_loss(logits, frames)


class Nothing(Initializer):
    opening = 0

    def forward(self, params: Tensor, frames: Tensor, actions: Tensor) -> Tensor:
        return torch.zeros(len(params), 3)


def visited(state: Any, spec: Spec, spread: float = 1.0) -> Visits:
    """Visits that are nothing but whole states."""
    empty = np.zeros((0, 0), np.float32)
    count, fields = len(state.out), state._asdict()
    frames = np.zeros((count, *spec.frame_shape), np.uint8)
    actions = np.zeros((4, count, len(spec.players)), np.int64)
    return Visits(
        empty, empty, {}, np.zeros(0, np.int64), np.zeros(0, np.int64),
        fields={name: tuple(field.shape[1:]) for name, field in fields.items()},
        spread=dict.fromkeys(fields, spread),
        highest={name: float(field.max()) for name, field in fields.items()},
        moments=Moments(state, actions, frames),
    )  # fmt: skip


@pytest.fixture(scope="module")
def built() -> dict[str, FieldEffects]:
    world = Learned(World(Nothing(), BuiltCore(), BuiltRenderer(), SPEC), SPEC)
    state = BuiltState(torch.tensor([[0.5, 1.0, 7.0], [1.5, 0.02, 0.0]]), torch.tensor([[2.0, 1.0], [0.01, -3.0]]))
    config = InspectionConfig(ahead=2)
    return {each.name: each for each in sensitivity(world, visited(state, SPEC, spread=1.0), config, Silent())}


def halves(left: float, right: float) -> np.ndarray:
    frame = np.full((HEIGHT, WIDTH), left, np.float32)
    frame[:, 2:] = right
    frame[-1, -1] = 0
    return frame


def test_derivative_finds_what_is_known(built: dict[str, FieldEffects]) -> None:
    now, next_tick, later = built["out"].effects
    assert [each.ahead for each in built["out"].effects] == [0, 1, 2]
    np.testing.assert_allclose(now.slopes, [halves(1, 0), halves(0, 2)], atol=1e-5)
    assert not next_tick.slopes.any() and not later.slopes.any()  # out is forgotten at every tick
    now, next_tick, later = built["hidden"].effects
    assert not now.slopes.any()
    np.testing.assert_allclose(next_tick.slopes, [halves(3, 0), halves(0, 2), halves(0, 0)], atol=1e-5)
    np.testing.assert_allclose(later.slopes, [halves(1.5, 0), halves(0, 2), halves(0, 0)], atol=1e-5)


def test_perturbation_finds_the_same(built: dict[str, FieldEffects]) -> None:
    for field in built.values():
        for effect in field.effects:
            np.testing.assert_allclose(effect.changes, effect.slopes, atol=1e-4)
            agreement = 1.0 if effect.agreement is None and not effect.slopes.any() else effect.agreement
            assert agreement == pytest.approx(1, abs=1e-5)


def test_a_flip_is_a_pixel_of_another_colour(built: dict[str, FieldEffects]) -> None:
    """In one of two states both halves are about to be drawn, and hang on less than what is changed."""
    assert not built["out"].effects[0].flips.any()
    state = BuiltState(torch.tensor([[-0.01, -0.02, 0.0], [1.0, 1.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 0.0]]))
    world = Learned(World(Nothing(), BuiltCore(), BuiltRenderer(), SPEC), SPEC)
    hidden, _ = sensitivity(world, visited(state, SPEC), InspectionConfig(ahead=1), Silent())
    np.testing.assert_allclose(hidden.effects[1].flips, [halves(0.5, 0), halves(0, 0.5), halves(0, 0)])


def begun(name: str) -> tuple[Learned, Any, Spec]:
    """A small untrained world around core ``name``, two states of it after a few ticks, and its game."""
    world = lively(name)
    spec, rows = world.spec, np.arange(2, dtype=np.uint64)
    state = world.init(spec.draw(rows), rows)
    for _ in range(3):
        state = world.update(state, np.ones((2, len(spec.players)), np.int64))
    return world, own(world, state), spec


@pytest.mark.parametrize("name", CORES)
def test_every_core_can_be_asked(name: str) -> None:
    """Of every core the two ways agree on what its frame shows, and something in its state drives the next frame."""
    world, state, spec = begun(name)
    found = sensitivity(world, visited(state, spec, spread=0.1), InspectionConfig(ahead=2, components=24), Silent())
    assert [each.name for each in found] == list(state._fields)
    for field in found:
        assert len(field.tried) == min(24, int(np.prod(field.shape)))
        for effect in field.effects:
            assert effect.slopes.shape == effect.changes.shape == (len(field.tried), spec.height, spec.width)
            assert np.isfinite(effect.slopes).all() and np.isfinite(effect.changes).all()
    (out,) = (each for each in found if each.name == "out")
    agreement = out.effects[0].agreement
    assert agreement is not None and agreement > 0.95
    assert max(each.effects[1].changes.max() for each in found) > 0
    assert max(each.effects[1].slopes.max() for each in found) > 0


def test_a_snapped_world_flips_where_its_slopes_point() -> None:
    """One tick ahead, a change of one pixel's colour does, nearly, what the soft mode's derivative says."""
    world, state, spec = begun("snapped")
    found = sensitivity(world, visited(state, spec), InspectionConfig(ahead=1, components=200), Silent())
    frames = found[0]
    assert frames.name == "frames" and frames.whole and not frames.effects[0].changes.any()
    agreement = frames.effects[1].agreement
    assert agreement is not None and agreement > 0.5
    assert [each.whole for each in found] == [True, True, False]
