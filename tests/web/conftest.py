"""A real browser without a network, and whatever a page says in it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
PATIENCE = 300_000
"""Milliseconds: a machine may be busy."""


class Opened(NamedTuple):
    """A page in the browser, what it has said on its console, and whatever it has asked for."""

    page: Any
    said: list[str]
    asked: list[str]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    with playwright.sync_playwright() as started:
        if path is None and not Path(started.chromium.executable_path).exists():
            pytest.skip("there is no Chromium here")
        running = started.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


def visit(context: Any, address: str, own: str) -> Opened:
    """Opens ``address``; whatever does not begin with ``own`` is refused, and noted as all that is asked for."""
    context.set_default_timeout(PATIENCE)
    page, told = context.new_page(), Opened(None, [], [])
    page.on("console", lambda message: told.said.append(message.text))
    page.on("pageerror", lambda error: told.said.append(str(error)))
    page.on("request", lambda request: told.asked.append(request.url))
    page.on("websocket", lambda socket: told.asked.append(socket.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(own) else route.abort())
    page.goto(address)
    page.evaluate("tickworld.ready")
    return told._replace(page=page)


def until(page: Any, expression: str) -> None:
    """Waits until ``expression`` holds. (Playwright's own way evaluates text in the page, which its policy forbids.)"""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never: {expression}"
        time.sleep(0.02)


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Opens a file in a browser that has no network."""
    context = browser.new_context(offline=True)
    yield lambda path: visit(context, path.as_uri(), path.as_uri())
    context.close()
