"""What runs in the background brings its result, or its error, to whoever asks."""

from __future__ import annotations

import functools
import os
import sys
import threading
import types

import pytest

from tickworld import background


def test_the_result_comes_from_another_thread() -> None:
    future = background.begin(threading.current_thread)
    other = future.result(10)
    assert other is not threading.current_thread() and other.daemon


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> None:
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        background.begin(work).result(10)


def test_a_process_of_its_own_does_the_work() -> None:
    assert background.begin(os.getpid, apart=True).result(30) != os.getpid()
    assert background.begin(functools.partial(max, range(100_000)), apart=True).result(30) == 99_999


def test_its_errors_come_back_too() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        background.begin(functools.partial(int, "x"), apart=True).result(30)


def test_what_it_prints_does_not_mix_with_its_result() -> None:
    assert background.begin(functools.partial(print, "hello"), apart=True).result(30) is None


def test_what_cannot_be_told_to_a_process_is_done_here() -> None:
    assert background.begin(lambda: os.getpid(), apart=True).result(30) == os.getpid()


def test_so_is_what_lies_in_a_module_that_is_only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("only_here")
    exec("import os\ndef pid(): return os.getpid()", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    assert background.begin(module.pid, apart=True).result(30) == os.getpid()


def test_so_is_what_has_a_result_that_cannot_go_back() -> None:
    work = functools.partial(eval, "(lambda: 0, __import__('os').getpid())")
    assert background.begin(work, apart=True).result(30)[1] == os.getpid()


def test_and_what_a_killed_process_left() -> None:
    text = f"__import__('os').getpid() == {os.getpid()} or __import__('os')._exit(3)"
    assert background.begin(functools.partial(eval, text), apart=True).result(30) is True


def test_and_all_of_it_where_no_process_can_be_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert background.begin(os.getpid, apart=True).result(30) == os.getpid()
