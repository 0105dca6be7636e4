"""Games whose keys are kept, and findings: games in which a world was wrong, written down so that they can be
replayed.

A finding is plain values for JSON. Its ``tick`` counts from the common start, its ``actions`` from the very first frame
on: for each player pairs [action, ticks].
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.data.player import Player
from tickworld.evaluation.beginning import first_ticks
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, pixels_wrong, snap, wrong_pixels
from tickworld.simulator import Eventful, Probed, Simulator, State


@dataclass(frozen=True, slots=True)
class Line:
    """The keys of one game: those before, and the last as bytes. Branches share what they have in common."""

    before: Line | None
    keys: bytes

    def actions(self, players: int) -> NDArray[np.uint8]:
        """All keys since the first frame, [T, P]."""
        keys, line = [], self
        while line is not None:
            keys.append(line.keys)
            line = line.before
        return np.frombuffer(b"".join(reversed(keys)), np.uint8).reshape(-1, players)


class Games(NamedTuple):
    """N games in truth and dream, each at a tick of its own. A state itself: ``states.take`` gives some of them."""

    seeds: NDArray[np.uint64]  # [N]
    lines: NDArray[np.object_]  # [N] a Line, None before the first key
    truth: State
    dream: State


def fresh(setting: Setting, player: Player, rows: NDArray[np.uint64]) -> Games:
    """Games from the seeds ``rows`` [N] at their common start."""
    common = first_ticks(setting.truth, player, rows, setting.dream.spec.opening)
    lines = np.full(len(rows), None, object)
    for actions in common.pressed:
        lines = longer(lines, actions)
    return Games(rows, lines, common.truth, common.dream(setting.dream))


def longer(lines: NDArray[np.object_], actions: NDArray[np.integer]) -> NDArray[np.object_]:
    """The lines [N] after one more tick under ``actions`` [N, P]."""
    after = np.empty_like(lines)
    after[:] = [Line(line, keys.tobytes()) for line, keys in zip(lines, actions.astype(np.uint8), strict=True)]
    return after


def written(setting: Setting, before: Games, after: Games, frames: tuple[Frames, Frames]) -> dict[str, Any]:
    """The finding of one game, N = 1, whose last tick went wrong; ``frames`` are the true one and the dreamt one."""
    truth, spec = setting.truth, setting.truth.spec
    actions = after.lines[0].actions(len(spec.players))
    event = truth.events[truth.event(before.truth, after.truth)[0]] if isinstance(truth, Eventful) else None
    readings = truth.objects(frames[0]).readings if isinstance(truth, Probed) else {}
    return {
        "seed": str(after.seeds[0]),  # text: it may be too large for other programs' numbers
        "tick": len(actions) - max(setting.dream.spec.opening - 1, 0),
        "event": event,
        "wrong_pixels": int(wrong_pixels(frames[0], snap(frames[1], spec.palette))[0]),
        **{name: int(value[0]) for name, value in readings.items()},
        "actions": {
            name: [[int(key), len(list(same))] for key, same in groupby(actions[:, index])]
            for index, name in enumerate(spec.players)
        },
    }


def replay(dream: Simulator, truth: Simulator, finding: dict[str, Any]) -> int | None:
    """The first tick since the common start at which the dream is wrong when a finding is played again; None if it
    never is. It is the finding's own tick while dream and truth are the same."""
    runs = [finding["actions"][name] for name in truth.spec.players]
    actions = np.stack([np.repeat(*np.array(each, int).reshape(-1, 2).T) for each in runs], 1).astype(np.uint8)
    common = first_ticks(truth, _Again(actions), np.array([int(finding["seed"])], np.uint64), dream.spec.opening)
    state, dreamt = common.truth, common.dream(dream)
    for tick, pressed in enumerate(actions[common.tick :]):
        state, dreamt = truth.update(state, pressed[None]), dream.update(dreamt, pressed[None])
        if pixels_wrong(truth.render(state), dream.render(dreamt), truth.spec.palette).any():
            return tick + 1
    return None


@dataclass(frozen=True)
class _Again:
    """A player that presses what was pressed, [T, P]."""

    actions: NDArray[np.uint8]

    def init(self, seeds: NDArray[np.uint64]) -> None:
        return None

    def act(self, memory: None, tick: int, frames: Frames) -> tuple[NDArray[np.uint8], None]:
        return self.actions[tick][None], None
