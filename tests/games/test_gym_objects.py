"""Objects of an environment that are told by their colours, and what that opens: tracking, and Atari Pong as a ball
game."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from tests.games.environments import DARK, LIT, WIDTH

from tickworld import seeds
from tickworld.agents import able, player
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.gym_objects import GymBallGame, SeenGym
from tickworld.recipes import recipe
from tickworld.simulator import BallGame, Probed

DOT = "gym:tests.games.environments:Dot"


def seen(name: str, **options: Any) -> SeenGym:
    made = game(name, **options)
    assert isinstance(made, SeenGym)
    return made


def test_an_object_is_the_middle_of_its_colour() -> None:
    dot = seen(DOT, objects={"dot": LIT})
    rows = seeds.rows(0, 0, 6)
    state = dot.init(dot.spec.defaults(6), rows)
    found = dot.objects(dot.render(state)).positions["dot"]
    assert (found[:, 0] == [row.env.unwrapped.place for row in state.rows]).all()
    assert (found[:, 1] == 5.5).all() and (found[:, 2] == 4).all() and found[:, 0].max() < WIDTH
    nothing = np.full((1, *dot.spec.frame_shape), DARK, np.uint8)
    assert np.isnan(dot.objects(nothing).positions["dot"]).all()
    assert isinstance(dot, Probed) and not isinstance(dot, BallGame)


def test_a_colour_that_is_not_there() -> None:
    said = r"Dot: object dot must have a colour of its palette, which has \[10, 20, 30\], \[200, 100, 50\]; got \[1, 2"
    with pytest.raises(UserError, match=said):
        game(DOT, objects={"dot": (1, 2, 3)})
    with pytest.raises(UserError, match="which has no colour, since there is no palette"):
        game(DOT, objects={"dot": LIT}, palette=1)


def test_another_process_plays_the_same() -> None:
    dot = seen(DOT, objects={"ball": LIT})
    again = pickle.loads(pickle.dumps(dot))
    assert type(again) is GymBallGame and again.spec == dot.spec and isinstance(again, BallGame)
    assert isinstance(dot, GymBallGame)
    frames = dot.render_without_ball(dot.init(dot.spec.defaults(2), seeds.rows(0, 0, 2)))
    assert (frames == DARK).all()


def test_a_player_runs_after_the_ball_of_the_atari() -> None:
    pong = recipe("ale_pong").game.build()
    assert isinstance(pong, GymBallGame) and pong.spec.frame_shape == (80, 80, 3) and len(pong.spec.palette) == 4
    assert pong.spec.actions == ("noop", "up", "down") and "tracking" in able(pong)
    played = play_episodes(pong, player("tracking", pong), seeds.rows(0, 0, 2), 160)
    found = pong.objects(played.frames.reshape(-1, 80, 80, 3)).positions
    there = np.isfinite(found["ball"][:, 2])
    off = np.abs(found["ball"][:, 1] - found["player"][:, 1])[there & (found["ball"][:, 0] > 60)]
    idle = play_episodes(pong, player("idle", pong), seeds.rows(0, 0, 2), 160)
    still = pong.objects(idle.frames.reshape(-1, 80, 80, 3)).positions
    far = np.abs(still["ball"][:, 1] - still["player"][:, 1])[np.isfinite(still["ball"][:, 2])]
    assert there.mean() > 0.5 and np.median(off) < np.median(far[np.isfinite(far)])
