"""Truth and dreams side by side: the same start, the same actions, open loop. No dream ever sees a true frame again.

The truth plays as many first ticks as the longest opening asks for, the dreams are shown these frames, and from there
all go on alone, until the truth is over or the ticks are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.data.player import Memory, Player
from tickworld.errors import UserError
from tickworld.evaluation.floors import floors
from tickworld.frames import Frames
from tickworld.simulator import Opening, Simulator, Spec, State


@dataclass(frozen=True)
class Tick:
    """Frames [N, H, W, C] of one tick: ``truth``, and one entry a dream or floor. Rows that are not ``playing`` were
    over before this tick: nothing in them is to be judged."""

    index: int  # 0: the common start; then ticks since
    actions: NDArray[np.integer] | None  # [N, P] that led here; None at the start
    truth: Frames
    dreams: dict[str, Frames]
    playing: NDArray[np.bool_]  # [N]


@dataclass(frozen=True)
class Start:
    """Who plays what: ``count`` rows drawn from ``seed``, all with params drawn as the truth's spec says."""

    player: Player
    count: int
    seed: int

    @property
    def rows(self) -> NDArray[np.uint64]:
        """The seeds of the rows, apart from those of any recording with the same number."""
        return streams.rows(streams.derive(self.seed, "evaluation"), 0, self.count)


def rollout(
    truth: Simulator, dreams: dict[str, Simulator], start: Start, ticks: int, ball: NDArray[np.uint8] | None = None
) -> Iterator[Tick]:
    """Ticks 0 (the common start) to ``ticks``, or to the one at which every row is over. The floors stand among the
    dreams under their own names; that of the mean ball needs its picture, from ``floors.mean_ball``.

    Raises UserError for a dream of another game.
    """
    for dream in dreams.values():
        _check_same_game(truth.spec, dream.spec)
    seen, pressed, state, memory = _first_ticks(truth, start, max((d.spec.opening for d in dreams.values()), default=0))
    states = {
        name: _begin(dream, truth.spec.draw(start.rows), start.rows, seen, pressed) for name, dream in dreams.items()
    }
    actions, playing = None, ~truth.status(state).over
    if not playing.any():
        raise UserError(
            f"every game of {truth.spec.name} is over before the {len(seen)} frames that the world starts from; "
            "play more games, or with other players"
        )
    for index in range(ticks + 1):
        true_frames = truth.render(state)
        frames = {name: dreams[name].render(states[name]) for name in dreams}
        yield Tick(index, actions, true_frames, frames | floors(truth, state, seen[-1], ball), playing)
        playing = playing & ~truth.status(state).over
        if index == ticks or not playing.any():
            return
        actions, memory = start.player.act(memory, len(seen) - 1 + index, true_frames)
        state = truth.update(state, actions)
        states = {name: dreams[name].update(states[name], actions) for name in dreams}


def _first_ticks(
    truth: Simulator, start: Start, opening: int
) -> tuple[list[Frames], list[NDArray[np.integer]], State, Memory]:
    """The truth until ``opening`` frames are seen, at least one: frames, actions, its state and the player's memory."""
    state, memory = truth.init(truth.spec.draw(start.rows), start.rows), start.player.init(start.rows)
    seen, pressed = [truth.render(state)], []
    for tick in range(max(opening - 1, 0)):
        actions, memory = start.player.act(memory, tick, seen[-1])
        state = truth.update(state, actions)
        seen.append(truth.render(state))
        pressed.append(actions)
    return seen, pressed, state, memory


def _begin(
    dream: Simulator,
    params: NDArray[np.float64],
    rows: NDArray[np.uint64],
    seen: list[Frames],
    pressed: list[NDArray[np.integer]],
) -> State:
    """The dream at the last of the frames seen; one that starts at the very beginning is played up to there."""
    state = dream.init(params, rows, _opening(dream.spec, seen, pressed))
    for actions in pressed if dream.spec.opening == 0 else ():
        state = dream.update(state, actions)
    return state


def _check_same_game(truth: Spec, dream: Spec) -> None:
    one, other = ((spec.frame_shape, spec.players, spec.actions) for spec in (truth, dream))
    if one != other:
        raise UserError(
            f"{truth.name} has frames {one[0]}, players {one[1]} and actions {one[2]}, and the world of {dream.name} "
            f"has {other[0]}, {other[1]} and {other[2]}; compare a world with the game it learned"
        )


def _opening(spec: Spec, seen: list[Frames], pressed: list[NDArray[np.integer]]) -> Opening | None:
    """The last ``spec.opening`` of the frames seen so far."""
    length = spec.opening
    if length == 0:
        return None
    frames = np.stack(seen[-length:], 1)
    if length == 1:
        return Opening(frames, np.zeros((len(frames), 0, len(spec.players)), np.uint8))
    return Opening(frames, np.stack(pressed[-(length - 1) :], 1))
