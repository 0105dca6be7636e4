"""What the frames of a true game leave open of its params."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.by_hand import truth

from tickworld.agents import player
from tickworld.data.episode import Episodes
from tickworld.data.record import play_episodes
from tickworld.evaluation.gradients import slack as module
from tickworld.evaluation.gradients.slack import slack
from tickworld.games import game
from tickworld.simulator import Simulator

FRAMES = 40


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer places than there are by default."""
    monkeypatch.setattr(module, "TRIED", 512)


def played(there: Simulator, games: int = 1) -> Episodes:
    return play_episodes(there, player("tracking", there), np.arange(games, dtype=np.uint64), FRAMES)


def with_speed(there: Simulator, recorded: Episodes, speed: float) -> np.ndarray:
    """The frames of the first game of ``recorded`` with another speed."""
    params = recorded.params[:1].copy()
    params[:, there.spec.index("speed")] = speed
    state = there.init(params, recorded.seeds[:1])
    frames = [there.render(state)]
    for tick in range(FRAMES):
        state = there.update(state, recorded.actions[:1, tick])
        frames.append(there.render(state))
    return np.stack(frames, 1)


def test_a_ball_that_comes_back_to_where_it_was_leaves_its_speed_open() -> None:
    """About a pixel a tick, it touches both planks after 13 ticks and so is never further off than 13 times the
    error."""
    there = truth(angle=0.0)
    recorded = replace(played(there), params=np.array([[0.0, 1.0]]))
    recorded = replace(recorded, frames=with_speed(there, recorded, 1.0))
    middle, half = (each[0, 0] for each in slack(there, recorded, ("speed",), FRAMES, 1))
    assert 0.03 < half < 0.045 and abs(middle - 1) < 0.01
    for share in (-0.9, 0.0, 0.9):
        assert (with_speed(there, recorded, middle + share * half) == recorded.frames).all()
    for share in (-1.3, 1.3):
        assert (with_speed(there, recorded, middle + share * half) != recorded.frames).any()


def test_the_true_params_are_among_those_and_more_frames_leave_less_open() -> None:
    there = truth()
    recorded = played(there, 2)
    for names in (("angle", "speed"), ("speed",)):
        columns = [there.spec.index(name) for name in names]
        short, long = (slack(there, recorded, names, frames, 2) for frames in (6, FRAMES))
        for each in (short, long):
            assert (np.abs(each.middle - recorded.params[:, columns]) <= each.half + 1e-9).all()
        assert (long.half < short.half).all() and (long.half > 0).all()


def test_an_angle_has_no_seam() -> None:
    there = truth(angle=(0.0, 2 * np.pi))
    recorded = replace(played(there), params=np.array([[0.001, 1.3]]))
    recorded = replace(recorded, frames=with_speed(there, recorded, 1.3))
    left = slack(there, recorded, ("angle",), FRAMES, 1)
    assert 0 < left.half[0, 0] < 0.05 and abs(left.middle[0, 0]) < 0.05


def test_nothing_is_known_where_the_game_was_another() -> None:
    there = truth()
    recorded = played(there)
    unknown = replace(recorded, params=np.full_like(recorded.params, np.nan))
    other = replace(recorded, frames=255 - recorded.frames)
    for each in (unknown, other):
        assert np.isnan(slack(there, each, ("speed",), FRAMES, 1).half).all()
    assert slack(there, recorded, ("speed",), FRAMES, 5).half.shape == (1, 1), "as many games as there are"


def test_a_whole_number_is_told_from_its_neighbours() -> None:
    catch = game("catch")
    recorded = played(catch)
    left = slack(catch, recorded, ("fruit_x",), FRAMES, 1)
    assert left.half[0, 0] == 0 and left.middle[0, 0] == recorded.params[0, catch.spec.index("fruit_x")]
