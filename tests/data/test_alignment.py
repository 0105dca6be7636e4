"""The lag between actions and frames is found from the data alone, and nothing is claimed where nothing can be said."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.alignment import LAGS, Motion, align, moved, verdict
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.games import game

SIDES = ("left", "right")


def episodes(who: str, name: str = "pong", count: int = 4, ticks: int = 150) -> Episodes:
    simulator = game(name)
    return play_episodes(simulator, player(who, simulator), seeds.rows(1, 0, count), ticks)


@pytest.fixture(scope="module")
def mixed() -> Episodes:
    return episodes("mixed")


def late(played: Episodes, ticks: int) -> list[Motion]:
    """Episodes whose actions are told so many ticks too late."""
    return [
        Motion(moved(frames[: length + 1]), np.roll(actions[:length], ticks, 0))
        for frames, actions, length in zip(played.frames, played.actions, played.lengths, strict=True)
    ]


@pytest.mark.parametrize("ticks", range(-3, 4))
def test_every_shift_is_found(ticks: int, mixed: Episodes) -> None:
    found = align(late(mixed, ticks), SIDES)
    assert found.lag == found.shift == -ticks and found.effective.all()
    said = verdict(found)
    if ticks == 0:
        assert said.startswith("actions and frames fit as they are (they explain ")
    elif ticks > 0:
        number = f"{ticks} tick{'s' if ticks > 1 else ''}"
        assert said.startswith(f"actions come {number} late: what moves fits best when they are shifted by -{ticks}; ")
        assert f"shift with --shift -{ticks}" in said
    else:
        assert "the game answers late, which is as it should be, or the actions come early" in said
        assert f"--shift {-ticks}" in said
    assert f"--shift {-ticks + 5} " in verdict(found, 5) or ticks == 0, "shifts add up"


@pytest.mark.parametrize("who", ["random", "tracking", "held_out"])
def test_whoever_plays(who: str) -> None:
    for ticks in (-2, 0, 2):
        assert align(late(episodes(who), ticks), SIDES).lag == -ticks


@pytest.mark.parametrize("name", ["breakout", "snake", "maze", "catch"])
def test_other_games(name: str) -> None:
    played = episodes("mixed", name, count=12)
    players = game(name).spec.players
    for ticks in (-1, 0, 2):
        assert align(late(played, ticks), players).lag == -ticks


def test_actions_without_an_effect(mixed: Episodes) -> None:
    other = episodes("random").actions
    motions = [each._replace(actions=other[row, : len(each.moves)]) for row, each in enumerate(late(mixed, 0))]
    found = align(motions, SIDES)
    assert found.lag is None and found.shift == 0
    assert verdict(found).startswith("no action has an effect that stands out in 548 ticks, at any shift")
    half = [each._replace(actions=each.actions.copy()) for each in late(mixed, 0)]
    for row, each in enumerate(half):
        each.actions[:, 1] = other[row, : len(each.moves), 1]
    found = align(half, SIDES)
    assert found.lag == 0 and found.effective.tolist() == [True, False]


def still(count: int) -> NDArray[np.uint8]:
    return np.zeros((count + 1, 16, 16, 1), np.uint8)


def test_one_action_only_and_frames_that_stand(mixed: Episodes) -> None:
    alone = [each._replace(actions=np.zeros_like(each.actions)) for each in late(mixed, 0)]
    assert align(alone, SIDES).lag is None
    actions = np.random.default_rng(0).integers(0, 3, (200, 2)).astype(np.uint8)
    assert align([Motion(moved(still(200)), actions)], SIDES).lag is None


def test_too_few_ticks(mixed: Episodes) -> None:
    few = [Motion(each.moves[:30], each.actions[:30]) for each in late(mixed, 0)[:1]]
    assert verdict(align(few, SIDES)) == "only 17 ticks: too few to tell whether the actions fit the frames"
    assert align([Motion(each.moves[:5], each.actions[:5]) for each in few], SIDES).ticks == 0


def test_keys_that_are_held_are_not_smeared(mixed: Episodes) -> None:
    scores, here = align(late(mixed, 0), SIDES).scores.sum(1), LAGS.index(0)
    assert scores[here] > 5 * scores[:here].max() and scores[here] > 5 * scores[here + 2 :].max()


def test_keys_that_push() -> None:
    """A cart that gathers speed shows most of a push later; it is not for that that the push comes early."""
    played = episodes("random", "cart", count=30, ticks=100)
    for ticks in (-2, 0, 2):
        assert align(late(played, ticks), ("cart",)).lag == -ticks


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 200, 3), (7, 5, 1), (130, 90, 3), (64, 64, 3)])
def test_frames_of_any_size(shape: tuple[int, int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (6, *shape)).astype(np.uint8)
    found = moved(frames)
    assert found.shape[0] == 5 and found.dtype == np.float32 and np.isfinite(found).all()
