"""The loop: it learns, records what it did, repeats itself bit for bit, and stops before a loss that is no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch

from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.world import World
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, Record, TrainingConfig, fit, make_optimizer
from tickworld.training.objectives import RolloutConfig, TransitionConfig
from tickworld.training.sampling import HardConfig

CONFIGS = {
    "snapped": TrainingConfig(
        objective=TransitionConfig(),
        sampler=HardConfig(pool=64, fresh=64, renew=8),
        iterations=60,
        batch=16,
        rate=RateConfig(peak=2e-2, warmup=5),
    ),
    "gru": TrainingConfig(
        objective=RolloutConfig(),
        iterations=40,
        batch=8,
        ticks=GrowthConfig(first=2, last=8),
        rate=RateConfig(peak=1e-2, warmup=5),
    ),
}


class Started(NamedTuple):
    """A world that is ready to be trained."""

    world: World
    records: Any


@pytest.fixture
def start(make_world: Callable[[str], World], episodes: Episodes) -> Callable[..., Started]:
    def start(name: str, config: TrainingConfig | None = None, seed: int = 0) -> Started:
        config = config or CONFIGS[name]
        world = make_world(name)
        sampler = config.sampler.build(episodes, world.initializer.opening, seed)
        fabric = engine()
        wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
        return Started(world, fit(fabric, wrapped, optimizer, Lesson(config, sampler, seed)))

    return start


def without_time(records: list[Record]) -> list[Record]:
    return [record._replace(seconds=0.0) for record in records]


def weights(world: World) -> dict[str, torch.Tensor]:
    return {name: each.clone() for name, each in world.state_dict().items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_loss_halves(start: Callable[..., Started], name: str) -> None:
    losses = [record.loss / record.ticks for record in start(name).records]
    assert sum(losses[-5:]) < sum(losses[:5]) / 2


@pytest.mark.parametrize("name", CONFIGS)
def test_the_same_seed_gives_the_same_run(start: Callable[..., Started], name: str) -> None:
    one, two, other = start(name), start(name), start(name, seed=1)
    records = without_time(list(one.records))
    torch.manual_seed(123)  # the global generator has no say
    assert without_time(list(two.records)) == records
    assert without_time(list(other.records)) != records
    assert all(torch.equal(a, b) for a, b in zip(one.world.parameters(), two.world.parameters(), strict=True))


def test_a_record_says_what_an_iteration_did(start: Callable[..., Started]) -> None:
    config = CONFIGS["gru"]
    records: list[Record] = list(start("gru").records)
    assert [record.iteration for record in records] == list(range(40))
    assert [record.ticks for record in records] == [config.ticks.at(i, 40) for i in range(40)]
    assert [record.rate for record in records] == [config.rate.at(i, 40) for i in range(40)]
    for record in records:
        assert record.losses.keys() == config.objective.weights.keys()
        expected = sum(weight * record.losses[name] for name, weight in config.objective.weights.items())
        assert record.loss == pytest.approx(expected, rel=1e-4)
        assert record.frames == 8 * 8 // record.ticks * (record.ticks + 1)
        assert record.gradient > 0 and record.seconds > 0
    assert all(
        type(value) in (int, float) for value in (records[0].loss, records[0].gradient, *records[0].losses.values())
    )


def test_it_begins_where_it_is_told(make_world: Callable[[str], World], episodes: Episodes) -> None:
    config, world = CONFIGS["gru"], make_world("gru")
    sampler = config.sampler.build(episodes, world.initializer.opening, 0)
    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    lesson = Lesson(config, sampler, 0)
    assert [record.iteration for record in fit(fabric, wrapped, optimizer, lesson, 38)] == [38, 39]
    assert list(fit(fabric, wrapped, optimizer, lesson, 40)) == []


def test_a_loss_that_is_no_number_stops_it_before_the_weights_change(
    start: Callable[..., Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, records = start("gru")
    for _ in range(3):
        next(records)
    before = weights(world)
    right = RolloutConfig.__call__

    def broken(self: RolloutConfig, *arguments: Any) -> Any:
        return {name: loss * torch.nan for name, loss in right(self, *arguments).items()}

    monkeypatch.setattr(RolloutConfig, "__call__", broken)
    with pytest.raises(UserError, match="stopped at iteration 3: the loss became nan; checkpoints so far are kept"):
        next(records)
    assert all(torch.equal(each, before[name]) for name, each in world.state_dict().items())


def test_a_gradient_that_is_no_number_stops_it_before_the_weights_change(start: Callable[..., Started]) -> None:
    world, records = start("snapped")
    next(records)
    before = weights(world)
    next(iter(world.parameters())).register_hook(lambda gradient: gradient * torch.inf)
    with pytest.raises(UserError, match="stopped at iteration 1: the gradient became (nan|inf)"):
        next(records)
    assert all(torch.equal(each, before[name]) for name, each in world.named_parameters())


def test_a_long_gradient_is_cut(start: Callable[..., Started]) -> None:
    config = CONFIGS["gru"].model_copy(update={"clip": 1e-3})
    world, records = start("gru", config)
    assert next(records).gradient > 1e-3  # as long as it was
    length = torch.stack([each.grad.norm() for each in world.parameters() if each.grad is not None]).norm()
    assert length.item() == pytest.approx(1e-3, rel=1e-3)


def test_frozen_parts_stay_as_they_are_to_the_last_bit(start: Callable[..., Started]) -> None:
    """The core learns through a renderer that does not; with the initializer frozen too, through both ends."""
    for frozen in (("renderer",), ("initializer", "renderer")):
        world, records = start("gru", CONFIGS["gru"].model_copy(update={"frozen": frozen, "decay": 0.1}))
        before = weights(world)
        for _ in range(3):
            next(records)
        changed = {name.split(".")[0] for name, each in weights(world).items() if not torch.equal(each, before[name])}
        assert changed == {"initializer", "core", "renderer"} - set(frozen)
        assert all((each.grad is None) == (name.split(".")[0] in frozen) for name, each in world.named_parameters())


def test_a_world_that_is_all_frozen_is_told(make_world: Callable[[str], World]) -> None:
    config = CONFIGS["snapped"].model_copy(update={"frozen": ("core",)})
    with pytest.raises(UserError, match=r"all weights of this world are frozen \(training.frozen is core\)"):
        make_optimizer(make_world("snapped"), config)  # its initializer and renderer have none


def test_training_needs_no_gradient_to_score_windows(start: Callable[..., Started]) -> None:
    world, records = start("snapped")
    next(records)
    assert all(each.grad is None or each.grad.isfinite().all() for each in world.parameters())
