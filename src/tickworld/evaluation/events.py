"""Errors by event: of all the kinds of ticks that a game has, at which does the world fail, and how often?

The truth plays on, and at chosen ticks the dream starts afresh from the last true frames, dreams one tick with the
true actions, and is right or wrong to the pixel. So every error is counted by itself, with nothing that came before to
blame, and an event that fills one tick in a thousand is tried as often as one that fills most of them: the truth plays
on until it has been met often enough.

Intervals are Wilson's score intervals (1927, "Probable inference, the law of succession, and statistical inference",
J. Am. Stat. Assoc. 22): they hold for rates near 0 too, and say how rare an error that was never seen may still be.

    centre +- half = (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)      p = errors / n, z = 1.96

The implied horizon is the median number of ticks until the first error, were errors independent of each other: ln 2
over the mean error of a tick in play. A world whose own horizon is much shorter fails where its dreams lead it.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds, states
from tickworld.evaluation.beginning import Beginning, Start, check_same_game
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, pixels_wrong
from tickworld.simulator import Eventful

GAMES = 512
"""How many games the truth plays at once."""
LOT = 512
"""How many ticks are dreamt at once."""
_Z = 1.959963984540054
"""Quantile of the normal distribution: 95 % lie within."""


class Moment(NamedTuple):
    """One tick of N true games. It is a state itself: ``states.take`` gives some of its games."""

    before: Beginning  # the last true frames, as many as the dream must be shown
    actions: NDArray[np.integer]  # [N, P]
    after: Frames  # the true frames that follow
    event: NDArray[np.integer]  # [N] its kind
    playing: NDArray[np.bool_]  # [N] rows that are over play no tick


def event_errors(setting: Setting) -> dict[str, Any] | None:
    """One-step errors for each kind of tick, for JSON; None for a game without kinds of ticks, or a world that does not
    start from frames and so cannot be set down in the middle of a game."""
    truth, dream, config = setting.truth, setting.dream, setting.config
    if not isinstance(truth, Eventful):
        return None
    check_same_game(truth.spec, dream.spec)
    if dream.spec.opening == 0:
        setting.show.say("no errors by event: this world starts from params and cannot start in the middle of a game")
        return None
    tally = Tally(truth.events, config.events)
    choice = seeds.generator(config.seed, "events")
    share = math.ceil(config.events / config.frames)  # of a tick: a common event is spread over whole games
    lot: list[Moment] = []
    with setting.show.bar("errors by event", config.events * len(truth.events), "transitions") as at:
        for moment in moments(setting, truth):
            if tally.full or tally.played >= config.events_ticks:
                break
            rows = tally.choose(moment, share, choice)
            if len(rows):
                lot.append(states.take(moment, rows))
            if sum(len(each.event) for each in lot) >= LOT:
                tally.add(setting, lot)
                lot = []
            at(int(tally.transitions.sum()), f"{tally.played:,} ticks played")
        tally.add(setting, lot)
    return tally.summary()


def moments(setting: Setting, truth: Eventful) -> Iterator[Moment]:
    """Ticks of true games without end: ``GAMES`` at a time, each as long as those that horizons are measured on."""
    opening, player = setting.dream.spec.opening, setting.player
    for number in itertools.count():
        rows = Start(player, GAMES, seeds.derive(setting.config.seed, "events", number)).rows
        params = truth.spec.draw(rows)
        state, memory = truth.init(params, rows), player.init(rows)
        seen: deque[Frames] = deque([truth.render(state)], opening)
        pressed: deque[NDArray[np.integer]] = deque((), opening - 1)
        for tick in range(opening - 1 + setting.config.frames):
            playing = ~truth.status(state).over
            if not playing.any():
                break
            actions, memory = player.act(memory, tick, seen[-1])
            after = truth.update(state, actions)
            frames = truth.render(after)
            if len(seen) == opening:
                before = Beginning(params, rows, tuple(seen), tuple(pressed), None, None)
                yield Moment(before, actions, frames, truth.event(state, after), playing)
            state = after
            seen.append(frames)
            pressed.append(actions)


class Tally:
    """Counts for each of S events how often it was met, tried and got wrong; ``wanted`` tries of each are enough."""

    def __init__(self, events: tuple[str, ...], wanted: int) -> None:
        self.events, self.wanted = events, wanted
        self.met, self.transitions, self.errors = np.zeros((3, len(events)), np.int64)

    @property
    def played(self) -> int:
        """Ticks that the truth has played."""
        return int(self.met.sum())

    @property
    def full(self) -> bool:
        """Whether every event was tried often enough."""
        return bool((self.transitions >= self.wanted).all())

    def choose(self, moment: Moment, share: int, choice: np.random.Generator) -> NDArray[np.intp]:
        """Counts what was met and gives the rows to be tried: at most ``share`` of each event, while it is wanted."""
        event = np.where(moment.playing, moment.event, -1)
        self.met += np.bincount(event + 1, minlength=len(self.events) + 1)[1:]
        chosen = [np.zeros(0, np.intp)]
        for index in np.flatnonzero(self.transitions < self.wanted):
            rows = np.flatnonzero(event == index)
            take = min(len(rows), share, self.wanted - int(self.transitions[index]))
            chosen.append(choice.permutation(rows)[:take] if take < len(rows) else rows)
            self.transitions[index] += take
        return np.concatenate(chosen)

    def add(self, setting: Setting, lot: list[Moment]) -> None:
        """Lets the dream do one tick from each of these moments and counts its errors."""
        if lot:
            moment, dream = states.join(lot), setting.dream
            dreamt = dream.render(dream.update(moment.before.dream(dream), moment.actions))
            wrong = pixels_wrong(moment.after, dreamt, setting.truth.spec.palette)
            self.errors += np.bincount(moment.event[wrong], minlength=len(self.events))

    def summary(self) -> dict[str, Any]:
        """For JSON: counts, rates and how often each event is met; an event that never was has no rate."""
        rows = {
            name: _row(int(met), int(tried), int(errors), self.played)
            for name, met, tried, errors in zip(self.events, self.met, self.transitions, self.errors, strict=True)
        }
        met = [row for row in rows.values() if row["transitions"]]
        rate, high = (sum(row["frequency"] * row[key] for row in met) for key in ("rate", "high"))
        return {
            "ticks_played": self.played,
            "events": rows,
            "implied_horizon": math.log(2) / rate if rate else None,
            "implied_horizon_low": math.log(2) / high if high else None,
        }


def _row(met: int, tried: int, errors: int, played: int) -> dict[str, Any]:
    low, high = wilson(errors, tried) if tried else (None, None)
    return {
        "transitions": tried,
        "errors": errors,
        "rate": errors / tried if tried else None,
        "low": low,
        "high": high,
        "frequency": met / played if played else 0.0,
    }


def wilson(errors: float, count: float) -> tuple[float, float]:
    """The 95 % score interval of a rate, from ``errors`` in ``count`` tries; see the module docstring. Tries that hang
    together count as fewer, which need not be a whole number."""
    share, spread = errors / count, _Z**2 / count
    centre = share + spread / 2
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4)
    low, high = ((centre + side) / (1 + spread) for side in (-half, half))
    return max(low, 0.0) if errors else 0.0, min(high, 1.0) if errors < count else 1.0
