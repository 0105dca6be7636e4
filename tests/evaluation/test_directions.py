"""What directions mean: least squares of vectors on params and of params on vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.evaluation.directions import Direction, Placed, directions
from tickworld.simulator import Param

PARAMS = (
    Param("length", 5, 2, 9),
    Param("place", 0, 0, 9, drawn=True),
    Param("pull", 0, -3, 3, kind="real"),
    Param("colour", 0, 0, 3, kind="choice"),
    Param("still", 0, 0, 9),
)
CHANCE = np.random.default_rng(0)
WAYS = CHANCE.normal(size=(6, 12))
"""Of length, pull and each colour."""
NONE = Placed(np.zeros((0, len(PARAMS))), np.zeros((0, 12), np.float32))


def rows(count: int) -> NDArray[np.float64]:
    """Params of games; that of the start and that which is the same for all say nothing."""
    columns = [CHANCE.integers(2, 10, count), CHANCE.integers(0, 10, count), CHANCE.uniform(-3, 3, count),
               CHANCE.integers(0, 4, count), np.zeros(count)]  # fmt: skip
    return np.stack(columns, 1).astype(float)


def placed(count: int, noise: float = 0.0) -> Placed:
    """Games whose vectors are linear in their params, but for noise."""
    told = rows(count)
    columns = np.concatenate([told[:, [0, 2]], told[:, 3:4] == np.arange(4)], 1)
    vectors = 7 + columns @ WAYS + noise * CHANCE.normal(size=(count, 12))
    return Placed(told, vectors)  # type: ignore[arg-type]  # in double precision, to be found exactly


def found(known: Placed, unseen: Placed = NONE) -> list[Direction]:
    return directions(PARAMS, known, unseen)


def test_a_linear_embedding_is_found_exactly() -> None:
    known, unseen = placed(40), placed(20)
    length, pull, colour = made = found(known, unseen)
    assert [each.param.name for each in made] == ["length", "pull", "colour"]
    assert [each.column for each in made] == [0, 2, 3] and colour.values == (0, 1, 2, 3) and not length.values
    np.testing.assert_allclose(length.along, WAYS[:1], atol=1e-9)
    np.testing.assert_allclose(pull.along, WAYS[1:2], atol=1e-9)
    np.testing.assert_allclose(np.diff(colour.along, axis=0), np.diff(WAYS[2:], axis=0), atol=1e-9)
    assert [each.score for each in made] == pytest.approx([1, 1, 1])
    reads, bias = (np.concatenate(parts) for parts in zip(*((each.reads, each.bias) for each in made), strict=True))
    read = unseen.vectors @ reads.T + bias
    np.testing.assert_allclose(read[:, :2], unseen.rows[:, [0, 2]], atol=1e-6)
    assert (read[:, 2:].argmax(1) == unseen.rows[:, 3]).all()
    assert length.spread == known.rows[:, 0].std()


def test_one_more_of_a_param_reads_as_one_more_and_leaves_the_others() -> None:
    length, pull, _ = found(placed(40))
    assert (length.reads @ length.along.T).item() == pytest.approx(1)
    assert (pull.reads @ length.along.T).item() == pytest.approx(0, abs=1e-9)


def test_what_no_vector_tells_has_no_score_to_speak_of() -> None:
    known, unseen = placed(60, 0.1), placed(60, 0.1)
    lost = [each._replace(vectors=each.vectors[:, :3] * 0 + CHANCE.normal(size=(60, 3))) for each in (known, unseen)]
    scores = [each.score or 0 for each in found(*lost)]
    assert max(scores) < 0.3 and min(each.score or 0 for each in found(known, unseen)) > 0.9


def test_without_other_games_each_part_is_read_by_the_rest() -> None:
    known = placed(40, 0.02)
    assert all(each.score is not None and 0.9 < each.score < 1 for each in found(known))
    few = Placed(known.rows[:3], known.vectors[:3])
    assert [each.score for each in found(few)] == [None] * len(found(few))


def test_the_same_games_give_the_same_directions() -> None:
    known = placed(30, 0.1)
    for one, other in zip(found(known), found(known), strict=True):
        assert (one.along == other.along).all() and (one.reads == other.reads).all() and one.score == other.score


def test_a_space_that_is_flat_is_no_trouble() -> None:
    """Vectors of single precision in fewer dimensions than they have: what float32 rounds is not taken for a way."""
    told = rows(30)
    vectors = (told[:, [0]] @ WAYS[:1]).astype(np.float32)
    length, pull, _ = found(Placed(told, vectors), Placed(told, vectors))
    assert length.score == pytest.approx(1) and np.abs(length.reads).max() < 1 and abs(pull.score or 0) < 0.3


def test_games_that_are_all_the_same_have_no_direction() -> None:
    known = placed(10)
    assert found(known._replace(rows=np.repeat(known.rows[:1], 10, 0))) == []
    starts = [replace(param, start=True) for param in PARAMS]
    assert directions(starts, known, NONE) == []


def test_a_choice_of_two_is_a_number() -> None:
    told = rows(30)
    told[:, 3] = told[:, 3] % 2
    known = Placed(told, (told @ CHANCE.normal(size=(5, 12))).astype(np.float32))
    colour = found(known)[-1]
    assert colour.values == () and colour.along.shape == (1, 12)
