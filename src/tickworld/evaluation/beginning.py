"""Where truth and dreams begin together: the truth plays its first ticks, and every dream is shown them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.data.player import Memory, Player
from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.simulator import Opening, Simulator, Spec, State


@dataclass(frozen=True)
class Start:
    """Who plays what: ``count`` rows drawn from ``seed``, all with params drawn as the truth's spec says."""

    player: Player
    count: int
    seed: int
    first: int = 0  # number of the first row; row r is the same in whatever company

    @property
    def rows(self) -> NDArray[np.uint64]:
        """The seeds of the rows, apart from those of any recording with the same number."""
        return streams.rows(streams.derive(self.seed, "evaluation"), self.first, self.count)


class OverTooSoon(UserError):
    """No game lasts until the world starts."""


class Beginning(NamedTuple):
    """N games at their common start. It is a state itself: ``states.take`` gives some of its games."""

    params: NDArray[np.float64]  # [N, S]
    seeds: NDArray[np.uint64]  # [N]
    seen: tuple[Frames, ...]  # the true frames [N, H, W, C] of tick 0 to this one
    pressed: tuple[NDArray[np.integer], ...]  # the actions [N, P] between them
    truth: State
    memory: Memory  # of the player that pressed

    @property
    def tick(self) -> int:
        """The tick at which all stand."""
        return len(self.seen) - 1

    def dream(self, simulator: Simulator) -> State:
        """A dream that has been shown the last of the frames seen; one that starts at the very beginning is played up
        to here."""
        state = simulator.init(self.params, self.seeds, self._opening(simulator.spec))
        for actions in self.pressed if simulator.spec.opening == 0 else ():
            state = simulator.update(state, actions)
        return state

    def _opening(self, spec: Spec) -> Opening | None:
        """The last ``spec.opening`` of the frames seen so far."""
        length = spec.opening
        if length == 0:
            return None
        frames = np.stack(self.seen[-length:], 1)
        if length == 1:
            return Opening(frames, np.zeros((len(frames), 0, len(spec.players)), np.uint8))
        return Opening(frames, np.stack(self.pressed[-(length - 1) :], 1))


def begin(truth: Simulator, start: Start, opening: int) -> Beginning:
    """The truth played until ``opening`` frames are seen, at least one. Raises OverTooSoon when none lasts so long."""
    common = first_ticks(truth, start.player, start.rows, opening)
    if truth.status(common.truth).over.all():
        raise OverTooSoon(
            f"every game of {truth.spec.name} is over before the {len(common.seen)} frames that the world starts from; "
            "play more games, or with other players"
        )
    return common


def first_ticks(truth: Simulator, player: Player, rows: NDArray[np.uint64], opening: int) -> Beginning:
    """The same from the seeds ``rows`` [N], whether games are over by then or not."""
    params = truth.spec.draw(rows)
    state, memory = truth.init(params, rows), player.init(rows)
    seen, pressed = [truth.render(state)], []
    for tick in range(max(opening - 1, 0)):
        actions, memory = player.act(memory, tick, seen[-1])
        state = truth.update(state, actions)
        seen.append(truth.render(state))
        pressed.append(actions)
    return Beginning(params, rows, tuple(seen), tuple(pressed), state, memory)


def check_same_game(truth: Spec, dream: Spec) -> None:
    """Raises UserError for a dream of another game."""
    one, other = ((spec.frame_shape, spec.players, spec.actions) for spec in (truth, dream))
    if one != other:
        raise UserError(
            f"{truth.name} has frames {one[0]}, players {one[1]} and actions {one[2]}, and the world of {dream.name} "
            f"has {other[0]}, {other[1]} and {other[2]}; compare a world with the game it learned"
        )
