"""What runs in the background brings its result, or its error, to whoever asks."""

from __future__ import annotations

import threading

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
