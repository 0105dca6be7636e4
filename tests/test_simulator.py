"""Spec: params by default, drawn, fixed and checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tickworld import config as configs
from tickworld import seeds
from tickworld.errors import UserError
from tickworld.games import GAMES, game
from tickworld.simulator import BallGame, Param, Probed, Simulator, Spec

SPEC = Spec(
    name="toy",
    height=4,
    width=5,
    channels=1,
    players=("one",),
    actions=("stay",),
    params=(
        Param("fixed", 2, 0, 9),
        Param("whole", 3, -2, 4, drawn=True),
        Param("real", 0.5, -1.0, 2.0, kind="real", drawn=True),
        Param("turn", 0.0, 0.0, 2 * np.pi, kind="angle", drawn=True),
        Param("pick", 1, 0, 2, kind="choice", drawn=True),
    ),
)


def test_defaults_have_one_row_each_and_one_column_a_param() -> None:
    rows = SPEC.defaults(3)
    assert rows.tolist() == [[2, 3, 0.5, 0, 1]] * 3
    rows[0] = 7
    assert SPEC.defaults(1).tolist() == [[2, 3, 0.5, 0, 1]]
    assert SPEC.defaults(0).shape == (0, 5)


def test_frame_shape_and_index() -> None:
    assert SPEC.frame_shape == (4, 5, 1)
    assert SPEC.index("real") == 2
    with pytest.raises(UserError, match=r"^toy has no param 'rael'; did you mean 'real'\? known: fixed, whole, real"):
        SPEC.index("rael")


def test_draw_covers_the_range_and_nothing_else() -> None:
    rows = SPEC.draw(seeds.rows(0, 0, 4000))
    SPEC.check_params(rows)
    assert (rows[:, 0] == 2).all()
    assert set(rows[:, 1]) == set(range(-2, 5)) and set(rows[:, 4]) == {0, 1, 2}
    assert -1 <= rows[:, 2].min() < -0.98 and 1.98 < rows[:, 2].max() <= 2
    assert abs(np.bincount((rows[:, 1] + 2).astype(int)) - 4000 / 7).max() < 120
    assert abs(np.corrcoef(rows[:, 1:].T) - np.eye(4)).max() < 0.06


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5))
def test_a_drawn_row_depends_on_its_own_seed_only(row_seeds: list[int]) -> None:
    together = SPEC.draw(np.array(row_seeds, np.uint64))
    for row, seed in enumerate(row_seeds):
        assert (SPEC.draw(np.array([seed], np.uint64)) == together[row]).all()


def test_fixing_one_param_does_not_change_how_others_are_drawn() -> None:
    rows = seeds.rows(0, 0, 50)
    before, after = SPEC.draw(rows), SPEC.with_params({"whole": 0}).draw(rows)
    assert (after[:, 1] == 0).all()
    assert (np.delete(after, 1, 1) == np.delete(before, 1, 1)).all()


@pytest.mark.parametrize("name", GAMES)
def test_every_games_own_params_are_legal(name: str) -> None:
    spec = game(name).spec
    spec.check_params(spec.defaults(2))
    spec.check_params(spec.draw(seeds.rows(1, 0, 500)))
    for column, param in enumerate(spec.params):
        for end in (param.low, param.high):
            rows = spec.defaults(1)
            rows[0, column] = end
            spec.check_params(rows)


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_a_simulator_that_can_be_read(name: str) -> None:
    simulator = game(name)
    assert isinstance(simulator, Simulator)
    assert isinstance(simulator, BallGame) == (name in ("pong", "pong_angle", "breakout", "catch", "rally"))
    assert isinstance(simulator, Probed) != (name in ("cart", "bounce", "smoke"))


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ([2, 3, 0.5, 0], r"params of shape \[N, 5\]; got \[1, 4\]"),
        ([10, 3, 0.5, 0, 1], r"param fixed of toy must be a whole number in 0..9; got 10"),
        ([2, 2.5, 0.5, 0, 1], r"param whole of toy must be a whole number in -2..4; got 2.5"),
        ([2, 3, 2.1, 0, 1], r"param real of toy must be a number in -1..2; got 2.1"),
        ([2, 3, float("nan"), 0, 1], r"param real .*got nan"),
        ([2, 3, 0.5, float("inf"), 1], r"param turn .*got inf"),
        ([2, 3, 0.5, 0, -1], r"param pick "),
    ],
)
def test_illegal_params_are_told(row: list[float], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        SPEC.check_params(np.array([row], float))


def test_a_wrong_row_among_right_ones_is_found() -> None:
    rows = SPEC.defaults(5)
    rows[3, 1] = 5
    with pytest.raises(UserError, match="got 5"):
        SPEC.check_params(rows)
    with pytest.raises(UserError, match=r"got \[5\]"):
        SPEC.check_params(rows[0])


def test_with_params_fixes_a_number() -> None:
    spec = SPEC.with_params({"whole": -1, "real": 0})
    assert spec.defaults(1).tolist() == [[2, -1, 0, 0, 1]]
    assert not spec.params[1].drawn and not spec.params[2].drawn and spec.params[3].drawn
    assert spec.params[1].low == -2, "a fixed param keeps its legal range"
    assert SPEC.params[1].default == 3


def test_with_params_narrows_a_range() -> None:
    ranges: dict[str, Any] = {"fixed": (4, 6), "real": [1, 1.5]}  # a list, as JSON and YAML give it
    spec = SPEC.with_params(ranges)
    rows = spec.draw(seeds.rows(0, 0, 300))
    assert set(rows[:, 0]) == {4, 5, 6}
    assert 1 <= rows[:, 2].min() and rows[:, 2].max() <= 1.5
    assert spec.defaults(1)[0, :3].tolist() == [4, 3, 1], "the default is cut to the range"
    spec.check_params(rows)


def test_what_is_drawn_of_itself_is_a_start_however_it_is_drawn_later() -> None:
    ranges: dict[str, Any] = {"fixed": (4, 6), "whole": 2, "real": (1, 2)}
    assert [param.start for param in SPEC.params] == [False, True, True, True, True]
    assert [param.start for param in SPEC.with_params(ranges).params] == [False, True, True, True, True]
    assert Param("told", 0, 0, 1, drawn=True, start=False).start is False


def test_a_spec_that_was_written_before_there_were_starts_is_read() -> None:
    written = configs.plain(SPEC)
    assert TypeAdapter(Spec).validate_python(written) == SPEC
    for param in written["params"]:
        del param["start"]
    del written["games"]
    assert TypeAdapter(Spec).validate_python(written) == SPEC


BAD_VALUES: list[Any] = [
    10,
    -1,
    2.5,
    (3,),
    (1, 2, 3),
    (6, 4),
    (4, 10),
    (0.5, 6),
    (3.2, 3.8),
    "fast",
    None,
    float("nan"),
]


@pytest.mark.parametrize("value", BAD_VALUES, ids=repr)
def test_with_params_tells_a_wrong_value(value: Any) -> None:
    with pytest.raises(UserError, match=r"^param fixed of toy takes a whole number or .*0\.\.9; got "):
        SPEC.with_params({"fixed": value})


def test_game_tells_unknown_names_with_near_matches() -> None:
    with pytest.raises(UserError, match=r"^there is no game 'pnog'; did you mean 'pong'\? known: pong, pong_angle"):
        game("pnog")
    with pytest.raises(UserError, match=r"^pong has no param 'serve_wiat'; did you mean 'serve_wait'\?"):
        game("pong", serve_wiat=3)
    with pytest.raises(UserError, match=r"^param paddle_length of pong .* 3\.\.9; got 10$"):
        game("pong", paddle_length=10)
