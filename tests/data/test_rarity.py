"""Counting what transitions show, against a slow reference."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tickworld.data.rarity import BINS, NEVER, RADIUS, counted, rarity, sights


def film(seed: int, episodes: int = 3, ticks: int = 5, colours: int = 3, channels: int = 1) -> NDArray[np.uint8]:
    """Small frames in which a few pixels change each tick."""
    numbers = np.random.default_rng(seed)
    frames = np.zeros((episodes, ticks + 1, 6, 5, channels), np.uint8)
    for tick in range(ticks + 1):
        frames[:, tick] = frames[:, max(tick - 1, 0)]
        for episode in range(episodes):
            for _ in range(numbers.integers(0, 3)):
                frames[episode, tick, numbers.integers(6), numbers.integers(5)] = numbers.integers(0, colours, channels)
    return frames


def slow_sights(frames: NDArray[np.uint8]) -> list[list[bytes]]:
    """For each transition the sights as bytes, cut out pixel by pixel."""
    up, left = RADIUS
    found = []
    for episode in frames:
        wide = np.pad(episode, ((1, 0), (up, up), (left, left), (0, 0)))
        wide[0] = wide[1]
        for tick in range(len(episode) - 1):
            before, now, after = wide[tick : tick + 3]
            here = []
            for row in range(episode.shape[1]):
                for column in range(episode.shape[2]):
                    spot = np.s_[row + up, column + left]
                    if (before[spot] != now[spot]).any() or (now[spot] != after[spot]).any():
                        around = np.s_[:, row : row + 2 * up + 1, column : column + 2 * left + 1]
                        here.append(bytes([row, column]) + wide[tick : tick + 3][around].tobytes())
            found.append(here)
    return found


@given(st.integers(0, 10_000), st.sampled_from([1, 3]))
def test_equal_sights_have_equal_hashes_and_others_do_not(seed: int, channels: int) -> None:
    frames = film(seed, channels=channels)
    which, hashed = sights(frames)
    slow = slow_sights(frames)
    assert which.tolist() == [index for index, here in enumerate(slow) for _ in here]
    assert ((hashed >= 0) & (hashed < BINS)).all()
    flat = [sight for here in slow for sight in here]
    assert len(set(flat)) == len(set(hashed.tolist())) == len(set(zip(flat, hashed.tolist(), strict=True)))


def test_a_transition_is_as_rare_as_its_rarest_sight() -> None:
    frames, others = film(1, episodes=4), film(2, episodes=300, ticks=6)
    known = counted(others)
    count = Counter(sight for here in slow_sights(frames) + slow_sights(others) for sight in here)
    expected = [min((count[sight] for sight in here), default=NEVER) for here in slow_sights(frames)]
    assert rarity(frames, known).ravel().tolist() == expected
    assert {1, NEVER} < set(expected)


@pytest.mark.parametrize("episodes", [1, 255, 256, 257])
def test_many_episodes_are_counted_as_one_by_one(episodes: int) -> None:
    frames = film(3, episodes=episodes, ticks=2)
    assert np.array_equal(counted(frames), sum(counted(frames[row : row + 1]) for row in range(episodes)))
    which, _ = sights(frames)
    alone = [sights(frames[row : row + 1])[0] + 2 * row for row in range(episodes)]
    assert which.tolist() == np.concatenate(alone).tolist()
