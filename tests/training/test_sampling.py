"""Draws are functions of seed, iteration and pool; the pool prefers what is hard and is saved with a checkpoint."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tickworld import background
from tickworld.agents import player
from tickworld.data.batches import Batch, WindowShape, cut, legal_starts
from tickworld.data.episode import Episodes
from tickworld.data.rarity import counted, rarity
from tickworld.data.seeking import Stream
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.states import join, take
from tickworld.training import rare
from tickworld.training.rare import RareConfig
from tickworld.training.sampling import SCORED_AT_ONCE, Hard, HardConfig, Sampler, UniformConfig

OPENING, TICKS = 4, 1
SMALL = HardConfig(pool=64, fresh=48, renew=5)


def brightness(batch: Batch) -> NDArray[np.float32]:
    """A made-up loss: how much of the last frame is lit."""
    return (batch.frames[:, -1] > 0).mean((1, 2, 3)).astype(np.float32)


def no_score(batch: Batch) -> NDArray[np.float32]:
    raise AssertionError("a uniform sampler asks for no loss")


def same(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def run(sampler: Sampler, iterations: range, windows: int = 16) -> list[Batch]:
    """Draws, and learns a loss that depends on the batch."""
    drawn = []
    for iteration in iterations:
        batch = sampler.draw(iteration, windows, TICKS, brightness)
        drawn.append(batch)
        sampler.learn(brightness(batch) * (1 + iteration % 3))
    return drawn


@pytest.mark.parametrize("config", [UniformConfig(), HardConfig(share=0.4, pool=16, fresh=32, renew=2)])
def test_shares_of_a_batch_make_the_batch(episodes: Episodes, config: UniformConfig | HardConfig) -> None:
    samplers = [config.build(episodes, OPENING, 3) for _ in range(4)]
    for iteration in range(4):
        whole, *shares = (
            sampler.draw(iteration, 9, TICKS, brightness, mine)
            for sampler, mine in zip(samplers, (slice(None), slice(0, 2), slice(2, 7), slice(7, 9)), strict=True)
        )
        assert same(join(shares), whole)
        for sampler in samplers:
            sampler.learn(np.linspace(1, 2, 9, dtype=np.float32))


def test_uniform_draws_are_a_function_of_seed_and_iteration(episodes: Episodes) -> None:
    one, two = (UniformConfig().build(episodes, OPENING, 3) for _ in range(2))
    late = one.draw(70_000, 16, TICKS, no_score)
    one.draw(0, 16, TICKS, no_score)
    assert same(two.draw(70_000, 16, TICKS, no_score), late)
    assert not same(two.draw(70_001, 16, TICKS, no_score), late)
    assert not same(UniformConfig().build(episodes, OPENING, 4).draw(70_000, 16, TICKS, no_score), late)
    assert one.state() == {}


def test_uniform_covers_all_windows_alike(episodes: Episodes) -> None:
    sampler = UniformConfig().build(episodes, OPENING, 0)
    legal = int(legal_starts(episodes, WindowShape(OPENING, TICKS, 1)).sum())
    draws = np.concatenate([sampler._uniform(iteration, 500, TICKS) for iteration in range(20)], 1)
    _, counts = np.unique(draws, axis=1, return_counts=True)
    assert len(counts) == legal
    expected = draws.shape[1] / legal
    assert ((counts - expected) ** 2 / expected).sum() < legal + 5 * np.sqrt(2 * legal)  # chi square, 5 sigma


def test_a_batch_has_its_share_from_the_pool(episodes: Episodes) -> None:
    for share, hard in ((0.0, 0), (0.5, 8), (1.0, 16)):
        sampler = HardConfig(pool=64, fresh=64, share=share).build(episodes, OPENING, 0)
        batch = sampler.draw(0, 16, TICKS, brightness)
        assert len(batch.params) == 16 and len(sampler.drawn) == hard


def test_hard_windows_are_drawn_more_often(episodes: Episodes) -> None:
    """In proportion to a power of their loss, as the paper has it."""
    sampler = HardConfig(pool=40, fresh=40, share=1.0, power=0.8).build(episodes, OPENING, 0)
    losses = np.linspace(0.1, 10, 40).astype(np.float32)
    sampler.draw(0, 4, TICKS, lambda batch: losses[: len(batch.params)])
    losses = sampler.loss.copy()  # hardest first
    counts = np.zeros(40)
    for iteration in range(1, 41):
        sampler.draw(iteration, 500, TICKS, no_score)
        counts += np.bincount(sampler.drawn, minlength=40)
    expected = losses**0.8 / (losses**0.8).sum() * counts.sum()
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    assert counts[0] > 10 * counts[-1]


def test_a_window_that_is_learned_is_drawn_less(episodes: Episodes) -> None:
    sampler = HardConfig(pool=20, fresh=20, share=1.0).build(episodes, OPENING, 0)
    sampler.draw(0, 1, TICKS, lambda batch: np.ones(len(batch.params), np.float32))
    learned = sampler.drawn[0]
    sampler.learn(np.array([1e-9], np.float32))
    assert sampler.loss[learned] == pytest.approx(1e-5) and (np.delete(sampler.loss, learned) == 1).all()
    counts = np.zeros(20)
    for iteration in range(1, 20):
        sampler.draw(iteration, 200, TICKS, no_score)
        counts += np.bincount(sampler.drawn, minlength=20)
    assert counts[learned] < 0.01 * counts.sum() < counts.max()


def test_the_pool_keeps_the_hardest_of_old_and_fresh_windows(episodes: Episodes) -> None:
    sampler, scored = SMALL.build(episodes, OPENING, 0), []

    def score(batch: Batch) -> NDArray[np.float32]:
        scored.append(len(batch.params))
        return brightness(batch)

    pools = []
    for iteration in range(11):
        sampler.draw(iteration, 8, TICKS, score)
        pools.append((sampler.where.copy(), sampler.loss.copy()))
    assert scored == [48] * 3  # at 0, 5 and 10
    assert [len(loss) for _, loss in pools[::5]] == [48, 64, 64]
    assert (pools[0][0] == pools[4][0]).all() and pools[4][0].shape != pools[5][0].shape
    seen: set[tuple[int, int]] = set(map(tuple, pools[0][0].T.tolist()))
    assert len(seen & set(map(tuple, pools[5][0].T.tolist()))) > 5  # hard ones stay
    assert pools[10][1].min() >= pools[5][1].min() and pools[10][1].mean() > pools[0][1].mean()


def test_the_pool_is_filled_anew_when_windows_grow(episodes: Episodes) -> None:
    sampler, scored = HardConfig(pool=64, fresh=64, renew=100).build(episodes, OPENING, 0), []

    def score(batch: Batch) -> NDArray[np.float32]:
        scored.append(batch.actions.shape[1])
        return brightness(batch)

    for iteration, ticks in enumerate((1, 1, 4, 4, 8)):
        batch = sampler.draw(iteration, 8, ticks, score)
        assert batch.frames.shape[1] == ticks + 1
    assert scored == [1, 4, 8]
    restored = HardConfig(pool=64, fresh=64, renew=100).build(episodes, OPENING, 0)
    restored.restore(sampler.state())
    assert same(restored.draw(5, 8, 8, no_score), sampler.draw(5, 8, 8, no_score))


def test_a_large_pool_is_scored_in_parts(episodes: Episodes) -> None:
    sampler, scored = HardConfig(fresh=SCORED_AT_ONCE + 10).build(episodes, OPENING, 0), []

    def score(batch: Batch) -> NDArray[np.float32]:
        scored.append(len(batch.params))
        return brightness(batch)

    sampler.draw(0, 8, TICKS, score)
    assert scored == [SCORED_AT_ONCE, 10] and len(sampler.loss) == SCORED_AT_ONCE + 10


@pytest.mark.parametrize("cut_at", [1, 5, 7, 10, 13])
def test_a_restored_pool_goes_on_as_if_never_cut(episodes: Episodes, cut_at: int) -> None:
    whole = run(SMALL.build(episodes, OPENING, 9), range(15))
    first = SMALL.build(episodes, OPENING, 9)
    run(first, range(cut_at))
    kept = {name: each.clone() for name, each in first.state().items()}
    run(first, range(cut_at, cut_at + 2))  # what came after the checkpoint and was lost
    second = SMALL.build(episodes, OPENING, 9)
    second.restore(kept)
    resumed = run(second, range(cut_at, 15))
    assert all(same(one, other) for one, other in zip(whole[cut_at:], resumed, strict=True))


def test_an_empty_pool_can_be_saved(episodes: Episodes) -> None:
    fresh = SMALL.build(episodes, OPENING, 9)
    state = fresh.state()
    other = SMALL.build(episodes, OPENING, 9)
    other.restore(state)
    assert same(other.draw(3, 8, TICKS, brightness), fresh.draw(3, 8, TICKS, brightness))


@pytest.mark.parametrize("loss", [np.nan, np.inf, -1.0, 0.0, 1e9])
def test_a_wild_loss_never_stops_or_owns_the_draws(episodes: Episodes, loss: float) -> None:
    sampler: Hard = HardConfig(pool=20, fresh=20, share=1.0).build(episodes, OPENING, 0)
    wild: Any = lambda batch: np.where(np.arange(len(batch.params)) == 3, loss, 1.0)  # noqa: E731
    sampler.draw(0, 8, TICKS, wild)
    assert np.isfinite(sampler.loss).all() and (sampler.loss > 0).all() and sampler.loss.max() <= 20
    sampler.learn(np.full(8, loss, np.float32))
    assert np.isfinite(sampler.loss).all() and (sampler.loss > 0).all()


RARE = RareConfig(pool=48, fresh=30, renew=5, played=20)


play = Stream(game("pong"), player("mixed", game("pong")), seed=8, ticks=12)
"""More episodes of the game that the recording is of."""


def test_fresh_windows_are_the_rarest_of_the_games_that_are_played_now(episodes: Episodes) -> None:
    sampler = RARE.build(episodes, OPENING, 0, play)
    sampler.draw(10, 8, TICKS, brightness)
    assert sampler.where.shape == (2, 30) and set(sampler.where[0]) <= set(range(40, 60))
    there = play(np.arange(40, 60))
    each = rarity(there.frames, counted(episodes.frames))[:, OPENING - 1 :]
    taken = each[sampler.where[0] - 40, sampler.where[1]]
    assert sorted(taken) == sorted(each.ravel())[:30]
    shown = cut(there, WindowShape(OPENING, TICKS, 30), sampler.where[0] - 40, sampler.where[1])
    assert same(shown, sampler.windows)


def test_long_windows_are_as_rare_as_their_rarest_transition(episodes: Episodes) -> None:
    sampler = RARE.build(episodes, OPENING, 0, play)
    sampler.draw(0, 8, 3, brightness)
    each = rarity(play(np.arange(20)).frames, counted(episodes.frames))[:, OPENING - 1 :]
    longer = np.minimum(np.minimum(each[:, :-2], each[:, 1:-1]), each[:, 2:])
    assert sorted(longer[sampler.where[0], sampler.where[1]]) == sorted(longer.ravel())[:30]


@pytest.mark.parametrize("cut_at", [1, 5, 12])
def test_a_restored_pool_of_played_windows_goes_on_as_if_never_cut(episodes: Episodes, cut_at: int) -> None:
    whole = run(RARE.build(episodes, OPENING, 9, play), range(15))
    first = RARE.build(episodes, OPENING, 9, play)
    run(first, range(cut_at))
    second = RARE.build(episodes, OPENING, 9, play)
    second.restore({name: each.clone() for name, each in first.state().items()})
    resumed = run(second, range(cut_at, 15))
    assert all(same(one, other) for one, other in zip(whole[cut_at:], resumed, strict=True))


def test_a_pool_of_another_game_is_refused(episodes: Episodes) -> None:
    sampler = RARE.build(episodes, OPENING, 0, play)
    state = sampler.state() | {"where": torch.tensor([[3], [12]]), "loss": torch.ones(1), "ticks": torch.tensor(1)}
    with pytest.raises(ValueError, match="beyond episodes of 12 ticks"):
        sampler.restore(state)


def test_rare_windows_need_a_game_to_play(episodes: Episodes) -> None:
    with pytest.raises(UserError, match="plays the game while training.*use --training.sampler.kind hard"):
        RARE.build(episodes, OPENING, 0)


def test_what_is_played_ahead_changes_no_batch(episodes: Episodes) -> None:
    asked: list[tuple[int, str]] = []

    def watched(numbers: NDArray[np.int64]) -> Episodes:
        asked.append((int(numbers[0]), threading.current_thread().name))
        return play(numbers)

    alone = run(RARE.build(episodes, OPENING, 9, play), range(15))
    ahead = run(RARE.build(episodes, OPENING, 9, watched, iterations=15), range(15))
    assert all(same(one, other) for one, other in zip(alone, ahead, strict=True))
    assert [first for first, _ in asked] == [0, 20, 40]  # once each, and nothing for after the end
    assert threading.current_thread().name not in [name for _, name in asked]


def test_nor_does_it_in_a_process_of_its_own(episodes: Episodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rare, "TICKS_AT_ONCE", 8 * 12)  # 20 episodes are more than are played at a time
    told: list[bool] = []

    def watched(work: Any, apart: bool = False) -> Any:
        told.append(apart)
        return begin(work, apart)

    begin = background.begin
    monkeypatch.setattr(background, "begin", watched)
    alone = run(RARE.build(episodes, OPENING, 9, play), range(15))
    ahead = run(RARE.build(episodes, OPENING, 9, play, iterations=15), range(15))
    assert all(same(one, other) for one, other in zip(alone, ahead, strict=True))
    assert told == [False] * 4 + [True] * 2


def test_an_error_of_the_game_ahead_is_raised_where_its_games_are_needed(episodes: Episodes) -> None:
    def breaks(numbers: NDArray[np.int64]) -> Episodes:
        if numbers[0]:
            raise UserError("the game broke")
        return play(numbers)

    sampler = RARE.build(episodes, OPENING, 9, breaks, iterations=15)
    run(sampler, range(5))
    with pytest.raises(UserError, match="the game broke"):
        run(sampler, range(5, 6))


def test_common_windows_of_the_recording_are_scored_beside_the_rare_ones(episodes: Episodes) -> None:
    scored: list[Batch] = []

    def score(batch: Batch) -> NDArray[np.float32]:
        scored.append(batch)
        return brightness(batch)

    sampler = RARE.model_copy(update={"common": 40}).build(episodes, OPENING, 0, play)
    sampler.draw(0, 8, TICKS, score)
    assert sum(len(batch.actions) for batch in scored) == 70
    recorded = sampler.where[:, sampler.where[0] < 0]
    assert 0 < recorded.shape[1] < 48 == sampler.where.shape[1]
    shown = take(sampler.windows, np.flatnonzero(sampler.where[0] < 0))
    there = cut(episodes, WindowShape(OPENING, TICKS, recorded.shape[1]), -1 - recorded[0], recorded[1])
    assert same(shown, there)


@pytest.mark.parametrize("cut_at", [1, 5, 12])
def test_a_restored_pool_of_both_kinds_goes_on_as_if_never_cut(episodes: Episodes, cut_at: int) -> None:
    both = RARE.model_copy(update={"common": 40})
    whole = run(both.build(episodes, OPENING, 9, play), range(15))
    first = both.build(episodes, OPENING, 9, play)
    run(first, range(cut_at))
    assert (first.where[0] < 0).any() and (first.where[0] >= 0).any()
    second = both.build(episodes, OPENING, 9, play)
    second.restore({name: each.clone() for name, each in first.state().items()})
    assert same(first.windows, second.windows)
    resumed = run(second, range(cut_at, 15))
    assert all(same(one, other) for one, other in zip(whole[cut_at:], resumed, strict=True))


def test_long_games_are_played_a_few_at_a_time(episodes: Episodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickworld.training.rare.TICKS_AT_ONCE", 7 * episodes.ticks)
    counts: list[int] = []

    def watched(numbers: NDArray[np.int64]) -> Episodes:
        counts.append(len(numbers))
        return play(numbers)

    RARE.build(episodes, OPENING, 9, watched).draw(0, 8, TICKS, brightness)
    assert counts == [7, 7, 6]
