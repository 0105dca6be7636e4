"""The core of snapped frames whose rule is small and local, the same for all pixels. What its state is, and which
pixels are asked, stands in ``snapping``.

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
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld.models.cores.snapping import Reach, SnappedState, Snapping, SnappingConfig, check_palette
from tickworld.models.patches import marked, patches
from tickworld.simulator import Spec


class SnappedConfig(SnappingConfig):
    """State of snapped frames, a local rule."""

    kind: Literal["snapped"] = "snapped"
    radius: tuple[Reach, Reach] = (6, 3)
    """how many pixels up and down, and left and right, the rule sees; best `frames` times the fastest speed"""
    glance: tuple[Reach, Reach] = (2, 2)
    """the same for the summary of the whole frame"""
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
        check_palette("snapped", spec)
        return Snapped(self, spec)


class Look(NamedTuple):
    """A tick as all its pixels see it: the ``state``, its ``marks`` with a dark margin; ``common`` and ``gain`` [B, W]
    are what the actions and the whole frame tell every pixel, ``far`` [B, H W, F] how things lie to each."""

    state: SnappedState
    marks: Tensor
    common: Tensor
    gain: Tensor
    far: Tensor | None = None


class Snapped(Snapping):
    """See the module docstring."""

    def __init__(self, config: SnappedConfig, spec: Spec) -> None:
        super().__init__(config, spec)
        colours = len(spec.palette)
        seen, actions = self.planes(colours), len(spec.players) * len(spec.actions)
        patch, glance = (seen * (2 * y + 1) * (2 * x + 1) for y, x in (config.radius, config.glance))
        place, width, look, summary = 16, config.width, config.glance_width, config.summary
        self.margin = (max(config.radius[0], config.glance[0]), max(config.radius[1], config.glance[1]))

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
        return answer + self._stays(look.state, rows, pixels)

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


def _apart(places: int) -> Tensor:
    """[n, n] indices into ``places`` = 2 n - 1 numbers: how far the place of a row is from that of a column."""
    place = torch.arange((places + 1) // 2)
    return place.unsqueeze(1) - place + len(place) - 1
