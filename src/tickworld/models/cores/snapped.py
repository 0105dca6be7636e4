"""A core whose state is snapped frames: the last K frames in palette colours, and how long each pixel has stood still.

One tick predicts the next colour of pixels with one small rule, the same for all of them, and snaps it to the best one:

    patch(p)  = the colours around pixel p in the last K frames, radius R
    glance(q) = the same with a smaller radius G
    place(p)  = row + column + age, an embedding each
    phi       = MLP_u(max over stirred pixels q of relu(U_2 relu(U_1 glance(q) + U_p place(q) + U_a a)))
    h_1       = relu(W_1 patch(p) + W_p place(p) + W_a a + W_g phi)
    h_2       = relu(W_2 (h_1 (1 + W_f phi)))
    logits(p) = W_3 h_2 + c onehot(colour of p now)
    colour'   = argmax logits

phi sums up what is going on in the whole frame and modulates the rule (FiLM, Perez et al. 2018, 1709.07871); the last
term leaves a pixel as it is unless there is a reason.

With ``far`` units there is one more term in h_1, for what comes about a certain way off something else, such as the
next piece of food a fixed jump from the last one, which phi would have to learn place by place:

    far(p) = W_r sum over pixels q of R[row(p) - row(q)] * K[column(p) - column(q)] * C[colour(q)]

which is a convolution as large as the frame, of rank 1 in each unit, so that it takes two small products of matrices.

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

The rule knows frame size, palette and actions from the Spec and nothing of any game. The first palette colour is the
background: a pixel is "stirred" when it had another colour in the last K frames or has changed within the ages. What
has just left the picture, such as a ball that a player missed, is still seen that way.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld.config import Config
from tickworld.errors import UserError
from tickworld.models.parts import Core
from tickworld.models.patches import marked, patches, widened
from tickworld.simulator import Spec
from tickworld.tensors import best_colour, nearest_colour

COPY = 4.0
"""Head start, in nats, of the colour that a pixel already has."""
ROWS = 16
"""How many rows of a batch ``update`` works on at a time: what they need stays in the processor's cache."""
SURE = 20.0
"""Logit of colours that were shown and not predicted, and of pixels that are not asked."""

Reach = Annotated[int, Field(ge=0)]


class SnappedConfig(Config):
    """State of snapped frames, a local rule."""

    kind: Literal["snapped"] = "snapped"
    mode: Literal["exact", "soft"] = "exact"
    """exact: carry on with the best colours; soft: with probabilities, for gradients through the game"""
    frames: int = Field(default=3, gt=0)
    """how many last frames the rule sees"""
    radius: tuple[Reach, Reach] = (6, 3)
    """how many pixels up and down, and left and right, the rule sees; best `frames` times the fastest speed"""
    glance: tuple[Reach, Reach] = (2, 2)
    """the same for the summary of the whole frame"""
    reach: tuple[Reach, Reach] = (2, 2)
    """how far from a lit pixel, up and down, and left and right, pixels may change; at least the fastest speed"""
    ages: int = Field(default=16, gt=0, le=255)
    """ticks that the age of a pixel is counted for; above the longest wait that the game hides"""
    width: int = Field(default=96, gt=0)
    """units of the local rule"""
    glance_width: int = Field(default=64, gt=0)
    """units that look at a stirred pixel for the summary"""
    summary: int = Field(default=48, gt=0)
    """units of the summary of what is going on in the whole frame"""
    stirred: int = Field(default=96, gt=0)
    """how many stirred pixels the summary looks at; where more are, chance leaves some out, so better too many"""
    far: int = Field(default=0, ge=0)
    """units that tell a pixel how things lie to it however far, for what happens a certain way off; 0: none"""

    def build(self, spec: Spec) -> Snapped:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette."""
        if len(spec.palette) < 2:
            raise UserError(f"core snapped needs a game with a palette, and {spec.name} has none; use another core")
        return Snapped(self, spec)


class SnappedState(NamedTuple):
    """``frames`` [B, K, H, W] palette indices, newest last (soft: probabilities [B, K, Q, H, W]); ``age`` [B, H, W]
    ticks without a change, cut at ``ages`` - 1; ``out`` [B, Q, H, W] logits of the newest frame's colours."""

    frames: Tensor
    age: Tensor
    out: Tensor


class Look(NamedTuple):
    """A tick as all its pixels see it: the ``state``, its ``marks`` with a dark margin; ``common`` and ``gain`` [B, W]
    are what the actions and the whole frame tell every pixel, ``far`` [B, H W, F] how things lie to each."""

    state: SnappedState
    marks: Tensor
    common: Tensor
    gain: Tensor
    far: Tensor | None = None


class Snapped(Core):
    """See the module docstring."""

    palette: Tensor
    lively: Tensor
    """[H, W]: pixels that were seen to change"""
    remote: Tensor
    """[H, W]: pixels that were seen to change with nothing lit within reach"""

    def __init__(self, config: SnappedConfig, spec: Spec) -> None:
        super().__init__()
        self.config = config
        self.soft = config.mode == "soft"
        colours = len(spec.palette)
        self.start_shape = (max(config.frames, config.ages), spec.channels, spec.height, spec.width)
        self.out_shape = (colours, spec.height, spec.width)
        seen, actions = self.planes(colours), len(spec.players) * len(spec.actions)
        patch, glance = (seen * (2 * y + 1) * (2 * x + 1) for y, x in (config.radius, config.glance))
        place, width, look, summary = 16, config.width, config.glance_width, config.summary
        self.margin = (max(config.radius[0], config.glance[0]), max(config.radius[1], config.glance[1]))
        self.register_buffer("palette", torch.tensor(spec.palette).float() / 255, persistent=False)
        self.register_buffer("lively", torch.zeros(spec.height, spec.width, dtype=torch.bool))
        self.register_buffer("remote", torch.zeros(spec.height, spec.width, dtype=torch.bool))

        self.row = nn.Parameter(torch.randn(spec.height, place) * 0.3)
        self.column = nn.Parameter(torch.randn(spec.width, place) * 0.3)
        self.age = nn.Embedding(config.ages, place)
        self.see = nn.Linear(glance, look)
        self.see_place = nn.Linear(place, look, bias=False)
        self.see_actions = nn.Linear(actions, look, bias=False)
        self.gather = nn.Linear(look, 2 * summary)
        self.summarise = nn.Sequential(
            nn.Linear(2 * summary, 4 * summary), nn.ReLU(), nn.Linear(4 * summary, summary), nn.ReLU()
        )
        self.look_patch = nn.Linear(patch, width)
        self.look_place = nn.Linear(place, width, bias=False)
        self.look_actions = nn.Linear(actions, width, bias=False)
        self.look_summary = nn.Linear(summary, width, bias=False)
        self.modulate = nn.Linear(summary, width)
        if config.far:
            self.apart_row = nn.Parameter(torch.randn(2 * spec.height - 1, config.far) * 0.3)
            self.apart_column = nn.Parameter(torch.randn(2 * spec.width - 1, config.far) * 0.3)
            self.apart_colour = nn.Linear(colours - 1, config.far, bias=False)
            self.look_far = nn.Linear(config.far, width, bias=False)
        self.think = nn.Linear(width, width)
        self.answer = nn.Linear(width, colours)

    def planes(self, colours: int) -> int:
        """How many numbers a pixel shows to the rule when there are so many palette colours."""
        return self.config.frames * (colours - 1)

    def init(self, start: Tensor) -> SnappedState:
        """The last K of the frames that were shown, in palette colours, with ages counted over all of them."""
        shown = self.colours(start)
        state = SnappedState(shown[:, -self.config.frames :], self._ages(shown), self._sure(shown[:, -1]))
        return self._in_shares(state) if self.soft else state

    def smooth(self) -> Snapped:
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

    def look(self, state: SnappedState, x: Tensor) -> Look:
        """What ``logits`` needs of a tick, whichever pixels are asked."""
        marks = self._marks(state)
        summary = self._summary(state, marks, x)
        common = self.look_actions(x) + self.look_summary(summary)
        far = self._far(state) if self.config.far else None
        return Look(state, marks, common, 1 + self.modulate(summary), far)

    def logits(self, look: Look, rows: Tensor, pixels: Tensor) -> Tensor:
        """Logits [N, Q] of the next colours of N pixels, each given by its row of the batch and its index in the
        flattened frame. Training asks for the few that matter, which is what makes it quick."""
        place = self.look_place(self._place(look.state.age, rows, pixels))
        patch = patches(look.marks, self.margin, self.config.radius, rows, pixels)
        hidden = self._layer("look_patch", patch, rows, look.state).add_(place).add_(look.common[rows])
        if look.far is not None:
            hidden = hidden + self.look_far(look.far[rows, pixels])
        hidden = hidden.relu_()
        hidden = self._layer("think", hidden * look.gain[rows], rows, look.state).relu_()
        answer = self._layer("answer", hidden, rows, look.state)
        now = look.state.frames[:, -1].flatten(-2)
        if self.soft:
            return answer + COPY * now[rows, :, pixels]
        return answer + COPY * self._is(now[rows, pixels].unsqueeze(1))

    def asked(self, now: Tensor) -> Tensor:
        """Which pixels may change, bool [B, H, W], when ``now`` is the newest of a state's ``frames``."""
        return widened(self._lit(now), self.config.reach) & self.lively | self.remote

    def watch(self, now: Tensor, changed: Tensor) -> None:
        """Takes note of pixels, bool [B, H, W], that changed after frame ``now``: from now on they are asked."""
        self.lively |= changed.any(0)
        self.remote |= (changed & ~self.asked(now)).any(0)

    def colours(self, frames: Tensor) -> Tensor:
        """Index [..., H, W] of the palette colour nearest to each pixel of ``frames`` [..., C, H, W] in 0..1."""
        return nearest_colour(frames, self.palette)

    def stirred(self, state: SnappedState) -> Tensor:
        """Which pixels the summary looks at, bool [B, H, W]; see the module docstring."""
        return self._lit(state.frames).any(1) | (state.age < self.config.ages - 1)

    def _in_shares(self, state: SnappedState) -> SnappedState:
        """A state of exact colours as one of soft mode."""
        frames = F.one_hot(state.frames.long(), len(self.palette)).movedim(-1, 2).float()
        return SnappedState(frames, state.age.float(), state.out)

    def _summary(self, state: SnappedState, marks: Tensor, x: Tensor) -> Tensor:
        """Phi [B, G]: the strongest of what the stirred pixels see."""
        stirred = self.stirred(state).flatten(1).float()
        there, pixels = marked(stirred, min(self.config.stirred, stirred.shape[1]))
        count, pixels = pixels.shape[1], pixels.flatten()
        rows = torch.arange(stirred.shape[0], device=pixels.device).repeat_interleave(count)
        place = self.see_place(self._place(state.age, rows, pixels))
        glance = patches(marks, self.margin, self.config.glance, rows, pixels)
        hidden = self._layer("see", glance, rows, state).add_(place).add_(self.see_actions(x)[rows]).relu_()
        hidden = self._layer("gather", hidden, rows, state).relu_().unflatten(0, (-1, count)) * there.unsqueeze(-1)
        return self.summarise(hidden.max(1).values)  # amax is slower: it shares the gradient among equals

    def _far(self, state: SnappedState) -> Tensor:
        """How things lie to each pixel, [B, H W, F]."""
        now = state.frames[:, -1]
        marks = now[:, 1:] if self.soft else self._is(now.unsqueeze(1), (1, 1))[:, 1:]
        seen = self.apart_colour(marks.movedim(1, -1)).movedim(-1, 1)  # [B, F, H, W]
        down, along = (each[_apart(len(each))].movedim(-1, 0) for each in (self.apart_row, self.apart_column))
        return (down @ seen @ along.mT).flatten(2).mT

    def _layer(self, name: str, x: Tensor, rows: Tensor, state: SnappedState) -> Tensor:
        """What the linear layer ``name`` makes of ``x`` [N, I], each from its row of the batch; a new tensor [N, O]."""
        return getattr(self, name)(x)

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

    def _marks(self, state: SnappedState) -> Tensor:
        """Which colour but the background each pixel has, as 0 and 1 with a dark margin around: [B, H', W', K (Q-1)].
        Colours last, so that a row of a patch lies in one piece."""
        frames = self._shown(state)
        if self.soft:
            marks = frames[:, :, 1:].permute(0, 3, 4, 1, 2).flatten(3)
        else:
            colours = torch.arange(1, len(self.palette), device=frames.device, dtype=frames.dtype)
            marks = (frames.movedim(1, -1).unsqueeze(-1) == colours).flatten(3)
        return F.pad(marks.to(self.row.dtype), (0, 0, self.margin[1], self.margin[1], self.margin[0], self.margin[0]))

    def _shown(self, state: SnappedState) -> Tensor:
        """The frames that the rule looks at, [B, K, H, W] (soft: [B, K, Q, H, W])."""
        return state.frames

    def _place(self, age: Tensor, rows: Tensor, pixels: Tensor) -> Tensor:
        """Where N pixels are and how long they have stood still, [N, P]."""
        width, age = len(self.column), age.flatten(1)[rows, pixels]
        where = self.row[pixels // width] + self.column[pixels % width]
        if not self.soft:
            return where + self.age(age.int())
        younger = age.detach().floor().clamp(max=max(self.config.ages - 2, 0))
        older = self.age((younger + 1).int().clamp(max=self.config.ages - 1))
        return where + torch.lerp(self.age(younger.int()), older, (age - younger).unsqueeze(-1))

    def _ages(self, shown: Tensor) -> Tensor:
        """Ticks since the last change in ``shown`` [B, N, H, W], or since its first frame, cut at ``ages`` - 1."""
        last = shown.shape[1] - 1
        when = torch.arange(1, last + 1, dtype=torch.uint8, device=shown.device).view(-1, 1, 1)
        changed = F.pad((shown[:, 1:] != shown[:, :-1]) * when, (0, 0, 0, 0, 1, 0))
        return (last - changed.amax(1)).clamp(max=self.config.ages - 1)


def _apart(places: int) -> Tensor:
    """[n, n] indices into ``places`` = 2 n - 1 numbers: how far the place of a row is from that of a column."""
    place = torch.arange((places + 1) // 2)
    return place.unsqueeze(1) - place + len(place) - 1


def by_rows(decide: Callable[[SnappedState, Tensor], Tensor], state: SnappedState, x: Tensor) -> Tensor:
    """What ``decide`` makes of a state and its actions [B, A], ``ROWS`` rows at a time."""
    if torch.compiler.is_compiling():  # a graph for any number of rows has no loop over them
        return decide(state, x)
    parts = zip(*(each.split(ROWS) for each in (*state, x)), strict=True)
    return torch.cat([decide(type(state)(*part[:-1]), part[-1]) for part in parts])
