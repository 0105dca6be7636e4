"""A number is a pure function of its seed and keys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickworld import seeds

SEEDS = st.integers(0, 2**64 - 1)
KEYS = st.lists(st.one_of(st.text(max_size=8), st.integers(-(2**63), 2**64 - 1)), max_size=3)


def test_splitmix64_is_the_published_one() -> None:
    """The first outputs of the generator with state 0 and 1234567, as its author's C code prints them."""
    steps = np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    assert seeds.mix(steps).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert seeds.mix(1234567).tolist() == [6457827717110365317]


@given(st.lists(SEEDS, min_size=1, max_size=6), KEYS)
def test_a_row_does_not_depend_on_its_neighbours(rows: list[int], keys: list[str | int]) -> None:
    together = seeds.mix(np.array(rows, np.uint64), *keys)
    assert together.dtype == np.uint64
    assert together.tolist() == [int(seeds.mix(row, *keys)[0]) for row in rows]


def test_row_seeds_are_the_same_however_they_are_grouped() -> None:
    whole = seeds.rows(3, 0, 100)
    assert (np.concatenate([seeds.rows(3, 0, 30), seeds.rows(3, 30, 1), seeds.rows(3, 31, 69)]) == whole).all()
    assert len(set(whole.tolist()) | set(seeds.rows(4, 0, 100).tolist())) == 200
    assert seeds.rows(3, 5, 0).shape == (0,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a",), ("b",)),
        (("a", "b"), ("b", "a")),
        ((0,), ()),
        ((0,), (0, 0)),
        ((1,), (2,)),
        (("a", 1), ("a", 2)),
        (("",), ()),
    ],
)
def test_every_key_and_their_order_matter(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    assert seeds.mix(7, *one)[0] != seeds.mix(7, *other)[0]


@given(SEEDS)
def test_uniform_lies_in_zero_to_one(seed: int) -> None:
    (value,) = seeds.uniform(seed, "x")
    assert 0 <= value < 1 and value.dtype == np.float64


def test_uniform_is_uniform_and_streams_are_not_alike() -> None:
    rows = seeds.rows(0, 0, 20_000)
    first, second = seeds.uniform(rows, "a", 0), seeds.uniform(rows, "a", 1)
    counts = np.histogram(first, 10, (0, 1))[0]
    assert abs(counts - 2000).max() < 5 * np.sqrt(2000 * 0.9)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.03


@given(st.integers(-(2**70), 2**70), KEYS)
def test_derive_gives_an_int_that_any_library_takes(seed: int, keys: list[str | int]) -> None:
    derived = seeds.derive(seed, *keys)
    assert 0 <= derived < 2**63
    assert derived == seeds.derive(seed, *keys)


def test_generator_repeats_itself_and_differs_by_name() -> None:
    def draw(*keys: str | int) -> list[int]:
        return seeds.generator(5, *keys).integers(0, 1000, 8).tolist()

    assert draw("shuffle", 3) == draw("shuffle", 3)
    assert draw("shuffle", 3) != draw("shuffle", 4) != draw("noise", 3)


def test_streams_are_what_they_were() -> None:
    """Recordings and runs name their seeds: another mixing would make all of them unrepeatable."""
    assert seeds.mix(7, "a", 3).tolist() == [11843419180254673892]
    assert seeds.rows(1, 0, 2).tolist() == [10877474490980188546, 17088330413252294185]
    assert seeds.derive(5, "shuffle") == 8548689194551620225
    assert seeds.uniform(5, "x").tolist() == [0.43396637176669395]


def test_numpy_integers_are_keys_like_others() -> None:
    assert seeds.derive(1, np.int64(5)) == seeds.derive(1, 5)  # pyright: ignore[reportArgumentType]
