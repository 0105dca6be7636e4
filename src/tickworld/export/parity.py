"""Whether what was exported plays as it does here: both side by side under the same keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld.export.tick import Tick

CLOSE = 1e-5
"""How far apart they may be, of 1 or of the number itself, whichever is larger."""
TICKS = 8
"""For how many ticks that is looked at."""

Play = Callable[..., tuple[Tensor, ...]]
"""Called as a ``Tick``."""


def difference(content: bytes, play: Play, tick: Tick, rows: int | None = None, ticks: int = TICKS) -> float:
    """By how much an .onnx file in onnxruntime and ``play`` in torch differ at most, in any number of any state or
    frame: as a share of that number where it is above 1; infinite where one of them is none.

    Each goes on from what it has put out itself, from ``rows`` of the first states of ``tick`` (all of them by
    default), under some actions and noise.
    """
    session = _session(content)
    count = len(tick.start.out)
    chosen = torch.arange(count if rows is None else rows) % count
    state = tuple(field[chosen] for field in tick.start)
    fed = [field.numpy() for field in state]
    names = [port.name for port in session.get_inputs()]
    worst = 0.0
    with torch.no_grad():
        for number in range(ticks):
            given = tick.given(len(chosen), number)
            got = session.run(None, dict(zip(names, [*fed, *(each.numpy() for each in given)], strict=True)))
            wanted = play(state, *given)
            worst = max(worst, *(_apart(*pair) for pair in zip(wanted, got, strict=True)))
            state, fed = wanted[:-1], got[:-1]
    return worst


def frames_apart(whole: bytes, parts: Sequence[bytes], tick: Tick, ticks: int) -> float:
    """By how much the frames of the graph of ``tick`` differ at most from those of its two ``parts``: the one that
    updates a state, and the one that draws its ``out`` and puts the frame out first. Both go on from what they have put
    out themselves, from all first states of ``tick``, under some actions and noise.
    """
    session, (update, render) = _session(whole), (_session(each) for each in parts)
    names = [port.name for port in session.get_inputs()]
    one = other = [field.numpy() for field in tick.start]
    drawn, worst = tick.fields.index("out"), 0.0
    for number in range(ticks):
        given = [each.numpy() for each in tick.given(len(tick.start.out), number)]
        *one, wanted = session.run(None, dict(zip(names, [*one, *given], strict=True)))
        other = update.run(None, dict(zip(names, [*other, *given], strict=True)))
        got = render.run(["frame"], {"out": other[drawn]})[0]
        worst = max(worst, float(np.abs(wanted - got).max()))
    return worst


def _apart(wanted: Tensor, got: NDArray[Any]) -> float:
    one, other = wanted.numpy().astype(float), got.astype(float)
    if one.shape != other.shape:
        return float("inf")
    share = np.abs(one - other) / np.maximum(np.abs(one), 1)
    return float(np.where(np.isnan(share), np.inf, share).max(initial=0))


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # worlds are small: more threads wait for each other
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
