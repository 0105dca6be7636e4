"""What cores of snapped frames have in common: their state, and which pixels of it they ask.

The state are the last K frames in palette colours, and how long each pixel has stood still. A core says how likely each
colour is at a pixel next, and the best one is taken:

    colour'(p) = argmax logits(p)            logits = the core's own rule + c onehot(colour of p now)

so that a pixel stays as it is unless there is a reason.

Not every pixel is asked: only those that were seen to change while training, and of them those within ``reach`` of
something lit now and the remote ones, which were seen to light up out of nothing (a ball that is served into the empty
middle). All others stay as they are. On a mostly dark frame that is several times quicker, and no ghost can appear
where nothing ever came from.

Because the carried state is discrete, small errors do not add up: each tick starts from an exact state or from a wrong
pixel, and if it is exact then free running sees just what training saw. Training is then classification of single
transitions, with no back-propagation through time. What frames do not show at once, such as a timer, must be in the
ages: the motion-history image of Bobick and Davis (2001), a function of the snapped frames and so as exact as they are.

The same weights run in two modes. ``exact``, as above. ``soft``: the state carries probabilities of colours instead of
the best one, and ages that shrink with the probability of a change, so that gradients pass from any frame back to any
action and state (the frames of the opening are snapped); where the rule is sure, both show the same frames.

A rule knows frame size, palette and actions from the Spec and nothing of any game. The first palette colour is the
background: a pixel is "stirred" when it had another colour in the last K frames or has changed within the ages. What
has just left the picture, such as a ball that a player missed, is still seen that way.
"""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, Self

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Core
from tickworld.models.patches import widened
from tickworld.simulator import Spec
from tickworld.tensors import best_colour, nearest_colour

COPY = 4.0
"""Head start, in nats, of the colour that a pixel already has."""
ROWS = 16
"""How many rows of a batch ``update`` works on at a time: what they need stays in the processor's cache."""
SURE = 20.0
"""Logit of colours that were shown and not predicted, and of pixels that are not asked."""

Reach = Annotated[int, Field(ge=0)]


class SnappingConfig(Config):
    """What all cores of snapped frames are set by."""

    mode: Literal["exact", "soft"] = "exact"
    """exact: carry on with the best colours; soft: with probabilities, for gradients through the game"""
    frames: int = Field(default=3, gt=0)
    """how many last frames the rule sees"""
    reach: tuple[Reach, Reach] = (2, 2)
    """how far from a lit pixel, up and down, and left and right, pixels may change; at least the fastest speed"""
    ages: int = Field(default=16, gt=0, le=255)
    """ticks that the age of a pixel is counted for; above the longest wait that the game hides"""


class SnappedState(NamedTuple):
    """``frames`` [B, K, H, W] palette indices, newest last (soft: probabilities [B, K, Q, H, W]); ``age`` [B, H, W]
    ticks without a change, cut at ``ages`` - 1; ``out`` [B, Q, H, W] logits of the newest frame's colours."""

    frames: Tensor
    age: Tensor
    out: Tensor


class Snapping(Core):
    """See the module docstring."""

    palette: Tensor
    lively: Tensor
    """[H, W]: pixels that were seen to change"""
    remote: Tensor
    """[H, W]: pixels that were seen to change with nothing lit within reach"""

    def __init__(self, config: SnappingConfig, spec: Spec) -> None:
        super().__init__()
        self.config: Any = config
        self.soft = config.mode == "soft"
        self.start_shape = (max(config.frames, config.ages), spec.channels, spec.height, spec.width)
        self.out_shape = (len(spec.palette), spec.height, spec.width)
        self.register_buffer("palette", torch.tensor(spec.palette).float() / 255, persistent=False)
        self.register_buffer("lively", torch.zeros(spec.height, spec.width, dtype=torch.bool))
        self.register_buffer("remote", torch.zeros(spec.height, spec.width, dtype=torch.bool))

    @abstractmethod
    def look(self, state: Any, x: Tensor) -> Any:
        """What ``logits`` needs of a tick under actions ``x`` [B, A], whichever pixels are asked."""

    @abstractmethod
    def logits(self, look: Any, rows: Tensor, pixels: Tensor) -> Tensor:
        """Logits [N, Q] of the next colours of N pixels, each given by its row of the batch and its index in the
        flattened frame. Training asks for the few that matter."""

    def init(self, start: Tensor) -> SnappedState:
        """The last K of the frames that were shown, in palette colours, with ages counted over all of them."""
        shown = self.colours(start)
        state = SnappedState(shown[:, -self.config.frames :], self._ages(shown), self._sure(shown[:, -1]))
        return self._in_shares(state) if self.soft else state

    def smooth(self) -> Self:
        """The same weights in soft mode."""
        twin = copy.copy(self)
        twin.soft = True
        return twin

    def smoothed(self, state: SnappedState) -> SnappedState:
        """With probabilities of colours, all of them sure."""
        return state if self.soft else self._in_shares(state)

    def update(self, state: SnappedState, x: Tensor) -> SnappedState:
        """One tick: the pixels that may change are asked, the best colour of each is taken."""
        return self.advance(state, by_rows(self.out, state, x))

    def advance(self, state: SnappedState, out: Tensor) -> SnappedState:
        """The state one tick later, when ``out`` [B, Q, H, W] are the logits of the next frame's colours."""
        now = state.frames[:, -1]
        after = out.softmax(1) if self.soft else best_colour(out)
        same = (now * after).sum(1) if self.soft else now == after
        frames = torch.cat([state.frames[:, 1:], after.unsqueeze(1)], 1)
        age = (state.age + 1).clamp(max=self.config.ages - 1) * same
        return SnappedState(frames, age, out)

    def out(self, state: SnappedState, x: Tensor) -> Tensor:
        """Logits [B, Q, H, W] of the next frame's colours."""
        now = state.frames[:, -1]
        rows, pixels = self.asked(now).flatten(1).nonzero(as_tuple=True)
        still = now.clamp(min=math.exp(-SURE)).log() if self.soft else self._sure(now)
        out = still.flatten(2).clone()
        out[rows, :, pixels] = self.logits(self.look(state, x), rows, pixels)
        return out.unflatten(2, now.shape[-2:])

    def asked(self, now: Tensor) -> Tensor:
        """Which pixels may change, bool [B, H, W], when ``now`` is the newest of a state's ``frames``."""
        return widened(self._lit(now), self.config.reach) & self.lively | self.remote

    def watch(self, now: Tensor, changed: Tensor, anywhere: Callable[[Tensor], Tensor] = lambda found: found) -> None:
        """Takes note of pixels, bool [B, H, W], that changed after frame ``now``: from now on they are asked.

        Of a share of a batch: ``anywhere`` tells of pixels found here, bool [H, W], which were found in any share."""
        self.lively |= anywhere(changed.any(0))
        self.remote |= anywhere((changed & ~self.asked(now)).any(0))

    def colours(self, frames: Tensor) -> Tensor:
        """Index [..., H, W] of the palette colour nearest to each pixel of ``frames`` [..., C, H, W] in 0..1."""
        return nearest_colour(frames, self.palette)

    def stirred(self, state: SnappedState) -> Tensor:
        """Which pixels have been lit or have changed lately, bool [B, H, W]; see the module docstring."""
        return self._lit(state.frames).any(1) | (state.age < self.config.ages - 1)

    def _stays(self, state: SnappedState, rows: Tensor, pixels: Tensor) -> Tensor:
        """The head start [N, Q] of the colours that N pixels have."""
        now = state.frames[:, -1].flatten(-2)
        return COPY * (now[rows, :, pixels] if self.soft else self._is(now[rows, pixels].unsqueeze(1)))

    def _in_shares(self, state: SnappedState) -> SnappedState:
        """A state of exact colours as one of soft mode."""
        frames = F.one_hot(state.frames.long(), len(self.palette)).movedim(-1, 2).float()
        return SnappedState(frames, state.age.float(), state.out)

    def _lit(self, frames: Tensor) -> Tensor:
        """Which pixels have another colour than the background, most probably; bool [..., H, W]."""
        return frames.select(-3, 0) < 0.5 if self.soft else frames > 0

    def _sure(self, now: Tensor) -> Tensor:
        """Logits [B, Q, H, W] that are sure of the colours ``now`` [B, H, W]."""
        return self._is(now.unsqueeze(1), (1, 1)) * SURE

    def _is(self, now: Tensor, after: tuple[int, ...] = ()) -> Tensor:
        """1 for the colour that ``now`` [B, 1, ...] has and 0 for the others, [B, Q, ...]; twice as fast as
        ``one_hot``."""
        colours = torch.arange(len(self.palette), device=now.device, dtype=now.dtype)
        return (now == colours.view(-1, *after)).float()

    def _ages(self, shown: Tensor) -> Tensor:
        """Ticks since the last change in ``shown`` [B, N, H, W], or since its first frame, cut at ``ages`` - 1."""
        last = shown.shape[1] - 1
        when = torch.arange(1, last + 1, dtype=torch.uint8, device=shown.device).view(-1, 1, 1)
        changed = F.pad((shown[:, 1:] != shown[:, :-1]) * when, (0, 0, 0, 0, 1, 0))
        return (last - changed.amax(1)).clamp(max=self.config.ages - 1)


def check_palette(core: str, spec: Spec) -> None:
    """Raises UserError for a game without a palette, which the core of this name cannot learn."""
    if len(spec.palette) < 2:
        raise UserError(f"core {core} needs a game with a palette, and {spec.name} has none; use another core")


def by_rows(decide: Callable[[Any, Tensor], Tensor], state: Any, x: Tensor) -> Tensor:
    """What ``decide`` makes of a state and its actions [B, A], ``ROWS`` rows at a time."""
    if torch.compiler.is_compiling():  # a graph for any number of rows has no loop over them
        return decide(state, x)
    parts = zip(*(each.split(ROWS) for each in (*state, x)), strict=True)
    return torch.cat([decide(type(state)(*part[:-1]), part[-1]) for part in parts])
