"""The frame drawn out of noise by a network that is shown the state and takes the noise away in a few steps.

    y = 2 (frame - background)        x = grain at the highest noise        x = Euler's step to less noise, K times
    D(x; s | state)  a U-Net in the preconditioning of EDM: ``tickworld.models.denoising``

A diffusion model as a renderer (Karras et al. 2022, 2206.00364; DIAMOND, Alonso et al. 2024, 2405.12399), here of the
state and never of the last frames: it draws what a core has decided, and carries nothing on itself. Where a state
leaves open what the frame looks like (smoke, texture), renderers that learn likelihood give the mean of all that it may
be, a haze; this one picks one of them. So it is crisper, and its squared error is higher where it picks wrong.

A state whose ``out`` is a picture over palette colours [Q, H, W], such as that of ``snapped``, is laid beside the noisy
frame as probabilities. Any other is taken as a vector: a linear layer grows it to a small picture for the lowest level
of the U-Net, another joins the noise in telling every layer.

No part of a world draws on its own. The noise that a frame is drawn from is one fixed picture, ``grain``, a function of
``seed`` alone: the same state always gives the same frame, it does not flicker, and it can be exported. Another seed
shows other frames that the state allows. ``forward`` gives the logits of the frame that was drawn, each channel cut to
EDGE from 0 and 1; the loss is the binary cross-entropy about it, so what it is sure of and wrong in costs 6.2 nats a
channel. That is what it is judged by, not what it learns by: it is trained by objective ``denoise``. Slopes pass
through all steps, but for channels that were cut.

Differs from DIAMOND in that it is not told earlier frames, in its size, and in having no offset noise, which keeps what
is fed back from growing darker or brighter.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from tickworld import seeds
from tickworld.config import Config
from tickworld.models.denoising import denoised, drawn, levels
from tickworld.models.parts import Renderer
from tickworld.models.renderers import bernoulli
from tickworld.simulator import Spec

EDGE = 1 / 512
"""Half a shade: what is cut to it is still shown as 0 or 255."""
GROUP = 8
"""Channels that are normalised together."""
PITCHES = 6
"""Sines and cosines of the noise, each of twice the frequency of the one before."""


class DiffusionConfig(Config):
    """A few steps of denoising, told the state."""

    kind: Literal["diffusion"] = "diffusion"
    steps: int = Field(default=3, gt=0)
    """steps from noise to frame; each costs a pass of the network"""
    highest: float = Field(default=5.0, gt=0)
    """noise of the first step, in halves of the range of brightness"""
    lowest: float = Field(default=0.02, gt=0)
    """noise of the last step"""
    width: int = Field(default=16, gt=0, multiple_of=GROUP)
    """channels at the size of the frame, each smaller size has twice as many; a multiple of 8"""
    doublings: int = Field(default=2, gt=0, le=6)
    """how often the frame is halved on the way down, and doubled on the way up"""
    blocks: int = Field(default=1, gt=0)
    """convolutions at each size, on the way down and on the way up"""
    told: int = Field(default=64, gt=0)
    """units that tell every layer of the noise, and of a state that is a vector"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """of the noise that frames are drawn from"""

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError(f"noise falls from highest to lowest; got {self.highest:g} and {self.lowest:g}")
        return self

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Diffusion:
        """The renderer for frames of ``spec``; a size that does not halve evenly is drawn larger and cut."""
        return Diffusion(self, spec, out_shape)


class Told(NamedTuple):
    """What a state says: ``picture`` [B, Q, H, W] beside the frame, ``small`` [B, M, h, w] at the lowest level,
    ``all`` [B, E] to every layer; of a state that is a picture the first, of a vector the others."""

    picture: Tensor | None
    small: Tensor | None
    all: Tensor | None


class Diffusion(Renderer):
    """See the module docstring."""

    learns_by = "denoise"
    grain: Tensor
    background: Tensor

    def __init__(self, config: DiffusionConfig, spec: Spec, out_shape: tuple[int, ...]) -> None:
        super().__init__()
        frame = (spec.channels, spec.height, spec.width)
        self.is_picture = len(spec.palette) > 1 and out_shape == (len(spec.palette), spec.height, spec.width)
        self.levels = levels(config.steps, config.highest, config.lowest)
        self.network = Network(config, frame, out_shape[0] if self.is_picture else 0)
        if not self.is_picture:
            self.grow = nn.Linear(math.prod(out_shape), math.prod(self.network.small))
            self.tell = nn.Linear(math.prod(out_shape), config.told)
        noise = seeds.generator(config.seed, "grain").standard_normal(frame, np.float32)
        self.register_buffer("grain", torch.from_numpy(noise), persistent=False)
        behind = torch.tensor(spec.palette[0]).float() / 255 if spec.palette else torch.full((spec.channels,), 0.5)
        self.register_buffer("background", behind.view(-1, 1, 1), persistent=False)

    def forward(self, out: Tensor) -> Tensor:
        """Logits [B, C, H, W] of the frame that is drawn."""
        told = self.read_state(out)
        noise = self.grain.expand(out.shape[0], -1, -1, -1)
        y = drawn(lambda x, sigma: self.denoised(x, sigma, told), noise, self.levels)
        return (self.background + y / 2).clamp(EDGE, 1 - EDGE).logit()

    def pixels(self, logits: Tensor) -> Tensor:
        """The frame that was drawn, cut to EDGE from 0 and 1."""
        return bernoulli.pixels(logits)

    def pixel_loss(self, logits: Tensor, frames: Tensor) -> Tensor:
        """Binary cross-entropy."""
        return bernoulli.pixel_loss(logits, frames)

    def scaled(self, frames: Tensor) -> Tensor:
        """``frames`` [B, C, H, W] in 0..1 as they are drawn: the background is 0, and white is 2 above black."""
        return 2 * (frames - self.background)

    def read_state(self, out: Tensor) -> Told:
        """What ``out`` [B, *out_shape] says to the network; the same for all steps."""
        if self.is_picture:
            return Told(out.softmax(1), None, None)
        flat = out.flatten(1)
        return Told(None, self.grow(flat).unflatten(1, self.network.small), self.tell(flat))

    def denoised(self, noisy: Tensor, sigma: Tensor, told: Told) -> Tensor:
        """The best guess at the scaled frame [B, C, H, W] that ``noisy`` was, under noise ``sigma`` [B], or [1] for all
        rows."""
        return denoised(lambda x, level: self.network(x, level, told), noisy, sigma)


class Network(nn.Module):
    """The U-Net (Ronneberger et al. 2015, 1505.04597): F of EDM.

    block(y) = y + conv(silu(norm(y) (1 + G m) + B m)), where m tells of noise and state (FiLM, Perez et al. 2018,
    1709.07871); on the way up what was found on the way down at the same size is added.
    """

    def __init__(self, config: DiffusionConfig, frame: tuple[int, int, int], colours: int) -> None:
        super().__init__()
        channels, height, width = frame
        fold = 2**config.doublings
        self.wide = (-width % fold, -height % fold)
        widths = [config.width * 2**level for level in range(config.doublings + 1)]
        self.small = (widths[-1], math.ceil(height / fold), math.ceil(width / fold))
        shown = channels + colours
        self.listen = nn.Sequential(nn.Linear(2 * PITCHES, config.told), nn.SiLU(), nn.Linear(config.told, config.told))
        self.enter = nn.Conv2d(shown, widths[0], 3, padding=1)
        pairs = list(zip(widths, widths[1:], strict=False))
        self.down = nn.ModuleList(nn.Conv2d(above, below, 4, 2, 1) for above, below in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(below, above, 4, 2, 1) for above, below in reversed(pairs))
        sizes = [*widths, *reversed(widths[:-1])]
        self.blocks = nn.ModuleList(Blocks(size, config.told, config.blocks) for size in sizes)
        self.leave = nn.Conv2d(widths[0] + shown, channels, 3, padding=1)
        nn.init.normal_(self.leave.weight, std=0.02)  # a new one gives next to nothing: D is then skip x

    def forward(self, x: Tensor, level: Tensor, told: Told) -> Tensor:
        """What is to be added to the noisy frame ``x`` [B, C, H, W], of size one, at noise ``level`` [B] or [1]."""
        pitch = level.unsqueeze(1) * 2.0 ** torch.arange(PITCHES, device=level.device, dtype=level.dtype)
        m = self.listen(torch.cat([pitch.sin(), pitch.cos()], 1))
        m = F.silu(m if told.all is None else m + told.all)
        height, width = x.shape[-2:]
        shown = x if told.picture is None else torch.cat([x, told.picture], 1)
        shown = F.pad(shown, (0, self.wide[0], 0, self.wide[1]))
        blocks = iter(self.blocks)
        y = next(blocks)(self.enter(shown), m)
        levels = []
        for number, halve in enumerate(self.down):
            levels.append(y)
            y = halve(y)
            if told.small is not None and number == len(self.down) - 1:
                y = y + told.small
            y = next(blocks)(y, m)
        for double in self.up:
            y = next(blocks)(double(y) + levels.pop(), m)
        return self.leave(torch.cat([y, shown], 1))[..., :height, :width]


class Blocks(nn.Module):
    """Some blocks of one size, one after the other."""

    def __init__(self, size: int, told: int, count: int) -> None:
        super().__init__()
        self.modulate = nn.ModuleList(nn.Linear(told, 2 * size) for _ in range(count))
        self.convolve = nn.ModuleList(nn.Conv2d(size, size, 3, padding=1) for _ in range(count))

    def forward(self, y: Tensor, m: Tensor) -> Tensor:
        """``y`` [B, M, H, W], changed as ``m`` [B, E] or [1, E] tells."""
        for modulate, convolve in zip(self.modulate, self.convolve, strict=True):
            gain, bias = modulate(m)[..., None, None].chunk(2, 1)
            normal = F.group_norm(y, y.shape[1] // GROUP)
            y = y + convolve(F.silu(torch.addcmul(bias, normal, 1 + gain)))
        return y
