"""The server of the page: one address, three files and a socket, and nothing else.

    /  /page.js  /page.css      the page
    /socket                     what ``play.protocol`` describes; each connection is a session of its own

It listens on this machine only unless told otherwise. Any page that a person has open can send requests to it, so it
answers none but its own: ``Host`` must be an address or a name of this machine (else a stranger's name could be made to
point here), and ``Origin``, where a browser sends one, must be the very page that it served.

Sessions work in threads of their own, each on one core, and a connection is read no further while it waits for an
answer or does not fetch one: who asks too much, reads too slowly or vanishes holds up nobody else.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tickworld.errors import UserError, check_installed
from tickworld.play import protocol
from tickworld.play.protocol import Reply
from tickworld.play.scene import Scene
from tickworld.play.session import Session
from tickworld.web import asset

if TYPE_CHECKING:  # loaded late: it comes with the extra `play`
    import uvicorn
    from starlette.types import ASGIApp, Message, Receive, Send
    from starlette.types import Scope as Asked
    from starlette.websockets import WebSocket

NEEDED = ("starlette", "uvicorn", "websockets")
"""What the extra ``play`` brings."""
FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}
"""Path -> the file of ``tickworld.web`` that lies there, and its type. No path leads anywhere else."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: the page runs its own script and nothing else, and nobody may frame it or keep it."""
SILENT_SECONDS = 20.0
"""A connection that is silent for so long is asked for a sign of life, and has as long to give it."""
CONNECTIONS = 64
"""Requests for files that are open at once; sockets are counted by ``Limits.clients``."""

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host`` and ``port``; 0: any that is free. Raises UserError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        host.encode("idna")  # what cannot be written so is no name: a socket would raise anything
        listening = socket.create_server((host, port), family=family)
    except UnicodeError as error:
        raise UserError(f"{host!r} is no address; choose another with --host, such as 127.0.0.1") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} is in use; choose another with --port, or 0 for any that is free") from error
        reason = error.strerror or error
        raise UserError(f"cannot listen at {host}, port {port}: {reason}; choose others with --host, --port") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # else what a page never reads would keep its connection for ever
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(2000 * SILENT_SECONDS))
    return listening


def address(listening: socket.socket) -> str:
    """Where a browser on this machine finds the page."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_local(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def serve(scene: Scene, listening: socket.socket, host: str) -> None:
    """Serves ``scene`` on ``listening``, from ``listen(host, ...)``, until it is interrupted, which raises
    KeyboardInterrupt once all is closed. Raises UserError when the packages of the extra ``play`` are not
    installed."""
    server(scene, host).run(sockets=[listening])


def server(scene: Scene, host: str) -> uvicorn.Server:
    """The server before it is started; ``should_exit`` ends it."""
    check_installed(NEEDED, "play")
    import uvicorn

    config = uvicorn.Config(
        app(scene, host),
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=scene.limits.message_bytes,
        ws_ping_interval=SILENT_SECONDS,
        ws_ping_timeout=SILENT_SECONDS,
        ws_per_message_deflate=False,  # a frame is small, and packing it takes longer than sending it
        lifespan="off",
        log_config=None,
        log_level="critical",  # what matters is logged here
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def app(scene: Scene, host: str) -> ASGIApp:
    """The application, for any ASGI server."""
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route, Router, WebSocketRoute

    async def page(request: Request) -> Response:
        name, kind = FILES[request.url.path]
        return Response(asset(name), media_type=kind)

    routes = [*(Route(path, page) for path in FILES), WebSocketRoute("/socket", _Desk(scene).talk)]
    names = ["localhost", host] if is_local(host) else ["localhost", host, socket.gethostname()]
    return _Guard(Router(routes, redirect_slashes=False), names)


class _Guard:
    """Turns strangers away, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self.app = app
        self.names = {name.lower() for name in names}

    async def __call__(self, asked: Asked, receive: Receive, send: Send) -> None:
        from starlette.datastructures import Headers, MutableHeaders
        from starlette.responses import PlainTextResponse

        async def send_guarded(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=asked)
        complaint = self.complaint(headers.getlist("host"), headers.getlist("origin"))
        answer = PlainTextResponse(complaint + "\n", 403) if complaint else self.app
        await answer(asked, receive, send_guarded)

    def complaint(self, hosts: Sequence[str], origins: Sequence[str]) -> str:
        """Why a request with these headers is turned away; empty when it is not."""
        if len(hosts) != 1 or not self._ours(hosts[0]):
            return "this server answers to its address, or to a name of its own machine; open it by one of those"
        if any(origin.lower() not in _origins(hosts[0]) for origin in origins):
            return "this server answers to its own page only; another site's page has asked"
        return ""

    def _ours(self, host: str) -> bool:
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in self.names
        return True  # an address is what it is: only a name can be made to point elsewhere


def _origins(host: str) -> tuple[str, str]:
    """The origins of a page that was served at ``host``, by us or through a proxy that adds encryption."""
    return f"http://{host}".lower(), f"https://{host}".lower()


class _Desk:
    """Takes those who play, each with a session and a thread of its own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.hello = protocol.packed(0, Reply({"hello": scene.hello()}))
        self.there = 0

    async def talk(self, page: WebSocket) -> None:
        """One connection, from its beginning to its end."""
        from starlette.websockets import WebSocketDisconnect

        self.there += 1
        try:
            await page.accept()
            if self.there > self.scene.limits.clients:
                full = f"{self.there - 1} pages are open here already, as many as there may be; close one of them"
                await page.send_bytes(protocol.refusal(None, full))
                await page.close(1013)
            else:
                await self._serve(page)
        except (WebSocketDisconnect, TimeoutError):
            pass  # it has gone, or does not listen: its states go with it
        except Exception:
            log.exception("a connection failed")
        finally:
            self.there -= 1

    async def _serve(self, page: WebSocket) -> None:
        session = Session(self.scene)
        thread = ThreadPoolExecutor(1, "session", _one_core)
        try:
            await self._send(page, self.hello)
            while (text := await _next(page)) is not None:
                reply = await asyncio.get_running_loop().run_in_executor(thread, session.answer, text)
                await self._send(page, reply)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    async def _send(self, page: WebSocket, message: bytes) -> None:
        async with asyncio.timeout(self.scene.limits.slow_seconds):
            await page.send_bytes(message)


async def _next(page: WebSocket) -> str | None:
    """The next request; None when there will be no more. What is no text is a request that cannot be read."""
    message = await page.receive()
    if message["type"] == "websocket.disconnect":
        return None
    return message.get("text") or ""


def _one_core() -> None:
    """In a session's thread: each thread is told anew how many cores torch may use, and over so little work several
    would only wait for each other."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
