"""What changes as training goes on is a function of the iteration alone, within its bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.training.curriculum import GrowthConfig, RateConfig, ShownConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import EvidenceConfig

RATES = st.builds(
    RateConfig,
    peak=st.floats(1e-6, 1.0),
    warmup=st.integers(0, 50),
    last=st.floats(0.0, 1.0),
    shape=st.sampled_from(["linear", "cosine", "geometric"]),
)
GROWTHS = st.builds(GrowthConfig, first=st.integers(1, 64), last=st.integers(1, 64), share=st.floats(0.0, 1.0))


@given(RATES, st.integers(1, 200))
def test_a_rate_stays_between_its_bounds(config: RateConfig, iterations: int) -> None:
    rates = [config.at(iteration, iterations) for iteration in range(iterations)]
    assert all(0 <= rate <= config.peak * (1 + 1e-9) for rate in rates)
    assert rates == [config.at(iteration, iterations) for iteration in range(iterations)]  # asked in any order
    warm, cold = rates[: config.warmup], rates[config.warmup :]
    assert all(one < other for one, other in pairwise(warm))
    assert all(one >= other - 1e-12 for one, other in pairwise(cold))
    assert all(rate >= config.peak * config.last * (1 - 1e-9) for rate in cold)


@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_a_rate_rises_to_its_peak_and_falls_to_its_last_share(shape: str) -> None:
    config = RateConfig.model_validate({"peak": 1.0, "warmup": 10, "last": 0.1, "shape": shape})
    assert config.at(0, 110) == pytest.approx(0.1)
    assert config.at(9, 110) == config.at(10, 110) == pytest.approx(1.0)
    assert config.at(60, 110) == pytest.approx(0.55)  # half way down
    assert config.at(110, 110) == pytest.approx(0.1)


def test_a_geometric_rate_falls_by_the_same_share_every_iteration() -> None:
    config = RateConfig(peak=1.0, warmup=0, last=0.01, shape="geometric")
    assert [config.at(iteration, 100) for iteration in (0, 50, 100)] == pytest.approx([1.0, 0.1, 0.01])


def test_a_warmup_longer_than_the_training_is_no_error() -> None:
    assert RateConfig(peak=1.0, warmup=100).at(5, 10) == pytest.approx(0.06)


@given(GROWTHS, st.integers(1, 200))
def test_windows_grow_from_first_to_last(config: GrowthConfig, iterations: int) -> None:
    lengths = [config.at(iteration, iterations) for iteration in range(iterations)]
    assert all(1 <= length <= config.last for length in lengths)
    assert all(one <= other for one, other in pairwise(lengths))
    if config.share and config.first < config.last:
        assert lengths[0] == config.first
    assert config.at(iterations, iterations) == config.last or config.share > 0.99
    assert len(set(lengths)) <= 8  # it doubles: each length costs a new shape


def test_windows_double_step_by_step() -> None:
    config = GrowthConfig(first=2, last=16, share=0.5)
    lengths = [config.at(iteration, 120) for iteration in range(120)]
    assert lengths == [2] * 20 + [4] * 20 + [8] * 20 + [16] * 60


def test_windows_reach_a_last_length_that_is_no_double() -> None:
    config = GrowthConfig(first=1, last=12, share=0.5)
    assert config.at(49, 100) == 8
    assert config.at(50, 100) == 12


def test_windows_may_grow_in_smaller_steps() -> None:
    config = GrowthConfig(first=2, last=16, share=1.0, steps=2)
    assert [config.at(iteration, 6) for iteration in range(7)] == [2, 2, 4, 5, 8, 11, 16]


@given(GROWTHS, st.integers(1, 64), st.integers(0, 99))
def test_a_batch_keeps_its_number_of_frames(growth: GrowthConfig, batch: int, iteration: int) -> None:
    ticks = growth.at(iteration, 100)
    windows = TrainingConfig(batch=batch, ticks=growth, iterations=100).windows(ticks)
    assert windows >= 1
    assert batch * growth.last - ticks < windows * ticks <= batch * growth.last


SHOWN = st.builds(
    lambda ends, share, shape: ShownConfig(first=max(ends), last=min(ends), share=share, shape=shape),
    st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    st.floats(0.0, 1.0),
    st.sampled_from(["linear", "sigmoid"]),
)


@given(SHOWN, st.integers(1, 200))
def test_fewer_and_fewer_frames_are_shown(config: ShownConfig, iterations: int) -> None:
    chances = [config.at(iteration, iterations) for iteration in range(iterations)]
    assert all(config.last - 1e-12 <= chance <= config.first + 1e-12 for chance in chances)
    assert all(one >= other - 1e-12 for one, other in pairwise(chances))
    assert config.at(iterations, iterations) == config.last
    if config.share:
        assert chances[0] == pytest.approx(config.first)


def test_how_fast_fewer_frames_are_shown() -> None:
    linear = ShownConfig(last=0.0, share=1.0)
    assert [linear.at(iteration, 8) for iteration in (0, 2, 4, 8)] == pytest.approx([1.0, 0.75, 0.5, 0.0])
    sigmoid = ShownConfig(last=0.0, share=1.0, shape="sigmoid")
    assert [sigmoid.at(iteration, 8) for iteration in (0, 4, 8)] == pytest.approx([1.0, 0.5, 0.0])
    assert sigmoid.at(2, 8) > 0.9 and sigmoid.at(6, 8) < 0.1


def test_all_frames_are_shown_unless_told_otherwise() -> None:
    assert {ShownConfig().at(iteration, 100) for iteration in range(101)} == {1.0}


def test_frames_that_become_more_are_refused() -> None:
    rising = {"objective.shown.first": 0.2, "objective.shown.last": 0.7}
    with pytest.raises(UserError, match="become fewer, and these go from 0.2 to 0.7; use a last that is not above"):
        configs.override(TrainingConfig(objective=EvidenceConfig()), rising)
