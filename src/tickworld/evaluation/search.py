"""Search: which actions break a world? Many games are played at once, and where the world decided most narrowly they
are branched: set back to the tick before and played on with other keys, in place of the games it was surest of.

Each round plays one block of ticks. A game whose frame differs from the true one is a finding: it is written down with
all keys since its start, so that it can be replayed, and a fresh game takes its place. The same number of ticks is
spent once more without branching, where every game just goes on, to tell what the guidance is worth.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.data.player import Player
from tickworld.errors import choose
from tickworld.evaluation.beginning import check_same_game
from tickworld.evaluation.findings import Games, fresh, longer, written
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames, pixels_wrong
from tickworld.simulator import Decisive, Simulator, State
from tickworld.states import join, select, take

GAMES = 64
"""How many games are played at once."""
BLOCK = 16
"""Ticks of a round."""
BRANCHED = 16
"""How many games a round replaces by branches, at most: one of each start, since branches of one fail alike."""
FRESH = 8
"""How many games a round replaces by fresh ones, at least."""
PLAYER = "mixed"
"""Who plays. It is cast anew in each round, so that one game is played in many ways."""
TOLD = 5
"""How many findings are written down."""


class Block(NamedTuple):
    """One round of N games: what became of them, the ticks to branch from, and how narrowly those were decided."""

    after: Games
    branch: Games  # before the tick that was decided most narrowly
    margin: NDArray[np.floating]  # [N] of that tick
    right: NDArray[np.bool_]  # [N] neither wrong nor over


@dataclass
class Hunt:
    """What was found, and in how many ticks."""

    transitions: int = 0
    findings: int = 0
    starts: set[int] = field(default_factory=set)  # seeds of the games with findings
    told: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """For JSON; ``starts`` counts all findings in branches of one game as one."""
        return {
            "transitions": self.transitions,
            "findings": self.findings,
            "per_1000": 1000 * self.findings / max(self.transitions, 1),
            "starts": len(self.starts),
        }


def searched(setting: Setting) -> dict[str, Any] | None:
    """What is found in ``config.search_ticks`` transitions with guidance (in a world that has margins) and in as many
    without, and the first findings of each, for JSON; None where old states do not stay valid."""
    truth, dream = setting.truth, setting.dream
    check_same_game(truth.spec, dream.spec)
    if not (truth.spec.branchable and dream.spec.branchable):
        setting.show.say(f"no search: {truth.spec.name} cannot be set back, and a search branches games")
        return None
    player = choose(setting.players, PLAYER, "player").build(truth)
    one = fresh(setting, player, seeds.rows(setting.config.seed, 0, 1))
    names = ("unguided",) if np.isnan(_margin(dream, one.dream)).any() else ("guided", "unguided")
    hunts = {name: _hunt(setting, player, name) for name in names}
    told = {f"{name} {number + 1}": each for name in names for number, each in enumerate(hunts[name].told)}
    rows = {name: hunt.summary() for name, hunt in hunts.items()}
    return {"ticks": setting.config.search_ticks, "hunts": rows, "findings": told}


def _hunt(setting: Setting, player: Player, name: str) -> Hunt:
    """Rounds until the transitions are spent."""
    seed, budget = seeds.derive(setting.config.seed, "search"), setting.config.search_ticks
    starts, casts = seeds.derive(seed, "starts"), seeds.derive(seed, "casts")
    hunt, begun = Hunt(), GAMES
    games = fresh(setting, player, seeds.rows(starts, 0, GAMES))
    with setting.show.bar(f"search, {name}", budget, "transitions") as at:
        for number in itertools.count():
            block = _round(setting, player, hunt, games, seeds.rows(casts, number * GAMES, GAMES))
            at(min(hunt.transitions, budget), f"{hunt.findings} findings")
            if hunt.transitions >= budget:
                break
            count = max(FRESH, int((~block.right).sum()))
            new = fresh(setting, player, seeds.rows(starts, begun, count))
            begun += count
            if name == "guided":
                games = _branched(block, new)
            else:
                games = _replaced(block, new, seeds.generator(seed, "replaced", number).random(GAMES))
    return hunt


def _round(setting: Setting, player: Player, hunt: Hunt, games: Games, cast: NDArray[np.uint64]) -> Block:
    """Plays a block with the player that the seeds ``cast`` [N] make, and notes what it finds."""
    truth, dream = setting.truth, setting.dream
    right = ~truth.status(games.truth).over
    memory, frames = player.init(cast), truth.render(games.truth)
    branch, margin = games, np.full(len(right), np.inf)
    for tick in range(BLOCK):
        if not right.any():
            break
        actions, memory = player.act(memory, tick, frames)
        state, dreamt = truth.update(games.truth, actions), dream.update(games.dream, actions)
        after = Games(games.seeds, longer(games.lines, actions), state, dreamt)
        frames, shown = truth.render(state), dream.render(dreamt)
        wrong = right & pixels_wrong(frames, shown, truth.spec.palette)
        hunt.transitions += int(right.sum())
        _note(setting, hunt, (games, after), (frames, shown), np.flatnonzero(wrong))
        right = right & ~wrong & ~truth.status(state).over
        decided = _margin(dream, dreamt)
        narrower = right & (decided < margin)  # never where there is no margin
        if narrower.any():
            branch, margin = select(narrower, games, branch), np.where(narrower, decided, margin)
        games = after
    return Block(games, branch, margin, right)


def _note(
    setting: Setting, hunt: Hunt, ticks: tuple[Games, Games], frames: tuple[Frames, Frames], wrong: NDArray[np.intp]
) -> None:
    """Counts the games ``wrong`` and writes the first few down, from the games before and after the tick and its
    frames, true and dreamt."""
    hunt.findings += len(wrong)
    hunt.starts.update(ticks[1].seeds[wrong].tolist())
    for row in wrong[: TOLD - len(hunt.told)]:
        one = np.array([row])
        before, after = (take(each, one) for each in ticks)
        hunt.told.append(written(setting, before, after, (frames[0][one], frames[1][one])))


def _branched(block: Block, new: Games) -> Games:
    """The games of the next round: fresh ones for those that have ended and a few of the surest, branches of the
    narrowest for the next surest."""
    rank = np.argsort(np.where(block.right, -block.margin, -np.inf), kind="stable")  # the surest first
    rest = rank[len(new.seeds) :]
    narrowest = rest[::-1]
    firsts = np.unique(block.after.seeds[narrowest], return_index=True)[1]
    source = narrowest[np.sort(firsts)][:BRANCHED]
    target = rest[~np.isin(rest, source)][: len(source)]
    rows, count = np.arange(len(rank)), len(rank)
    rows[rank[: len(new.seeds)]] = 2 * count + np.arange(len(new.seeds))
    rows[target] = count + source[: len(target)]
    return take(join([block.after, block.branch, new]), rows)


def _replaced(block: Block, new: Games, chance: NDArray[np.float64]) -> Games:
    """The same without branches: fresh games for those that have ended and for a few others, by ``chance`` [N]."""
    out = np.argsort(np.where(block.right, chance, -1), kind="stable")[: len(new.seeds)]
    rows = np.arange(len(chance))
    rows[out] = len(rows) + np.arange(len(out))
    return take(join([block.after, new]), rows)


def _margin(dream: Simulator, state: State) -> NDArray[np.floating]:
    """How narrowly each of N games was decided; NaN for a dream that does not tell."""
    return dream.margin(state) if isinstance(dream, Decisive) else np.full(1, np.nan)
