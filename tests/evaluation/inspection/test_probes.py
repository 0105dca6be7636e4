"""What lies in a state is found in games that no probe has seen; what does not is no better than the floor."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.evaluation.inspection.mapped import plane
from tickworld.evaluation.inspection.probes import probes
from tickworld.evaluation.inspection.visits import Moments, Visits

GAMES, EACH = 60, 10
COUNT = GAMES * EACH
CHANCE = np.random.default_rng(0)
NOISE = CHANCE.normal(size=(COUNT, 6))
GAME = np.arange(COUNT) // EACH


def made(features: NDArray[Any], truth: dict[str, NDArray[Any]], pixels: NDArray[Any] | None = None) -> dict[str, Any]:
    frames = NOISE[:, 3:5] if pixels is None else pixels
    known = {name: each.astype(float) for name, each in truth.items()}
    nothing = Moments(None, np.zeros((0, 0, 1), int), np.zeros((0, 1, 1, 1), np.uint8))
    rows = features.astype(np.float32), frames.astype(np.float32)
    visits = Visits(*rows, known, GAME, np.zeros(COUNT, np.int64), {}, {}, {}, nothing)
    found = probes(visits, seed=0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


@pytest.mark.parametrize("wide", [False, True])
def test_a_number_in_the_state_is_read(wide: bool) -> None:
    """Also where there are more numbers in a state than states to learn from."""
    mixed = NOISE[:, :3] @ CHANCE.normal(size=(3, 700 if wide else 5))
    row = made(mixed, {"place": 5 + 2 * NOISE[:, 0]})["place"]
    assert row["kind"] == "number" and row["state"]["score"] > 0.999 and row["state"]["off"] < 0.05
    assert row["pixels"]["score"] < 0.1 and abs(row["floor"]["score"]) < 0.1
    assert row["floor"]["off"] == pytest.approx(2 * np.abs(NOISE[:, 0]).mean(), rel=0.25)
    assert row["games"] == 12 and row["states"] == 120


def test_a_value_in_the_state_is_read() -> None:
    side = (NOISE[:, 0] > 0.5).astype(int) + (NOISE[:, 1] > 0)
    row = made(np.eye(3)[side] + 0.01 * NOISE[:, :3], {"side": side})["side"]
    most = np.bincount(side).max() / COUNT
    assert row["kind"] == "value" and row["state"] == {"score": 1.0, "off": None}
    assert row["floor"]["score"] == pytest.approx(most, abs=0.12) and row["pixels"]["score"] < 0.7


def test_what_tells_only_games_apart_is_not_knowledge() -> None:
    """A state that holds which game it is would answer any constant of a game, if games were not held out."""
    rule = CHANCE.normal(size=GAMES)[GAME]
    row = made(np.eye(GAMES)[GAME], {"rule": rule})["rule"]
    assert row["state"]["score"] < 0.1


def test_the_strength_is_chosen_where_it_was_not_learned() -> None:
    """With as many noisy numbers as states, least squares alone would be worse than the mean."""
    many = CHANCE.normal(size=(COUNT, 400))
    row = made(many + 0.5 * NOISE[:, :1], {"place": NOISE[:, 0]})["place"]
    assert row["state"]["score"] > 0.3


def test_what_is_absent_is_left_out() -> None:
    place = NOISE[:, 0].copy()
    place[::2] = np.nan
    row = made(NOISE[:, :2], {"place": place, "never": np.full(COUNT, np.nan), "constant": np.ones(COUNT)})
    assert list(row) == ["place"] and row["place"]["states"] == 60 and row["place"]["state"]["score"] > 0.99


def test_what_says_the_same_is_asked_once() -> None:
    seen = np.where(np.arange(COUNT) % 20, 3 + NOISE[:, 0], np.nan)
    truth = {"seen": seen, "same": -NOISE[:, 0], "like it": NOISE[:, 0] + 0.2 * NOISE[:, 1]}
    assert list(made(NOISE[:, :2], truth)) == ["seen", "like it"]


def test_the_plane_is_where_states_differ_most() -> None:
    for width in (5, 900):
        turned = np.linalg.qr(np.random.default_rng(1).normal(size=(width, width)))[0]
        flat = np.zeros((COUNT, width))
        flat[:, 0], flat[:, 1], flat[:, 2:4] = 9 * NOISE[:, 0], 3 * NOISE[:, 1], 0.1 * NOISE[:, 2:4]
        made = plane((flat @ turned).astype(np.float32))
        for axis, scale in enumerate((9, 3)):
            match = np.corrcoef(made.places[:, axis], NOISE[:, axis])[0, 1]
            assert abs(match) > 0.99
            assert made.places[:, axis].std() == pytest.approx(scale * NOISE[:, axis].std(), rel=0.1)
            assert made.places[np.abs(made.places[:, axis]).argmax(), axis] > 0
        assert made.shares[0] > 0.85 and 0.99 < sum(made.shares) <= 1
        states = (flat @ turned).astype(np.float32)
        np.testing.assert_allclose((states - states.mean(0)) @ made.axes.T, made.places, atol=1e-4)
        np.testing.assert_allclose(made.axes @ made.axes.T, np.eye(2), atol=1e-9)


def test_a_state_of_one_number_or_none_that_moves_has_a_plane() -> None:
    one = plane(NOISE[:, :1].astype(np.float32))
    assert one.places.shape == (COUNT, 2) and not one.places[:, 1].any() and one.shares == (pytest.approx(1.0), 0.0)
    assert np.abs(one.axes).tolist() == [[pytest.approx(1.0)], [0.0]]
    still = plane(np.ones((COUNT, 4), np.float32))
    assert not still.places.any() and still.shares == (0.0, 0.0)
