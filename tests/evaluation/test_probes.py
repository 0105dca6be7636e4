"""Probes of a ball game's rules: on courses that are drawn for them, and on true games."""

from __future__ import annotations

import numpy as np
import pytest

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.record import play_episodes
from tickworld.evaluation.probes import PROBES, Seen, probe, seen
from tickworld.games.rally import Rally

HEIGHT, TICKS = 64, 200


def course(x: np.ndarray, y: np.ndarray, size: float = 4.0) -> np.ndarray:
    """[T, 1, 3], in whole pixels as a game shows them."""
    return np.stack([np.floor(x + 0.5), np.floor(y + 0.5), np.full(len(x), size)], 1)[:, None]


PADDLE = course(np.ones(TICKS), np.full(TICKS, 30.0), 6.0)


def shuttle(speed: float) -> np.ndarray:
    """Back and forth between columns 3 and 60."""
    way = np.arange(TICKS) * speed % 114
    return 3 + np.minimum(way, 114 - way)


@pytest.mark.parametrize("speed", [1.0, 1.375, 2.5])
def test_speed_is_that_of_the_flight(speed: float) -> None:
    found = probe(Seen(course(shuttle(speed), np.full(TICKS, 30.0)), PADDLE, HEIGHT))
    assert found["speed"][0] == pytest.approx(speed, abs=0.05) and found["gravity"][0] == pytest.approx(0, abs=1e-9)
    assert found["ball_size"][0] == 2 and found["paddle_length"][0] == 6 and np.isnan(found["serve_wait"][0])


@pytest.mark.parametrize("gravity", [0.004, 0.012, 0.027])
def test_gravity_is_how_the_fall_grows(gravity: float) -> None:
    since = np.arange(TICKS) % 40  # ticks since the last turn, when it begins its fall anew
    y = 20 + 0.1 * since + gravity * since**2 / 2
    found = probe(Seen(course(3 + np.minimum(since, 39) * 1.25, y), PADDLE, HEIGHT))["gravity"][0]
    assert found == pytest.approx(gravity, abs=0.002)


def test_steepness_is_the_slope_over_where_a_paddle_is_hit() -> None:
    """The ball meets the paddle's column at tick 114, with its middle a half of a half paddle below the paddle's."""
    x, y = shuttle(1.0), np.full(TICKS, 32.0)
    y[114:] = 32 + 1.0 * np.minimum(np.arange(TICKS - 114), 20)
    found = probe(Seen(course(x, y), PADDLE, HEIGHT))
    assert np.isnan(found["steepness"][0]), "one such hit is not enough"
    far = PADDLE - (0, 1.2, 0)
    assert probe(Seen(course(x, y), far, HEIGHT))["steepness"][0] == pytest.approx(1.0 / (3.2 / 4), rel=0.05)


def test_nothing_is_read_where_nothing_is_seen() -> None:
    nothing = np.full((TICKS, 2, 3), np.nan)
    found = probe(Seen(nothing, nothing, HEIGHT))
    assert set(found) == set(PROBES) and all(np.isnan(values).all() for values in found.values())


def test_a_true_game_is_read_as_its_params_say() -> None:
    params = {"paddle_length": 7, "ball_size": 3, "speed": 14, "gravity": 4, "steepness": 5, "serve_wait": 6}
    game = Rally(**params)
    played = play_episodes(game, player("tracking", game), seeds.rows(0, 0, 48), 400)
    found = {name: float(np.nanmedian(each)) for name, each in probe(seen(game, played.frames.swapaxes(0, 1))).items()}
    assert (found["paddle_length"], found["ball_size"], found["serve_wait"]) == (7, 3, 6)
    assert found["speed"] == pytest.approx(14 / 8, abs=0.02)
    assert found["gravity"] == pytest.approx(4 / 256, abs=0.006)
    assert found["steepness"] == pytest.approx(2.5 * 5 / 8, rel=0.3)


@pytest.mark.parametrize("size", [4, 7])
def test_a_ball_that_comes_in_at_the_other_edge_tells_nothing_wrong(size: int) -> None:
    game = Rally(walls=0, ball_size=size, gravity=0, steepness=6)
    played = play_episodes(game, player("tracking", game), seeds.rows(0, 0, 48), 400)
    found = probe(seen(game, played.frames.swapaxes(0, 1)))
    assert np.nanmedian(found["gravity"]) == pytest.approx(0, abs=0.004)
    assert np.nanmedian(found["steepness"]) == pytest.approx(2.5 * 6 / 8, rel=0.3)
