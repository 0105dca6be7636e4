"""Work in the background, on the cores that a training leaves idle: in a thread, or in a process of its own.

Python runs one thread at a time, so a thread that works for long holds up the training (docs/log.md); a process does
not, but it takes a second to start, and what goes to it and back is copied.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_SERVE = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from tickworld.background import serve
serve()
"""
"""What the process runs; ``multiprocessing`` would run the user's script again."""

_busy: set[subprocess.Popen[bytes]] = set()


def begin(work: Callable[[], T], apart: bool = False) -> Future[T]:
    """Starts ``work`` and gives what it will bring: its result, or the error that it raised.

    ``apart``: in a process of its own, if ``work`` can be told to one (it can be pickled, and lies in a module that can
    be imported), and else in a thread. Neither is waited for when this process ends; if it is killed, the
    other one ends with its work. What they do must leave nothing half done behind it, such as a file.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(_elsewhere(work) if apart else work())
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _elsewhere(work: Callable[[], T]) -> T:
    try:
        told = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):  # such as a lambda
        return work()
    outcome, value = _told(told)
    if outcome == "raised":
        raise value
    return work() if outcome == "unknown" else value


def _told(work: bytes) -> tuple[str, Any]:
    """How it went in a process of its own; see ``serve``."""
    try:
        process = subprocess.Popen([sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError:  # the machine has no room for another one
        return "unknown", None
    _busy.add(process)
    try:
        assert process.stdin is not None and process.stdout is not None
        with process.stdin as to:
            to.write(pickle.dumps(sys.path))
            to.write(work)
        with process.stdout as back:
            return pickle.load(back)
    except (EOFError, OSError, pickle.UnpicklingError):  # it was killed
        return "unknown", None
    finally:
        process.kill()
        process.wait()
        _busy.discard(process)


def serve() -> None:
    """In the process: reads the work, does it, and writes how it went: done, raised, or unknown here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a key that interrupts the training ends this without a word
    back = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed does not mix with the result
    outcome: tuple[str, Any] = ("unknown", None)
    try:
        work = pickle.load(sys.stdin.buffer)
    except Exception:
        work = None
    if work is not None:
        try:
            outcome = ("done", work())
        except Exception as error:
            outcome = ("raised", error)
    try:
        told = pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception:
        told = pickle.dumps(("unknown", None))
    try:
        back.write(told)
        back.close()
    except OSError:  # nobody waits for it any more
        os._exit(1)


def _end() -> None:
    for process in list(_busy):
        process.kill()


atexit.register(_end)
