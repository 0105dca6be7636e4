"""The objective of renderer diffusion: its loss by hand, whom it teaches, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.renderers.diffusion import Diffusion, DiffusionConfig
from tickworld.models.world import World
from tickworld.training.denoise import DenoiseConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objective import TensorBatch
from tickworld.training.shards import tensors

BATCH, TICKS = 4, 3


@pytest.fixture
def world(make_world: Callable[[str], World]) -> World:
    return make_world("drawn")


@pytest.fixture
def batch(world: World, episodes: Episodes) -> TensorBatch:
    return tensors(windows(episodes, WindowShape(world.initializer.opening, TICKS, BATCH), 0, 0))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def loss_of(world: World, batch: TensorBatch, seed: int = 0, **settings: Any) -> Tensor:
    return DenoiseConfig.model_validate(settings)(world, batch, chance(seed))["noise"]


def by_hand(world: World, batch: TensorBatch, outs: Tensor) -> Tensor:
    """All frames at noise 0.5, in the order in which they are picked: EDM's loss with lambda = 8 there."""
    assert isinstance(world.renderer, Diffusion)
    draws = chance()
    which = torch.rand(BATCH, TICKS + 1, generator=draws).argsort(1, descending=True)
    torch.randn(BATCH, TICKS + 1, generator=draws)  # of the size of the noise, which is told not to vary
    noise = torch.randn(BATCH, TICKS + 1, *batch.frames.shape[2:], generator=draws)
    losses = torch.zeros(BATCH, TICKS + 1)
    for row in range(BATCH):
        for number, tick in enumerate(which[row].tolist()):
            frame = 2 * batch.frames[row, tick] - 2 * world.renderer.background
            told = world.renderer.read_state(outs[row, tick].unsqueeze(0))
            noisy = (frame + 0.5 * noise[row, number]).unsqueeze(0)
            guess = world.renderer.denoised(noisy, torch.tensor([0.5]), told)
            losses[row, tick] = 8 * (guess - frame).square().sum()
    return losses


def test_the_loss_is_that_of_the_paper(world: World, batch: TensorBatch) -> None:
    still: dict[str, Any] = {"frames": 0, "mean": -0.6931471805599453, "spread": 0.0}
    with torch.no_grad():
        loss = loss_of(world, batch, **still)
        state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
        outs = [state.out]
        for tick in range(TICKS):
            state = world.update(state, batch.actions[:, tick])
            outs.append(state.out)
        torch.testing.assert_close(loss, by_hand(world, batch, torch.stack(outs, 1)), rtol=1e-4, atol=1e-3)


def test_some_frames_of_each_window_stand_for_all(world: World, batch: TensorBatch) -> None:
    still: dict[str, Any] = {"mean": 0.0, "spread": 0.0}
    with torch.no_grad():
        some = loss_of(world, batch, frames=2, **still)
        assert ((some > 0).sum(1) == 2).all()
        every = loss_of(world, batch, frames=0, **still)
        assert (every > 0).all() and torch.equal(every > 0, loss_of(world, batch, frames=9, **still) > 0)
        mean = torch.stack([loss_of(world, batch, seed, frames=2, **still) for seed in range(40)]).mean()
    assert mean.item() == pytest.approx(every.mean().item(), rel=0.1)


@pytest.mark.parametrize("through", [False, True])
def test_the_core_learns_from_it_when_it_is_told_to(world: World, batch: TensorBatch, through: bool) -> None:
    loss_of(world, batch, core=through).sum().backward()
    weights = dict(world.named_parameters())
    silent = {name for name, weight in weights.items() if weight.grad is None or not weight.grad.any()}
    others = {name for name in weights if not name.startswith("renderer.")}
    assert silent == (set() if through else others)


def test_without_a_gradient_it_stays_without(world: World, batch: TensorBatch) -> None:
    with torch.no_grad():
        assert not loss_of(world, batch, core=True).requires_grad


def test_parts_of_a_batch_draw_as_the_whole(world: World, batch: TensorBatch) -> None:
    rest = {name: getattr(batch, name)[1:] for name in batch._fields if name != "place"}
    with torch.no_grad():
        part = loss_of(world, batch._replace(**rest, place=(1, BATCH)))
        torch.testing.assert_close(part, loss_of(world, batch)[1:], rtol=1e-4, atol=1e-3)


def test_a_core_that_draws_is_corrected_by_true_frames(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("rssm")
    renderer = DiffusionConfig(width=8, doublings=1, told=16)
    world.renderer = renderer.build(game("pong").spec, world.core.out_shape)
    batch = tensors(windows(episodes, WindowShape(3, TICKS, BATCH), 0, 0))
    with pytest.raises(UserError, match="use --training.objective.states corrected"):
        loss_of(world, batch)
    loss = loss_of(world, batch, states="corrected")
    assert loss.shape == (BATCH, TICKS + 1)
    loss.sum().backward()
    assert all(weight.grad is not None for weight in world.renderer.parameters())


def test_what_it_cannot_train(make_world: Callable[[str], World], world: World) -> None:
    with pytest.raises(UserError, match="use --world.renderer.kind diffusion"):
        DenoiseConfig().check(make_world("gru"), TICKS)
    with pytest.raises(UserError, match="core cannot observe frames"):
        DenoiseConfig(states="corrected").check(world, TICKS)


@pytest.mark.parametrize("kind", ["rollout", "transition", "evidence"])
def test_other_objectives_leave_its_renderer_alone(world: World, kind: str) -> None:
    settings: dict[str, Any] = {"objective": {"kind": kind}, "ticks": {"first": 2, "last": 2}}
    with pytest.raises(UserError, match=f"learns by objective denoise alone, and {kind} is asked; use"):
        TrainingConfig.model_validate(settings).check(world)
    if kind == "rollout":  # which may train a core through a renderer that has learned
        TrainingConfig.model_validate(settings | {"frozen": ["renderer"]}).check(world)


def test_a_frozen_renderer_has_nothing_to_learn() -> None:
    settings: dict[str, Any] = {"objective": {"kind": "denoise"}, "frozen": ["renderer"]}
    with pytest.raises(ValidationError, match="trains the renderer alone, and frozen holds it"):
        TrainingConfig.model_validate(settings)
    settings["objective"]["core"] = True
    TrainingConfig.model_validate(settings)
