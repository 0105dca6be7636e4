"""Small untrained worlds to play with, a client that speaks the protocol, and a real server on a free port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from tickworld import seeds
from tickworld.agents import able, player
from tickworld.data.batches import WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.learned import Learned
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.play import protocol, server
from tickworld.play.scene import Scene
from tickworld.play.session import Session
from tickworld.simulator import Opening

GAME = game("pong")
PATIENCE = 300.0
"""Seconds that a test waits for the server, whatever else the machine does."""
WORLDS = {
    "snapped": WorldConfig(
        initializer=HistoryConfig(),
        core=SnappedConfig(radius=(1, 1), ages=4, width=8, summary=4),
        renderer=PaletteConfig(),
    ),
    "gru from params": WorldConfig(initializer=ParamsConfig(size=8), core=GruConfig(size=8), renderer=DenseConfig()),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=4, size=8),
        core=RssmConfig(size=8, groups=2, classes=4, hidden=8),
        renderer=ProfilesConfig(shapes=2),
    ),
}


def learned(name: str) -> Learned:
    """An untrained world whose frames move."""
    world = seeded_world(WORLDS[name], GAME.spec, seed=3)
    for key, weight in world.named_parameters():
        weight.data *= 30 if key == "core.answer.weight" else 3 if weight.ndim > 1 and name != "snapped" else 1
    for key, buffer in world.named_buffers():
        if key in ("core.lively", "core.remote"):
            buffer[:] = True
    opening = world.initializer.opening
    return Learned(world, GAME.spec, starts(opening) if opening else None)


def starts(opening: int) -> Opening:
    """Three openings of Pong."""
    episodes = play_episodes(GAME, player("mixed", GAME), seeds.rows(3, 0, 3), 12)
    some = windows(episodes, WindowShape(opening, 1, 3), 0, 0)
    return Opening(some.opening_frames, some.opening_actions)


@pytest.fixture(scope="session")
def dreams() -> dict[str, Learned]:
    """The worlds of ``WORLDS``. Not to be changed."""
    return {name: learned(name) for name in WORLDS}


@pytest.fixture
def scene(dreams: dict[str, Learned], tmp_path: Path) -> Callable[..., Scene]:
    """Makes a scene of Pong beside the dream of that name, or alone."""

    def scene(dream: str | None = None, **more: Any) -> Scene:
        shown = None if dream is None else dreams[dream]
        return Scene("a test", GAME, shown, players=able(GAME), folder=tmp_path / "played", **more)

    return scene


@dataclass(frozen=True)
class Answer:
    """Header and raw bytes of a reply."""

    header: dict[str, Any]
    body: bytes

    def __getitem__(self, name: str) -> Any:
        return self.header[name]

    @property
    def frame(self) -> np.ndarray:
        """As a frame of Pong."""
        return np.frombuffer(self.body, np.uint8).reshape(GAME.spec.frame_shape)


class Client:
    """Asks a session, directly or over a socket, and insists that the reply is to what was asked."""

    def __init__(self, exchange: Callable[[str], bytes]) -> None:
        self.exchange = exchange
        self.number = 0

    def ask(self, do: str, **words: Any) -> Answer:
        """The reply, which is no refusal."""
        answer = self.try_to(do, **words)
        assert "error" not in answer.header, answer.header
        return answer

    def refused(self, do: str, **words: Any) -> str:
        """The sentence of a refusal."""
        answer = self.try_to(do, **words)
        assert answer.header.keys() == {"id", "error"} and not answer.body, answer
        said = answer["error"]
        assert "\n" not in said and len(said) <= protocol.LONGEST_SENTENCE
        return said

    def try_to(self, do: str, **words: Any) -> Answer:
        """The reply."""
        self.number += 1
        answer = self.say(json.dumps({"id": self.number, "do": do, **words}))
        assert answer["id"] == self.number
        return answer

    def say(self, text: str) -> Answer:
        """The reply to any text."""
        return Answer(*protocol.unpacked(self.exchange(text)))

    def truths(self, seed: int, actions: np.ndarray) -> list[Answer]:
        """The truth of a game from its beginning, one answer for each frame."""
        there = [self.ask("init", sim="truth", seed=seed)]
        for keys in actions.tolist():
            there.append(self.ask("update", state=there[-1]["state"], actions=keys))
        return there


def client_of(scene: Scene) -> tuple[Client, Session]:
    """A client that asks a session without a socket."""
    session = Session(scene)
    return Client(session.answer), session


class Page(Client):
    """A client over a socket."""

    def __init__(self, address: str, **options: Any) -> None:
        there = address.replace("http", "ws", 1) + "socket"
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(there, open_timeout=PATIENCE, proxy=None, compression=None, **options)
        )
        super().__init__(self._exchange)
        self.first = self.hear()

    @property
    def hello(self) -> dict[str, Any]:
        """What the server said first."""
        return self.first["hello"]

    def hear(self) -> Answer:
        """The next message."""
        message = self.socket.recv(timeout=PATIENCE)
        assert isinstance(message, bytes)
        return Answer(*protocol.unpacked(message))

    def _exchange(self, text: str) -> bytes:
        self.socket.send(text)
        message = self.socket.recv(timeout=PATIENCE)
        assert isinstance(message, bytes)
        return message

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


@contextmanager
def serving(scene: Scene) -> Iterator[str]:
    """A server of ``scene`` in a thread; its address. It must end when it is told to."""
    listening = server.listen("127.0.0.1", 0)
    running = server.server(scene, "127.0.0.1")
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield server.address(listening)
    finally:
        running.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def some_keys(ticks: int, seed: int = 0) -> np.ndarray:
    """Actions [T, P] of Pong that hold each key for a while."""
    keys = seeds.generator(seed, "keys").integers(0, 3, (ticks // 4 + 1, 2))
    return keys.repeat(4, axis=0)[:ticks]
