"""A world with a reward model dreams what it dreams without, and says what its ticks bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tickworld import checks, seeds, states
from tickworld.agents import player
from tickworld.checks import LAWS
from tickworld.data.batches import WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.rewarded import Rewarded, worn
from tickworld.models.rewards import Outcome, RewardModel, RewardModelConfig, Told
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.simulator import Inspectable, Observing, Opening, Simulator

GAME = game("pong")
SHADES = ProfilesConfig(shapes=4)
WORLDS = {
    "snapped": WorldConfig(
        initializer=HistoryConfig(),
        core=SnappedConfig(radius=(2, 2), ages=6, width=16, summary=8),
        renderer=PaletteConfig(),
    ),
    "one frame": WorldConfig(initializer=FramesConfig(opening=1, size=16), core=GruConfig(size=16), renderer=SHADES),
    "params": WorldConfig(initializer=ParamsConfig(size=16), core=GruConfig(size=16), renderer=SHADES),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=4, size=16),
        core=RssmConfig(size=16, groups=4, classes=4, hidden=16),
        renderer=SHADES,
    ),
}
FRAMES = 3
ENDS = (Outcome(reward=(0.0, 0.0), over=False, share=0.9), Outcome(reward=(0.0, 0.0), over=True, share=0.1))


class Scribe(RewardModel):
    """Tells what it was shown: the brightness of the newest frame and of the first one; over where both players press
    the last key."""

    def tell(self, frames: Tensor, actions: Tensor) -> Told:
        assert frames.shape[1:] == (FRAMES, 1, 32, 32)
        sums = frames.sum((2, 3, 4))
        return Told(torch.stack([sums[:, -1], sums[:, 0]], 1), (actions == 2).all(1).float())


def dreams(name: str, ends: bool = False) -> tuple[Learned, Rewarded]:
    """One world without and with a reward model."""
    world = seeded_world(WORLDS[name], GAME.spec, seed=3)
    for key, buffer in world.named_buffers():
        if key in ("core.lively", "core.remote"):
            buffer[:] = True
    opening = world.initializer.opening
    shown = None
    if opening:
        episodes = play_episodes(GAME, player("mixed", GAME), seeds.rows(3, 0, 9), 30)
        some = windows(episodes, WindowShape(opening, 1, 9), 0, 0)
        shown = Opening(some.opening_frames, some.opening_actions)
    config = RewardModelConfig(frames=FRAMES, outcomes=ENDS if ends else ENDS[:1])
    one = worn(world, GAME.spec, shown, Scribe(config, GAME.spec))
    assert isinstance(one, Rewarded)
    return Learned(world, GAME.spec, shown), one


def sums(frames: np.ndarray) -> np.ndarray:
    return (frames / 255).sum((1, 2, 3)).astype(np.float32)


@pytest.mark.parametrize("name", WORLDS)
def test_it_is_a_lawful_simulator(name: str) -> None:
    _, one = dreams(name, ends=True)
    assert isinstance(one, Simulator) and isinstance(one, Inspectable) and isinstance(one, Observing)
    for law, check in LAWS.items():
        if law not in ("params matter", "actions matter"):  # of a world that has learned nothing
            check(one)


@pytest.mark.parametrize("name", WORLDS)
def test_the_dream_is_the_same_with_and_without(name: str) -> None:
    plain, one = dreams(name)
    rows = seeds.rows(5, 0, 4)
    params, actions = one.spec.draw(rows), checks.some_actions(one, 4, 12)
    expected, told = checks.play(plain, params, rows, actions), checks.play(one, params, rows, actions)
    assert one.spec == plain.spec and (expected[0] == told[0]).all()
    for ours, theirs in zip(told[1], expected[1], strict=True):
        assert (one.trust(ours) == plain.trust(theirs)).all()
        np.testing.assert_array_equal(one.margin(ours), plain.margin(theirs))
        assert all((one.fields(ours)[key] == each).all() for key, each in plain.fields(theirs).items())


@pytest.mark.parametrize("name", WORLDS)
def test_the_model_is_shown_the_last_frames_and_what_was_pressed(name: str) -> None:
    _, one = dreams(name)
    rows = seeds.rows(5, 0, 4)
    frames, there = checks.play(one, one.spec.draw(rows), rows, checks.some_actions(one, 4, 6))
    for tick in range(FRAMES - 1, 7):
        reward = one.status(there[tick]).reward
        np.testing.assert_allclose(reward, np.stack([sums(frames[tick]), sums(frames[tick - 2])], 1), rtol=1e-5)


def test_the_last_tick_of_an_opening_brings_something() -> None:
    _, one = dreams("snapped", ends=True)
    assert one.starts is not None
    actions = one.starts.actions[:3].copy()
    actions[:, -1] = [[2, 2], [2, 1], [0, 0]]
    opening = Opening(one.starts.frames[:3], actions)
    state = one.init(one.spec.defaults(3), seeds.rows(0, 0, 3), opening)
    reward, over = one.status(state)
    np.testing.assert_allclose(reward, np.stack([sums(opening.frames[:, -1]), sums(opening.frames[:, -3])], 1))
    assert over.tolist() == [True, False, False]


@pytest.mark.parametrize("name", ["one frame", "params"])
def test_where_no_tick_has_passed_nothing_was_brought(name: str) -> None:
    _, one = dreams(name, ends=True)
    rows = seeds.rows(0, 0, 3)
    state = one.init(one.spec.draw(rows), rows)
    reward, over = one.status(state)
    assert reward.dtype == np.float32 and reward.tolist() == [[0.0, 0.0]] * 3 and over.tolist() == [False] * 3
    first = one.render(state) if name == "params" else one._begun(one.spec.draw(rows), rows, None).frames[:, 0]
    state = one.update(state, np.ones((3, 2), np.int64))  # before the first frame that there was stands that frame
    np.testing.assert_allclose(one.status(state).reward[:, 1], sums(first), rtol=1e-5)


def test_what_is_over_stays_over_and_brings_nothing_more() -> None:
    _, one = dreams("params", ends=True)
    rows = seeds.rows(0, 0, 2)
    state, over, rewards = one.init(one.spec.draw(rows), rows), [], []
    for keys in ([[0, 2], [0, 0]], [[2, 2], [2, 1]], [[0, 0], [0, 0]], [[1, 1], [2, 2]]):
        state = one.update(state, np.array(keys))
        over.append(one.status(state).over.tolist())
        rewards.append((one.status(state).reward != 0).all(1).tolist())
    assert over == [[False, False], [True, False], [True, False], [True, True]]
    assert rewards == [[True, True], [True, True], [False, True], [False, True]]


def test_a_game_that_was_never_seen_to_end_is_never_over() -> None:
    _, one = dreams("params")
    rows = seeds.rows(0, 0, 2)
    state = one.init(one.spec.draw(rows), rows)
    for _ in range(2):
        state = one.update(state, np.zeros((2, 2), np.int64))
    assert not one.status(state).over.any()


@pytest.mark.parametrize("name", WORLDS)
def test_rows_can_be_taken_and_joined(name: str) -> None:
    _, one = dreams(name)
    rows = seeds.rows(5, 0, 4)
    params, actions = one.spec.draw(rows), checks.some_actions(one, 4, 6)
    _, there = checks.play(one, params, rows, actions)
    pick = np.array([3, 0])
    some = states.take(there[-1], pick)
    both = states.join([some, there[-1]])
    assert (one.render(some) == one.render(there[-1])[pick]).all()
    assert (one.status(both).reward[:2] == one.status(there[-1]).reward[pick]).all()
    assert one.render(one.update(both, np.zeros((6, 2), np.int64))).shape == (6, 32, 32, 1)


def test_a_change_by_hand_and_evidence_are_shown_to_the_model() -> None:
    _, one = dreams("rssm")
    rows = seeds.rows(0, 0, 2)
    state = one.init(one.spec.draw(rows), rows)
    truth = GAME.render(GAME.init(GAME.spec.draw(rows), rows))
    changed: list[Any] = [one.observe(state, truth), one.change(state, "out", 0, 50.0)]
    for each in changed:
        frames = one.render(each)
        assert (frames != one.render(state)).any()
        np.testing.assert_allclose(one.status(each).reward[:, 0], sums(frames), rtol=1e-5)
        assert (each.shown[:, :-1] == state.shown[:, :-1]).all()


def test_without_a_model_a_world_is_worn_as_ever() -> None:
    plain, _ = dreams("params")
    assert type(worn(plain.world, GAME.spec, None, None)) is Learned
