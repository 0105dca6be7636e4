"""Whether stored weights are those of a world: the one comparison, for checkpoints and cartridges alike."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor


def mismatch(own: Mapping[str, Tensor], stored: Mapping[str, Tensor]) -> str:
    """How ``stored`` weights differ in name, shape or type from a world's ``own``, as a clause; empty when they fit.

    Values are not looked at, so ``own`` may lie on torch's meta device.
    """
    missing, extra = sorted(own.keys() - stored.keys()), sorted(stored.keys() - own.keys())
    if missing:
        return f"it lacks {missing[0]!r}"
    if extra:
        return f"it has {extra[0]!r}, which this world does not"
    for name, tensor in own.items():
        has, needs = ((list(each.shape), str(each.dtype)) for each in (stored[name], tensor))
        if has[0] != needs[0]:
            return f"{name!r} has shape {has[0]}, expected {needs[0]}"
        if has[1] != needs[1]:
            return f"{name!r} holds {has[1]}, expected {needs[1]}"
    return ""
