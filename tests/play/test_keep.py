"""States by handle, as many as fit."""

from __future__ import annotations

import numpy as np
import pytest

from tickworld.errors import UserError
from tickworld.play.keep import Keep, Kept


def big(bytes_: int = 2**20) -> Kept:
    return Kept("truth", (np.zeros(bytes_, np.uint8),))


def test_a_state_comes_back_by_its_handle() -> None:
    keep = Keep(2**30)
    kept = [big(4), Kept("dream", None), Kept("memory of mixed", None)]
    handles = [keep.put(each) for each in kept]
    assert len(set(handles)) == 3 and len(keep) == 3
    assert [keep.get(handle, each.what) for handle, each in zip(handles, kept, strict=True)] == kept


def test_the_oldest_go_and_a_handle_never_means_another_state() -> None:
    keep = Keep(4 * 2**20 + 10_000)
    handles = [keep.put(big()) for _ in range(9)]
    assert handles == sorted(set(handles)) and len(keep) == 4 and keep.used <= keep.most
    for handle in handles[-4:]:
        keep.get(handle, "truth")
    for handle in handles[:-4]:
        with pytest.raises(UserError, match=f"state {handle} is no longer kept: the server holds the newest 4 MiB"):
            keep.get(handle, "truth")


def test_the_newest_stays_even_if_it_does_not_fit() -> None:
    keep = Keep(1000)
    keep.put(big(10))
    assert keep.get(keep.put(big()), "truth") and len(keep) == 1


def test_what_is_forgotten_makes_room() -> None:
    keep = Keep(3 * 2**20 + 10_000)
    first, second, third = (keep.put(big()) for _ in range(3))
    keep.forget([second, second, 99, 0])
    keep.put(big())
    assert keep.get(first, "truth") and keep.get(third, "truth")
    with pytest.raises(UserError, match="no longer kept"):
        keep.get(second, "truth")
    keep.forget([first, third, 4])
    assert keep.used == 0 and len(keep) == 0


def test_a_handle_that_never_was_and_one_of_something_else() -> None:
    keep = Keep(2**20)
    memory = keep.put(Kept("memory of mixed", None))
    for handle in (0, 2, 2**53):
        with pytest.raises(UserError, match=f"there is no state {handle} here; begin with init"):
            keep.get(handle, "truth", "dream")
    with pytest.raises(UserError, match="state 1 is the memory of mixed; expected the truth or the dream"):
        keep.get(memory, "truth", "dream")
