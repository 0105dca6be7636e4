"""Names with options, what they lead to, and what is wrong with those that lead nowhere."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.games.environments import Dot

from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.gym_config import GymConfig, check_trusted, parsed
from tickworld.games.gym_look import looked

TINY = "gym:tests.games.environments:"


@pytest.mark.parametrize(
    "name",
    [
        "gym:CartPole-v1",
        "gym:ALE/Pong-v5?size=[64,64]&skip=4",
        "gym:my.module:make?grey=true",
        "gym:X-v0?resize=area&arguments.mode=hard%26fast&arguments.level=[1,2]",
    ],
)
def test_a_name_is_read_and_written_again(name: str) -> None:
    address = parsed(name)
    assert parsed(address.name) == address and parsed(name, {"skip": 1}).config.skip == 1
    assert set(address.name.partition("?")[2].split("&")) == set(name.partition("?")[2].split("&"))


def test_options_join_the_name_and_defaults_are_left_out() -> None:
    assert parsed("gym:X?skip=1").name == "gym:X"
    assert parsed("gym:X?skip=2", {"skip": "4", "size": [8, 0]}).name == "gym:X?size=[8,0]&skip=4"
    assert parsed("gym:X?sticky=0.25").config == GymConfig(sticky=0.25)
    assert parsed("gym:X?size=48").config.size == (48, 48)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("gym:", r"is called gym:ID, such as gym:CartPole-v1, or gym:MODULE:CALLABLE; got 'gym:'"),
        ("gym:../x", "is called gym:ID"),
        ("gym:CartPole-v1?skip", r"options of a game are written gym:CartPole-v1\?skip=4&grey=true; got 'skip'"),
        ("gym:CartPole-v1?skp=4", "gym:CartPole-v1: there is no setting 'skp'.* did you mean 'skip'"),
        ("gym:CartPole-v1?skip=0", "gym:CartPole-v1: .*greater than or equal to 1; got 0"),
        ("gym:CartPole-v1?size=big", r"expected auto, \[height, width\] or one number for both, .*; got 'big'"),
        ("gym:CartPole-v1?size=[9,2000]", r"each in 0..1024 pixels; got \[9, 2000\]"),
        ("gym:CartPol-v1", "Gymnasium has no environment 'CartPol-v1'; did you mean 'CartPole-v1'"),
        ("gym:ALE/Pnog-v5", "did you mean 'ALE/Pong-v5'"),
        ("gym:CartPole-v1?arguments.colour=red", "cannot be made: TypeError: .*unexpected keyword argument 'colour'"),
        ("gym:no_such_module:make", "needs the module no_such_module, which cannot be imported"),
        (f"{TINY}shot", "has no callable 'shot'; did you mean 'short'"),
        (f"{TINY}no_environment", "cannot be made: TypeError: it must give a gymnasium.Env; got int"),
        (f"{TINY}Unseen", r"shows nothing to learn from: .* as rgb_array \(only as human, ansi\)"),
        (f"{TINY}Mute", "must show frames of uint8"),
        (f"{TINY}Dot?source=observation", r"is no picture, uint8 \[height, width, 3\], but Box"),
        (f"{TINY}Loose", "actions without bounds"),
        (f"{TINY}Crowded", "has 300 actions"),
        (f"{TINY}Bundle", "actions of the kind Dict"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint) as error:
        game(name)
    assert "\n" not in str(error.value)


def test_params_and_options_are_not_mixed_up() -> None:
    with pytest.raises(UserError, match="there is no setting 'serve_wait'"):
        game("gym:CartPole-v1", serve_wait=3)
    with pytest.raises(UserError, match="pong has no param 'skip'"):
        game("pong", skip=3)


@pytest.mark.parametrize(("package", "name"), [("gymnasium", "gym:A-v0"), ("ale_py", "gym:ALE/Nothing-v5")])
def test_a_package_that_is_missing(package: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    looked.cache_clear()
    with pytest.raises(UserError, match=rf"gym needs the package {package}, .* run pip install 'tickworld\[gym\]'"):
        game(name)


def test_an_id_that_a_module_registers() -> None:
    assert game("gym:tests.games.environments:Tiny/Dot-v0").spec.actions == ("noop", "left", "right")


def test_a_module_that_is_where_we_are(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "just_here.py").write_text("from tests.games.environments import Dot\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    assert game("gym:just_here:Dot").spec.palette[1] == (200, 100, 50)


def test_code_that_a_file_asks_for_needs_to_be_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pong", "gym:CartPole-v1", "gym:ALE/Pong-v5?skip=2"):
        check_trusted(name, "it")
    with pytest.raises(
        UserError, match=r"^x plays gym:a\.b:make, which runs code of the module a\.b; .* TICKWORLD_TRUST=a\.b$"
    ):
        check_trusted("gym:a.b:make", "x")
    monkeypatch.setenv("TICKWORLD_TRUST", "other,a.b")
    check_trusted("gym:a.b:make", "x")
    with pytest.raises(UserError, match="runs code of the module a"):
        check_trusted("gym:a:b-v0", "x")


def test_the_render_mode_goes_to_what_takes_one() -> None:
    env = looked(f"{TINY}short").maker.make()
    assert isinstance(env, Dot) and env.render_mode == "rgb_array"
    assert looked(f"{TINY}Painted").maker.make().render_mode is None
