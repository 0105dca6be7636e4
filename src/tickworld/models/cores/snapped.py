"""A core whose state is snapped frames: the last K frames in palette colours, and how long each pixel has stood still.

One tick predicts every pixel's next colour with one small rule, the same for all pixels, and snaps it to the best one:

    patch(p)  = the colours around pixel p in the last K frames, (2R + 1)^2 x K
    place(p)  = row + column + age, an embedding each
    phi       = MLP_u(max over stirred pixels q of relu(U_2 relu(U_1 patch(q) + U_p place(q) + U_a a)))
    h_1       = relu(W_1 patch(p) + W_p place(p) + W_a a + W_g phi)
    h_2       = relu(W_2 (h_1 (1 + W_f phi)))
    logits(p) = W_3 h_2 + c onehot(colour of p now)
    colour'   = argmax logits

phi sums up what is going on in the whole frame and modulates the rule (FiLM, Perez et al. 2018, 1709.07871); the last
term leaves a pixel as it is unless there is a reason.

Because the carried state is discrete, small errors do not add up: each tick starts from an exact state or from a wrong
pixel, and if it is exact then free running sees just what training saw. Training is then classification of single
transitions, with no back-propagation through time. What frames do not show at once, such as a timer, must be in the
ages: the motion-history image of Bobick and Davis (2001), a function of the snapped frames and so as exact as they are.

The rule knows frame size, palette and actions from the Spec and nothing of any game. The first palette colour is the
background: a pixel is "stirred" when it had another colour in the last K frames or has changed within the ages. What
has just left the picture, such as a ball that a player missed, is still seen that way.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Core
from tickworld.simulator import Spec
from tickworld.tensors import nearest_colour

COPY = 4.0
"""Head start, in nats, of the colour that a pixel already has."""
ROWS = 4
"""How many rows of a batch ``update`` works on at a time."""
SURE = 20.0
"""Logit of the colour of frames that were shown and not predicted."""


class SnappedConfig(Config):
    """State of snapped frames, a local rule."""

    kind: Literal["snapped"] = "snapped"
    frames: int = Field(default=3, gt=0)
    """how many last frames the rule sees"""
    radius: int = Field(default=4, ge=0)
    """how far the rule sees around a pixel, in pixels; best at least `frames` times the fastest speed"""
    ages: int = Field(default=16, gt=0, le=255)
    """ticks that the age of a pixel is counted for; above the longest wait that the game hides"""
    width: int = Field(default=96, gt=0)
    """units of the local rule"""
    summary: int = Field(default=48, gt=0)
    """units of the summary of what is going on in the whole frame"""
    stirred: int = Field(default=96, gt=0)
    """how many stirred pixels the summary looks at, at most"""

    def build(self, spec: Spec) -> Snapped:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette."""
        if len(spec.palette) < 2:
            raise UserError(f"core snapped needs a game with a palette, and {spec.name} has none; use another core")
        return Snapped(self, spec)


class SnappedState(NamedTuple):
    """``frames`` [B, K, H, W] palette indices, newest last; ``age`` [B, H, W] ticks without a change, cut at ``ages`` -
    1; ``out`` [B, Q, H, W] logits of the newest frame's colours."""

    frames: Tensor
    age: Tensor
    out: Tensor


class Snapped(Core):
    """See the module docstring."""

    palette: Tensor

    def __init__(self, config: SnappedConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        colours = len(spec.palette)
        self.start_shape = (max(config.frames, config.ages), spec.channels, spec.height, spec.width)
        self.out_shape = (colours, spec.height, spec.width)
        side, actions = 2 * config.radius + 1, len(spec.players) * len(spec.actions)
        patch, place, width, summary = config.frames * (colours - 1) * side**2, 16, config.width, config.summary
        self.register_buffer("palette", torch.tensor(spec.palette).float() / 255, persistent=False)

        self.row = nn.Parameter(torch.randn(spec.height, place) * 0.3)
        self.column = nn.Parameter(torch.randn(spec.width, place) * 0.3)
        self.age = nn.Embedding(config.ages, place)
        self.see = nn.Linear(patch, width)
        self.see_place = nn.Linear(place, width, bias=False)
        self.see_actions = nn.Linear(actions, width, bias=False)
        self.gather = nn.Linear(width, 2 * summary)
        self.summarise = nn.Sequential(
            nn.Linear(2 * summary, 4 * summary), nn.ReLU(), nn.Linear(4 * summary, summary), nn.ReLU()
        )
        self.look_patch = nn.Linear(patch, width)
        self.look_place = nn.Linear(place, width, bias=False)
        self.look_actions = nn.Linear(actions, width, bias=False)
        self.look_summary = nn.Linear(summary, width, bias=False)
        self.modulate = nn.Linear(summary, width)
        self.think = nn.Linear(width, width)
        self.answer = nn.Linear(width, colours)

    def init(self, start: Tensor) -> SnappedState:
        """The last K of the frames that were shown, in palette colours, with ages counted over all of them."""
        shown = self.colours(start)
        age = torch.zeros_like(shown[:, 0])
        for older, newer in zip(shown.unbind(1), shown[:, 1:].unbind(1), strict=False):
            age = self._older(age, older, newer)
        out = F.one_hot(shown[:, -1].long(), len(self.palette)).movedim(-1, 1) * SURE
        return SnappedState(shown[:, -self.config.frames :], age, out)

    def update(self, state: SnappedState, x: Tensor) -> SnappedState:
        """One tick: every pixel is asked, its best colour is taken."""
        now = state.frames[:, -1]
        parts = (each.split(ROWS) for each in (*state, x))  # a few rows at a time stay in the processor's cache
        logits = torch.cat([self.logits(SnappedState(*part[:3]), part[3]) for part in zip(*parts, strict=True)])
        snapped = logits.argmax(-1).to(now.dtype).view_as(now)
        out = logits.transpose(1, 2).unflatten(2, now.shape[1:])
        frames = torch.cat([state.frames[:, 1:], snapped.unsqueeze(1)], 1)
        return SnappedState(frames, self._older(state.age, now, snapped), out)

    def logits(self, state: SnappedState, x: Tensor, pixels: Tensor | None = None) -> Tensor:
        """Logits [B, N, Q] of the next colours of chosen pixels, given as indices [B, N] into the flattened frame.

        Without ``pixels``: of all. Training asks for the few that matter, which is what makes it quick.
        """
        sights = self._sights(state.frames)
        summary = self._summary(state, sights, x)
        common = self.look_actions(x) + self.look_summary(summary)
        place = self.look_place(self._place(state.age, pixels))
        patch = sights.flatten(3).flatten(1, 2) if pixels is None else _patches(sights, pixels)
        hidden = self.look_patch(patch).add_(place).add_(common.unsqueeze(1)).relu_()
        hidden = self.think(hidden * (1 + self.modulate(summary)).unsqueeze(1)).relu_()
        now = state.frames[:, -1].flatten(1)
        now = (now if pixels is None else now.gather(1, pixels)).long()
        return self.answer(hidden) + COPY * F.one_hot(now, len(self.palette))

    def colours(self, frames: Tensor) -> Tensor:
        """Index [..., H, W] of the palette colour nearest to each pixel of ``frames`` [..., C, H, W] in 0..1."""
        return nearest_colour(frames, self.palette)

    def _summary(self, state: SnappedState, sights: Tensor, x: Tensor) -> Tensor:
        """Phi [B, G]: the strongest of what the stirred pixels see."""
        stirred = ((state.frames > 0).any(1) | (state.age < self.config.ages - 1)).flatten(1).float()
        there, pixels = stirred.topk(min(self.config.stirred, stirred.shape[1]), 1)
        place = self.see_place(self._place(state.age, pixels))
        hidden = self.see(_patches(sights, pixels)).add_(place).add_(self.see_actions(x).unsqueeze(1)).relu_()
        hidden = self.gather(hidden).relu_() * there.unsqueeze(-1)
        return self.summarise(hidden.amax(1))

    def _sights(self, frames: Tensor) -> Tensor:
        """A view [B, H, W, K (Q-1), D, D] of what each pixel sees; nothing is copied until pixels are chosen."""
        radius, side = self.config.radius, 2 * self.config.radius + 1
        colours = torch.arange(1, len(self.palette), device=frames.device).view(-1, 1, 1)
        marks = (frames.unsqueeze(2) == colours).flatten(1, 2).float()
        return F.pad(marks, (radius,) * 4).unfold(2, side, 1).unfold(3, side, 1).permute(0, 2, 3, 1, 4, 5)

    def _place(self, age: Tensor, pixels: Tensor | None) -> Tensor:
        """Where chosen pixels [B, N] are and how long they have stood still, [B, N, P]; without ``pixels``: all."""
        if pixels is None:
            return (self.row.unsqueeze(1) + self.column + self.age(age.int())).flatten(1, 2)
        width = len(self.column)
        return (
            self.row[pixels // width] + self.column[pixels % width] + self.age(age.flatten(1).gather(1, pixels).int())
        )

    def _older(self, age: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """The ages one tick later: 0 where the colour changed."""
        return torch.where(before == after, (age + 1).clamp(max=self.config.ages - 1), 0)


def _patches(sights: Tensor, pixels: Tensor) -> Tensor:
    """The patches [B, N, K (Q-1) D D] of chosen pixels [B, N]."""
    width = sights.shape[2]
    rows = torch.arange(len(sights), device=pixels.device).unsqueeze(1)
    return sights[rows, pixels // width, pixels % width].flatten(2)
