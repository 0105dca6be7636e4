"""The core of snapped frames whose rule is a U-Net (Ronneberger et al. 2015, 1505.04597): it looks at all of the frame
at once, halves it level by level, and comes back to its full size. What its state is, and which pixels are asked,
stands in ``snapping``.

    x         = the colours in the last K frames, how long each pixel has stood still, and where it is
    d_1       = block(halve(x))         d_2 = block(halve(d_1))    ..    down to the last level D
    g         = block(dense(block(dense(block(dense(d_D))))))      from all places to all places
    u_D       = g                       u_i = block(double(d_i+1, u_i+1))
    logits    = conv(block(double(d_1, u_1)), x) + c onehot(colours now)
    block(y)  = relu(norm(y) (1 + G_i m) + B_i m)                  m = relu(W_2 relu(W_1 a + V e))

``halve`` and ``double`` are convolutions of 4x4 with a stride of two; ``norm`` is group normalisation (Wu & He 2018,
1803.08494), and none in the dense layers. Actions a modulate every block (FiLM, Perez et al. 2018, 1709.07871).

With a ``vector`` it is a game engine: the vector e of a game, which comes from an initializer that gives frames and a
vector, modulates as the actions do. See ``engine``.

Where most of a frame is empty, the local rule of ``snapped`` is quicker to ask; a U-Net costs the same whatever it
sees, shares all that it has found out among pixels, and so learns games of many kinds in a fraction of the time.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple, Self, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld.models.cores.engine import ByVector, check_vector
from tickworld.models.cores.snapping import SnappedState, Snapping, SnappingConfig, check_palette
from tickworld.models.parts import State
from tickworld.simulator import Spec

GROUPS = 8
"""Channels are normalised in so many groups."""
PLACE = 8
"""Channels that say where a pixel is."""
YOUNG = 3
"""Ages that have a channel each, from 0 on: what has just moved."""


Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


class UnetConfig(SnappingConfig):
    """State of snapped frames, a rule that sees the whole frame at once."""

    kind: Literal["unet"] = "unet"
    widths: tuple[Annotated[int, Field(gt=0, multiple_of=GROUPS)], ...] = Field(default=(32, 64, 96), min_length=1)
    """channels at each level, each of half the size of the one before; multiples of 8"""
    dense: int = Field(default=256, gt=0)
    """units of the layers that see all of the last level"""
    told: int = Field(default=64, gt=0)
    """units that tell every layer of actions and game"""
    vector: int = Field(default=0, ge=0, le=256)
    """numbers that describe a game; 0: it plays one game only"""

    def build(self, spec: Spec) -> Unet:
        """The core for frames and actions of ``spec``. Raises UserError for a game without a palette, and for a vector
        as long as a frame."""
        check_palette("unet", spec)
        if not self.vector:
            return Unet(self, spec)
        check_vector(self.vector, spec)
        return UnetEngine(self, spec)

    def plain(self) -> Self:
        """Of what an engine with one vector becomes."""
        return self.model_copy(update={"vector": 0})


class Seen(NamedTuple):
    """A tick as all its pixels see it: the ``state``, and ``every`` [B, Q, H W], the rule's logits."""

    state: SnappedState
    every: Tensor


class Unet(Snapping):
    """See the module docstring."""

    def __init__(self, config: UnetConfig, spec: Spec) -> None:
        super().__init__(config, spec)
        colours, widths = len(spec.palette), config.widths
        actions, fold = len(spec.players) * len(spec.actions), 2 ** len(widths)
        height, width = (fold * math.ceil(size / fold) for size in (spec.height, spec.width))
        self.wide = (width - spec.width, height - spec.height)
        shown = config.frames * (colours - 1) + 1 + YOUNG + PLACE
        last = widths[-1] * (height // fold) * (width // fold)

        self.row = nn.Parameter(torch.randn(PLACE, spec.height, 1) * 0.3)
        self.column = nn.Parameter(torch.randn(PLACE, 1, spec.width) * 0.3)
        self.press = nn.Linear(actions, 2 * config.told)
        self.tell = nn.Linear(2 * config.told, config.told)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, 2, 1) for before, after in zip((shown, *widths), widths, strict=False)
        )
        self.whole = nn.ModuleList(
            nn.Linear(*sizes) for sizes in ((last, config.dense), (config.dense, config.dense), (config.dense, last))
        )
        above = (widths[0], *widths)  # the channels that each level is doubled to
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * widths[level], above[level], 4, 2, 1) for level in reversed(range(len(widths)))
        )
        layers = (*widths, config.dense, config.dense, last, *above[len(widths) - 1 :: -1])
        self.modulate = nn.ModuleList(_small(nn.Linear(config.told, 2 * size)) for size in layers)
        self.answer = _small(nn.Conv2d(widths[0] + shown, colours, 3, padding=1))  # all stays, until there is a reason

    def look(self, state: SnappedState, x: Tensor) -> Seen:
        """The whole of the rule: it is one for all pixels."""
        shown = F.pad(self._planes(state), (0, self.wide[0], 0, self.wide[1]))
        told = self.tell(self._told(state, x).relu()).relu()
        blocks = iter(self.modulate)
        levels, y = [], shown
        for halve in self.down:
            y = _block(next(blocks), halve(y), told)
            levels.append(y)
        y = y.flatten(1)
        for dense in self.whole:
            y = _block(next(blocks), dense(y), told)
        y = y.view_as(levels[-1])
        for level, double in zip(reversed(levels), self.up, strict=True):
            y = _block(next(blocks), double(torch.cat([level, y], 1)), told)
        height, width = state.frames.shape[-2:]
        every = self.answer(torch.cat([y, shown], 1))[..., :height, :width]
        return Seen(state, every.flatten(2))

    def logits(self, look: Seen, rows: Tensor, pixels: Tensor) -> Tensor:
        """Logits [N, Q] of the next colours of N pixels, see ``Snapping.logits``."""
        return look.every[rows, :, pixels] + self._stays(look.state, rows, pixels)

    def _told(self, state: State, x: Tensor) -> Tensor:
        """What actions, and the game, say to all layers."""
        return self.press(x)

    def _planes(self, state: SnappedState) -> Tensor:
        """What each pixel shows, [B, M, H, W]."""
        if self.soft:
            marks = state.frames[:, :, 1:].flatten(1, 2)
        else:
            colours = torch.arange(1, len(self.palette), device=state.frames.device, dtype=state.frames.dtype)
            marks = (state.frames.unsqueeze(2) == colours.view(-1, 1, 1)).flatten(1, 2).to(self.row.dtype)
        age = state.age.to(self.row.dtype).unsqueeze(1)
        young = [(1 - (age - number).abs()).relu() for number in range(YOUNG)]
        place = (self.row + self.column).expand(age.shape[0], -1, -1, -1)
        return torch.cat([marks, age / self.config.ages, *young, place], 1)


class UnetEngine(ByVector, Unet):
    """The same for many games."""

    def __init__(self, config: UnetConfig, spec: Spec) -> None:
        super().__init__(config, spec)
        self.describe = nn.Linear(config.vector, 2 * config.told, bias=False)
        self.take_vector(config.vector, spec)

    @torch.no_grad()
    def baked(self, game: Tensor) -> Unet:
        """The plain core of the game ``game`` [E]: what the vector says is always the same."""
        plain = Unet(self.config.plain(), self.spec)
        weights = {name: each for name, each in self.state_dict().items() if not name.startswith("describe.")}
        weights["press.bias"] = self.press.bias + self.describe(game)
        plain.load_state_dict(weights)
        return plain

    def _told(self, state: State, x: Tensor) -> Tensor:
        return super()._told(state, x) + self.describe(state.game)


def _block(modulate: nn.Module, y: Tensor, told: Tensor) -> Tensor:
    """``y`` [B, N] or [B, N, H, W] normalised and modulated."""
    gain, bias = modulate(told).chunk(2, 1)
    if y.dim() == 4:
        y, gain, bias = F.group_norm(y, GROUPS), gain[..., None, None], bias[..., None, None]
    return torch.addcmul(bias, y, 1 + gain).relu()


def _small(layer: Layer) -> Layer:
    """``layer`` with next to no effect yet."""
    nn.init.normal_(layer.weight, std=0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
