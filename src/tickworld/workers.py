"""Work shared out among processes, here or on a cluster: parts that do not know of each other, each done wholly by one.

A part is done again when its worker is lost, so what it does must be whole or not at all. Who does which part, in what
order and how often is left open: the result must not depend on it.
"""

from __future__ import annotations

import functools
import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from tickworld.errors import UserError, check_installed, choose

T = TypeVar("T")
R = TypeVar("R")
LOSSES = 3
"""Times that workers may be lost with no part done in between, before it is given up."""


class Workers(Protocol):
    """Who does the parts."""

    def each(self, work: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Does ``work`` on each of ``parts``; yields each with what it brought once it is done, in any order.

        Raises what ``work`` raises, and UserError for work that cannot be sent, and when workers are lost again and
        again.
        """
        ...


class Alone:
    """This process, one part after the other."""

    def each(self, work: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
        """As ``Workers``."""
        for part in parts:
            yield part, work(part)


class Pool:
    """``count`` processes on this machine. They are begun anew, not forked from this one, whose threads would be
    lost."""

    def __init__(self, count: int) -> None:
        self.count = count

    def each(self, work: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
        """As ``Workers``."""
        left, lost = list(parts), 0
        task = functools.partial(_unpacked, _packed(work))
        while left:
            before = len(left)
            try:
                for part, result in self._round(task, left):
                    left.remove(part)
                    yield part, result
            except BrokenProcessPool:
                lost = lost + 1 if len(left) == before else 1
                if lost >= LOSSES:
                    raise UserError(_lost(lost, len(left))) from None

    def _round(self, work: Callable[[T], Any], parts: list[T]) -> Iterator[tuple[T, Any]]:
        kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        with ProcessPoolExecutor(min(self.count, len(parts)), multiprocessing.get_context(kind)) as pool:
            doing: dict[Future[Any], T] = {pool.submit(work, part): part for part in parts}
            try:
                for done in as_completed(doing):
                    yield doing[done], done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


class Ray:
    """``count`` workers of a Ray cluster: the one that this machine is part of, or else one that is begun here and
    ended with the work. Each worker needs this package; all must see the folder that is written to."""

    def __init__(self, count: int) -> None:
        check_installed(["ray"], "ray")
        self.count = count

    def each(self, work: Callable[[T], R], parts: Iterable[T]) -> Iterator[tuple[T, R]]:
        """As ``Workers``."""
        import ray
        from ray.exceptions import RayTaskError, WorkerCrashedError

        mine = not ray.is_initialized()
        if mine:
            _begin(ray, self.count)
        left, lost = list(parts), 0
        task = ray.remote(num_cpus=1, max_retries=0)(_unpacked)
        packed = ray.put(_packed(work))
        doing: dict[Any, T] = {}
        try:
            while left or doing:
                while left and len(doing) < self.count:
                    part = left.pop(0)
                    doing[task.remote(packed, part)] = part
                (done, *_), _ = ray.wait(list(doing))
                part = doing.pop(done)
                try:
                    result = ray.get(done)
                except WorkerCrashedError:
                    left.append(part)
                    lost += 1
                    if lost >= LOSSES:
                        raise UserError(_lost(lost, len(left) + len(doing))) from None
                    continue
                except RayTaskError as error:
                    raise error.cause from None
                lost = 0
                yield part, result
        finally:
            if mine:
                ray.shutdown()


def _begin(ray: Any, count: int) -> None:
    quiet = {"log_to_driver": False, "logging_level": "error"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:  # there is no cluster
        ray.init(num_cpus=count, include_dashboard=False, **quiet)


WORKERS: dict[str, Callable[[int], Workers]] = {"pool": Pool, "ray": Ray}
"""By name, what makes ``count`` workers."""


def workers(count: int = 1, engine: str = "pool") -> Workers:
    """``count`` workers of an engine of the table. Raises UserError for one that there is not, or that is not
    installed."""
    return choose(WORKERS, engine, "engine")(count)


def several(count: int, engine: str) -> Workers | None:
    """As ``workers``; None for one of the pool, in whose place this process works."""
    return None if (count, engine) == (1, "pool") else workers(count, engine)


def _packed(work: Callable[..., Any]) -> bytes:
    try:
        return pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(f"this work cannot be sent to other processes ({error}); use one worker") from error


def _unpacked(work: bytes, part: Any) -> Any:
    return pickle.loads(work)(part)


def _lost(times: int, parts: int) -> str:
    return (
        f"workers were lost {times} times in a row, with {parts} parts to do (out of memory?); what is done is kept; "
        "give the command again with fewer workers"
    )
