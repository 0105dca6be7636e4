"""Joining, choosing and checking episodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.episode import ARRAYS, Episodes, check_episodes, concatenate, episode, gather, select
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games import game


def same(one: Episodes, other: Episodes) -> bool:
    """Whether two recordings are equal, byte for byte."""
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)
    return (
        arrays
        and list(one.truth) == list(other.truth)
        and all((one.truth[n] == other.truth[n]).all() for n in one.truth)
    )


@pytest.fixture(scope="module")
def some() -> Episodes:
    simulator = game("pong_angle")
    return play_episodes(simulator, player("sticky", simulator), seeds.rows(0, 0, 12), 60)


def test_parts_join_to_the_whole(some: Episodes) -> None:
    parts = [select(some, slice(0, 5)), select(some, slice(5, 6)), select(some, slice(6, None))]
    assert same(concatenate(parts), some)
    assert same(gather(iter(parts), 7), select(some, slice(0, 7)))
    assert same(gather(iter(parts), 5), parts[0])
    assert same(concatenate([some]), some)


def test_select_takes_slices_orders_and_masks(some: Episodes) -> None:
    order = np.array([3, 1, 1])
    assert (select(some, order).seeds == some.seeds[[3, 1, 1]]).all()
    short = some.lengths < some.ticks
    assert len(select(some, short)) == short.sum() > 0


def test_one_episode_has_no_padding(some: Episodes) -> None:
    row = int(some.lengths.argmin())
    one = episode(some, row)
    ticks = int(some.lengths[row])
    assert one.frames.shape[0] == ticks + 1 < some.frames.shape[1]
    assert one.actions.shape == (ticks, 2) and one.over.tolist() == [False] * (ticks - 1) + [True]
    assert one.truth["ball"].shape == (ticks + 1, 2)


def test_joining_too_few_or_unlike_episodes_is_refused(some: Episodes) -> None:
    with pytest.raises(UserError, match="expected 20 episodes"):
        gather(iter([some]), 20)
    with pytest.raises(UserError, match="at least one"):
        concatenate([])
    with pytest.raises(UserError, match="same settings"):
        concatenate([some, replace(some, actions=some.actions[:, :-1])])
    with pytest.raises(UserError, match="truth"):
        concatenate([some, replace(some, truth={})])


def test_wrong_types_shapes_and_values_are_refused(some: Episodes) -> None:
    spec = game("pong_angle").spec
    check_episodes(some, spec)
    wrong = {
        "frames of": replace(some, frames=some.frames[:, :, :-1]),
        "rewards of": replace(some, rewards=some.rewards.astype(np.float64)),
        "actions of": replace(some, actions=some.actions + np.uint8(3)),
        "lengths of": replace(some, lengths=some.lengths + np.int32(61)),
        "params of": replace(some, params=some.params[:, :0]),
        "truth 'ball'": replace(some, truth={"ball": some.truth["ball"].astype(object)}),
        "truth 'x'": replace(some, truth={"x": some.truth["ball"][:, 1:]}),
    }
    for complaint, episodes in wrong.items():
        with pytest.raises(UserError, match=complaint):
            check_episodes(episodes, spec)
