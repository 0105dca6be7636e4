"""System identification: the params of games that were recorded, found by gradient through a learned world.

    params* = argmin over params of sum over t of -log p(frame_t | params, actions)

A world that starts from params alone is unrolled from the first tick on. Pixels that do not overlap pull nothing, so
places spread over the whole range are tried on a few blurred frames first; from the best of them Adam goes on through
more and sharper frames, standard deviations 4, 2, 1 and 0 pixels (coarse to fine: Blake and Zisserman 1987). A world
that is shown openings, such as an engine, is asked for the ticks after every opening that the evidence holds, with the
same params: multiple shooting (Bock and Plitt 1984), which needs no blur, as each piece begins with true frames.

Whole numbers are taken for real ones on the way. All starts of all games go side by side: rows of one batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tickworld.config import Config
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.models.smooth import Smooth
from tickworld.progress import Progress
from tickworld.simulator import Param, Spec
from tickworld.tensors import to_tensor

STAGES = ((4, 4.0), (2, 2.0), (1, 1.0), (1, 0.0))
"""Of a world that starts from params alone: one part in so many of the ticks, blurred by so many pixels."""
LEAST = 4
"""Ticks of a stage, where there are as many."""
LAST = 0.005
"""Share of the rate that is left at the end."""
ROWS = 1024
"""About how many frames go through the world at once: what they need stays in the processor's cache."""
SAME = 0.01
"""Share of its range by which a param may differ in two ends that are called the same."""


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
    iterations: int = Field(default=40, gt=0)
    """steps of each stage"""
    rate: float = Field(default=0.02, gt=0, le=1)
    """first length of a step, as a share of a param's range"""
    ahead: int = Field(default=1, gt=0)
    """ticks that are foreseen after each opening, by a world that is shown some"""
    seed: int = Field(default=0, ge=0)
    """which places are tried"""


class Identified(NamedTuple):
    """Of each of G games the params ``names``: ``found`` [G, P] and what they are in ``truth`` [G, P]; ``nats`` [G]
    a frame that are left; ``agreed`` [G] share of the starts that came to the same end, to a hundredth of the range;
    ``frames`` [G] of evidence that there were."""

    names: tuple[str, ...]
    found: NDArray[np.float64]
    truth: NDArray[np.float64]
    nats: NDArray[np.float64]
    agreed: NDArray[np.float64]
    frames: NDArray[np.int64]


class Evidence(NamedTuple):
    """What G games showed, cut into W windows each: their ``params`` [G, S], the openings' ``frames`` [G, W, K, C, H,
    W] and ``keys`` [G, W, K-1, P], then ``shares`` [G, W, T, P, A] of the keys pressed, the frames that ``followed`` [G,
    W, T, C, H, W], and which of them are ``there`` [G, W, T]."""

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


def identify(world: Learned, recorded: Episodes, config: IdentificationConfig, show: Progress) -> Identified:
    """The params of the first games of ``recorded``, and how far they are from the true ones.

    Raises UserError for params that this world does not have or does not hear, and for evidence that is too short.
    """
    smooth = Smooth(world)
    columns = sought(smooth, config.params)
    evidence = gather(smooth, recorded, config)
    seeker = _Seeker(smooth, evidence, columns, config)
    unit, losses = seeker.found(show)
    best = losses.argmin(1)
    rows = torch.arange(len(best))
    chosen = unit[rows, best]
    apart = _apart((unit - chosen.unsqueeze(1)), seeker.params).amax(2)
    nats = losses[rows, best].double().numpy()
    if not np.isfinite(nats).all():
        raise UserError(
            f"the world of {world.spec.name} gives frames that are no numbers; train it anew, or look with "
            "tickworld doctor"
        )
    truth = recorded.params[: config.games][:, columns]
    return Identified(
        tuple(param.name for param in seeker.params),
        seeker.values(chosen).double().numpy(),
        truth,
        nats,
        (apart < SAME).double().mean(1).numpy(),
        np.minimum(recorded.lengths[: config.games], config.frames).astype(np.int64),
    )


def sought(smooth: Smooth, names: Sequence[str]) -> list[int]:
    """The columns of the params ``names``, or of all that can be found. Raises UserError for one that cannot."""
    spec, heard = smooth.spec, smooth.hears()
    if not heard:
        raise UserError(
            f"this world of {spec.name} starts from frames alone and hears no params; identify needs one whose "
            "initializer is params or described, such as recipe pong_speed"
        )
    asked = [spec.index(name) for name in names]
    for column in asked:
        param = spec.params[column]
        if column not in heard:
            able = ", ".join(spec.params[each].name for each in heard)
            raise UserError(f"this world does not hear param {param.name} of {spec.name}, or it has no slope; ask for {able}")
    return asked or [column for column in heard if _differs(spec, column)] or heard


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
    frames = to_tensor(recorded.frames[:count, : ticks + 1])
    actions = torch.from_numpy(recorded.actions[:count, :ticks].astype(np.int64))
    ends = torch.from_numpy(recorded.lengths[:count].astype(np.int64))
    place = torch.arange(ticks)
    there = (place < ends.unsqueeze(1)).float()
    windows = [(first, first + shown - 1, first + shown - 1 + ahead) for first in firsts]
    return Evidence(
        torch.from_numpy(recorded.params[:count]).float(),
        torch.stack([frames[:, first : first + opening] for first, _, _ in windows], 1),
        torch.stack([actions[:, first : max(now, first)] for first, now, _ in windows], 1),
        torch.stack([smooth.corners(actions[:, now:end]) for _, now, end in windows], 1),
        torch.stack([frames[:, now + 1 : end + 1] for _, now, end in windows], 1),
        torch.stack([there[:, now:end] for _, now, end in windows], 1),
    )


class _Seeker:
    """The search: params of each start of each game as shares of their ranges, ``unit`` [G, J, P]."""

    def __init__(self, smooth: Smooth, evidence: Evidence, columns: list[int], config: IdentificationConfig) -> None:
        self.smooth, self.evidence, self.columns, self.config = smooth, evidence, columns, config
        self.params = [smooth.spec.params[column] for column in columns]
        self.low, self.high = (torch.tensor([getattr(each, end) for each in self.params]) for end in ("low", "high"))
        self.ticks = evidence.there.shape[2]
        whole = ((1, 0.0),)
        self.stages = STAGES if smooth.spec.opening == 0 else whole

    def found(self, show: Progress) -> tuple[Tensor, Tensor]:
        """Where each start ended, [G, J, P], and the nats a frame that are left there, [G, J]."""
        total = self.config.iterations * len(self.stages)
        with show.bar(f"identifying {', '.join(each.name for each in self.params)}", total, "steps") as at:
            unit = self._tried()
            for stage, (part, blur) in enumerate(self.stages):
                unit = self._followed(unit, self._length(part), blur, stage)
                at(self.config.iterations * (stage + 1), f"blur {blur:g}")
            with torch.no_grad():
                return unit, self.loss(unit, slice(None), self.ticks, 0.0)

    def values(self, unit: Tensor) -> Tensor:
        """Params in their own units."""
        return self.low + (self.high - self.low) * unit

    def loss(self, unit: Tensor, games: slice, ticks: int, blur: float) -> Tensor:
        """[G, J]: mean over the frames that are there of nats, or of squared differences of blurred frames."""
        part = self.evidence.first(games, ticks)
        starts, windows = unit.shape[1], part.there.shape[1]
        params = part.params.unsqueeze(1).repeat(1, starts, 1)
        params[:, :, self.columns] = self.values(unit)

        def rows(each: Tensor) -> Tensor:  # [G, W, ...] for every start
            return each.unsqueeze(1).expand(-1, starts, *each.shape[1:]).flatten(0, 2)

        begun = params.unsqueeze(2).expand(-1, -1, windows, -1).flatten(0, 2)
        opening = (rows(part.frames), rows(part.keys))
        logits = self.smooth.logits(self.smooth.begin(begun, *opening), rows(part.shares))[:, 1:]
        truth, there = rows(part.followed), rows(part.there)
        if blur:
            off = blurred(self.smooth.pixels(logits), blur) - blurred(truth, blur)
            each = off.square().flatten(2).sum(2)
        else:
            nats = self.smooth.world.renderer.pixel_loss(logits.flatten(0, 1), truth.flatten(0, 1))
            each = nats.flatten(1).sum(1).view_as(there)
        shape = (-1, starts, windows, there.shape[1])
        return (each * there).view(shape).sum((2, 3)) / there.view(shape).sum((2, 3)).clamp(min=1)

    @torch.no_grad()
    def _tried(self) -> Tensor:
        """The best of places spread over the range (a Sobol sequence), [G, J, P]."""
        engine = torch.quasirandom.SobolEngine(len(self.params), scramble=True, seed=self.config.seed)
        places = engine.draw(self.config.places).unsqueeze(0)
        part, blur = self.stages[0]
        ticks = self._length(part)
        size = max(ROWS // (ticks * self.evidence.there.shape[1]), 1)
        losses = [
            torch.cat([self.loss(some, slice(game, game + 1), ticks, blur) for some in places.split(size, 1)], 1)
            for game in range(len(self.evidence.params))
        ]
        best = torch.cat(losses).topk(min(self.config.starts, self.config.places), 1, largest=False).indices
        return places[0][best]

    def _followed(self, unit: Tensor, ticks: int, blur: float, stage: int) -> Tensor:
        """Adam from ``unit``, with steps that shrink over all stages."""
        place = unit.clone().requires_grad_()
        optimizer = torch.optim.Adam([place], lr=self.config.rate, betas=(0.8, 0.95))
        total = self.config.iterations * len(self.stages)
        size = max(ROWS // (ticks * unit.shape[1] * self.evidence.there.shape[1]), 1)
        for number in range(self.config.iterations):
            share = (stage * self.config.iterations + number) / total
            optimizer.param_groups[0]["lr"] = self.config.rate * LAST**share
            optimizer.zero_grad()
            for first in range(0, len(unit), size):
                games = slice(first, first + size)
                self.loss(place[games], games, ticks, blur).sum().backward()
            optimizer.step()
            with torch.no_grad():
                for column, param in enumerate(self.params):
                    turned = place[..., column]
                    turned.copy_(turned % 1 if param.kind == "angle" else turned.clamp(0, 1))
        return place.detach()

    def _length(self, part: int) -> int:
        """Ticks of a stage."""
        return min(max(self.ticks // part, LEAST), self.ticks)


def blurred(frames: Tensor, sigma: float) -> Tensor:
    """``frames`` [..., H, W] under a Gaussian of ``sigma`` pixels; dark beyond the edges."""
    return _bell(frames.shape[-2], sigma) @ frames @ _bell(frames.shape[-1], sigma)


def _bell(size: int, sigma: float) -> Tensor:
    place = torch.arange(size, dtype=torch.float32)
    bell = (-0.5 * ((place.unsqueeze(1) - place) / sigma).square()).exp()
    return bell / (sigma * math.sqrt(2 * math.pi))


def _apart(off: Tensor, params: list[Param]) -> Tensor:
    """Distances [..., P] of places in shares of the range; an angle's go round."""
    turns = torch.tensor([param.kind == "angle" for param in params])
    return torch.where(turns, (off + 0.5) % 1 - 0.5, off).abs()


def errors(identified: Identified, spec: Spec) -> dict[str, NDArray[np.float64]]:
    """How far each param is off, [G]: an angle in radians, the short way round; any other as a share of its true value,
    or of its range where that is zero."""
    off = {}
    for column, name in enumerate(identified.names):
        param = spec.params[spec.index(name)]
        found, true = identified.found[:, column], identified.truth[:, column]
        if param.kind == "angle":
            off[name] = np.abs((found - true + np.pi) % (2 * np.pi) - np.pi)
        else:
            size = np.where(true == 0, param.high - param.low, np.abs(true))
            off[name] = np.abs(found - true) / size
    return off


def _differs(spec: Spec, column: int) -> bool:
    return spec.params[column].drawn or len({game[column] for game in spec.games}) > 1


def told(identified: Identified, spec: Spec) -> dict[str, Any]:
    """All of it for JSON."""
    off = errors(identified, spec)
    return {
        "games": len(identified.nats),
        "frames": int(identified.frames.max()),
        "params": {
            name: {
                "unit": "radians" if spec.params[spec.index(name)].kind == "angle" else "share of the true value",
                "error": {"median": float(np.median(each)), "worst": float(each.max())},
                "within_1_percent": float((each <= 0.01).mean()),
                "found": identified.found[:, column].tolist(),
                "truth": identified.truth[:, column].tolist(),
            }
            for column, (name, each) in enumerate(off.items())
        },
        "nats_a_frame": identified.nats.tolist(),
        "starts_agreed": identified.agreed.tolist(),
    }
