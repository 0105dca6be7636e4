"""System identification: the params of games that were recorded, found by gradient through a learned world.

    params* = argmin over params of sum over t of -log p(frame_t | params, actions)

A world that starts from params alone is unrolled from the first tick on. Pixels that do not overlap pull nothing, so
places spread over the whole range are tried on a few blurred frames first; from the best of them it goes on through
more and sharper frames, standard deviations 4, 2, 1 and 0 pixels (coarse to fine: Blake and Zisserman 1987). A world
that is shown openings, such as an engine, is asked for the ticks after every opening that the evidence holds, with the
same params: multiple shooting (Bock and Plitt 1984), which needs no blur, as each piece begins with true frames.

Steps are those of Levenberg and Marquardt (1944, 1963), on params p as shares of their ranges:

    p' = p - (F + lambda)^-1 g        g = d loss / dp        F = sum over pixels of (dx / dp)^2 / var x, or blurred

with x the expected frame and var x = x (1 - x). A step that makes things worse is not taken, and lambda grows. There
are few params and many pixels, so slopes are carried forwards with the frames. F is Fisher's information at the end:
its inverse is the least variance that such evidence leaves (Cramer and Rao), which is told as the ``spread``. It speaks
of small changes of a smooth world; how far whole pixels leave params open is told by ``slack``.

Whole numbers are taken for real ones on the way. All starts of all games go side by side: rows of one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.evaluation.gradients.seeker import IdentificationConfig, Seeker, gather
from tickworld.models.learned import Learned
from tickworld.models.smooth import Smooth
from tickworld.progress import Progress
from tickworld.simulator import Param, Spec

NEAR = 0.01
"""An error that is called small: a hundredth."""
SAME = 0.01
"""Share of its range by which a param may differ in two ends that are called the same."""


class Identified(NamedTuple):
    """Of each of G games the params ``names``: ``found`` [G, P] and their ``spread`` [G, P], one standard deviation,
    and what they are in ``truth`` [G, P]; ``nats`` [G] a frame that are left, and ``due`` [G] at the true params: where
    that is less, the search is at fault, else the world or the frames; ``agreed`` [G] share of the starts that came to
    the same end, to a hundredth of the range; ``frames`` [G] of evidence that there were."""

    names: tuple[str, ...]
    found: NDArray[np.float64]
    spread: NDArray[np.float64]
    truth: NDArray[np.float64]
    nats: NDArray[np.float64]
    due: NDArray[np.float64]
    agreed: NDArray[np.float64]
    frames: NDArray[np.int64]


def identify(world: Learned, recorded: Episodes, config: IdentificationConfig, show: Progress) -> Identified:
    """The params of the first games of ``recorded``, and how far they are from the true ones.

    Raises UserError for params that this world does not have or does not hear, and for evidence that is too short.
    """
    smooth = Smooth(world)
    columns = sought(smooth, config.params)
    evidence = gather(smooth, recorded, config)
    seeker = Seeker(smooth, evidence, columns, config)
    unit, (losses, _, fisher) = seeker.found(show)
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
    unit = (torch.from_numpy(np.nan_to_num(truth)).float() - seeker.low) / (seeker.high - seeker.low)
    due = seeker.slopes(unit.unsqueeze(1), seeker.ticks, 0.0).loss[:, 0].double().numpy()
    return Identified(
        tuple(param.name for param in seeker.params),
        seeker.values(chosen).double().numpy(),
        (_spread(fisher[rows, best], seeker.frames) * (seeker.high - seeker.low)).double().numpy(),
        truth,
        nats,
        np.where(np.isnan(truth).any(1), np.nan, due),
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
            raise UserError(
                f"this world does not hear param {param.name} of {spec.name}, or it has no slope; ask for {able}"
            )
    return asked or [column for column in heard if _differs(spec, column)] or heard


def _spread(fisher: Tensor, frames: Tensor) -> Tensor:
    """Standard deviations [G, P] of params as shares of their ranges, from [G, P, P] a frame and so many frames."""
    whole = fisher * frames[:, None, None] + 1e-9 * torch.eye(fisher.shape[1])
    return torch.linalg.inv(whole).diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()


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
        apart = found - true
        if param.kind == "angle":
            apart = (apart + np.pi) % (2 * np.pi) - np.pi
        off[name] = np.abs(apart) / _unit(param, true)
    return off


def _unit(param: Param, true: NDArray[np.float64]) -> NDArray[np.float64]:
    """What an error is told in, [G]."""
    if param.kind == "angle":
        return np.ones_like(true)
    return np.where(true == 0, param.high - param.low, np.abs(true))


def _differs(spec: Spec, column: int) -> bool:
    return spec.params[column].drawn or len({game[column] for game in spec.games}) > 1


def told(identified: Identified, spec: Spec, half: NDArray[np.float64] | None = None) -> dict[str, Any]:
    """All of it for JSON; what depends on a truth that is not known is None. ``half`` [G, P]: by how much the frames of
    the true game leave each param open (see ``slack``)."""
    off = errors(identified, spec)
    half = np.full_like(identified.found, np.nan) if half is None else half
    return {
        "games": len(identified.nats),
        "frames": int(identified.frames.max()),
        "params": {
            name: {
                "unit": "radians" if spec.params[spec.index(name)].kind == "angle" else "of the true value",
                "error": {"median": _known(np.median(each)), "worst": _known(each.max())},
                "within_1_percent": _known((each <= NEAR).mean() if np.isfinite(each).all() else np.nan),
                "found": identified.found[:, column].tolist(),
                "spread": identified.spread[:, column].tolist(),
                "truth": [_known(true) for true in identified.truth[:, column]],
                "left_open": [
                    _known(each)
                    for each in half[:, column] / _unit(spec.params[spec.index(name)], identified.truth[:, column])
                ],
            }
            for column, (name, each) in enumerate(off.items())
        },
        "frames_of_each": identified.frames.tolist(),
        "nats_a_frame": identified.nats.tolist(),
        "nats_at_the_truth": [_known(each) for each in identified.due],
        "starts_agreed": identified.agreed.tolist(),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
