"""Sensitivity: which number of the state drives which pixel of the frame, now and some ticks later?

A number is changed a little (a tenth of its field's spread over the states that were visited; a whole number by one,
so that a colour becomes another), the world goes on under the same keys, and at each pixel we look by how many nats
the colour that it had beats the next best one. That is asked in two ways:

    changes   measured: the frame is drawn from the changed state
    slopes    the derivative of those nats with respect to the state, times the same change

Where a world is smooth, both agree. Where it decides and carries its decisions on, the derivative is that of its smooth
twin, the same weights in soft mode (``Core.smooth``), and a change from one colour to another is no small one: there
the slopes tell the direction and the changes are what happens. A pixel whose colour is another after the change has
flipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld.evaluation.inspection.visits import InspectionConfig, Visits, as_tensors, thinned
from tickworld.models.learned import Learned
from tickworld.models.smooth import smooth_twin
from tickworld.models.world import World
from tickworld.progress import Progress

LITTLE = 0.1
"""A change, in standard deviations of its field."""
ROWS = 128
"""How many changed states go through the world at once."""
_ROUNDING = 3e-6
"""Share of the nats below which a difference is taken for one of the order of sums: batches differ in size."""
_STILL = 1e-6
"""The change of a field that never varies."""


class Effect(NamedTuple):
    """What changes of K numbers of one field do to the frame ``ahead`` ticks later, means over S states.

    ``slopes`` and ``changes`` [K, H, W] are nats, their sizes without sign: for numbers that were changed a little, as
    if by a whole standard deviation. ``flips`` [K, H, W] is the share of states in which that pixel got another colour.
    ``agreement`` is the cosine between slopes and changes, signs and all; None where one of them is nothing.
    """

    ahead: int
    slopes: NDArray[np.float32]
    changes: NDArray[np.float32]
    flips: NDArray[np.float32]
    agreement: float | None


class FieldEffects(NamedTuple):
    """One field of the state: its ``shape``, which of its numbers were ``tried`` [K], flattened, whether these are
    ``whole``, and what changing them does, the nearest ticks first."""

    name: str
    shape: tuple[int, ...]
    tried: NDArray[np.int64]
    whole: bool
    effects: tuple[Effect, ...]


class _Moment(NamedTuple):
    """One state to be changed: ``actions`` [ahead, P] follow; ``shown`` [L, H, W] are the colours it leads to."""

    state: Any
    actions: Tensor
    shown: Tensor
    nats: Tensor  # [L, H, W] by which these beat the next best


def sensitivity(world: Learned, visits: Visits, config: InspectionConfig, show: Progress) -> list[FieldEffects]:
    """What each field of the state does to the frame of now, of the next tick, and of ``config.ahead`` ticks later."""
    ways = _Ways(world, sorted({0, min(1, config.ahead), min(config.ahead, config.ticks)}))
    states, actions = as_tensors(visits.moments)
    moments = [ways.moment(_row(states, row), actions[row]) for row in range(len(actions))]
    fields = states._fields
    with show.bar("sensitivity", len(moments) * (len(fields) + 1), "fields") as at:
        slopes = []
        for number, moment in enumerate(moments):
            slopes.append(ways.slopes(moment))
            at(number + 1, "derivatives")
        found = []
        for number, name in enumerate(fields):
            found.append(_field(ways, visits, config, moments, [each[number] for each in slopes], name))
            at(len(moments) * (number + 2), name)
    return found


def _field(
    ways: _Ways, visits: Visits, config: InspectionConfig, moments: list[_Moment], slopes: list[Tensor], name: str
) -> FieldEffects:
    shape = visits.fields[name]
    tried = thinned(int(np.prod(shape)), config.components)
    whole = not getattr(moments[0].state, name).dtype.is_floating_point
    step = max(1.0, visits.highest[name]) if whole else LITTLE * visits.spread[name] or _STILL
    sums = [torch.zeros(3, len(tried), *ways.frame) for _ in ways.ahead]
    products = np.zeros((len(ways.ahead), 3))
    for moment, slope in zip(moments, slopes, strict=True):
        first = 0
        for part in torch.from_numpy(tried).split(ROWS):
            rows = slice(first, first := first + len(part))
            changed, moved = ways.changed(moment.state, name, part, step)
            for level, nats in enumerate(ways.nats_of(changed, moment)):
                measured = nats - moment.nats[level]
                measured[measured.abs() < _ROUNDING * (1 + moment.nats[level].abs())] = 0
                expected = (moved @ slope[level].T).unflatten(1, ways.frame)
                sums[level][:, rows] += torch.stack([expected.abs(), measured.abs(), (nats < 0).float()])
                pairs = ((expected, measured), (expected, expected), (measured, measured))
                products[level] += [float((one.double() * other).sum()) for one, other in pairs]
    unit = 1.0 if whole else LITTLE
    effects = []
    for ahead, total, product in zip(ways.ahead, sums, products, strict=True):
        mean = (total / len(moments)).numpy()
        length = float(np.sqrt(product[1] * product[2]))
        agreement = float(product[0]) / length if length else None
        effects.append(Effect(ahead, mean[0] / unit, mean[1] / unit, mean[2], agreement))
    return FieldEffects(name, shape, tried, whole, tuple(effects))


class _Ways:
    """The world and its smooth twin, looked at after each of the ticks ``ahead``."""

    def __init__(self, world: Learned, ahead: list[int]) -> None:
        self.ahead = ahead
        self.world = world.world
        self.smooth = smooth_twin(world)
        self.frame = (world.spec.height, world.spec.width)
        ends = torch.tensor([[0.0], [1.0]]).expand(2, world.spec.channels)  # without a palette: dark or bright
        self.palette = world.palette if len(world.palette) > 1 else ends

    def moment(self, state: Any, actions: Tensor) -> _Moment:
        """A state of one row with the colours that it leads to."""
        with torch.no_grad():
            nats = torch.cat([self._colours(self.world, each) for each in self._course(self.world, state, actions)])
        shown = nats.argmax(1)
        return _Moment(state, actions, shown, _lead_of(nats, shown))

    def slopes(self, moment: _Moment) -> list[list[Tensor]]:
        """For each field of the state, for each of the ticks ahead: derivatives [H W, D] of the nats at each pixel with
        respect to each number of the smooth state."""
        count = moment.shown[0].numel()
        smooth = self.world.core.smoothed(moment.state)
        found = [[torch.zeros(count, field[0].numel()) for _ in self.ahead] for field in smooth]
        for pixels in torch.arange(count).split(ROWS):
            leaves = [field.repeat(len(pixels), *[1] * (field.dim() - 1)).float().requires_grad_() for field in smooth]
            course = self._course(self.smooth, type(smooth)(*leaves), moment.actions)
            for level, state in enumerate(course):
                colours = self._colours(self.smooth, state)
                nats = _lead_of(colours, moment.shown[level].expand(len(pixels), -1, -1)).flatten(1)
                picked = nats.gather(1, pixels.unsqueeze(1)).sum()
                if not picked.requires_grad:
                    continue
                grads = torch.autograd.grad(picked, leaves, retain_graph=True, allow_unused=True)
                for number, grad in enumerate(grads):
                    if grad is not None:
                        found[number][level][pixels] = grad.flatten(1)
        return found

    def changed(self, state: Any, name: str, part: Tensor, step: float) -> tuple[Any, Tensor]:
        """The state [K rows] with number ``part[i]`` of field ``name`` changed in row i; and how far that moves the
        field of the smooth state, [K, D]. ``step`` is the change, or the highest whole number."""
        rows = torch.arange(len(part))
        repeated = type(state)(*(field.repeat(len(part), *[1] * (field.dim() - 1)) for field in state))
        field = getattr(repeated, name)
        flat = field.flatten(1)
        now = flat[rows, part]
        if field.dtype.is_floating_point:
            flat[rows, part] = now + step
        else:
            flat[rows, part] = torch.where(now < step, now + 1, now - 1)
        changed = repeated._replace(**{name: flat.view(field.shape)})
        before, after = (getattr(self.world.core.smoothed(each), name).flatten(1) for each in (state, changed))
        return changed, after.float() - before

    def nats_of(self, changed: Any, moment: _Moment) -> Iterator[Tensor]:
        """After each of the ticks ahead, by how much the colours of the unchanged course beat the next best, [K, H,
        W]."""
        with torch.no_grad():
            for level, state in enumerate(self._course(self.world, changed, moment.actions)):
                nats = self._colours(self.world, state)
                yield _lead_of(nats, moment.shown[level].expand(len(nats), -1, -1))

    def _course(self, world: World, state: Any, actions: Tensor) -> Iterator[Any]:
        """The state after each of the ticks ahead."""
        for tick in range(self.ahead[-1] + 1):
            if tick:
                pressed = actions[tick - 1].expand(len(state.out), -1)
                state = world.update(state, pressed)  # without noise: the mean or the mode
            if tick in self.ahead:
                yield state

    def _colours(self, world: World, state: Any) -> Tensor:
        """Nats of each colour at each pixel, [B, Q, H, W]."""
        return world.renderer.colour_nats(world.renderer(state.out), self.palette)


def _row(state: Any, row: int) -> Any:
    return type(state)(*(field[row : row + 1] for field in state))


def _lead_of(nats: Tensor, shown: Tensor) -> Tensor:
    """By how much the colours ``shown`` [B, H, W] beat the best of the others, [B, H, W], from nats [B, Q, H, W]."""
    chosen = shown.unsqueeze(1)
    others = nats.scatter(1, chosen, -torch.inf).amax(1)
    return nats.gather(1, chosen).squeeze(1) - others


def reaches(nats: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where in the frame a field acts, [H, W] from [K, H, W]: root mean square over its numbers."""
    return np.sqrt(np.square(nats).mean(0))


def drives(nats: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each number moves, [K]: nats summed over the frame."""
    return nats.sum((1, 2))


def strongest(effect: Effect, count: int) -> list[int]:
    """Which of the K numbers that were tried move most, up to ``count`` that move anything, the strongest first."""
    moved = drives(effect.changes)
    order = np.argsort(-moved, kind="stable")[:count]
    return [int(each) for each in order if moved[each] > 0]


def place_of(field: FieldEffects, number: int) -> list[int]:
    """Where in its field one of the K numbers lies: an index for each axis."""
    return [int(each) for each in np.unravel_index(field.tried[number], field.shape or (1,))]


def liveliest(field: FieldEffects) -> Effect:
    """Of the effects of a field that in which it moves most, the nearest of equals."""
    return max(field.effects, key=lambda each: float(each.changes.sum()))


def laid_out(field: FieldEffects, values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32] | None:
    """Values [K] as pictures [N, H, W] if the field is laid out as a frame of ``size`` is; NaN where nothing was tried.
    None for another field."""
    if field.shape[-2:] != size:
        return None
    whole = np.full(int(np.prod(field.shape)), np.nan, np.float32)
    whole[field.tried] = values
    return whole.reshape(-1, *size)


def told(fields: list[FieldEffects], count: int) -> dict[str, Any]:
    """All of it for JSON, by field; ``count`` of the strongest numbers are named."""
    return {
        field.name: {
            "shape": list(field.shape),
            "tried": len(field.tried),
            "whole_numbers": field.whole,
            "ticks_ahead": {str(effect.ahead): _told(field, effect, count) for effect in field.effects},
        }
        for field in fields
    }


def _told(field: FieldEffects, effect: Effect, count: int) -> dict[str, Any]:
    return {
        "agreement": effect.agreement,
        "flips": float(effect.flips.sum((1, 2)).mean()),
        "by_derivative": _sizes(effect.slopes),
        "by_change": _sizes(effect.changes),
        "strongest": [
            {
                "place": place_of(field, number),
                "nats": float(drives(effect.changes)[number]),
                "flips": float(effect.flips[number].sum()),
            }
            for number in strongest(effect, count)
        ],
    }


def _sizes(nats: NDArray[np.float32]) -> dict[str, Any]:
    """Mean and greatest nats that a number moves, and where in the frame it all goes."""
    moved = drives(nats)
    where = [[float(f"{value:.4g}") for value in row] for row in reaches(nats)]
    return {"mean": float(moved.mean()), "most": float(moved.max()), "reaches": where}
