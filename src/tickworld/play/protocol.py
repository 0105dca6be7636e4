"""What a page and the server say to each other over the socket: one request, one reply, in order.

    request   JSON text       {"id": 7, "do": "update", "state": 12, "actions": [0, 2]}
    reply     one message     4 bytes, little-endian: length of the header · the header, JSON · raw bytes
              header          {"id": 7, ...what was asked for...}, or {"id": 7, "error": "one sentence"}
              raw bytes       the frame uint8 [H, W, C] where there is one to see, or a file

The first message is the server's own, with id 0: {"id": 0, "hello": {...}} (see ``play.scene``). States stay on the
server; the page knows them by a number each, their handle. An error changes nothing and closes nothing; its id is null
where that could not be read. A page is a stranger: a request is checked by its types before anything is done for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError
from pydantic_core import from_json

from tickworld import config as configs
from tickworld.config import Config
from tickworld.errors import UserError, choose

LARGEST = 2**53 - 1
"""Of the whole numbers that a page can write exactly."""
LONGEST_SENTENCE = 600
"""Letters of an error that are sent; what a stranger wrote may be long, and is quoted in it."""

Id = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Handle = Annotated[int, Field(ge=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, le=LARGEST)]
Keys = tuple[Annotated[int, Field(ge=0, le=255)], ...]
"""An action for each player, an index into the spec's actions."""


class Request(Config):
    """What every request has."""

    id: Id
    """comes back with the reply"""


class OpeningOf(Config):
    """First frames to be shown to a dream, as the states that look so."""

    states: tuple[Handle, ...] = Field(max_length=4096)
    """K states of the truth, oldest first"""
    actions: tuple[Keys, ...] = Field(max_length=4096)
    """what was pressed between them, K - 1 times"""


class Init(Request):
    """A first state. Gives state, trust and params; the frame."""

    do: Literal["init"]
    """begin"""
    sim: Literal["truth", "dream"]
    """of which of the two"""
    params: tuple[float, ...] | None = None
    """one number for each param of the spec; null: drawn by the seed, as an episode's are"""
    seed: Seed
    """which game"""
    opening: OpeningOf | None = None
    """what a dream is shown; null: one of its own, by the seed"""


class Update(Request):
    """One tick. Gives state, trust, over and reward (null: not known); the frame."""

    do: Literal["update"]
    """a tick"""
    state: Handle
    """from this state"""
    actions: Keys
    """what every player presses"""


class Observe(Request):
    """A dream set right by the truth. Gives state and trust; the frame."""

    do: Literal["observe"]
    """re-anchor"""
    state: Handle
    """the dream"""
    truth: Handle
    """the truth of the same tick"""
    opening: OpeningOf | None = None
    """the truth's last frames, for a world that begins anew from them"""


class Render(Request):
    """A state's frame."""

    do: Literal["render"]
    """look"""
    state: Handle
    """which"""


class Act(Request):
    """What a player presses. Gives actions and memory."""

    do: Literal["act"]
    """press"""
    player: str
    """name of the player"""
    seed: Seed
    """of the game, which makes the player's choices too"""
    tick: int = Field(ge=0, le=LARGEST)
    """of the frame that it sees"""
    truth: Handle
    """the state whose frame it sees"""
    memory: Handle | None = None
    """what it gave at the tick before; null: it has just begun"""


class Fields(Request):
    """A state's numbers. Gives fields and values."""

    do: Literal["fields"]
    """look into"""
    state: Handle
    """which"""


class Change(Request):
    """A state with one number changed. Gives state and trust; the frame."""

    do: Literal["change"]
    """set a number"""
    state: Handle
    """of which"""
    field: str
    """in which field"""
    index: int = Field(ge=0, le=LARGEST)
    """which number of the field, read flat"""
    value: float
    """to this"""


class Forget(Request):
    """States that are needed no more."""

    do: Literal["forget"]
    """let go"""
    states: tuple[Handle, ...]
    """which; those that are gone already do no harm"""


class Played(Request):
    """A game as it was played, which the server plays again."""

    params: tuple[float, ...]
    """as the game began"""
    seed: Seed
    """as the game began"""
    actions: tuple[Keys, ...]
    """what was pressed, tick by tick"""


class Save(Played):
    """The truth of a game as an episode of a recording. Gives episode and folder."""

    do: Literal["save"]
    """keep"""


class Gif(Played):
    """Truth beside dream as a picture that moves. Gives bytes; the file."""

    do: Literal["gif"]
    """picture"""
    anchors: tuple[Annotated[int, Field(ge=0, le=LARGEST)], ...] = ()
    """the ticks at which the dream was set right by the truth"""


REQUESTS: dict[str, type[Request]] = {
    "init": Init,
    "update": Update,
    "observe": Observe,
    "render": Render,
    "act": Act,
    "fields": Fields,
    "change": Change,
    "forget": Forget,
    "save": Save,
    "gif": Gif,
}


class Reply(NamedTuple):
    """What was asked for: values for JSON, and raw bytes."""

    values: Mapping[str, Any]
    body: bytes = b""


def read(text: str) -> Request:
    """The request in ``text``. Raises UserError for whatever else it is."""
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise UserError(f"a request is JSON; got something else ({error}); check what the page sends") from error
    if not isinstance(content, dict):
        raise UserError(f'a request is like {{"id": 1, "do": "render", "state": 1}}; got {text[:40]!r}')
    kind = choose(REQUESTS, str(content.get("do"))[:40], "request")
    try:
        return kind.model_validate_json(text, strict=True)  # of the text: in JSON a list is how a tuple is written
    except ValidationError as error:
        raise UserError(f"request {content['do']!r}: {configs.explain(kind, error)}") from error


def identity(text: str) -> int | None:
    """The id in ``text`` as far as it can be read."""
    try:
        content = from_json(text)
    except ValueError:
        return None
    number = content.get("id") if isinstance(content, dict) else None
    return number if type(number) is int and abs(number) <= LARGEST else None


def packed(number: int | None, reply: Reply) -> bytes:
    """The message that answers request ``number``."""
    header = json.dumps({"id": number, **reply.values}, allow_nan=False, separators=(",", ":")).encode()
    return len(header).to_bytes(4, "little") + header + reply.body


def refusal(number: int | None, sentence: str) -> bytes:
    """The message that refuses request ``number``, null where it could not be read."""
    short = sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
    return packed(number, Reply({"error": short}))


def unpacked(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and raw bytes of a message of the server."""
    length = int.from_bytes(message[:4], "little")
    return json.loads(message[4 : 4 + length]), message[4 + length :]
