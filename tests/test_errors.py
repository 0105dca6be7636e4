"""A mistake is told with what was got, what there is, and the nearest name."""

from __future__ import annotations

import pytest

from tickworld.errors import UserError, choose, near_match


def test_near_match_proposes_the_nearest_name_and_lists_all() -> None:
    assert near_match("pnog", ["pong", "pong_angle", "snake"]) == "did you mean 'pong'? known: pong, pong_angle, snake"


def test_near_match_proposes_nothing_far_fetched() -> None:
    assert near_match("chess", ["pong", "snake"]) == "known: pong, snake"


def test_choose_gives_the_entry() -> None:
    assert choose({"a": 1}, "a", "letter") == 1


def test_choose_names_what_is_missing() -> None:
    with pytest.raises(UserError, match=r"^there is no game 'pnog'; did you mean 'pong'\? known: pong$"):
        choose({"pong": 1}, "pnog", "game")


def test_a_user_error_is_not_caught_as_anything_more_special() -> None:
    assert UserError.__mro__[1] is Exception
