"""The search that identification makes: evidence cut into windows, and steps downhill from many places at once. What it
does and why is told in ``identification``."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.autograd import forward_ad

from tickworld.config import Config
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.smooth import Smooth
from tickworld.progress import Progress
from tickworld.tensors import blurred, to_tensor

STAGES = ((4, 4.0), (2, 2.0), (1, 1.0), (1, 0.0))
"""Of a world that starts from params alone: one part in so many of the ticks, blurred by so many pixels."""
AGAIN = (0.03, 0.01)
"""Then starts are laid anew around the best, so far off as shares of a range: as a contact comes a tick sooner or later
the loss has a step, and there are valleys side by side."""
LEAST = 4
"""Ticks of a stage, where there are as many."""
FIRM = 1e-3
"""Least variance of a pixel: how sure a world can be and still be heard."""
DAMPED, EASIER, HARDER = 1.0, 0.2, 5.0
"""The first lambda, as a share of the mean of F's diagonal, and what becomes of it after a good and a bad step."""
LONGEST = 0.05
"""The longest step, as a share of a param's range."""
ROWS = 1024
"""About how many frames go through the world at once: what they need stays in the processor's cache."""


class IdentificationConfig(Config):
    """What is sought, in what evidence, and how hard."""

    params: tuple[str, ...] = ()
    """params to find; none: all that differ from game to game and that the world hears"""
    games: int = Field(default=16, gt=0)
    """games to find them of"""
    frames: int = Field(default=64, gt=0)
    """frames of evidence after the first, in ticks"""
    places: int = Field(default=256, gt=0)
    """places of the range that are tried first"""
    starts: int = Field(default=6, gt=0)
    """the best of them, from which a gradient goes on"""
    iterations: int = Field(default=10, gt=0)
    """steps of each stage"""
    ahead: int = Field(default=1, gt=0)
    """ticks that are foreseen after each opening, by a world that is shown some"""
    seed: int = Field(default=0, ge=0)
    """which places are tried"""


class Evidence(NamedTuple):
    """What G games showed, cut into W windows each: their ``params`` [G, S], the openings' ``frames`` [G, W, K, C, H,
    W] and ``keys`` [G, W, K-1, P], then ``shares`` [G, W, T, P, A] of the keys pressed, the frames that ``followed``
    [G, W, T, C, H, W], and which of them are ``there`` [G, W, T]."""

    params: Tensor
    frames: Tensor
    keys: Tensor
    shares: Tensor
    followed: Tensor
    there: Tensor

    def first(self, games: slice, ticks: int) -> Evidence:
        """Some of the games, and of their windows the first ``ticks``."""
        part = Evidence(*(each[games] for each in self))
        cut = (part.shares[:, :, :ticks], part.followed[:, :, :ticks], part.there[:, :, :ticks])
        return Evidence(part.params, part.frames, part.keys, *cut)


def gather(smooth: Smooth, recorded: Episodes, config: IdentificationConfig) -> Evidence:
    """The windows of the first games of ``recorded``. Raises UserError where there is not a single one."""
    opening, spec = smooth.spec.opening, smooth.spec
    ahead = config.ahead if opening else config.frames
    shown, count = max(opening, 1), min(config.games, len(recorded))
    ticks = min(config.frames, recorded.ticks)
    if ticks - shown + 1 < (ahead if opening else 1):
        needed = shown - 1 + (ahead if opening else 1)
        raise UserError(
            f"this world of {spec.name} needs {needed} frames after the first as evidence; got {ticks}; give longer "
            "episodes, or more with --frames"
        )
    ahead = min(ahead, ticks)
    firsts = range(ticks - shown - ahead + 2)
    params = recorded.params[:count]
    frames = to_tensor(recorded.frames[:count, : ticks + 1])
    actions = torch.from_numpy(recorded.actions[:count, :ticks].astype(np.int64))
    ends = torch.from_numpy(recorded.lengths[:count].astype(np.int64))
    place = torch.arange(ticks)
    there = (place < ends.unsqueeze(1)).float()
    windows = [(first, first + shown - 1, first + shown - 1 + ahead) for first in firsts]
    return Evidence(
        torch.from_numpy(np.where(np.isnan(params), spec.defaults(count), params)).float(),
        torch.stack([frames[:, first : first + opening] for first, _, _ in windows], 1),
        torch.stack([actions[:, first : max(now, first)] for first, now, _ in windows], 1),
        torch.stack([smooth.corners(actions[:, now:end]) for _, now, end in windows], 1),
        torch.stack([frames[:, now + 1 : end + 1] for _, now, end in windows], 1),
        torch.stack([there[:, now:end] for _, now, end in windows], 1),
    )


class Slopes(NamedTuple):
    """At each of J starts of G games: the ``loss`` [G, J], its ``gradient`` [G, J, P], and Fisher's information
    ``fisher`` [G, J, P, P], all means over frames."""

    loss: Tensor
    gradient: Tensor
    fisher: Tensor


class Seeker:
    """The search: params of each start of each game as shares of their ranges, ``unit`` [G, J, P]."""

    def __init__(self, smooth: Smooth, evidence: Evidence, columns: list[int], config: IdentificationConfig) -> None:
        self.smooth, self.evidence, self.columns, self.config = smooth, evidence, columns, config
        self.params = [smooth.spec.params[column] for column in columns]
        self.low, self.high = (torch.tensor([getattr(each, end) for each in self.params]) for end in ("low", "high"))
        self.ticks = evidence.there.shape[2]
        self.frames = evidence.there.sum((1, 2))
        whole = ((1, 0.0),)
        self.stages = STAGES if smooth.spec.opening == 0 else whole

    def found(self, show: Progress) -> tuple[Tensor, Slopes]:
        """Where each start ended, [G, J, P], and what the sharp frames say there."""
        again = AGAIN if self.smooth.spec.opening == 0 else ()
        total = self.config.iterations * (len(self.stages) + len(again))
        with show.bar(f"identifying {', '.join(each.name for each in self.params)}", total, "steps") as at:
            unit = self._tried()
            for stage, (part, blur) in enumerate(self.stages):
                unit = self._followed(unit, self._length(part), blur)
                at(self.config.iterations * (stage + 1), f"blur {blur:g}")
            for number, wide in enumerate(again, len(self.stages) + 1):
                unit = self._followed(self._around(unit, wide), self.ticks, 0.0)
                at(self.config.iterations * number, f"around the best, {wide:g} of the range")
        return unit, self.slopes(unit, self.ticks, 0.0)

    def values(self, unit: Tensor) -> Tensor:
        """Params in their own units."""
        return self.low + (self.high - self.low) * unit

    def loss(self, unit: Tensor, games: slice, ticks: int, blur: float) -> tuple[Tensor, Tensor, Tensor]:
        """[G, J]: mean over the frames that are there of nats, or of squared differences of blurred frames; the
        expected frames, blurred or not, [G, J, W T, C H W], and which are there [G, J, W T]."""
        part = self.evidence.first(games, ticks)
        starts, windows = unit.shape[1], part.there.shape[1]
        known = part.params.unsqueeze(1).expand(-1, starts, -1)
        sought = self.values(unit).unbind(2)
        places = {column: each for column, each in zip(self.columns, sought, strict=True)}
        params = torch.stack([places.get(column, known[..., column]) for column in range(known.shape[2])], 2)

        def rows(each: Tensor) -> Tensor:  # [G, W, ...] for every start
            return each.unsqueeze(1).expand(-1, starts, *each.shape[1:]).flatten(0, 2)

        begun = params.unsqueeze(2).expand(-1, -1, windows, -1).flatten(0, 2)
        opening = (rows(part.frames), rows(part.keys))
        logits = self.smooth.logits(self.smooth.begin(begun, *opening), rows(part.shares))[:, 1:]
        truth, there = rows(part.followed), rows(part.there)
        pixels = self.smooth.pixels(logits)
        if blur:
            pixels = blurred(pixels, blur)
            each = (pixels - blurred(truth, blur)).square().flatten(2).sum(2) / 2
        else:
            nats = self.smooth.world.renderer.pixel_loss(logits.flatten(0, 1), truth.flatten(0, 1))
            each = nats.flatten(1).sum(1).view_as(there)
        there = there.view(-1, starts, windows * there.shape[1])
        mean = (each.view_as(there) * there).sum(2) / there.sum(2).clamp(min=1)
        return mean, pixels.reshape(*there.shape, -1), there

    @torch.no_grad()
    def slopes(self, unit: Tensor, ticks: int, blur: float) -> Slopes:
        """Loss, gradient and Fisher's information at ``unit`` [G, J, P], a few games at a time."""
        size = max(ROWS // (ticks * unit.shape[1] * self.evidence.there.shape[1]), 1)
        parts = [self._slopes(unit, slice(at, at + size), ticks, blur) for at in range(0, len(unit), size)]
        return Slopes(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def _slopes(self, unit: Tensor, games: slice, ticks: int, blur: float) -> Slopes:
        along = torch.eye(unit.shape[2]).unbind(0)
        with forward_ad.dual_level():
            ways = [self._moved(unit[games], each, games, ticks, blur) for each in along]
        loss, pixels, there = ways[0][0]
        weight = there.unsqueeze(3) / (1.0 if blur else pixels * (1 - pixels) + FIRM)
        moved = torch.stack([change for _, _, change in ways], 2)  # [G, J, P, F, D]
        fisher = torch.einsum("gjpfd,gjfd,gjqfd->gjpq", moved, weight, moved)
        count = there.sum(2).clamp(min=1)[..., None, None]
        return Slopes(loss, torch.stack([slope for _, slope, _ in ways], 2), fisher / count)

    def _moved(
        self, unit: Tensor, along: Tensor, games: slice, ticks: int, blur: float
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor, Tensor]:
        """What ``loss`` gives, and how the loss and the frames change along the one param that is 1 in ``along``."""
        loss, pixels, there = self.loss(_moving(unit, along.expand_as(unit).clone()), games, ticks, blur)
        pairs = (forward_ad.unpack_dual(each) for each in (loss, pixels))
        (loss, slope), (pixels, change) = pairs
        slope = torch.zeros_like(loss) if slope is None else slope
        return (loss, pixels, there), slope, torch.zeros_like(pixels) if change is None else change

    @torch.no_grad()
    def _tried(self) -> Tensor:
        """The best of places spread over the range (a Sobol sequence), [G, J, P]."""
        engine = torch.quasirandom.SobolEngine(len(self.params), scramble=True, seed=self.config.seed)
        places = engine.draw(self.config.places).unsqueeze(0)
        part, blur = self.stages[0]
        ticks = self._length(part)
        size = max(ROWS // (ticks * self.evidence.there.shape[1]), 1)
        losses = [
            torch.cat([self.loss(some, slice(game, game + 1), ticks, blur)[0] for some in places.split(size, 1)], 1)
            for game in range(len(self.evidence.params))
        ]
        best = torch.cat(losses).topk(min(self.config.starts, self.config.places), 1, largest=False).indices
        return places[0][best]

    def _followed(self, unit: Tensor, ticks: int, blur: float) -> Tensor:
        """Levenberg-Marquardt from ``unit`` [G, J, P], each row with its own lambda."""
        here = self.slopes(unit, ticks, blur)
        eye = torch.eye(unit.shape[2])
        damping = DAMPED * here.fisher.diagonal(dim1=2, dim2=3).mean(2).clamp(min=1e-6)
        for _ in range(self.config.iterations):
            damped = here.fisher + damping[..., None, None] * eye
            step = torch.linalg.solve(damped, here.gradient.unsqueeze(3)).squeeze(3).nan_to_num(0)
            trial = self._inside(unit - step.clamp(-LONGEST, LONGEST))
            there = self.slopes(trial, ticks, blur)
            better = there.loss < here.loss
            unit = torch.where(better.unsqueeze(2), trial, unit)
            here = Slopes(*(_either(better, *pair) for pair in zip(there, here, strict=True)))
            damping = (damping * torch.where(better, EASIER, HARDER)).clamp(1e-6, 1e9)
        return unit

    def _around(self, unit: Tensor, wide: float) -> Tensor:
        """For each game the best of ``unit`` [G, J, P], and places around it in place of the others."""
        best = self.slopes(unit, self.ticks, 0.0).loss.argmin(1)
        chance = torch.Generator().manual_seed(self.config.seed)
        off = wide * torch.randn(unit.shape, generator=chance)
        off[:, 0] = 0
        return self._inside(unit[torch.arange(len(unit)), best].unsqueeze(1) + off)

    def _inside(self, unit: Tensor) -> Tensor:
        """Angles go round, other params stay in their range."""
        turns = torch.tensor([param.kind == "angle" for param in self.params])
        return torch.where(turns, unit % 1, unit.clamp(0, 1))

    def _length(self, part: int) -> int:
        """Ticks of a stage."""
        return min(max(self.ticks // part, LEAST), self.ticks)


def _moving(place: Tensor, along: Tensor) -> Tensor:
    """``place`` on its way ``along``, in forward mode."""
    with warnings.catch_warnings():  # of what torch itself imports the first time
        warnings.simplefilter("ignore", DeprecationWarning)
        return forward_ad.make_dual(place, along)


def _either(first: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """``one`` [G, J, ...] where ``first`` [G, J], else ``other``."""
    return torch.where(first.view(*first.shape, *[1] * (one.dim() - 2)), one, other)
