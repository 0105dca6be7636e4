"""Cores and worlds of equal weights: whatever is compared, so that none wins by being larger."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import torch
from torch import nn

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.cores import CoreConfig
from tickworld.simulator import Spec

WEIGHTS = 60_000
KINDS: dict[str, type[Config]] = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(CoreConfig)[0])}


def sized(kind: type[Config], size: int, **changes: Any) -> Any:
    """A config of ``kind`` with ``size`` units; as it is, if it does not count units."""
    if "size" in kind.model_fields:
        changes["size"] = size
    if "cell" in kind.model_fields:
        changes["cell"] = {"kind": "gru", "size": size} | changes.get("cell", {})
    return kind.model_validate(changes)


def weights(part: nn.Module) -> int:
    """How many trained numbers it has."""
    return sum(parameter.numel() for parameter in part.parameters())


def nearest(make: Callable[[int], Any], spec: Spec, count: Callable[[Any], int] = weights) -> Any:
    """What ``make`` gives for the size at which it builds nearest to ``WEIGHTS`` weights, as ``count`` counts them."""
    sizes: dict[int, int] = {}
    for size in range(8, 400, 4):
        try:
            with torch.device("meta"):
                sizes[size] = count(make(size).build(spec))
        except UserError:  # a size that its heads do not share in even parts
            continue
        if sizes[size] > 2 * WEIGHTS:
            break
    return make(min(sizes, key=lambda size: abs(math.log(sizes[size] / WEIGHTS))))
