"""A trained agent as a file and as a player; what a stranger's file may not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from tickworld import seeds, states
from tickworld.agents import player
from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.agents.matches import play, played
from tickworld.agents.network import Layer, Network
from tickworld.agents.trained import FILE, Agent, Label, read, seated, write
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.models.learned import Learned

ROWS = seeds.rows(2, 0, 5)
ORIGIN: dict[str, str | int | float] = {"world": "cartridge:pong", "method": "ppo", "steps": 10, "seed": 0}


def agent(name: str = "pong", hidden: tuple[int, ...] = (4,), **settings: Any) -> Agent:
    """An agent with weights by chance."""
    there, config = game(name), ArenaConfig(**{"observation": "objects", "opponent": "noisy", **settings})
    draw = np.random.default_rng(1)
    sizes = [int(np.prod(Arena(there, there, config).shape)), *hidden, len(there.spec.actions)]
    layers = tuple(
        Layer(draw.normal(size=(o, i)).astype(np.float32), np.zeros(o, np.float32))
        for i, o in zip(sizes[:-1], sizes[1:], strict=True)
    )
    spec = there.spec
    label = Label(game=name, players=spec.players, actions=spec.actions, arena=config, origin=ORIGIN)
    return Agent(label, Network(layers))


def changed(path: Path, label: dict[str, Any] | None = None, tensors: dict[str, Any] | None = None) -> None:
    """Another file at ``path``, with some of its label or tensors changed; None leaves one out."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    told = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["agent"]) | (label or {})
    there = {name: each for name, each in (load(content) | (tensors or {})).items() if each is not None}
    path.write_bytes(save(there, {"agent": json.dumps(told)}))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    for hidden in ((), (3, 5)):
        path, one = tmp_path / FILE, agent(hidden=hidden)
        write(path, one)
        for place in (path, tmp_path):
            other = read(place)
            assert other.label == one.label and len(other.network.layers) == len(hidden) + 1
            for mine, theirs in zip(one.network.layers, other.network.layers, strict=True):
                assert (mine.weight == theirs.weight).all() and (mine.bias == theirs.bias).all()


@pytest.mark.parametrize("settings", [{}, {"observation": "frame", "stack": 3}, {"side": "right", "stack": 1}])
def test_as_a_player_it_presses_what_it_does_in_an_arena(settings: dict[str, Any]) -> None:
    one, there = agent(**settings), game("pong")
    arena = Arena(there, there, one.label.arena.model_copy(update={"limit": 60}))
    asked = play(arena, ROWS, lambda rows, tick: one.network.choose(arena.seen(rows)))
    np.testing.assert_array_equal(asked, played(arena, ROWS, seated(one, there)))
    assert np.abs(asked).sum() > 0


def test_it_replays_and_its_rows_do_not_know_each_other(tmp_path: Path) -> None:
    write(tmp_path / FILE, agent())
    there, who = game("pong"), player(f"agent:{tmp_path}", game("pong"))
    whole = play_episodes(there, who, ROWS, 40)
    np.testing.assert_array_equal(whole.actions, play_episodes(there, who, ROWS, 40).actions)
    np.testing.assert_array_equal(whole.actions[2:4], play_episodes(there, who, ROWS[2:4], 40).actions)
    left, right = whole.actions[..., 0], whole.actions[..., 1]
    assert len(np.unique(left)) > 1 and len(np.unique(right)) > 1  # and somebody plays the other side
    memory = who.init(seeds.mix(ROWS, "player"))
    _, memory = who.act(memory, 0, whole.frames[:, 0])
    some, _ = who.act(states.take(memory, np.array([3, 1])), 1, whole.frames[[3, 1], 1])
    np.testing.assert_array_equal(some, whole.actions[[3, 1], 1])


def test_it_plays_in_a_dream_of_its_game(dream: Callable[..., Learned]) -> None:
    who, world = seated(agent(), game("pong")), dream("pong")
    arena = Arena(world, game("pong"), ArenaConfig(limit=5, opponent="idle"))
    assert played(arena, ROWS, who).shape == (5,)


def test_alone_in_its_game_it_has_no_opponent() -> None:
    keys = play_episodes(game("catch"), seated(agent("catch"), game("catch")), ROWS, 20).actions
    assert keys.shape == (5, 20, 1) and keys.any()


def test_it_plays_no_other_game(tmp_path: Path) -> None:
    write(tmp_path / FILE, agent())
    for name, complaint in (
        ("catch", "plays a game with the game 'pong'; got catch; train one for this game"),
        ("pong_angle", "plays a game with the game 'pong'; got pong_angle"),
    ):
        with pytest.raises(UserError, match=complaint):
            player(f"agent:{tmp_path}", game(name))
    with pytest.raises(UserError, match="there is no agent at nowhere; give the file or the folder that"):
        player("agent:nowhere", game("pong"))


def test_what_sees_a_state_is_no_player() -> None:
    with pytest.raises(UserError, match="sees the state of a simulator, and a player sees frames"):
        seated(agent(observation="state"), game("pong"))


NAN = np.full((4, 18), np.nan, np.float32)


@pytest.mark.parametrize(
    ("label", "tensors", "complaint"),
    [
        ({"kind": "a cake"}, {}, "is no agent, or a damaged one"),
        ({"format": 99}, {}, "has format 99; this tickworld reads formats up to 1; update tickworld"),
        ({"weights": 1}, {}, "there is no setting 'weights'"),
        ({"arena": {"opponents": "x"}}, {}, "there is no setting 'arena.opponents'; did you mean 'opponent'"),
        ({"players": 3}, {}, "setting 'players': Input should be a valid tuple"),
        ({"actions": ["stay", "up"]}, {}, "its network chooses of 3 actions, and it names 2; get it anew"),
        ({}, {"weight/0": None}, "is damaged"),
        ({}, {"weight/1": None, "bias/1": None, "weight/7": np.zeros((1, 1), np.float32)}, "is damaged"),
        ({}, {"weight/0": np.zeros((5, 18), np.float32)}, "its layers do not fit each other"),
        ({}, {"weight/0": np.zeros((4, 18))}, "its layers do not fit each other"),
        ({}, {"weight/0": NAN}, "its weights are not finite"),
    ],
)
def test_a_damaged_file_is_told(label: Any, tensors: Any, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, agent())
    changed(path, label, tensors)
    with pytest.raises(UserError, match=complaint) as told:
        player(f"agent:{path}", game("pong"))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        ({"arena": {"side": "top", "observation": "objects"}}, "is damaged: pong has no side 'top'; get it anew"),
        ({"arena": {"observation": "smell"}}, "there is no observation 'smell'"),
        ({"arena": {"observation": "objects", "stack": 5}}, "takes 18 numbers, and pong shows it 45"),
        ({"arena": {"observation": "objects", "opponent": "me"}}, "there is no player 'me'"),
    ],
)
def test_a_label_that_does_not_fit_is_told(label: Any, complaint: str, tmp_path: Path) -> None:
    write(tmp_path / FILE, agent())
    changed(tmp_path / FILE, label)
    with pytest.raises(UserError, match=complaint):
        player(f"agent:{tmp_path}", game("pong"))


@pytest.mark.parametrize("spoil", [lambda text: text[: len(text) // 2], lambda text: b"\x00" * 100, lambda text: b""])
def test_what_is_no_file_of_ours_is_told(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / FILE
    write(path, agent())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match="is no agent, or a damaged one|is damaged"):
        read(path)


def test_no_file_says_which_others_are_read(tmp_path: Path) -> None:
    one = agent()
    arena = one.label.arena.model_copy(update={"opponent": f"agent:{tmp_path}"})
    write(tmp_path / FILE, one._replace(label=one.label.model_copy(update={"arena": arena})))
    keys = play_episodes(game("pong"), player(f"agent:{tmp_path}", game("pong")), ROWS, 20).actions
    assert (keys[..., 1] == 0).all()  # where it would read itself for ever, nobody presses
