"""Work that is shared out: every part is done, lost workers or not, and a recording is the same whoever plays it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tickworld.agents import player
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.workers import WORKERS, Alone, Workers, workers

ENGINES = [*WORKERS]
PLAN = Plan(players="mixed", episodes=12, ticks=30, block=2)


@pytest.fixture(params=ENGINES)
def make(request: pytest.FixtureRequest) -> Callable[[], Workers]:
    if request.param == "ray":
        pytest.importorskip("ray")
    return partial(workers, 2, request.param)


def marked(folder: Path, deaths: int, part: int) -> int:
    """Leaves a mark and brings ten times its number; the first ``deaths`` times that part 3 is tried its worker is
    killed instead."""
    if part == 3:
        for death in range(deaths):
            try:
                (folder / f"death-{death}").touch(exist_ok=False)
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    (folder / f"part-{part}").write_text(str(os.getpid()))
    return 10 * part


def refused(part: int) -> None:
    """Fails as a full disk does."""
    raise UserError(f"no room for {part}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a recording."""
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def test_a_recording_is_the_same_whoever_plays_it(make: Callable[[], Workers], tmp_path: Path) -> None:
    pong, told = game("pong"), list[int]()
    record(pong, player("mixed", pong), PLAN, tmp_path / "alone")
    by = make()
    record(pong, player("mixed", pong), PLAN, tmp_path / "shared", lambda done, _: told.append(done), by)
    assert contents(tmp_path / "shared") == contents(tmp_path / "alone")
    assert told == sorted(told) and told[0] == 0 and told[-1] == 12 * 30 and len(told) == 7
    record(pong, player("mixed", pong), PLAN, tmp_path / "shared", by=by)  # there is nothing left to do
    assert contents(tmp_path / "shared") == contents(tmp_path / "alone")


def test_a_lost_worker_loses_nothing(make: Callable[[], Workers], tmp_path: Path) -> None:
    """Nor do two, and what a worker raises is raised here."""
    assert sorted(make().each(partial(marked, tmp_path, 2), range(8))) == [(part, 10 * part) for part in range(8)]
    assert {each.name for each in tmp_path.glob("death-*")} == {"death-0", "death-1"}
    done = {int(each.name[5:]): int(each.read_text()) for each in tmp_path.glob("part-*")}
    assert done.keys() == set(range(8)) and os.getpid() not in done.values()
    with pytest.raises(UserError, match="no room for 5"):
        list(make().each(refused, [5]))


def test_workers_that_always_die_are_told(make: Callable[[], Workers], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"workers were lost 3 times in a row, with 1 parts to do"):
        list(make().each(partial(marked, tmp_path, 99), [3]))


def test_alone_does_one_after_the_other() -> None:
    seen: list[int] = []
    assert list(Alone().each(seen.append, [3, 1, 2])) == [(3, None), (1, None), (2, None)] and seen == [3, 1, 2]


def test_work_that_cannot_be_sent_and_engines_that_are_not_there_are_told() -> None:
    with pytest.raises(UserError, match="this work cannot be sent to other processes .* use one worker"):
        list(workers(2).each(lambda part: None, [1]))
    with pytest.raises(UserError, match="there is no engine 'rya'; did you mean 'ray'"):
        workers(2, "rya")
