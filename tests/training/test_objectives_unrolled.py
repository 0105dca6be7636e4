"""How a window is unrolled: pushed on without a gradient, with the gradient cut, with some of the true frames shown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor

from tickworld import config as configs
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.world import World
from tickworld.training.curriculum import GrowthConfig
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, TrainingConfig, fit, make_optimizer
from tickworld.training.objective import TensorBatch
from tickworld.training.objectives import EvidenceConfig, RolloutConfig
from tickworld.training.shards import tensors

BATCH, TICKS = 6, 3
WORLD_FOR = {"rollout": "gru", "evidence": "rssm"}


def batch_for(world: World, episodes: Episodes, ticks: int = TICKS) -> TensorBatch:
    return tensors(windows(episodes, WindowShape(world.initializer.opening, ticks, BATCH), 0, 0))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gradient_of(world: World, loss: Tensor) -> dict[str, Tensor]:
    """The gradient of every weight, by name; zeros where there is none. Can be asked again."""
    names, weights = zip(*world.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, weights, retain_graph=True, materialize_grads=True)
    return dict(zip(names, found, strict=True))


def learns(gradients: dict[str, Tensor], part: str) -> bool:
    return any(each.any() for name, each in gradients.items() if name.startswith(part))


@pytest.mark.parametrize("objective", [RolloutConfig(), RolloutConfig(push=0, truncate=0), EvidenceConfig()])
def test_what_is_off_draws_nothing(objective: Any, make_world: Callable[[str], World], episodes: Episodes) -> None:
    """So that the same seed gives the same losses as before there were such settings."""
    world, generator = make_world(WORLD_FOR[objective.kind]), chance()
    batch = batch_for(world, episodes)
    losses = objective.at(3, 10)(world, batch, generator)
    expected = chance()
    if objective.kind == "evidence":
        torch.randn(BATCH, TICKS + 1, world.renderer.noise + 2 * world.core.noise, generator=expected)
    assert torch.equal(generator.get_state(), expected.get_state())
    assert all(loss.shape == (BATCH, TICKS + 1) for loss in losses.values())


def test_pushed_ticks_pass_no_gradient(make_world: Callable[[str], World], episodes: Episodes) -> None:
    """What is judged is what free running shows after those ticks; neither they nor the start learn from it."""
    world, ticks = make_world("gru"), 9
    batch, objective = batch_for(world, episodes, ticks), RolloutConfig(push=4, moving=0.0)
    plain = RolloutConfig(moving=0.0)(world, batch, chance())["pixels"]
    assert learns(gradient_of(world, plain[:, -1].sum()), "initializer")
    lengths = set()
    for seed in range(30):
        pixels = objective(world, batch, chance(seed))["pixels"]
        count = ticks + 1 - pixels.shape[1]
        lengths.add(count)
        torch.testing.assert_close(pixels, plain[:, count:], rtol=1e-4, atol=1e-3)
        gradients = gradient_of(world, pixels.sum())
        assert learns(gradients, "initializer") == (count == 0)
        assert learns(gradients, "core") and learns(gradients, "renderer")
        assert not learns(gradient_of(world, pixels[:, 0].sum()), "core") or count == 0
    assert lengths == {0, 1, 2, 3, 4}


def test_windows_that_are_only_compared_are_not_pushed(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("gru")
    with torch.no_grad():
        losses = RolloutConfig(push=2)(world, batch_for(world, episodes), chance(1))
    assert losses["pixels"].shape == (BATCH, TICKS + 1)


def test_a_truncated_gradient_does_not_reach_the_start(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("gru")
    batch = batch_for(world, episodes, 8)
    cut, whole = (RolloutConfig(truncate=ticks)(world, batch, chance())["pixels"] for ticks in (3, 0))
    torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-3)
    for tick in range(9):  # the frame after tick t is of the piece that begins after tick (t - 1) // 3 * 3
        assert learns(gradient_of(world, cut[:, tick].sum()), "initializer") == (tick <= 3)
        assert learns(gradient_of(world, whole[:, tick].sum()), "initializer")
        assert learns(gradient_of(world, cut[:, tick].sum()), "core") or tick == 0


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_frames_that_are_not_shown_do_not_correct(
    name: str, make_world: Callable[[str], World], episodes: Episodes
) -> None:
    """All shown: teacher forcing. None: the states run free, and each frame is still learned from."""
    world, batch = make_world(name).eval(), batch_for(make_world(name), episodes)
    objective, always = EvidenceConfig(), EvidenceConfig()(world, batch, chance(3))
    for same in (objective(world, batch, chance(3), 1.0), objective.at(5, 10)(world, batch, chance(3))):
        assert all(torch.equal(same[each], always[each]) for each in always)
    none = objective(world, batch, chance(3), 0.0)
    reads, draws = world.renderer.noise, world.core.noise
    noise = torch.randn(BATCH, TICKS + 1, reads + 2 * draws, generator=chance(3))
    state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
    for tick in range(TICKS + 1):
        frame = batch.frames[:, tick]
        corrected, surprise = world.observe(state, frame, noise[:, tick, : reads + draws])
        pixels = world.renderer.pixel_loss(world.renderer(corrected.out), frame).sum((1, 2))
        torch.testing.assert_close(none["surprise"][:, tick], surprise, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(none["pixels"][:, tick], pixels, rtol=1e-4, atol=1e-3)
        if tick < TICKS:
            state = corrected if tick == 0 else state  # the first frame of a window is always shown
            state = world.update(state, batch.actions[:, tick], noise[:, tick + 1, reads + draws :])
    assert not torch.allclose(none["surprise"][:, 2:], always["surprise"][:, 2:])


def test_which_frames_are_shown_follows_from_the_iteration(
    make_world: Callable[[str], World], episodes: Episodes
) -> None:
    world = make_world("rssm").eval()
    batch, objective = batch_for(world, episodes), EvidenceConfig.model_validate({"shown": {"last": 0.0}})

    def surprise(iteration: int, seed: int = 3) -> Tensor:
        return objective.at(iteration, 100)(world, batch, chance(seed))["surprise"]

    first, half, last = surprise(0), surprise(25), surprise(50)
    assert torch.equal(first, EvidenceConfig()(world, batch, chance(3))["surprise"])
    assert torch.equal(last, EvidenceConfig()(world, batch, chance(3), 0.0)["surprise"])
    assert torch.equal(half, surprise(25)) and not torch.equal(half, first) and not torch.equal(half, last)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"push": 2, "patience": 9.0}, "push 2 trains on what follows .* patience 9 counts it less; set one .* to 0"),
        ({"push": -1}, "push': Input should be greater than or equal to 0"),
        ({"truncate": -1}, "truncate': Input should be greater than or equal to 0"),
    ],
)
def test_senseless_ways_to_unroll_are_told(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        configs.override(TrainingConfig(objective=RolloutConfig()), {f"objective.{k}": v for k, v in changes.items()})


def test_windows_too_short_to_push_are_told(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("gru")
    with pytest.raises(UserError, match=r"pushes 3 ticks .* windows of 3; set --training.ticks.first to 4 or more"):
        RolloutConfig(push=3)(world, batch_for(world, episodes), chance())


OBJECTIVES: dict[str, Any] = {
    "push": RolloutConfig(push=2),
    "truncate": RolloutConfig(truncate=2),
    "shown": EvidenceConfig.model_validate({"shown": {"last": 0.0}}),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_run_that_goes_on_unrolls_as_one_that_never_stopped(
    name: str, make_world: Callable[[str], World], episodes: Episodes
) -> None:
    """And not as one without the setting: all of them are pure functions of (seed, iteration)."""

    def losses(objective: Any, stop: int = 8) -> list[float]:
        config = TrainingConfig(objective=objective, iterations=8, batch=4, ticks=GrowthConfig(first=5, last=5))
        world, found = make_world(WORLD_FOR[objective.kind]), list[float]()
        wrapped, optimizer = engine().setup(world, make_optimizer(world, config))
        for first, last in ((0, stop), (stop, 8)):  # nothing but weights and optimiser goes from one to the other
            sampler = config.sampler.build(episodes, world.initializer.opening, 0)
            records = fit(engine(), wrapped, optimizer, Lesson(config, sampler, 0), first)
            found += [record.loss for record in islice(records, last - first)]
        return found

    objective = OBJECTIVES[name]
    whole = losses(objective)
    assert all(losses(objective, stop) == whole for stop in (1, 5))
    plain = losses(type(objective)())
    assert whole != plain
    if name == "shown":
        assert whole[0] == plain[0]  # all are shown at first
