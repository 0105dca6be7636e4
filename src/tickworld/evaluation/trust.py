"""Trust: does a world know when it is about to go wrong? What it says of its own frames (``trust``, in nats) against
what becomes of them.

True games are dreamt open loop until the first wrong frame. Every tick up to there is sorted by the trust that the
world had in it, and for each of these levels we count how often the frame was wrong then and there, and how often the
dream went wrong within so many ticks. A light that says "don't trust me now" is lit by the last of these.

Ticks of one game that lie close together share their future: where it is asked for the next 100 ticks, those of one
game in one stretch of 100 count as one for the 95 % bounds (``events.wilson``). A tick is left out where the
measurement ended before its future was known, whatever had become of it until then: those that went wrong soon would
be the only ones left. A game that ended by itself can go wrong no more.

The figure of merit is the area under the ROC curve (Hanley and McNeil 1982, Radiology 143): the chance that a tick
that is followed by a mistake was trusted less than one that is not; 0.5 for a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Start, check_same_game
from tickworld.evaluation.events import wilson
from tickworld.evaluation.rollout import rollout
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, pixels_wrong
from tickworld.simulator import Candid, State

SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6)
"""Levels end where such shares of all ticks were trusted less: mistakes are few, and so are the ticks before them."""
FEWEST = 20
"""Ticks that the least trusted level holds, about."""
AHEAD = {"wrong_now": 0, "wrong_within_10": 10, "wrong_within_100": 100}
"""What is counted for each level: mistakes at most so many ticks later."""
FAR = "wrong_within_100"
"""What the light and the figure of merit are about."""
NEVER = np.iinfo(np.int64).max // 2
"""A tick that does not come."""


class Watched(NamedTuple):
    """M judged ticks of all games, in no order that matters."""

    trust: NDArray[np.floating]  # [M] what the world said
    game: NDArray[np.int64]  # [M] whose tick it is
    tick: NDArray[np.int64]  # [M] since the common start
    wrong: NDArray[np.int64]  # [M] the first wrong tick of that game, NEVER if there is none
    end: NDArray[np.int64]  # [M] up to which tick that is known


def trusted(setting: Setting) -> dict[str, Any] | None:
    """How often the dream was wrong, and went wrong, by how far it trusted itself, for JSON; None for a dream that does
    not say. ``auc`` is None where nothing went wrong, or all did."""
    check_same_game(setting.truth.spec, setting.dream.spec)
    if not isinstance(setting.dream, Candid):
        return None
    watched = _watched(setting, setting.dream)
    if np.isnan(watched.trust).any() or not len(watched.trust):
        return None
    shares = [share for share in SHARES if share * len(watched.trust) >= FEWEST]
    edges = np.unique([float(f"{edge:.3g}") for edge in np.quantile(watched.trust, shares)])
    edges = edges[edges > watched.trust.min()]
    soon, known = _went_wrong(watched, AHEAD[FAR])
    return {
        "rollouts": setting.config.trust_rollouts,
        "frames": setting.config.trust_frames,
        "ticks": len(watched.trust),
        "least": float(watched.trust.min()),
        "games_gone_wrong": int((watched.tick == watched.wrong).sum()),
        "auc": auc(watched.trust[known], soon[known]),
        **{name: _levels(watched, edges, ahead) for name, ahead in AHEAD.items()},
    }


def levels(result: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a light needs, from what ``trusted`` gave: ``{"least": nats, "levels": [{"below": nats, "wrong_within_100":
    share}, ..]}`` from the least trusted on. A frame is of the first level whose ``below`` exceeds its trust; the last
    has None there and takes all that are left; of a frame that is trusted less than ``least`` nothing is known. None
    when it was not measured, or of no level that far ahead."""
    if not result:
        return None
    rows = result.get(FAR) or {}
    found = [{"below": row["below"], FAR: row["share"]} for row in rows.values() if row["share"] is not None]
    return {"least": result["least"], "levels": found} if found else None


def auc(trust: NDArray[np.floating], soon: NDArray[np.bool_]) -> float | None:
    """The chance that a tick of those that go wrong ``soon`` [M] is trusted less than another, equals counting half;
    None where there are not both kinds."""
    bad, good = np.sort(trust[soon]), np.sort(trust[~soon])
    if not len(bad) or not len(good):
        return None
    less, at_most = (np.searchsorted(good, bad, side).sum() for side in ("left", "right"))
    return float(1 - (less + at_most) / 2 / (len(bad) * len(good)))


class _Asked:
    """A simulator that is asked for its trust after every tick."""

    def __init__(self, simulator: Candid) -> None:
        self.simulator = simulator
        self.spec = simulator.spec
        self.init, self.status = simulator.init, simulator.status
        self.trust = np.zeros(0)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        state = self.simulator.update(state, actions)
        self.trust = self.simulator.trust(state)
        return state

    def render(self, state: State) -> Frames:
        return self.simulator.render(state)


def _watched(setting: Setting, dream: Candid) -> Watched:
    truth, config, asked = setting.truth, setting.config, _Asked(dream)
    start = Start(setting.player, config.trust_rollouts, seeds.derive(config.seed, "trust"))
    alive, wrong = np.ones(config.trust_rollouts, bool), np.full(config.trust_rollouts, NEVER)
    end = np.full(config.trust_rollouts, config.trust_frames)
    said: list[tuple[NDArray, NDArray, NDArray]] = [(np.zeros(0), np.zeros(0, int), np.zeros(0, int))]
    with setting.show.bar("trust", config.trust_frames, "ticks") as at:
        for tick in rollout(truth, {"dream": asked}, start, config.trust_frames):
            end[alive & ~tick.playing] = NEVER
            alive &= tick.playing
            at(tick.index, f"{(wrong < NEVER).sum()} games gone wrong")
            if not alive.any():
                break
            if tick.index == 0:  # the common start was shown, not dreamt
                continue
            rows = np.flatnonzero(alive)
            said.append((asked.trust[rows], rows, np.full(len(rows), tick.index)))
            now = alive & pixels_wrong(tick.truth, tick.dreams["dream"], truth.spec.palette)
            wrong[now] = tick.index
            alive &= ~now
        at(config.trust_frames, "")
    trust, game, ticks = (np.concatenate(each) for each in zip(*said, strict=True))
    return Watched(trust, game, ticks, wrong[game], end[game])


def _went_wrong(watched: Watched, ahead: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which ticks [M] went wrong at most ``ahead`` ticks later, and of which that is known."""
    return watched.wrong - watched.tick <= ahead, watched.tick + ahead <= watched.end


def _levels(watched: Watched, edges: NDArray[np.floating], ahead: int) -> dict[str, dict[str, float | None]]:
    """One row for each level, the least trusted first."""
    soon, known = _went_wrong(watched, ahead)
    level = np.searchsorted(edges, watched.trust, "right")
    names = [f"trust below {edge:g}" for edge in edges] + [f"trust from {edges[-1]:g}" if len(edges) else "any trust"]
    rows = {}
    for number, name in enumerate(names):
        here = known & (level == number)
        tries = int(here.sum())
        if ahead:
            tries = np.unique([watched.game[here], watched.tick[here] // ahead], axis=1).shape[1]
        below = float(edges[number]) if number < len(edges) else None
        rows[name] = {"below": below, **_row(soon[here], tries, watched.game[here])}
    return rows


def _row(soon: NDArray[np.bool_], tries: int, game: NDArray[np.int64]) -> dict[str, float | None]:
    count, wrong = len(soon), int(soon.sum())
    low, high = wilson(wrong / count * tries, tries) if count else (None, None)
    return {
        "ticks": count,
        "games": len(np.unique(game)),
        "wrong": wrong,
        "share": wrong / count if count else None,
        "low": low,
        "high": high,
    }
