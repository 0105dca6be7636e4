"""A batch in parts trains as the batch: the same losses and weights, and every window is some part's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.world import World
from tickworld.training.curriculum import GrowthConfig, RateConfig, ShownConfig
from tickworld.training.devices import Devices
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, Record, TrainingConfig, fit, make_optimizer
from tickworld.training.launch import launch
from tickworld.training.objectives import EvidenceConfig, RolloutConfig, TransitionConfig
from tickworld.training.sampling import HardConfig
from tickworld.training.shards import Shards

FOUR = GrowthConfig(first=4, last=4)
CONFIGS = {
    "snapped": TrainingConfig(objective=TransitionConfig(), sampler=HardConfig(pool=32, fresh=32, renew=3)),
    "gru": TrainingConfig(objective=RolloutConfig(push=2), ticks=GrowthConfig(first=4, last=8)),
    "mdn_rnn": TrainingConfig(objective=EvidenceConfig(shown=ShownConfig(first=0.5, last=0.5)), ticks=FOUR),
    "rssm": TrainingConfig(objective=EvidenceConfig(), ticks=FOUR),
}


def trained(world: World, episodes: Episodes, config: TrainingConfig, accumulate: int) -> list[Record]:
    config = config.model_copy(update={"iterations": 8, "batch": 7, "rate": RateConfig(peak=1e-3, warmup=2)})
    fabric, sampler = engine(), config.sampler.build(episodes, world.initializer.opening, 0)
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    return list(fit(fabric, wrapped, optimizer, Lesson(config, sampler, 0), 0, accumulate))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_batch_in_parts_teaches_what_the_batch_does(
    make_world: Callable[[str], World], episodes: Episodes, name: str
) -> None:
    one, three = make_world(name), make_world(name)
    whole, parts = (trained(world, episodes, CONFIGS[name], count) for world, count in ((one, 1), (three, 3)))
    for a, b in zip(whole, parts, strict=True):
        assert (a.iteration, a.ticks, a.frames) == (b.iteration, b.ticks, b.frames)
        assert b.loss == pytest.approx(a.loss, rel=1e-4) and b.gradient == pytest.approx(a.gradient, rel=1e-3)
        assert b.losses == pytest.approx(a.losses, rel=1e-4, abs=1e-5)
    for a, b in zip(one.parameters(), three.parameters(), strict=True):
        torch.testing.assert_close(b, a, rtol=1e-3, atol=1e-4)


@given(processes=some.integers(1, 9), accumulate=some.integers(1, 4), more=some.integers(0, 50))
def test_every_window_is_in_one_part(processes: int, accumulate: int, more: int) -> None:
    windows = processes * accumulate + more
    seen: list[int] = []
    for rank in range(processes):
        fabric: Any = SimpleNamespace(world_size=processes, global_rank=rank)
        parts = Shards(fabric, accumulate).parts(windows)
        assert len(parts) == accumulate
        for part in parts:
            assert part.stop > part.start
            seen.extend(range(part.start, part.stop))
    assert seen == list(range(windows))


def test_a_batch_that_is_too_small_is_told(make_world: Callable[[str], World], episodes: Episodes) -> None:
    with pytest.raises(UserError, match="a batch of 7 windows cannot be shared out among 1 processes in 8 parts"):
        trained(make_world("gru"), episodes, CONFIGS["gru"], 8)


def test_devices_that_are_not_there_are_told() -> None:
    with pytest.raises(UserError, match=r"this machine has \d+ cuda devices; got --devices 99; ask for fewer"):
        engine(Devices(accelerator="cuda", devices=99))
    with pytest.raises(UserError, match="2 processes train together only when all are started; use `tickworld train"):
        engine(Devices(devices=2))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (None, "2 machines need a place to meet; got --nodes 2 alone; add --rendezvous HOST:29500"),
        ("here", "--rendezvous takes HOST:PORT, such as 10.0.0.1:29500; got here"),
        ("no.such.host.invalid:1", "--rendezvous no.such.host.invalid:1 cannot be reached"),
    ],
)
def test_machines_that_cannot_meet_are_told(place: str | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        launch(Devices(nodes=2, rendezvous=place), ["-c", "0"])


def test_half_precision_trains(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world, config = make_world("gru"), CONFIGS["gru"].model_copy(update={"iterations": 4, "batch": 4})
    fabric, sampler = engine(Devices(precision="bf16-mixed")), CONFIGS["gru"].sampler.build(episodes, 3, 0)
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    half = [record.loss for record in fit(fabric, wrapped, optimizer, Lesson(config, sampler, 0))]
    assert half[0] == pytest.approx(_first(make_world("gru"), episodes, config), rel=0.02)
    assert all(each.dtype == torch.float32 for each in world.parameters())


def _first(world: World, episodes: Episodes, config: TrainingConfig) -> float:
    fabric = engine()
    wrapped, optimizer = fabric.setup(world, make_optimizer(world, config))
    lesson = Lesson(config, config.sampler.build(episodes, world.initializer.opening, 0), 0)
    return next(iter(fit(fabric, wrapped, optimizer, lesson))).loss
