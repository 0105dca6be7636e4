"""What ticks bring is learned from a recording, however seldom they bring it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.rewards import RewardModel
from tickworld.simulator import Spec
from tickworld.training.curriculum import RateConfig
from tickworld.training.rewards import CLASSES, RewardsConfig, Ticks, learn, seeded_model

SPEC = Spec("lamp", 6, 6, 1, players=("one", "two"), actions=("off", "on"), palette=((0,), (255,)))
"""A lamp that brings player one a point when it goes on at the top; the game ends when it goes on at the bottom."""
E, T = 100, 20


def lamps(seed: int = 0, chance: float = 0.04) -> Episodes:
    """Games of the lamp: dark, but for the places where it went on; the last ones of each are over early."""
    draw = np.random.default_rng(seed)
    frames = np.zeros((E, T + 1, 6, 6, 1), np.uint8)
    frames[:, :, 2] = 255 * draw.integers(0, 2, (E, T + 1, 6, 1))  # what means nothing
    top, bottom = draw.random((2, E, T)) < chance
    frames[:, 1:, 0, 3, 0], frames[:, 1:, 5, 3, 0] = 255 * top, 255 * bottom
    rewards = np.stack([top, -1.0 * top], 2).astype(np.float32)
    lengths = np.where(bottom.any(1), bottom.argmax(1) + 1, T).astype(np.int32)
    over = np.arange(T) >= lengths[:, None]
    over |= bottom
    actions = draw.integers(0, 2, (E, T, 2)).astype(np.uint8)
    return Episodes(frames, actions, rewards, over, np.zeros((E, 0)), np.arange(E, dtype=np.uint64), lengths)


def taught(episodes: Episodes) -> tuple[RewardModel, list[float]]:
    config = RewardsConfig(iterations=200, batch=64, width=8, hidden=16, rate=RateConfig(peak=1e-2, warmup=10))
    ticks = Ticks(episodes)
    model = seeded_model(config.model(ticks), SPEC, 0)
    return model, list(learn(model, ticks, config, 7))


def told(model: RewardModel, episodes: Episodes) -> tuple[np.ndarray, ...]:
    """True and told rewards, true and told ends, of all ticks."""
    ticks = Ticks(episodes)
    shown, pressed, kind, rewards = ticks.shown(np.arange(len(ticks.kind)), model.config.frames)
    with torch.inference_mode():
        reward, over = model.eval().tell(shown, pressed)
    ended = np.array([outcome.over for outcome in ticks.outcomes])[kind.numpy()]
    return rewards.numpy(), reward.numpy(), ended, over.numpy() > 0.5


def test_ticks_are_counted_by_what_they_brought() -> None:
    episodes = lamps()
    ticks = Ticks(episodes)
    inside = np.arange(T) < episodes.lengths[:, None]
    assert len(ticks.kind) == episodes.lengths.sum() and ticks.spread is None
    for outcome in ticks.outcomes:
        here = inside & (episodes.over == outcome.over) & (episodes.rewards[..., 0] == outcome.reward[0])
        assert outcome.share == here.sum() / inside.sum() and outcome.reward[1] == -outcome.reward[0]
    assert sum(outcome.share for outcome in ticks.outcomes) == pytest.approx(1)


def test_a_tick_is_shown_with_the_frame_that_it_led_to() -> None:
    episodes = lamps()
    ticks = Ticks(episodes)
    long = int(episodes.lengths.argmax())
    first = np.flatnonzero(ticks.episode == long)[:4]
    shown, pressed, kind, rewards = ticks.shown(first, frames=3)
    assert shown.shape == (4, 3, 1, 6, 6)
    for tick in range(4):
        places = [max(tick - 1, 0), tick, tick + 1]  # before the first frame stands that frame
        np.testing.assert_array_equal(shown[tick, :, 0].numpy() * 255, episodes.frames[long, places, ..., 0])
    np.testing.assert_array_equal(pressed.numpy(), episodes.actions[long, :4])
    np.testing.assert_array_equal(rewards.numpy(), episodes.rewards[long, :4])
    assert [ticks.outcomes[each].reward for each in kind] == [tuple(each) for each in episodes.rewards[long, :4]]


def test_half_of_a_batch_has_as_many_of_each_outcome() -> None:
    ticks = Ticks(lamps())
    pick = np.concatenate([ticks.drawn(1, iteration, 64) for iteration in range(200)])
    shares = np.bincount(ticks.kind[pick]) / len(pick)
    expected = [0.5 * outcome.share + 0.5 / len(ticks.outcomes) for outcome in ticks.outcomes]
    np.testing.assert_allclose(shares, expected, atol=0.02)
    assert len(set(pick)) > 0.95 * len(ticks.kind)  # and every tick can come
    np.testing.assert_array_equal(ticks.drawn(1, 5, 64), ticks.drawn(1, 5, 64))
    assert (ticks.drawn(1, 5, 64) != ticks.drawn(1, 6, 64)).any()


def test_rare_rewards_and_ends_are_learned() -> None:
    model, losses = taught(lamps())
    assert np.mean(losses[-10:]) < 0.05 < losses[0]
    true, reward, ended, over = told(model, lamps(seed=1))
    assert (true != 0).mean() < 0.05 and (reward == true).all()
    assert 0 < ended.mean() < 0.05 and (over == ended).mean() > 0.995  # of both at once there are hardly any


def test_it_is_learned_the_same_again() -> None:
    one, other = taught(lamps()), taught(lamps())
    assert one[1] == other[1]
    assert all(torch.equal(*pair) for pair in zip(one[0].parameters(), other[0].parameters(), strict=True))


def test_rewards_of_many_values_are_learned_as_numbers() -> None:
    def widths(seed: int) -> Episodes:
        """A point for each pixel that is lit in the third row, and a half."""
        episodes = lamps(seed)
        count = (episodes.frames[:, 1:, 2] > 0).sum((2, 3)) + np.random.default_rng(seed).normal(0, 1e-3, (E, T))
        return replace(episodes, rewards=np.stack([count + 0.5, -count], 2).astype(np.float32))

    episodes = widths(0)
    assert len(np.unique(episodes.rewards)) > CLASSES
    model, _ = taught(episodes)
    assert model.config.spread is not None and len(model.config.outcomes) == 2
    true, reward, ended, over = told(model, widths(1))
    assert np.corrcoef(true[:, 0], reward[:, 0])[0, 1] > 0.9 and (over == ended).all()
    assert np.abs(true - reward).mean() < 0.5 * np.abs(true - true.mean(0)).mean()


@pytest.mark.parametrize(
    ("rewards", "complaint"),
    [
        (0.0, "every tick of this recording brings the same reward"),
        (np.nan, "does not hold the rewards of all its ticks"),
    ],
)
def test_a_recording_that_shows_no_rewards_is_told(rewards: float, complaint: str) -> None:
    silent = lamps(chance=0)
    with pytest.raises(UserError, match=complaint):
        Ticks(replace(silent, rewards=np.full_like(silent.rewards, rewards)))
