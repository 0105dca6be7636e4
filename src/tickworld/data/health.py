"""What may be wrong with a recording, in plain words with evidence: a check is one function and one line of the table.

A recording that is ill teaches a world nothing, whatever the network; and what is wrong with it is easily overlooked
in a loss that falls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld.data import alignment
from tickworld.data.episode import Episodes, episode
from tickworld.frames import snap, wrong_pixels
from tickworld.simulator import Spec

LOOKED_AT = 256
"""Episodes that are looked at, at most."""
RARE = 0.01
"""Share of the ticks below which an action is as good as never pressed."""
STILL = 0.005
"""Share of the ticks in which something moves, below which nothing does."""
FEW_COLOURS = 16


class Symptom(NamedTuple):
    """Something that is wrong: its name, one sentence with the evidence, and what may help."""

    name: str
    sentence: str
    advice: str


Check = Callable[[Episodes, Spec], "Symptom | None"]


def recording_symptoms(episodes: Episodes, spec: Spec) -> list[Symptom]:
    """What is wrong with ``episodes`` of a simulator that announced ``spec``; empty when nothing was found."""
    return [found for check in CHECKS.values() if (found := check(episodes, spec)) is not None]


def nothing_moves(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Frames that hardly ever change."""
    moved = np.concatenate([(np.diff(each, axis=0) != 0).any((1, 2, 3)) for each in _frames(episodes)])
    if moved.mean() >= STILL:
        return None
    return Symptom(
        "nothing moves",
        f"frames change in {moved.mean():.2%} of {len(moved):,} ticks",
        "check that the frames were recorded while the game ran, and not its first frame again and again",
    )


def one_action(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Players who press one key only, and keys that nobody presses."""
    if len(spec.actions) < 2:
        return None
    counts = _presses(episodes, spec)
    for player, row in zip(spec.players, counts, strict=True):
        most = int(row.argmax())
        if row[most] > (1 - RARE) * row.sum():
            return Symptom(
                "one action only",
                f"{player} presses {spec.actions[most]} in {row[most] / row.sum():.1%} of {row.sum():,} ticks",
                "record with a player that presses all keys, such as sticky or mixed: a world cannot know keys that it "
                "never saw pressed",
            )
    never = [name for name, count in zip(spec.actions, counts.sum(0), strict=True) if count == 0]
    if not never:
        return None
    return Symptom(
        "actions never pressed",
        f"nobody ever presses {', '.join(never)}",
        "record with a player that does, or leave these actions out",
    )


def one_start(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Episodes that all begin alike and are all played alike."""
    alike = len(np.unique(episodes.frames[:, 0].reshape(len(episodes), -1), axis=0))
    params = len(np.unique(episodes.params, axis=0))
    played = len(np.unique(episodes.actions.reshape(len(episodes), -1), axis=0))
    differ = max(alike, params) > 1
    if len(episodes) < 4 or (differ and (played > 1 or len(spec.actions) < 2)) or played > len(episodes) // 2:
        return None
    return Symptom(
        "always the same",
        f"{len(episodes)} episodes begin with {alike} different frames and are played in {played} different ways",
        "record from other starts and with players whose seeds differ: a world learns nothing from what it has seen",
    )


def no_room(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Episodes so short that hardly a window can be cut from them."""
    short = float((episodes.lengths < 4).mean())
    if short < 0.25:
        return None
    return Symptom(
        "episodes are cut",
        f"{short:.0%} of {len(episodes)} episodes last less than 4 ticks (median {np.median(episodes.lengths):g})",
        "check what ends an episode; a reset that was recorded as a tick, or a limit that is too low, cuts them short",
    )


def other_colours(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Colours that are not in the palette, and few colours without a palette."""
    frames = np.concatenate(_frames(episodes))[:2048]
    if spec.palette:
        wrong = int(wrong_pixels(frames, snap(frames, spec.palette), 0).sum())
        if not wrong:
            return None
        return Symptom(
            "colours out of the palette",
            f"{wrong:,} pixels of {frames[..., 0].size:,} have none of the {len(spec.palette)} colours of the palette",
            "record the frames as they are drawn (no blurring, no lossy video), or give the palette that occurs",
        )
    colours = len(np.unique(frames.reshape(-1, spec.channels), axis=0))
    if colours > FEW_COLOURS or len(spec.actions) < 2:
        return None
    return Symptom(
        "few colours, no palette",
        f"only {colours} colours occur in {len(frames):,} frames, and the game announces no palette",
        "announce them as its palette: worlds that decide on colours do not drift",
    )


def params_rest(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Params that are said to be drawn and never differ, or are no numbers."""
    for param, column in zip(spec.params, episodes.params.T, strict=True):
        if not np.isfinite(column).all():
            return Symptom(
                "params are no numbers",
                f"param {param.name} is {column[~np.isfinite(column)][0]} in {(~np.isfinite(column)).sum()} episodes",
                "record it anew, or leave these episodes out",
            )
        if param.drawn and param.low < param.high and len(column) > 8 and len(np.unique(column)) == 1:
            return Symptom(
                "a param never differs",
                f"{param.name} is said to be drawn from {param.low:g}..{param.high:g} and is always {column[0]:g}",
                "draw it anew for each episode, or fix it: as it is nothing can be learned of it",
            )
    return None


def misaligned(episodes: Episodes, spec: Spec) -> Symptom | None:
    """Actions that come too late for what moves, and actions that explain nothing. That what moves follows later is no
    fault: a push is seen once something has gained speed."""
    if len(spec.actions) < 2 or len(np.unique(episodes.actions)) < 2:
        return None
    each = [episode(episodes, index) for index in range(min(len(episodes), LOOKED_AT))]
    motion = [alignment.Motion(alignment.moved(one.frames), one.actions) for one in each if len(one.actions)]
    found = alignment.align(motion, spec.players)
    if found.ticks < alignment.FEWEST or (found.lag is not None and found.lag >= 0):
        return None
    if found.lag is None:
        name, advice = (
            "actions have no visible effect",
            "check that actions and frames are of the same game, tick for tick",
        )
    else:
        name, advice = (
            "actions are off",
            f"move the actions by {found.lag} ticks: actions[t] leads from frame t to t + 1",
        )
    return Symptom(name, alignment.verdict(found), advice)


CHECKS: dict[str, Check] = {
    "nothing moves": nothing_moves,
    "one action only": one_action,
    "always the same": one_start,
    "episodes are cut": no_room,
    "colours": other_colours,
    "params": params_rest,
    "alignment": misaligned,
}
"""What is looked for."""


def _frames(episodes: Episodes) -> list[NDArray[np.uint8]]:
    """The frames of the first episodes without padding."""
    return [episode(episodes, index).frames for index in range(min(len(episodes), LOOKED_AT))]


def _presses(episodes: Episodes, spec: Spec) -> NDArray[np.int64]:
    """How often each player presses each action, [P, A]."""
    there = np.arange(episodes.ticks) < episodes.lengths[:, None]
    each = episodes.actions[there]  # [ticks, P]
    return np.stack([np.bincount(column, minlength=len(spec.actions)) for column in each.T])
