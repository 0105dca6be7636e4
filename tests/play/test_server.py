"""A real server and real connections: what plays, what is refused, and that nobody can harm anybody else."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.play.conftest import GAME, PATIENCE, Page, serving, some_keys
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.protocol import State
from websockets.typing import Origin
from websockets.uri import parse_uri

from tickworld.agents import able
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.play import server
from tickworld.play.protocol import LARGEST
from tickworld.play.scene import Limits, Scene
from tickworld.recipes.shelf import known, open_playable
from tickworld.simulator import Opening, Spec, Status
from tickworld.web import asset

MakeScene = Callable[..., Scene]


@pytest.fixture(scope="module")
def pong() -> Scene:
    """The shipped cartridge beside its game."""
    playable = open_playable("cartridge:pong")
    told = known("cartridge:pong").provenance
    return Scene("cartridge:pong", playable.game, playable.world, players=able(playable.game), provenance=told)


@pytest.fixture(scope="module")
def address(pong: Scene) -> Iterator[str]:
    with serving(pong) as there:
        yield there


def get(address: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request, its path sent as it stands."""
    there = urlsplit(address)
    connection = http.client.HTTPConnection(str(there.hostname), there.port, timeout=PATIENCE)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": there.netloc, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_a_dream_over_the_socket_is_the_world(address: str, pong: Scene) -> None:
    """Side by side from the truth's opening, every frame and trust, and set right by the truth after a while."""
    dream, keys = pong.dream, some_keys(60)
    assert isinstance(dream, Learned)
    length = dream.spec.opening
    with Page(address) as page:
        truths = page.truths(8, keys)
        opening = {"states": [each["state"] for each in truths[:length]], "actions": keys[: length - 1].tolist()}
        there = page.ask("init", sim="dream", seed=8, opening=opening)
        row = np.array([8], np.uint64)
        shown = Opening(np.stack([each.frame for each in truths[:length]])[None], keys[None, : length - 1])
        state = dream.init(GAME.spec.draw(row), row, shown)
        for tick in range(length - 1, 60):
            assert (there.frame == dream.render(state)[0]).all() and there["trust"] == dream.trust(state)[0]
            assert (there.frame == truths[tick].frame).all()  # it is the cartridge that is right for ever
            there = page.ask("update", state=there["state"], actions=keys[tick].tolist())
            state = dream.update(state, keys[None, tick])
        wrong = page.ask("change", state=there["state"], field="frames", index=1, value=1)
        opening = {
            "states": [each["state"] for each in truths[61 - length : 61]],
            "actions": keys[61 - length :].tolist(),
        }
        again = page.ask("observe", state=wrong["state"], truth=truths[60]["state"], opening=opening)
        assert (again.frame == truths[60].frame).all()


def test_what_a_page_hears_first(address: str, pong: Scene) -> None:
    with Page(address) as page:
        assert page.first["id"] == 0 and not page.first.body
        assert page.hello == json.loads(json.dumps(pong.hello()))
        assert page.hello["provenance"]["claim"]["pixel_horizon"]["median"] == 10_000
        assert page.hello["trust"] and page.hello["observes"] and page.hello["dream"]["opening"] > 0


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "page.html", "text/html; charset=utf-8"),
        ("/?x=1", "page.html", "text/html; charset=utf-8"),
        ("/page.js", "page.js", "text/javascript; charset=utf-8"),
        ("/page.css", "page.css", "text/css; charset=utf-8"),
    ],
)
def test_the_page_is_served(path: str, name: str, kind: str, address: str) -> None:
    status, headers, body = get(address, path)
    assert (status, headers["content-type"], body) == (200, kind, asset(name))


@pytest.mark.parametrize("path", ["/", "/page.js", "/nothing", "/socket"])
def test_every_answer_is_guarded(path: str, address: str) -> None:
    _, headers, _ = get(address, path)
    parts = [part.strip().partition(" ") for part in headers["content-security-policy"].split(";")]
    policy = {name: sources for name, _, sources in parts}
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'" and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
    assert "server" not in headers and "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e%2f%2e%2e%2fetc/passwd",
        "//etc/passwd",
        "/page.js/../../__init__.py",
        "/page.js/",
        "/page.js%00",
        "/page.html",
        "/__init__.py",
        "/vendor/LICENSE",
        "/socket",
        "/favicon.ico",
        "/" + "x" * 5000,
    ],
)
def test_no_other_path_leads_anywhere(path: str, address: str) -> None:
    status, _, body = get(address, path)
    assert status == 404 and len(body) < 100


def test_pages_are_only_read(address: str) -> None:
    there = urlsplit(address)
    connection = http.client.HTTPConnection(str(there.hostname), there.port, timeout=PATIENCE)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        connection.request(method, "/", body="x")
        answer = connection.getresponse()
        assert answer.status == 405 and "access-control-allow-origin" not in {
            name.lower() for name, _ in answer.getheaders()
        }
        answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Host": "evil.example:{port}"}, "answers to its address"),
        ({"Host": "127.0.0.1.evil.example:{port}"}, "answers to its address"),
        ({"Host": "localhost.evil.example"}, "answers to its address"),
        ({"Host": ""}, "answers to its address"),
        ({"Origin": "http://evil.example"}, "answers to its own page only"),
        ({"Origin": "http://127.0.0.1:1"}, "answers to its own page only"),
        ({"Origin": "http://localhost:{port}"}, "answers to its own page only"),  # the same server by another name
        ({"Origin": "null"}, "answers to its own page only"),
        ({"Origin": "http://127.0.0.1:{port}@evil.example"}, "answers to its own page only"),
    ],
    ids=str,
)
def test_strangers_are_turned_away(headers: dict[str, str], complaint: str, address: str) -> None:
    port = urlsplit(address).port
    sent = {name: value.replace("{port}", str(port)) for name, value in headers.items()}
    status, answer, body = get(address, "/", **sent)
    assert status == 403 and complaint in body.decode() and "content-security-policy" in answer
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    status, _, body = get(address, "/socket", **upgrade, **{"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}, **sent)
    assert status == 403 and complaint in body.decode()


def test_a_browser_that_shows_another_site_cannot_play(address: str) -> None:
    with pytest.raises(InvalidStatus) as error:
        Page(address, origin=Origin("https://evil.example"))
    assert error.value.response.status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "10.1.2.3"])
def test_its_own_page_is_let_in_by_every_name_of_this_machine(name: str, address: str) -> None:
    port = urlsplit(address).port
    for host in (name, f"{name}:{port}", f"{name}:9"):  # another port: it may be forwarded
        for origin in (f"http://{host}", f"https://{host}".lower()):
            assert get(address, "/", Host=host, Origin=origin)[0] == 200
    with Page(address, origin=Origin(address.rstrip("/"))) as page:
        page.ask("init", sim="truth", seed=1)


def test_who_listens_to_others_answers_to_its_own_name() -> None:
    own = socket.gethostname()
    for host, expected in (("0.0.0.0", True), ("192.0.2.1", True), ("box.example", True), ("127.0.0.1", False)):
        guard: Any = server.app(Scene("x", GAME), host)
        assert not guard.complaint([f"{own}:8000"], []) == (expected or own == "localhost")
        assert guard.complaint(["evil.example"], []) and not guard.complaint([host], [f"http://{host}"])
        assert guard.complaint([], []) and guard.complaint([host, host], [])


BAD = [
    "",
    "{",
    "null",
    '{"id": 1, "do": "nothing"}',
    '{"id": 1, "do": "update", "state": "1", "actions": [0, 0]}',
    '{"id": 1, "do": "update", "state": 999, "actions": [0, 0]}',
    '{"id": 1, "do": "update", "state": 1, "actions": [0, 9]}',
    '{"id": 1, "do": "init", "sim": "truth", "seed": 1, "params": [NaN]}',
    '{"id": 1, "do": "init", "sim": "truth", "seed": 1, "params": [1e999]}',
    '{"id": 1, "do": "init", "sim": "truth", "seed": 1, "params": []}',
    '{"id": 1, "do": "gif", "params": [], "seed": 1, "actions": []}',
    json.dumps({"id": 1, "do": "render", "state": LARGEST}),
    json.dumps({"id": 1, "do": "forget", "states": ["../../etc/passwd"]}),
    json.dumps({"id": 1, "do": "act", "player": "../mixed", "seed": 1, "tick": 0, "truth": 1}),
]


def test_bad_messages_are_answered_and_close_nothing(address: str) -> None:
    with Page(address) as page, Page(address) as other:
        there, theirs = page.ask("init", sim="truth", seed=1), other.ask("init", sim="truth", seed=2)
        for text in BAD:
            answer = page.say(text)
            assert "error" in answer.header and answer["id"] == (1 if text.startswith('{"id"') else None)
        page.socket.send(b"\x00\xff")
        assert "a request is JSON" in page.hear()["error"]
        for client, state in ((page, there), (other, theirs)):
            client.ask("update", state=state["state"], actions=[1, 2])


def test_a_huge_message_ends_its_own_connection_only(address: str) -> None:
    with Page(address) as page, Page(address) as other:
        largest = Limits().message_bytes
        assert "error" in page.say('{"id": 1, "do": "' + "x" * (largest - 100) + '"}').header
        with pytest.raises(ConnectionClosed) as error:
            page.say("x" * (largest + 1))
        assert error.value.rcvd is not None and error.value.rcvd.code == 1009
        other.ask("init", sim="truth", seed=1)


def test_two_who_play_at_once_have_nothing_in_common(address: str, pong: Scene) -> None:
    frames: dict[int, list[np.ndarray]] = {}

    def play(seed: int) -> None:
        with Page(address) as page:
            there = page.ask("init", sim="dream", seed=seed)
            frames[seed] = [there.frame]
            for keys in some_keys(30, seed).tolist():
                there = page.ask("update", state=there["state"], actions=keys)
                frames[seed].append(there.frame)
            assert there["state"] == 31

    players = [threading.Thread(target=play, args=(seed,)) for seed in (1, 2, 3)]
    for each in players:
        each.start()
    for each in players:
        each.join(PATIENCE)
    assert pong.dream is not None
    for seed in (1, 2, 3):
        row = np.array([seed], np.uint64)
        state = pong.dream.init(GAME.spec.draw(row), row)
        for keys, frame in zip([*some_keys(30, seed), None], frames[seed], strict=True):
            assert (frame == pong.dream.render(state)[0]).all()
            state = state if keys is None else pong.dream.update(state, keys[None])


class Wide:
    """A game of large grey frames: a few of them fill every buffer on the way to a page."""

    spec = Spec("wide", 1024, 1024, 1, players=("one",), actions=("stay", "go"))

    def init(self, params: Any, seeds: Any, opening: Any = None) -> tuple[NDArray[np.int64]]:
        return (np.zeros(len(seeds), np.int64),)

    def update(self, state: Any, actions: Any) -> tuple[NDArray[np.int64]]:
        return (state[0] + actions[:, 0],)

    def render(self, state: Any) -> NDArray[np.uint8]:
        return np.full((len(state[0]), 1024, 1024, 1), state[0][0] % 256, np.uint8)

    def status(self, state: Any) -> Status:
        return Status(np.zeros((len(state[0]), 1), np.float32), np.zeros(len(state[0]), bool))


class Bare:
    """A connection whose bytes are handled by hand."""

    def __init__(self, address: str) -> None:
        there = urlsplit(address)
        self.socket = socket.create_connection((str(there.hostname), there.port or 0), timeout=PATIENCE)
        self.protocol = ClientProtocol(parse_uri(address.replace("http", "ws", 1) + "socket"))
        self.protocol.send_request(self.protocol.connect())
        self.flush()
        while self.protocol.state is State.CONNECTING:
            received = self.socket.recv(65536)
            assert received, "the server let nobody in"
            self.protocol.receive_data(received)

    def say(self, *requests: dict[str, Any]) -> None:
        """Sends requests, unless the server has closed the connection already."""
        for request in requests if self.protocol.state is State.OPEN else ():
            self.protocol.send_text(json.dumps({"id": 1, **request}).encode())
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(b"".join(self.protocol.data_to_send()))

    def vanish(self) -> None:
        """Without a word: the other side is told by a reset at most."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextmanager
def until(seconds: float = PATIENCE) -> Iterator[Callable[[], bool]]:
    """A clock that says whether there is time left, so that a test ends which would wait for ever."""
    end = time.monotonic() + seconds
    yield lambda: time.monotonic() < end


def test_who_never_reads_is_let_go_and_holds_up_nobody() -> None:
    wide = Scene("wide", Wide(), limits=Limits(clients=2, slow_seconds=1.0))
    with serving(wide) as address:
        slow = Bare(address)
        slow.say({"do": "init", "sim": "truth", "seed": 1}, *[{"do": "render", "state": 1}] * 60)
        with Page(address, max_size=None) as page:
            there = page.ask("init", sim="truth", seed=1)
            for _ in range(10):
                there = page.ask("update", state=there["state"], actions=[1])
            assert there.body[:1] == b"\x0a"
            with until() as time_left:  # its place is free again, though it still holds the line
                while time_left():
                    try:
                        with Page(address, max_size=None) as third:
                            third.ask("init", sim="truth", seed=1)
                        break
                    except (KeyError, ConnectionClosed):  # as many pages as there may be
                        time.sleep(0.2)
                assert time_left()
            page.ask("update", state=there["state"], actions=[0])
        slow.vanish()


def test_who_vanishes_leaves_nothing_behind(scene: MakeScene) -> None:
    with serving(scene(limits=Limits(clients=2))) as own, Page(own) as page:
        for _ in range(12):
            gone = Bare(own)
            gone.say({"do": "init", "sim": "truth", "seed": 1}, *[{"do": "render", "state": 1}] * 20)
            gone.vanish()
        there = page.ask("init", sim="truth", seed=1)
        page.ask("update", state=there["state"], actions=[0, 1])
        with until() as time_left:
            while time_left():
                try:
                    with Page(own) as third:
                        third.ask("init", sim="truth", seed=1)
                    break
                except (KeyError, ConnectionClosed):
                    time.sleep(0.2)
            assert time_left()


def test_no_more_pages_than_there_may_be(scene: MakeScene) -> None:
    with serving(scene(limits=Limits(clients=1))) as own, Page(own) as page:
        with Page(own) as full:
            assert full.first["error"] == "1 pages are open here already, as many as there may be; close one of them"
            with pytest.raises(ConnectionClosed):
                full.ask("init", sim="truth", seed=1)
        page.ask("init", sim="truth", seed=1)


def test_a_server_ends_while_pages_are_open(scene: MakeScene) -> None:
    with ExitStack() as pages:
        with serving(scene()) as own:
            page, there = pages.enter_context(Page(own)), urlsplit(own)
            half = pages.enter_context(socket.create_connection((str(there.hostname), there.port or 0)))
            half.sendall(b"GET / HTTP/1.1\r\nHost: lo")
            page.ask("init", sim="truth", seed=1)
        with pytest.raises(ConnectionClosed):
            page.ask("init", sim="truth", seed=1)


def test_where_it_listens() -> None:
    with server.listen("127.0.0.1", 0) as one:
        port = one.getsockname()[1]
        assert server.address(one) == f"http://127.0.0.1:{port}/"
        with pytest.raises(UserError, match=f"port {port} is in use; choose another with --port, or 0 for any"):
            server.listen("127.0.0.1", port)
    with pytest.raises(UserError, match="cannot listen at 192.0.2.1, port 0: .*; choose others"):
        server.listen("192.0.2.1", 0)
    with pytest.raises(UserError, match="cannot listen at no such host, port 0"):
        server.listen("no such host", 0)
    with pytest.raises(UserError, match="is no address; choose another with --host"):
        server.listen("ü..x", 0)
    with server.listen("0.0.0.0", 0) as everywhere:
        assert server.address(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}/"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)]
    + [("192.168.0.7", False), ("box.example", False), ("", False)],
)
def test_which_addresses_only_this_machine_reaches(host: str, local: bool) -> None:
    assert server.is_local(host) == local


def test_without_its_packages_a_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch, scene: MakeScene) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    with pytest.raises(UserError, match=r"play needs the package uvicorn.*pip install 'tickworld\[play\]'"):
        server.server(scene(), "127.0.0.1")
