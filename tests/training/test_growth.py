"""Windows grow by share or by success, go back now and then, and go on after a stop as if there had been none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tickworld import config as configs
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.world import World
from tickworld.training import checkpoint
from tickworld.training.checkpoint import Training, newest
from tickworld.training.curriculum import GrowthConfig
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, Record, TrainingConfig, fit, make_optimizer
from tickworld.training.growth import Growth
from tickworld.training.objectives import RolloutConfig

SUCCESS = GrowthConfig(first=2, last=16, below=1.0, over=3)


@given(
    st.builds(
        GrowthConfig,
        first=st.integers(1, 64),
        last=st.integers(1, 64),
        share=st.floats(0.0, 1.0),
        steps=st.integers(1, 8),
    ),
    st.integers(1, 100),
    st.integers(0, 99),
)
def test_by_share_it_is_the_schedule_and_remembers_nothing(config: GrowthConfig, iterations: int, seed: int) -> None:
    growth = Growth(config, iterations, seed)
    before = [growth.at(iteration) for iteration in range(iterations)]
    assert before == [config.at(iteration, iterations) for iteration in range(iterations)]
    assert set(before) <= set(config.lengths)
    for ticks in config.lengths:
        growth.learn(ticks, 0.0)
    assert [growth.at(iteration) for iteration in range(iterations)] == before
    assert growth.state() == {}


def test_the_lengths_are_those_of_the_schedule() -> None:
    assert GrowthConfig(first=2, last=16).lengths == [2, 4, 8, 16]
    assert GrowthConfig(first=2, last=12).lengths == [2, 4, 8, 12]
    assert GrowthConfig(first=1, last=4, steps=4).lengths == [1, 2, 3, 4]
    assert GrowthConfig(first=4, last=4).lengths == [4]


def test_success_waits_while_the_loss_is_high() -> None:
    growth = Growth(SUCCESS, 10, 0)
    for iteration in range(100):
        assert growth.at(iteration) == 2
        growth.learn(2, 1.01)


def test_success_is_one_step_once_the_mean_is_low() -> None:
    growth, lengths = Growth(SUCCESS, 1000, 0), []
    for iteration in range(14):
        lengths.append(growth.at(iteration))
        growth.learn(lengths[-1], 0.5)
    assert lengths == [2] * 3 + [4] * 3 + [8] * 3 + [16] * 5


def test_one_low_loss_is_no_success() -> None:
    growth = Growth(SUCCESS, 1000, 0)
    for loss in (2.0, 2.0, 2.0, 0.0, 2.0):
        growth.learn(2, loss)
        assert growth.at(0) == 2
    for _ in range(4):  # the mean forgets what was long ago
        growth.learn(2, 0.0)
    assert growth.at(0) == 4


def test_only_losses_at_the_present_length_count() -> None:
    growth = Growth(SUCCESS, 1000, 0)
    for _ in range(3):
        growth.learn(2, 0.0)
    for _ in range(50):
        growth.learn(2, 0.0)  # an iteration that went back
    assert growth.at(0) == 4


def test_a_share_of_the_iterations_goes_back() -> None:
    growth = Growth(GrowthConfig(first=2, last=16, share=0.0, mixed=0.25), 4000, 7)
    lengths = [growth.at(iteration) for iteration in range(4000)]
    back = [length for length in lengths if length != 16]
    assert len(back) == pytest.approx(1000, abs=100)
    for length in (2, 4, 8):
        assert back.count(length) == pytest.approx(len(back) / 3, abs=70)


def test_which_iterations_go_back_follows_from_the_seed() -> None:
    config = GrowthConfig(first=2, last=16, share=0.5, mixed=0.5)
    one, two, other = Growth(config, 100, 7), Growth(config, 100, 7), Growth(config, 100, 8)
    lengths = [one.at(iteration) for iteration in range(100)]
    assert [two.at(iteration) for iteration in reversed(range(100))] == lengths[::-1]
    assert [other.at(iteration) for iteration in range(100)] != lengths
    for iteration, length in enumerate(lengths):
        assert length <= config.at(iteration, 100)  # earlier lengths only


def test_what_was_saved_goes_on() -> None:
    one, two = (Growth(SUCCESS, 1000, 0) for _ in range(2))
    for loss in (0.1, 0.2, 0.3, 0.7, 1.9):
        one.learn(one.at(0), loss)
    two.restore(one.state())
    for loss in (0.3, 0.5, 0.9, 0.1, 0.4):
        assert two.at(0) == one.at(0)
        one.learn(one.at(0), loss)
        two.learn(two.at(0), loss)
        assert all(torch.equal(each, two.state()[name]) for name, each in one.state().items())
    for wrong in ({"rung": torch.tensor(4)}, {"count": torch.tensor(99)}):
        with pytest.raises(ValueError, match="of 4 with a mean over"):
            two.restore(one.state() | wrong)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ticks.below": 1.0, "ticks.last": 1}, "'ticks': below is about windows that grow.* set first below last"),
        ({"ticks.mixed": 0.5, "ticks.last": 1}, "'ticks': mixed is about windows that grow.* set first below last"),
        ({"ticks.mixed": 0.5, "ticks.last": 8, "sampler.kind": "hard"}, "ticks.mixed 0.5 .* sampler hard forgets its"),
        ({"ticks.mixed": 1.0, "ticks.last": 8}, "'ticks.mixed': Input should be less than 1"),
        ({"ticks.below": -1, "ticks.last": 8}, "'ticks.below': Input should be greater than or equal to 0"),
    ],
)
def test_senseless_settings_are_told(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        configs.override(TrainingConfig(), changes)


CONFIG = TrainingConfig(
    objective=RolloutConfig(),
    iterations=14,
    batch=2,
    ticks=GrowthConfig(first=2, last=8, below=1e6, over=3, mixed=0.3),
)


@pytest.fixture
def begin(make_world: Callable[[str], World], episodes: Episodes) -> Callable[..., Training]:
    def begin(config: TrainingConfig = CONFIG) -> Training:
        world = make_world("gru")
        sampler = config.sampler.build(episodes, world.initializer.opening, 0)
        return Training(world, make_optimizer(world, config), Lesson(config, sampler, 0), "eight games")

    return begin


def go_on(training: Training, first: int, last: int) -> list[Record]:
    fabric = engine()
    wrapped, optimizer = fabric.setup(training.world, training.optimizer)
    records = fit(fabric, wrapped, optimizer, training.lesson, first)
    return [record._replace(seconds=0.0) for record in islice(records, last - first)]


@pytest.mark.parametrize("cut", [2, 5, 8])
def test_training_that_was_stopped_grows_on_to_the_same_losses(
    begin: Callable[..., Training], tmp_path: Path, cut: int
) -> None:
    whole = go_on(begin(), 0, 14)
    ticks = [record.ticks for record in whole]
    assert [2, 4, 8] == sorted(set(ticks)) and ticks != sorted(ticks)  # it grew, and went back
    assert len({record.frames // (record.ticks + 1) * record.ticks for record in whole}) == 1
    first, second = begin(), begin()
    stopped = go_on(first, 0, cut)
    checkpoint.save(tmp_path, cut, first)
    checkpoint.load(newest(tmp_path), second)
    assert stopped + go_on(second, cut, 14) == whole
    forgetful = begin()  # weights alone do not say how long the windows were
    checkpoint.load(newest(tmp_path), forgetful)
    forgetful.lesson.growth.restore(begin().lesson.growth.state())
    assert stopped + go_on(forgetful, cut, 14) != whole


def test_a_loss_that_stays_high_keeps_windows_short(begin: Callable[..., Training]) -> None:
    strict = CONFIG.model_copy(update={"ticks": GrowthConfig(first=2, last=8, below=1e-6, over=3)})
    assert {record.ticks for record in go_on(begin(strict), 0, 14)} == {2}


def test_growth_that_does_not_fit_is_told(begin: Callable[..., Training], tmp_path: Path) -> None:
    training = begin()
    go_on(training, 0, 5)
    checkpoint.save(tmp_path, 5, training)
    path = tmp_path / "00000005" / "growth.safetensors"
    whole = load_file(path)
    for content in ({}, {"rung": whole["rung"]}, whole | {"rung": torch.tensor(3)}):
        save_file(content, path)
        with pytest.raises(
            UserError, match=r"length of .*growth.safetensors does not fit this run .*delete its folder"
        ):
            checkpoint.load(newest(tmp_path), begin())
    path.unlink()
    with pytest.raises(UserError, match="there is no growth.safetensors in"):
        checkpoint.load(newest(tmp_path), begin())


def test_windows_that_grow_by_share_leave_nothing_in_a_checkpoint(
    begin: Callable[..., Training], tmp_path: Path
) -> None:
    training = begin(CONFIG.model_copy(update={"ticks": GrowthConfig(first=2, last=8, mixed=0.3)}))
    go_on(training, 0, 1)
    checkpoint.save(tmp_path, 1, training)
    assert not (tmp_path / "00000001" / "growth.safetensors").exists()
    checkpoint.load(newest(tmp_path), training)
