"""A core's state as named numbers: to be looked at, and to be changed by hand, one at a time."""

from __future__ import annotations

import math
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld.errors import UserError, choose
from tickworld.models.parts import State


def shown(state: State) -> dict[str, NDArray[Any]]:
    """The fields of a core's state by name, each [B, ...]; copies."""
    return {name: field.detach().cpu().numpy().copy() for name, field in state._asdict().items()}


def changed(state: State, name: str, index: int, value: float) -> State:
    """``state`` with one number of every row set: that at ``index`` of the flat row of field ``name``.

    Raises UserError for a field or an index that is not there, and for a value that the field cannot hold.
    """
    field: Tensor = choose(state._asdict(), name, "field of the state")
    flat = field.detach().clone().flatten(1)
    if not 0 <= index < flat.shape[1]:
        raise UserError(f"field {name} has {flat.shape[1]} numbers in a row; got index {index}; count from 0")
    if not _holds(field.dtype, value):
        raise UserError(f"field {name} holds {_kind(field.dtype)}; got {value:g}; give one of those")
    flat[:, index] = value
    return state._replace(**{name: flat.view(field.shape)})


def _holds(kind: torch.dtype, value: float) -> bool:
    """Whether a tensor of ``kind`` can hold ``value``."""
    if kind == torch.bool:
        return value in (0, 1)
    if kind.is_floating_point:
        return math.isfinite(value) and abs(value) <= torch.finfo(kind).max
    whole = torch.iinfo(kind)
    return float(value).is_integer() and whole.min <= value <= whole.max


def _kind(kind: torch.dtype) -> str:
    """What a tensor of ``kind`` holds, in words."""
    if kind == torch.bool:
        return "0 or 1"
    if kind.is_floating_point:
        return "finite numbers"
    whole = torch.iinfo(kind)
    return f"whole numbers in {whole.min}..{whole.max}"
