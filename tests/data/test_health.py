"""Every check finds the illness that it is there for, and none is found in a sound recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.episode import Episodes, select
from tickworld.data.health import CHECKS, recording_symptoms
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.simulator import Spec

GAME = game("pong")


@pytest.fixture(scope="module")
def sound() -> Episodes:
    return play_episodes(GAME, player("mixed", GAME), seeds.rows(0, 0, 64), 60)


def found(episodes: Episodes, spec: Spec = GAME.spec) -> dict[str, str]:
    return {name: sentence for name, sentence, advice in recording_symptoms(episodes, spec) if advice}


def test_a_sound_recording_has_no_symptoms(sound: Episodes) -> None:
    assert found(sound) == {}


@pytest.mark.parametrize("name", ["pong_angle", "catch", "snake", "breakout", "bounce"])
def test_recordings_of_our_games_are_sound(name: str) -> None:
    simulator = game(name)
    episodes = play_episodes(simulator, player("mixed", simulator), seeds.rows(0, 0, 48), 60)
    assert found(episodes, simulator.spec) == {}


def shifted(episodes: Episodes, ticks: int) -> Episodes:
    return replace(episodes, actions=np.roll(episodes.actions, ticks, axis=1))


def blurred(episodes: Episodes) -> Episodes:
    frames = episodes.frames.copy()
    frames[0, 0, 3, :5] = 100
    return replace(episodes, frames=frames)


def stands_still(episodes: Episodes) -> Episodes:
    return replace(episodes, frames=np.repeat(episodes.frames[:, :1], episodes.ticks + 1, axis=1))


def pressed(episodes: Episodes, which: Callable[[np.ndarray], np.ndarray]) -> Episodes:
    return replace(episodes, actions=which(episodes.actions))


def mixed_up(keys: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).permutation(keys)


ILL: list[tuple[str, Callable[[Episodes], Episodes], str]] = [
    ("nothing moves", stands_still, r"frames change in 0.00% of 3,840 ticks"),
    ("one action only", lambda one: pressed(one, np.zeros_like), "left presses stay in 100.0% of 3,840 ticks"),
    ("actions never pressed", lambda one: pressed(one, lambda keys: np.minimum(keys, 1)), "nobody ever presses down"),
    ("always the same", lambda one: select(one, np.zeros(32, int)), "32 episodes begin with 1 different frames"),
    ("episodes are cut", lambda one: replace(one, lengths=one.lengths // 20), "100% of 64 episodes last less than 4"),
    ("colours out of the palette", blurred, "5 pixels of .* have none of the 2 colours"),
    ("a param never differs", lambda one: replace(one, params=one.params * 0 + 7), "ball_x is said to be drawn from 3"),
    ("params are no numbers", lambda one: replace(one, params=one.params * np.nan), "param paddle_length is nan in 64"),
    ("actions are off", lambda one: shifted(one, 2), "actions come 2 ticks late"),
    ("actions have no visible effect", lambda one: pressed(one, mixed_up), "no action"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "ill", "sentence"), ILL, ids=[name for name, _, _ in ILL])
def test_an_illness_is_found(sound: Episodes, name: str, ill: Callable[[Episodes], Episodes], sentence: str) -> None:
    symptoms = found(ill(sound))
    assert name in symptoms
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(symptoms[name])


def test_few_colours_without_a_palette(sound: Episodes) -> None:
    symptoms = found(sound, replace(GAME.spec, palette=()))
    assert "only 2 colours occur" in symptoms["few colours, no palette"]


def test_every_check_has_found_something() -> None:
    assert len(CHECKS) == 7, "a new check needs an illness above"
