"""The fast measurements equal the plain ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickworld.games.pong import DIGITS
from tickworld.games.reading import digit, lit_centre


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30), st.floats(0, 1))
def test_lit_centre_is_the_mean_of_the_lit_pixels(seed: int, height: int, width: int, share: float) -> None:
    lit = np.random.default_rng(seed).random((2, 3, height, width)) < share
    found = lit_centre(lit, 4, 7)
    assert found.shape == (2, 3, 3)
    for row, column in np.ndindex(2, 3):
        y, x = np.nonzero(lit[row, column])
        expected = (x.mean() + 4, y.mean() + 7, len(x)) if len(x) else (np.nan,) * 3
        np.testing.assert_allclose(found[row, column], expected, rtol=1e-12)


def test_lit_centre_of_a_large_region_is_exact() -> None:
    lit = np.ones((1, 400, 300), bool)
    assert lit_centre(lit, 0, 0).tolist() == [[149.5, 199.5, 120_000]]


def test_lit_centre_of_a_single_frame_and_of_none() -> None:
    assert lit_centre(np.ones((2, 2), bool), 0, 0).tolist() == [0.5, 0.5, 4]
    assert lit_centre(np.zeros((0, 2, 2), bool), 0, 0).shape == (0, 3)


def test_every_digit_is_read_and_nothing_else() -> None:
    shown = DIGITS > 0
    assert digit(shown, shown).tolist() == list(range(10))
    for place in np.ndindex(5, 3):
        broken = shown.copy()
        broken[(slice(None), *place)] ^= True
        expected = [next((d for d in range(10) if (shown[d] == picture).all()), -1) for picture in broken]
        assert digit(broken, shown).tolist() == expected
