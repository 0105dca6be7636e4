"""Work in the background, for numpy's long calls: they leave the other cores to whoever wants them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T]) -> Future[T]:
    """Starts ``work`` in a thread of its own and gives what it will bring: its result, or the error that it raised.

    The thread dies with the process, so an interrupted training need not wait for it; what it does must leave nothing
    half done behind it, such as a file.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
