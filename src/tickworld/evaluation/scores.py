"""What is measured of dreams and floors, tick by tick, over games side by side; and that of several batches of games as
if they had been one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tickworld.evaluation import errors
from tickworld.evaluation.horizon import Horizon, curve, objects_wrong
from tickworld.evaluation.positions import Positions, weighted
from tickworld.evaluation.rollout import Tick
from tickworld.frames import pixels_wrong
from tickworld.simulator import Probed, Simulator


@dataclass
class Scores:
    """What is measured of one dream or floor, tick by tick; ``judged`` counts the rows that were not over."""

    pixel: Horizon
    object: Horizon | None
    judged: list[int] = field(default_factory=list)
    mse: list[float] = field(default_factory=list)
    bce: list[float] = field(default_factory=list)
    ssim: dict[int, float] = field(default_factory=dict)
    positions: Positions = field(default_factory=Positions)

    @classmethod
    def blank(cls, count: int, probed: bool) -> Scores:
        """Those of ``count`` games before anything is judged; ``probed``: whether their frames can be read."""
        return cls(Horizon(count), Horizon(count) if probed else None)

    def horizons(self) -> dict[str, Any]:
        """The two horizons for JSON; the object horizon is None for a game whose frames cannot be read."""
        return {
            "pixel_horizon": self.pixel.summary(),
            "object_horizon": self.object.summary() if self.object else None,
        }

    def means(self) -> dict[str, float]:
        """MSE and BCE over all frames that were judged, a pixel."""
        return {name: float(np.average(getattr(self, name), weights=self.judged)) for name in ("mse", "bce")}

    def over_time(self) -> dict[str, Any]:
        """Errors and survival by tick, for JSON."""
        ticks = len(self.mse) - 1
        squared = np.array(self.mse)
        return {
            "judged": self.judged,
            "mse": curve(squared),
            "bce": curve(np.array(self.bce)),
            "psnr": curve(errors.psnr(squared)),
            "ssim": {str(tick): round(value, 5) for tick, value in self.ssim.items()},
            "pixel_survival": curve(self.pixel.survival(ticks)),
            "object_survival": curve(self.object.survival(ticks)) if self.object else None,
            "positions": self.positions.over_time(),
        }


def joined(parts: Sequence[Scores]) -> Scores:
    """The scores of ``parts``, one after the other, each of games of its own; those of one part are itself."""
    if len(parts) == 1:
        return parts[0]
    objects = [part.object for part in parts if part.object]
    whole = Scores(Horizon.joined([part.pixel for part in parts]), Horizon.joined(objects) if objects else None)
    judged = [part.judged for part in parts]
    whole.judged = [sum(counts) for counts in itertools.zip_longest(*judged, fillvalue=0)]
    whole.mse, whole.bce = (weighted([getattr(part, name) for part in parts], judged) for name in ("mse", "bce"))
    for tick in sorted(set().union(*(part.ssim for part in parts))):
        there = [part for part in parts if tick in part.ssim]
        (whole.ssim[tick],) = weighted([[part.ssim[tick]] for part in there], [[part.judged[tick]] for part in there])
    whole.positions = Positions.joined([part.positions for part in parts])
    return whole


def judge(scores: dict[str, Scores], tick: Tick, truth: Simulator) -> None:
    """Adds one tick to the scores of the dream and every floor; rows that are over are left out."""
    playing = tick.playing
    probe = truth.objects if isinstance(truth, Probed) else None
    true_objects = probe(tick.truth) if probe else None
    for name, frames in tick.dreams.items():
        count = len(frames)
        score = scores.setdefault(name, Scores.blank(count, probe is not None))
        score.judged.append(int(playing.sum()))
        score.mse.append(errors.mse(tick.truth[playing], frames[playing]))
        score.bce.append(errors.bce(tick.truth[playing], frames[playing]))
        if tick.index in errors.SSIM_TICKS and min(truth.spec.frame_shape[:2]) >= errors.SSIM_WINDOW:
            score.ssim[tick.index] = errors.ssim(tick.truth[playing], frames[playing])
        objects = probe(frames) if probe else None
        if objects and true_objects:
            score.positions.add(true_objects, objects, playing)
        if tick.index == 0:  # the common start was shown, not dreamt
            continue
        score.pixel.add(pixels_wrong(tick.truth, frames, truth.spec.palette), playing)
        if objects and true_objects and score.object:
            score.object.add(objects_wrong(true_objects, objects), playing)
