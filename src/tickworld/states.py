"""Rows of states: taking some of N copies, and putting copies together. Of truths and dreams alike, and of players'
memories.

A state is a record of arrays or tensors with leading axis N; records may lie in records. Nobody here asks what a field
means. A copied row goes on as its own, so the simulator must be ``branchable``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

AnyState = TypeVar("AnyState")


def take(state: AnyState, rows: NDArray[np.integer]) -> AnyState:
    """The rows ``rows`` [M] of a state of N, in that order and as often as they are named: a state of M."""
    return _fields(lambda fields: fields[0][rows], [state])


def join(states: Sequence[AnyState]) -> AnyState:
    """The rows of several states of one simulator, one below the other."""
    return _fields(_below, states)


def select(first: NDArray[np.bool_], one: AnyState, other: AnyState) -> AnyState:
    """Row i of ``one`` where ``first[i]``, of ``other`` elsewhere; all of N rows."""
    rows = np.arange(len(first))
    return take(join([one, other]), np.where(first, rows, len(first) + rows))


def put(state: AnyState, rows: NDArray[np.integer], others: AnyState) -> AnyState:
    """``state`` of N rows, with the M rows of ``others`` in place of its ``rows`` [M]."""

    def placed(fields: list[Any]) -> Any:
        place = np.arange(len(fields[0]))
        place[rows] = len(place) + np.arange(len(rows))
        return _below(fields)[place]

    return _fields(placed, [state, others])


def leaves(state: Any) -> list[Any]:
    """All arrays and tensors of a state, one after the other; none for a player that remembers nothing."""
    if state is None:
        return []
    return [leaf for each in state for leaf in leaves(each)] if isinstance(state, tuple) else [state]


def with_leaves(state: AnyState, others: Sequence[NDArray[Any]]) -> AnyState:
    """``state`` with these arrays in place of its own, in the order of ``leaves``; tensors where tensors were."""
    rest = iter(others)
    return _fields(lambda fields: _like(fields[0], next(rest)), [state])


def size(state: Any) -> int:
    """Bytes that a state keeps in memory, at most: of an array that is part of a larger one, all of that is counted."""
    if isinstance(state, tuple):
        return _RECORD + sum(size(each) for each in state)
    if isinstance(state, np.ndarray):
        return _RECORD + (state.base if isinstance(state.base, np.ndarray) else state).nbytes
    if hasattr(state, "untyped_storage"):
        return _RECORD + state.untyped_storage().nbytes()
    return _RECORD


_RECORD = 256
"""Bytes of an array or a record beside its numbers, about."""


def _fields(make: Callable[[list[Any]], Any], states: Sequence[Any]) -> Any:
    """A state like ``states``, each of its fields made from the list of theirs."""
    first = states[0]
    if first is None:  # a player that remembers nothing
        return None
    if isinstance(first, tuple):
        made = [_fields(make, each) for each in zip(*states, strict=True)]
        return type(first)(*made) if hasattr(first, "_fields") else tuple(made)
    return make(list(states))


def _like(leaf: Any, other: NDArray[Any]) -> Any:
    if isinstance(leaf, np.ndarray):
        return other
    import torch

    return torch.from_numpy(other)


def _below(fields: list[Any]) -> Any:
    if isinstance(fields[0], np.ndarray):
        return np.concatenate(fields)
    import torch  # only a learned world's state holds tensors; games load no torch

    return torch.cat(fields)
