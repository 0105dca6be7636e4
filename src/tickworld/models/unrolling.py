"""Ways through a window that are not one call of ``Core.unroll`` or ``Core.follow``."""

from __future__ import annotations

import torch
from torch import Tensor

from tickworld.models.parts import Core, State


def truncated(core: Core, state: State, x: Tensor, ticks: int) -> tuple[Tensor, State]:
    """As ``core.unroll``, but no gradient passes back over the end of every ``ticks`` ticks (truncated
    back-propagation through time, Williams and Peng 1990): each piece begins with the state that the one before left,
    as a mere value.

    A window with cuts is a row of shorter ones whose state is carried on, and needs nothing to be remembered from one
    iteration to the next. What a gradient costs in memory stays that of the whole window.
    """
    outs = []
    for piece in x.split(ticks, 1):
        if outs:
            state = detached(state)
        out, state = core.unroll(state, piece)
        outs.append(out)
    return torch.cat(outs, 1), state


def partly_shown(
    core: Core, state: State, x: Tensor, seen: Tensor, noise: Tensor, shown: Tensor
) -> tuple[Tensor, Tensor, State]:
    """As ``core.follow``, but only the states of rows and ticks that are ``shown`` [B, T] go on corrected, the others
    as they were imagined. ``out`` and surprise are of the corrected ones at every tick, so that a frame which was not
    shown is still learned from, as in scheduled sampling (Bengio et al. 2015, 1506.03099).

    With all shown it is ``core.follow``; with none the states run free.
    """
    outs, nats = [], []
    steps = (each.unbind(1) for each in (x, seen, noise, shown))
    for step, sight, chance, show in zip(*steps, strict=True):
        imagined = core.update(state, step)
        corrected, surprise = core.observe(imagined, sight, chance)
        outs.append(corrected.out)
        nats.append(surprise)
        state = type(state)(*(_choose(show, *pair) for pair in zip(corrected, imagined, strict=True)))
    return torch.stack(outs, 1), torch.stack(nats, 1), state


def detached(state: State) -> State:
    """``state`` as a value that no gradient passes through."""
    return type(state)(*(field.detach() for field in state))


def _choose(rows: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """``one`` [B, ...] in the rows that are true, ``other`` elsewhere."""
    return torch.where(rows.view(-1, *[1] * (one.dim() - 1)), one, other)
