"""The core of snapped frames with a memory of what was seen: each pixel's last colour that was not the background.

What is hidden again after it was seen, such as a maze in which the light went out, is in no recent frame. The recalled
colour is one more frame for the rule to look at:

    recall'(p) = colour'(p) if it is not the background, else recall(p)

Like the ages it follows from the snapped frames alone, so it is as exact as they are and needs no training through
time: any window of frames says what was seen in it. All else is as in ``snapped``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.cores.snapping import SnappedState, check_palette
from tickworld.models.parts import State
from tickworld.simulator import Spec


class RecallConfig(SnappedConfig):
    """Snapped frames, a local rule, and what was last seen at each pixel."""

    kind: Literal["recall"] = "recall"  # type: ignore[assignment]
    shown: int = Field(default=16, gt=0)
    """how many first frames it is shown, to recall what was in them"""

    def build(self, spec: Spec) -> Recall:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette."""
        check_palette("recall", spec)
        return Recall(self, spec)


class RecallState(NamedTuple):
    """As a ``SnappedState``, and ``recall`` [B, H, W] palette indices, 0 where only background was seen (soft:
    probabilities [B, Q, H, W])."""

    frames: Tensor
    age: Tensor
    recall: Tensor
    out: Tensor


class Recall(Snapped):
    """See the module docstring."""

    def __init__(self, config: RecallConfig, spec: Spec) -> None:
        super().__init__(config, spec)
        self.start_shape = (max(config.shown, self.start_shape[0]), *self.start_shape[1:])

    def planes(self, colours: int) -> int:
        """How many numbers a pixel shows to the rule when there are so many palette colours."""
        return super().planes(colours) + colours - 1

    def init(self, start: Tensor) -> State:
        """As ``snapped`` does, and with what was seen last in all the frames that were shown."""
        first, *later = self.colours(start).unbind(1)
        seen = first
        for frame in later:
            seen = torch.where(frame > 0, frame, seen)
        if self.soft:
            seen = self._shares(seen)
        return self._with(super().init(start), seen)

    def smoothed(self, state: State) -> State:
        """With probabilities of colours, all of them sure."""
        return state if self.soft else self._with(super().smoothed(state), self._shares(state.recall))

    def advance(self, state: State, out: Tensor) -> State:
        """The state one tick later, when ``out`` [B, Q, H, W] are the logits of the next frame's colours."""
        later = super().advance(state, out)
        now = later.frames[:, -1]
        if self.soft:
            nothing = now[:, :1]
            return self._with(later, torch.cat([torch.zeros_like(nothing), now[:, 1:]], 1) + nothing * state.recall)
        return self._with(later, torch.where(now > 0, now, state.recall))

    def _with(self, state: SnappedState, recall: Tensor) -> RecallState:
        return RecallState(state.frames, state.age, recall, state.out)

    def _shares(self, colours: Tensor) -> Tensor:
        return F.one_hot(colours.long(), len(self.palette)).movedim(-1, 1).float()

    def _shown(self, state: State) -> Tensor:
        """The last frames, and what is recalled as one more."""
        return torch.cat([state.frames, state.recall.unsqueeze(1)], 1)
