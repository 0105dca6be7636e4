"""Rewards: does the dream bring what the truth brings under the same keys, at the same ticks, and end when it ends?

Truth and dream are played side by side, open loop. Two things can make a dream's reward wrong: what tells it from the
frames, or the frames themselves. So all is counted twice: over all ticks (``dreamt``), and over those up to which no
pixel of the dream was wrong (``on_right_frames``), where only what tells rewards is to blame.

    precision = right / told       recall = right / true       right: the same reward at the same tick

each with the value that it exceeds with 97.5 % (``events.wilson``). Every player's reward counts by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.evaluation.events import wilson
from tickworld.evaluation.setting import Setting
from tickworld.frames import pixels_wrong

VALUES = 12
"""Where more different rewards than so many occur, they are told apart by their sign."""
SIGNS = {-1.0: "below 0", 0.0: "0", 1.0: "above 0"}


def rewards(setting: Setting) -> dict[str, Any] | None:
    """Precision and recall of rewards and ends, the table of what was told for what was true, and how far the returns
    of whole games are off, for JSON; None for a world that does not know its rewards."""
    truth, dream, config, player = setting.truth, setting.dream, setting.config, setting.player
    check_same_game(truth.spec, dream.spec)
    games = Start(player, config.rewards_rollouts, seeds.derive(config.seed, "rewards"))
    start = begin(truth, games, dream.spec.opening)
    true, memory, dreamt = start.truth, start.memory, start.dream(dream)
    if np.isnan(dream.status(dreamt).reward).any():
        setting.show.say("no rewards: this world does not know them; `tickworld rewards` has them learned")
        return None
    playing, right = ~truth.status(true).over, np.ones(config.rewards_rollouts, bool)
    kept: list[Tick] = []
    frames = truth.render(true)
    with setting.show.bar("rewards", config.rewards_frames, "ticks") as at:
        for tick in range(config.rewards_frames):
            if not playing.any():
                break
            actions, memory = player.act(memory, start.tick + tick, frames)
            true, dreamt = truth.update(true, actions), dream.update(dreamt, actions)
            frames = truth.render(true)
            right = right & ~pixels_wrong(frames, dream.render(dreamt), truth.spec.palette)
            brought, told = truth.status(true), dream.status(dreamt)
            kept.append(Tick(*brought, *told, playing, playing & right))
            playing = playing & ~brought.over & ~told.over
            at(tick + 1, "")
        at(config.rewards_frames, "")
    return {"rollouts": config.rewards_rollouts, "frames": config.rewards_frames, **_summary(kept, truth.spec.players)}


class Tick(NamedTuple):
    """One tick of N games, or all of M ticks one below the other: rewards and ends as they truly were and as they were
    told; those that are ``judged``, and of them those on ``right`` frames."""

    reward: NDArray[np.float32]  # [N, P]
    over: NDArray[np.bool_]  # [N]
    reward_told: NDArray[np.float32]
    over_told: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    right: NDArray[np.bool_]


def _summary(kept: list[Tick], players: tuple[str, ...]) -> dict[str, Any]:
    every = Tick(*(np.stack(each) for each in zip(*kept, strict=True)))  # each [T, N, ...]
    true, told = (np.where(every.judged[..., None], each, 0).sum(0) for each in (every.reward, every.reward_told))
    kinds = _Kinds(every)
    return {
        "ticks": int(every.judged.sum()),
        "dreamt": kinds.scores(every.judged, players),
        "on_right_frames": kinds.scores(every.right, players),
        "told_for_true": kinds.table(every.judged),
        "returns": {name: _returns(true[:, number], told[:, number]) for number, name in enumerate(players)},
    }


class _Kinds:
    """Rewards of all ticks as kinds: their values, or, where there are many, their signs."""

    def __init__(self, every: Tick) -> None:
        self.every = every
        self.true, self.told = (np.round(each.astype(float), 3) + 0.0 for each in (every.reward, every.reward_told))
        self.names = {value: f"{value:g}" for value in np.unique([self.true, self.told])}
        if len(self.names) > VALUES:
            self.true, self.told, self.names = np.sign(self.true), np.sign(self.told), SIGNS

    def scores(self, where: NDArray[np.bool_], players: tuple[str, ...]) -> dict[str, dict[str, float | None]]:
        """Precision and recall of each player's rewards, of all that are not 0, and of ends, at the ticks ``where``."""
        true, told = self.true[where], self.told[where]  # [M, P]
        rows = {
            f"{player} {name}": _score(true[:, number] == value, told[:, number] == value)
            for number, player in enumerate(players)
            for value, name in self.names.items()
            if value
        }
        rows["any but 0"] = _score(true != 0, told != 0, (true == told) & (true != 0))
        rows["end"] = _score(self.every.over[where], self.every.over_told[where])
        return rows

    def table(self, where: NDArray[np.bool_]) -> dict[str, dict[str, int]]:
        """How often each kind of reward was told, a column, when each was true, a row."""
        true, told = self.true[where], self.told[where]
        return {
            f"true {name}": {
                f"told {other}": int(((true == value) & (told == wrong)).sum()) for wrong, other in self.names.items()
            }
            for value, name in self.names.items()
        }


def _score(
    true: NDArray[np.bool_], told: NDArray[np.bool_], right: NDArray[np.bool_] | None = None
) -> dict[str, float | None]:
    both = int((true & told if right is None else right).sum())
    precision, recall = (_share(both, int(each.sum())) for each in (told, true))
    return {
        "true": int(true.sum()),
        "told": int(told.sum()),
        "right": both,
        "precision": precision[0],
        "precision_above": precision[1],
        "recall": recall[0],
        "recall_above": recall[1],
    }


def _share(part: int, whole: int) -> tuple[float | None, float | None]:
    """A share and its lower bound; None of nothing."""
    return (part / whole, wilson(part, whole)[0]) if whole else (None, None)


def _returns(true: NDArray[np.floating], told: NDArray[np.floating]) -> dict[str, float | None]:
    """The sums of rewards of N whole games, and how they go together; None where all are alike."""
    alike = np.ptp(true) == 0 or np.ptp(told) == 0
    return {
        "true": float(true.mean()),
        "dreamt": float(told.mean()),
        "apart": float(np.abs(true - told).mean()),
        "correlation": None if alike else float(np.corrcoef(true, told)[0, 1]),
    }
