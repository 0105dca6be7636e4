"""The pace decides who may train for how long: it is averaged over all that a training does."""

from __future__ import annotations

import itertools
import time

import pytest

from tickworld.agents import player
from tickworld.config import override
from tickworld.data.record import play_episodes
from tickworld.recipes.bench import pace
from tickworld.recipes.bench.pace import average, fitting
from tickworld.recipes.bench.suites import seed
from tickworld.seeds import rows


class Clock:
    """Says how long iterations take; remembers which it was asked for."""

    def __init__(self, lengths: list[int], renewal: float, every: int = 0) -> None:
        self.lengths, self.renewal, self.every = lengths, renewal, every
        self.seen: list[int] = []

    def __call__(self, iteration: int) -> float:
        self.seen.append(iteration)
        new = iteration == 0 or self.lengths[iteration] != self.lengths[iteration - 1]
        renewed = self.renewal if new or (self.every and iteration % self.every == 0) else 0.0
        return self.lengths[iteration] + renewed


def test_every_length_counts_as_often_as_it_comes_up() -> None:
    lengths = [1] * 25 + [2] * 25 + [4] * 50
    clock = Clock(lengths, renewal=50)
    assert average(lengths, clock, renew=0, least=0) == pytest.approx(0.25 * 1 + 0.25 * 2 + 0.5 * 4)
    assert {lengths[iteration] for iteration in clock.seen} == {1, 2, 4}


def test_renewing_a_pool_counts_once_in_a_while() -> None:
    lengths = [2] * 100
    assert average(lengths, Clock(lengths, renewal=50, every=20), renew=20, least=0) == pytest.approx(2 + 50 / 20)


def test_quick_iterations_are_timed_for_longer() -> None:
    lengths = [1] * 10
    clock = Clock(lengths, renewal=50)
    average(lengths, clock, renew=0, least=20)
    assert clock.seen.count(1) == 20


def test_twice_the_minutes_are_twice_the_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"training.batch": 2, "training.ticks.first": 2, "training.ticks.last": 4}
    config = override(seed()["pong_angle"]["gru"], small)
    game = config.game.build()
    episodes = play_episodes(game, player("mixed", game), rows(0, 0, 8), 40)
    now = itertools.count(0, 0.5)
    monkeypatch.setattr(pace, "PLANNED", 4)
    monkeypatch.setattr(time, "process_time", lambda: next(now))
    assert [fitting(config, episodes, minutes, least=0) for minutes in (1, 2, 0.001)] == [120, 240, 1]
