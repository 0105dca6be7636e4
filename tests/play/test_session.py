"""What a page asks for is what the simulators give, state by state; a mistake changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.play.conftest import GAME, WORLDS, Answer, Client, client_of, some_keys

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.record import play_episodes
from tickworld.games.pong import Pong
from tickworld.models.learned import Learned
from tickworld.play.scene import Limits, Scene
from tickworld.simulator import Opening, Simulator

MakeScene = Callable[..., Scene]
KEYS = some_keys(24)


def rendered(simulator: Simulator, states: list[Any]) -> list[np.ndarray]:
    return [simulator.render(state)[0] for state in states]


def direct(
    seed: int, opening: Opening | None = None, simulator: Simulator = GAME, keys: np.ndarray = KEYS
) -> list[Any]:
    """The states of one game, made without a session."""
    row = np.array([seed], np.uint64)
    states = [simulator.init(simulator.spec.draw(row), row, opening)]
    for actions in keys:
        states.append(simulator.update(states[-1], actions[None]))
    return states


def opening_of(truths: list[Answer], tick: int, length: int) -> dict[str, Any]:
    """The opening that ends at ``tick``, as a page asks for it."""
    first = tick - length + 1
    return {"states": [each["state"] for each in truths[first : tick + 1]], "actions": KEYS[first:tick].tolist()}


def test_the_truth_through_a_session_is_the_game(scene: MakeScene) -> None:
    client, _ = client_of(scene())
    answers = client.truths(5, KEYS)
    for answer, frame in zip(answers, rendered(GAME, direct(5)), strict=True):
        assert (answer.frame == frame).all()
    assert answers[0].header.keys() == {"id", "state", "trust", "params"}
    assert answers[0]["params"] == GAME.spec.draw(np.array([5], np.uint64))[0].tolist()
    assert answers[1].header.keys() == {"id", "state", "trust", "over", "reward"}
    assert answers[1]["trust"] is None and answers[1]["over"] is False and answers[1]["reward"] == [0, 0]
    again = client.ask("init", sim="truth", seed=5, params=answers[0]["params"])
    assert (again.frame == answers[0].frame).all()
    assert (client.ask("render", state=answers[7]["state"]).frame == answers[7].frame).all()


def test_a_point_is_told(scene: MakeScene) -> None:
    client, _ = client_of(scene())
    names = [param.name for param in GAME.spec.params]
    params = GAME.spec.defaults(1)[0]
    params[names.index("ball_x")], params[names.index("left_y")] = 26, 27  # it flies out on the right
    params[names.index("right_y")] = 27
    answer = client.ask("init", sim="truth", seed=0, params=params.tolist())
    rewards = []
    for _ in range(8):
        answer = client.ask("update", state=answer["state"], actions=[0, 0])
        rewards.append(answer["reward"])
    assert [1, -1] in rewards


@pytest.mark.parametrize("name", WORLDS)
def test_a_dream_through_a_session_is_the_world(name: str, scene: MakeScene, dreams: dict[str, Learned]) -> None:
    client, _ = client_of(scene(name))
    dream = dreams[name]
    answer = client.ask("init", sim="dream", seed=5)
    states = direct(5, None, dream)
    frames = rendered(dream, states)
    assert (np.diff(np.stack(frames).astype(int), axis=0) != 0).any()
    for keys, state, frame in zip([*KEYS.tolist(), None], states, frames, strict=True):
        assert (answer.frame == frame).all()
        assert answer["trust"] == dream.trust(state)[0]
        if keys is not None:
            answer = client.ask("update", state=answer["state"], actions=keys)
            assert answer["reward"] is None and answer["over"] is False


@pytest.mark.parametrize("name", ["snapped", "rssm"])
def test_a_dream_is_shown_the_first_frames_of_the_truth(
    name: str, scene: MakeScene, dreams: dict[str, Learned]
) -> None:
    client, _ = client_of(scene(name))
    truths, dream = client.truths(5, KEYS), dreams[name]
    length = dream.spec.opening
    answer = client.ask("init", sim="dream", seed=5, opening=opening_of(truths, length - 1, length))
    frames = np.stack([each.frame for each in truths[:length]])[None]
    expected = direct(5, Opening(frames, KEYS[None, : length - 1]), dream, KEYS[length - 1 :])
    for keys, frame in zip([*KEYS[length - 1 :].tolist(), None], rendered(dream, expected), strict=True):
        assert (answer.frame == frame).all()
        if keys is not None:
            answer = client.ask("update", state=answer["state"], actions=keys)


def test_old_states_can_be_played_on_from(scene: MakeScene) -> None:
    client, _ = client_of(scene("snapped"))
    truths = client.truths(5, KEYS)
    other = client.ask("update", state=truths[10]["state"], actions=[2, 1])
    expected = GAME.render(GAME.update(direct(5)[10], np.array([[2, 1]])))[0]
    assert (other.frame == expected).all()
    assert (client.ask("render", state=truths[11]["state"]).frame == truths[11].frame).all()


def test_a_world_that_begins_from_frames_is_re_anchored_to_them(scene: MakeScene, dreams: dict[str, Learned]) -> None:
    client, _ = client_of(scene("snapped"))
    truths, length = client.truths(5, KEYS), dreams["snapped"].spec.opening
    dream = client.ask("init", sim="dream", seed=5, opening=opening_of(truths, length - 1, length))
    for keys in KEYS[length - 1 : 20].tolist():
        dream = client.ask("update", state=dream["state"], actions=keys)
    assert not (dream.frame == truths[20].frame).all()
    right = client.ask(
        "observe", state=dream["state"], truth=truths[20]["state"], opening=opening_of(truths, 20, length)
    )
    assert (right.frame == truths[20].frame).all() and right["trust"] is not None
    again = client.ask("init", sim="dream", seed=5, opening=opening_of(truths, 20, length))
    one, other = (client.ask("update", state=each["state"], actions=[1, 1]) for each in (right, again))
    assert (one.frame == other.frame).all()
    said = client.refused("observe", state=dream["state"], truth=truths[20]["state"])
    assert said == "this world of pong is set right by the truth's last 4 frames; send them as its opening"


def test_a_world_that_observes_is_corrected(scene: MakeScene, dreams: dict[str, Learned]) -> None:
    client, _ = client_of(scene("rssm"))
    world, truths = dreams["rssm"], client.truths(5, KEYS)
    dream = client.ask("init", sim="dream", seed=5)
    corrected = client.ask("observe", state=dream["state"], truth=truths[9]["state"])
    state = world.observe(direct(5, None, world, KEYS[:0])[0], truths[9].frame[None])
    assert (corrected.frame == world.render(state)[0]).all() and not (corrected.frame == dream.frame).all()
    later = client.ask("update", state=corrected["state"], actions=[0, 1])
    assert (later.frame == world.render(world.update(state, np.array([[0, 1]])))[0]).all()


def test_a_world_that_can_be_shown_nothing_says_so(scene: MakeScene) -> None:
    client, _ = client_of(scene("gru from params"))
    truth, dream = (client.ask("init", sim=sim, seed=5) for sim in ("truth", "dream"))
    said = client.refused("observe", state=dream["state"], truth=truth["state"])
    assert said.startswith("this world of pong can be shown nothing: it begins from params")


@pytest.mark.parametrize("name", ["mixed", "tracking", "idle"])
def test_a_player_presses_what_it_presses_in_a_recording(name: str, scene: MakeScene) -> None:
    """From the same seed, although it is asked tick by tick."""
    client, _ = client_of(scene())
    seed = int(seeds.rows(4, 0, 1)[0] >> np.uint64(11))  # one that JavaScript can write
    recorded = play_episodes(GAME, player(name, GAME), np.array([seed], np.uint64), 20)
    there, memory = client.ask("init", sim="truth", seed=seed), None
    for tick, expected in enumerate(recorded.actions[0].tolist()):
        act = client.ask("act", player=name, seed=seed, tick=tick, truth=there["state"], memory=memory)
        assert act["actions"] == expected
        memory = act["memory"]
        there = client.ask("update", state=there["state"], actions=expected)
        assert (there.frame == recorded.frames[0, tick + 1]).all()


def test_a_state_is_looked_into_and_changed(scene: MakeScene, dreams: dict[str, Learned]) -> None:
    client, _ = client_of(scene("snapped"))
    dream, state = client.ask("init", sim="dream", seed=5), direct(5, None, dreams["snapped"], KEYS[:0])[0]
    told = client.ask("fields", state=dream["state"])
    rows = {name: numbers[0] for name, numbers in dreams["snapped"].fields(state).items()}
    assert {each["name"]: tuple(each["shape"]) for each in told["fields"]} == {n: row.shape for n, row in rows.items()}
    assert {each["name"]: each["kind"] for each in told["fields"]} == {
        "frames": "integer",
        "age": "integer",
        "out": "real",
    }
    for each in told["fields"]:
        assert each["least"] <= rows[each["name"]].min() and rows[each["name"]].max() <= each["most"]
        assert told["values"][each["name"]] == rows[each["name"]].flatten().tolist()
    changed = client.ask("change", state=dream["state"], field="out", index=40, value=99.5)
    expected = dreams["snapped"].change(state, "out", 40, 99.5)
    assert (changed.frame == dreams["snapped"].render(expected)[0]).all()
    values = client.ask("fields", state=changed["state"])["values"]["out"]
    assert values[40] == 99.5 and client.ask("fields", state=dream["state"])["values"]["out"][40] != 99.5
    client.ask("update", state=changed["state"], actions=[0, 0])


def test_large_fields_are_told_without_their_values(
    scene: MakeScene, dreams: dict[str, Learned], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickworld.play.session.MOST_VALUES", 1500)
    client, _ = client_of(scene("snapped"))
    told = client.ask("fields", state=client.ask("init", sim="dream", seed=5)["state"])
    assert {each["name"] for each in told["fields"]} == {"frames", "age", "out"} and set(told["values"]) == {"age"}


def test_numbers_that_json_has_no_word_for(scene: MakeScene, dreams: dict[str, Learned]) -> None:
    class Doubtful(Learned):
        def fields(self, state: Any) -> Any:
            return {"out": np.array([[np.nan, 1, np.inf]]), "lit": np.array([[True, False]]), "none": np.zeros((1, 0))}

    dream = Doubtful(dreams["snapped"].world, GAME.spec, dreams["snapped"].starts)
    client, _ = client_of(Scene("doubt", GAME, dream))
    told = client.ask("fields", state=client.ask("init", sim="dream", seed=5)["state"])
    assert told["values"] == {"out": [None, 1, None], "lit": [1, 0], "none": []}
    assert [type(each) for each in told["values"]["lit"]] == [int, int], "and not bool, which equals them"
    assert [each["most"] for each in told["fields"]] == [1, 1, 1]


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"do": "update", "state": 1, "actions": [0, 3]}, "indices below 3, into stay, up, down; got 3"),
    ({"do": "update", "state": 1, "actions": [0]}, "every tick takes 2 actions, of left, right; got 1"),
    ({"do": "update", "state": 1, "actions": []}, "every tick takes 2 actions, of left, right; got 0"),
    ({"do": "update", "state": 1, "actions": [0] * 5000}, "every tick takes 2 actions, of left, right; got 5000"),
    ({"do": "update", "state": 77, "actions": [0, 0]}, "there is no state 77 here; begin with init"),
    ({"do": "update", "state": 3, "actions": [0, 0]}, "state 3 is the memory of idle; expected the truth or the dream"),
    ({"do": "init", "sim": "truth", "seed": 1, "params": [1]}, "pong takes params of shape [N, 14]; got [1, 1]"),
    ({"do": "init", "sim": "truth", "seed": 1, "params": [99] * 14}, "param paddle_length of pong must be a whole"),
    ({"do": "init", "sim": "truth", "seed": 1, "params": [1e300] * 14}, "param paddle_length of pong must be a whole"),
    ({"do": "init", "sim": "dream", "seed": 1, "opening": {"states": [], "actions": []}}, "is shown 4 frames; got 0"),
    (
        {"do": "init", "sim": "dream", "seed": 1, "opening": {"states": [1] * 99, "actions": []}},
        "frames; got 99",
    ),
    ({"do": "init", "sim": "dream", "seed": 1, "opening": {"states": [1] * 4, "actions": []}}, "one tick of actions"),
    (
        {"do": "init", "sim": "dream", "seed": 1, "opening": {"states": [2] * 4, "actions": [[0, 0]] * 3}},
        "state 2 is the",
    ),
    (
        {"do": "init", "sim": "dream", "seed": 1, "opening": {"states": [1] * 4, "actions": [[0, 0], [0], [0, 0]]}},
        "every tick takes 2 actions",
    ),
    ({"do": "observe", "state": 1, "truth": 1}, "state 1 is the truth; expected the dream"),
    ({"do": "observe", "state": 2, "truth": 2}, "state 2 is the dream; expected the truth"),
    ({"do": "render", "state": 0}, "there is no state 0 here"),
    ({"do": "act", "player": "mixd", "seed": 1, "tick": 0, "truth": 1}, "no player for this game 'mixd'; did you mean"),
    ({"do": "act", "player": "mixed", "seed": 1, "tick": 1, "truth": 1, "memory": 3}, "expected the memory of mixed"),
    ({"do": "act", "player": "idle", "seed": 1, "tick": 1, "truth": 3}, "state 3 is the memory of idle"),
    ({"do": "fields", "state": 1}, "the state of the truth of pong cannot be looked into; ask a dream"),
    ({"do": "change", "state": 2, "field": "uot", "index": 0, "value": 1}, "no field of the state 'uot'; did you mean"),
    ({"do": "change", "state": 2, "field": "out", "index": 9999, "value": 1}, "field out has 2048 numbers in a row"),
    ({"do": "change", "state": 2, "field": "age", "index": 0, "value": 0.5}, "field age holds whole numbers in 0..255"),
    ({"do": "save", "params": [1], "seed": 1, "actions": [[0, 0]]}, "pong takes params of shape [N, 14]"),
    ({"do": "gif", "params": [1], "seed": 1, "actions": [[0, 0]]}, "pong takes params of shape [N, 14]"),
]


@pytest.fixture
def begun(scene: MakeScene) -> Client:
    """State 1 is the truth, 2 the dream, 3 the memory of an idle player."""
    client, _ = client_of(scene("snapped"))
    client.ask("init", sim="truth", seed=1)
    client.ask("init", sim="dream", seed=1)
    client.ask("act", player="idle", seed=1, tick=0, truth=1)
    return client


def test_a_mistake_is_told_and_changes_nothing(begun: Client) -> None:
    for request, complaint in MISTAKES:
        assert complaint in begun.refused(**request), request
    assert begun.ask("init", sim="truth", seed=1)["state"] == 4  # none of them took a handle
    assert (begun.ask("render", state=1).frame == begun.ask("render", state=4).frame).all()


def test_without_a_dream_the_truth_can_be_played(scene: MakeScene) -> None:
    client, _ = client_of(scene())
    assert client.refused("init", sim="dream", seed=1).startswith("there is no dream here, pong is played alone")
    client.ask("init", sim="truth", seed=1)


def test_an_opening_makes_no_difference_to_the_truth(begun: Client) -> None:
    opening = {"states": [1, 1], "actions": [[0, 0]]}
    assert (begun.ask("init", sim="truth", seed=1, opening=opening).frame == begun.ask("render", state=1).frame).all()


def test_the_oldest_states_are_forgotten_and_the_newest_play_on(scene: MakeScene) -> None:
    client, session = client_of(scene(limits=Limits(state_bytes=40_000)))
    answers = client.truths(5, KEYS)
    assert session.keep.used <= 40_000 and len(session.keep) < len(answers)
    assert "is no longer kept" in client.refused("update", state=answers[0]["state"], actions=[0, 0])
    client.ask("update", state=answers[-1]["state"], actions=[0, 0])


def test_forgotten_states_are_gone_and_others_are_not(begun: Client) -> None:
    begun.ask("forget", states=[1, 1, 55])
    assert "state 1 is no longer kept" in begun.refused("render", state=1)
    begun.ask("render", state=2)
    begun.ask("forget", states=[])


def test_two_sessions_have_nothing_in_common(scene: MakeScene) -> None:
    stage = scene("snapped")
    one, other = client_of(stage)[0], client_of(stage)[0]
    one.truths(5, KEYS)
    assert "there is no state 3 here" in other.refused("render", state=3)


def test_what_fails_inside_is_told_in_one_sentence(scene: MakeScene, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Pong):
        def update(self, state: Any, actions: Any) -> Any:
            raise ZeroDivisionError("secret words")

    client, session = client_of(Scene("broken", Broken()))
    there = client.ask("init", sim="truth", seed=1)
    with caplog.at_level(logging.ERROR):
        said = client.refused("update", state=there["state"], actions=[0, 0])
    assert said == "the server could not do this; the reason is on its terminal; begin again"
    assert "secret words" in caplog.text and len(session.keep) == 1
    client.ask("render", state=there["state"])


@pytest.mark.parametrize(
    ("name", "observes", "trust", "fields"),
    [
        (None, False, False, False),
        ("snapped", True, True, True),
        ("rssm", True, True, True),
        ("gru from params", False, True, True),
    ],
)
def test_what_a_page_is_told_first(
    name: str | None, observes: bool, trust: bool, fields: bool, scene: MakeScene
) -> None:
    calibration, provenance = {"below": 3.5}, {"claim": None}
    hello = scene(name, calibration=calibration, provenance=provenance).hello()
    assert hello["truth"]["name"] == "pong" and hello["truth"]["actions"] == ["stay", "up", "down"]
    assert (hello["dream"] or {}).get("opening") == {None: None, "snapped": 4, "rssm": 4}.get(name, 0)
    assert (hello["observes"], hello["trust"], hello["fields"]) == (observes, trust, fields)
    assert hello["calibration"] == calibration and hello["provenance"] == provenance and hello["ticks_per_second"] == 60
    ours = ["idle", "random", "sticky", "mashing", "patterns", "tracking", "noisy", "mixed", "held_out"]
    assert hello["players"] == ours and hello["own"] == {}
    assert hello["title"] == "a test" and hello["folder"].endswith("played")
