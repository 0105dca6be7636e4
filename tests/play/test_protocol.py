"""Requests are read by their types, and whatever else comes is one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickworld.errors import UserError
from tickworld.play import protocol, session
from tickworld.play.protocol import LONGEST_SENTENCE, REQUESTS, Reply, identity, packed, read, refusal, unpacked

GOOD: list[dict[str, Any]] = [
    {"do": "init", "sim": "truth", "params": [1, 2.5], "seed": 0},
    {"do": "init", "sim": "dream", "params": None, "seed": 2**53 - 1, "opening": {"states": [1, 2], "actions": [[0]]}},
    {"do": "update", "state": 3, "actions": [0, 2]},
    {"do": "observe", "state": 3, "truth": 4},
    {"do": "observe", "state": 3, "truth": 4, "opening": {"states": [1], "actions": []}},
    {"do": "render", "state": 3},
    {"do": "act", "player": "mixed", "seed": 1, "tick": 0, "truth": 5, "memory": None},
    {"do": "act", "player": "mixed", "seed": 1, "tick": 1, "truth": 5, "memory": 6},
    {"do": "fields", "state": 3},
    {"do": "change", "state": 3, "field": "out", "index": 7, "value": -1},
    {"do": "forget", "states": [1, 2, 3]},
    {"do": "save", "params": [1], "seed": 1, "actions": [[0, 1], [2, 0]]},
    {"do": "gif", "params": [1], "seed": 1, "actions": [[0, 1]], "anchors": [3]},
]


@pytest.mark.parametrize("content", GOOD, ids=lambda content: content["do"])
def test_what_a_page_sends_is_read(content: dict[str, Any]) -> None:
    request = read(json.dumps({"id": 7, **content}))
    assert type(request) is REQUESTS[content["do"]] and request.id == 7
    told = request.model_dump(mode="json")
    assert {name: told[name] for name in content} == content


def test_every_request_can_be_written_and_is_answered() -> None:
    assert {content["do"] for content in GOOD} == set(REQUESTS) == set(session._VERBS)


@pytest.mark.parametrize(
    ("text", "number", "complaint"),
    [
        ("", None, "a request is JSON; got something else"),
        ("{", None, "a request is JSON"),
        ("[" * 100_000, None, "a request is JSON"),
        ('{"id": 1, "do": "render", "state": NaN}', 1, "a request is JSON"),
        ('{"id": ' + "9" * 5000 + ', "do": "render", "state": 1}', None, "a request is JSON"),
        ('{"id": ' + "9" * 400 + ', "do": "render", "state": 1}', None, "setting 'id'"),
        ('"\\ud800"', None, "a request is JSON"),
        ("[1]", None, "a request is like"),
        ("null", None, "a request is like"),
        ('{"do": "render", "state": 1}', None, "request 'render': setting 'id': Field required"),
        ('{"id": null, "do": "render", "state": 1}', None, "setting 'id'"),
        ('{"id": "1", "do": "render", "state": 1}', None, "setting 'id'"),
        ('{"id": true, "do": "render", "state": 1}', None, "setting 'id'"),
        ('{"id": 1.0, "do": "render", "state": 1}', None, "setting 'id'"),
        ('{"id": 1}', 1, "there is no request 'None'"),
        ('{"id": 1, "do": ["render"]}', 1, "there is no request"),
        ('{"id": 1, "do": "rendr"}', 1, "there is no request 'rendr'; did you mean 'render'?"),
        ('{"id": 1, "do": "__init__"}', 1, "there is no request '__init__'"),
        ('{"id": 1, "do": "' + "x" * 100_000 + '"}', 1, "there is no request 'xxx"),
        ('{"id": 1, "do": "render"}', 1, "request 'render': setting 'state': Field required"),
        ('{"id": 1, "do": "render", "state": "1"}', 1, "setting 'state': Input should be a valid integer; got '1'"),
        ('{"id": 1, "do": "render", "state": -1}', 1, "setting 'state': Input should be greater than or equal to 0"),
        ('{"id": 1, "do": "render", "state": 1e400}', 1, "setting 'state'"),
        ('{"id": 1, "do": "render", "state": 1, "stat": 2}', 1, "there is no setting 'stat'; did you mean 'state'"),
        ('{"id": 1, "do": "render", "state": 1, "' + "y" * 100_000 + '": 2}', 1, "there is no setting 'yyy"),
        ('{"id": 1, "do": "update", "state": 1, "actions": [0.5, 1]}', 1, "setting 'actions.0'"),
        ('{"id": 1, "do": "update", "state": 1, "actions": [-1, 1]}', 1, "setting 'actions.0'"),
        ('{"id": 1, "do": "update", "state": 1, "actions": [256, 1]}', 1, "setting 'actions.0'"),
        ('{"id": 1, "do": "update", "state": 1, "actions": [true, 1]}', 1, "setting 'actions.0'"),
        ('{"id": 1, "do": "update", "state": 1, "actions": 3}', 1, "setting 'actions'"),
        ('{"id": 1, "do": "init", "sim": "game", "seed": 1}', 1, "setting 'sim': Input should be 'truth' or 'dream'"),
        ('{"id": 1, "do": "init", "sim": "truth", "seed": -1}', 1, "setting 'seed'"),
        ('{"id": 1, "do": "init", "sim": "truth", "seed": 9007199254740992}', 1, "setting 'seed'"),
        ('{"id": 1, "do": "init", "sim": "truth", "seed": 1, "params": [1e999]}', 1, "setting 'params.0'"),
        ('{"id": 1, "do": "init", "sim": "truth", "seed": 1, "params": ["1"]}', 1, "setting 'params.0'"),
        ('{"id": 1, "do": "init", "sim": "dream", "seed": 1, "opening": []}', 1, "setting 'opening'"),
        ('{"id": 1, "do": "change", "state": 1, "field": "x", "index": 0, "value": -1e999}', 1, "setting 'value'"),
    ],
    ids=lambda value: value[:48] if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_told(text: str, number: int | None, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        read(text)
    assert complaint in str(error.value)
    assert identity(text) == number
    header, body = unpacked(refusal(identity(text), str(error.value)))
    assert header["id"] == number and len(header["error"]) <= LONGEST_SENTENCE and not body


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    content=st.sampled_from(GOOD), name=st.sampled_from(["id", "do", "state", "actions", "seed", "x"]), value=ANYTHING
)
def test_whatever_is_put_into_a_request_it_is_read_or_refused(content: Any, name: str, value: Any) -> None:
    text = json.dumps({"id": 7, **content, name: value})
    try:
        assert read(text).id is not None
    except UserError as error:
        unpacked(refusal(identity(text), str(error)))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UserError):
        read(text)
    assert identity(text) is None or text.strip().startswith("{")


def test_a_message_has_a_header_and_what_follows() -> None:
    message = packed(3, Reply({"state": 1, "é": None}, b"\x00\xff\n"))
    assert int.from_bytes(message[:4], "little") == len(message) - 4 - 3
    assert unpacked(message) == ({"id": 3, "state": 1, "é": None}, b"\x00\xff\n")
    assert unpacked(packed(None, Reply({}))) == ({"id": None}, b"")


def test_a_long_sentence_is_cut() -> None:
    said = unpacked(protocol.refusal(1, "é" * 5000))[0]["error"]
    assert len(said) == LONGEST_SENTENCE and said.endswith("é…")
