"""Families of games: which are seen, which are kept, and an episode that is of one of them."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from tickworld import seeds
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.families import Family, Split, games_of, kept, restrict
from tickworld.games.pong import Pong
from tickworld.recipes.config import GameConfig

FAMILY = Family(
    axes={"length": tuple(range(2, 10)), "speed": tuple(range(8, 24, 2)), "wait": tuple(range(8))},
    kinds=({"walls": 1}, {"walls": 0}),
    strange=({"walls": 2},),
)
SIZES = [len(values) for values in FAMILY.axes.values()]


def places(split: Split, count: int = 40) -> np.ndarray:
    games = games_of(FAMILY, split, count)
    assert len({tuple(each.items()) for each in games}) == count
    return np.array([[values.index(one[axis]) for axis, values in FAMILY.axes.items()] for one in games])


def test_seen_games_have_no_value_that_is_kept_and_few_ends() -> None:
    found = places("seen")
    assert not kept(8)[found].any() and kept(8).sum() == 2
    assert (np.isin(found, (0, 7)).sum(1) <= 1).all() and len(np.unique(found)) == 6


def test_what_lies_between_has_kept_values_and_no_end() -> None:
    found = places("between")
    assert (kept(8)[found].sum(1) >= 2).all() and not np.isin(found, (0, 7)).any()


def test_corners_are_ends_only() -> None:
    assert np.isin(places("corner", 16), (0, 7)).all()
    with pytest.raises(UserError, match="this game has only 16 games in split corner; got 17; ask for fewer"):
        games_of(FAMILY, "corner", 17)


def test_strange_games_are_of_kinds_that_are_not_seen() -> None:
    assert {one["walls"] for one in games_of(FAMILY, "strange", 20)} == {2}
    assert {one["walls"] for one in games_of(FAMILY, "seen", 20)} == {0, 1}
    with pytest.raises(UserError, match="has no kinds of games that are kept from training"):
        games_of(FAMILY._replace(strange=()), "strange", 1)


@pytest.mark.parametrize("split", [each for each in get_args(Split) if each != "corner"])
def test_a_longer_list_begins_alike(split: Split) -> None:
    assert games_of(FAMILY, split, 30)[:12] == games_of(FAMILY, split, 12)


class Kin(Pong):
    """Pong as a family."""

    family = Family(axes={"paddle_length": (3, 4, 5, 6, 7, 8, 9), "serve_wait": tuple(range(16))})


def test_an_episode_is_of_one_of_the_games_and_starts_anywhere() -> None:
    one = restrict(Kin(), "seen", 5)
    drawn = one.spec.draw(seeds.rows(0, 0, 400))
    rules = [column for column, param in enumerate(one.spec.params) if not param.start]
    assert {tuple(row) for row in drawn[:, rules]} == {tuple(np.array(row)[rules]) for row in one.spec.games}
    plain = Kin().spec.draw(seeds.rows(0, 0, 400))
    starts = [column for column, param in enumerate(one.spec.params) if param.start]
    assert (drawn[:, starts] == plain[:, starts]).all()


def test_a_game_that_is_no_family() -> None:
    with pytest.raises(UserError, match="pong is no family of games and has no split seen; leave --game.split out"):
        GameConfig(name="pong", split="seen").build()


@pytest.mark.parametrize("params", [{}, {"paddle_length": (3, 9)}])
def test_what_is_drawn_of_itself_is_a_start(params: dict[str, Any]) -> None:
    spec = game("pong", **params).spec
    assert [param.name for param in spec.params if not param.start][:2] == ["paddle_length", "ball_size"]
    assert all(param.start for param in spec.params[6:])
