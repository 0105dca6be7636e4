"""A game that was played, played again: to be saved as an episode, or to be drawn.

The page sends what was pressed and never a frame, so what is saved is what the game does. Truth and dream follow from
params, seed and actions alone (law 2 of ``tickworld.simulator``), so it is what was seen as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import files
from tickworld.errors import UserError
from tickworld.frames import Frames, pixels_wrong
from tickworld.play.scene import Scene, Sight, anchored
from tickworld.simulator import Opening, Simulator, Spec

PLAYERS = "people"
"""Who played, in the manifest of a recording."""
GIF_FPS = 30
MOST_FOLDERS = 1000


class Game(NamedTuple):
    """One game: ``params`` [1, S] and ``seeds`` [1] that it began with, ``actions`` uint8 [T, P]."""

    params: NDArray[np.float64]
    seeds: NDArray[np.uint64]
    actions: NDArray[np.uint8]


class Saved(NamedTuple):
    """Episode ``number`` of the recording in ``folder``."""

    number: int
    folder: Path


@dataclass(frozen=True)
class Again:
    """A player who presses what was pressed before, ``actions`` [T, P], in each of its games."""

    actions: NDArray[np.uint8]

    def init(self, seeds: NDArray[np.uint64]) -> None:
        """Nothing is remembered."""

    def act(self, memory: None, tick: int, frames: Frames) -> tuple[NDArray[np.uint8], None]:
        """The same keys again."""
        return self.actions[None, tick].repeat(len(frames), 0), None


def save(scene: Scene, game: Game) -> Saved:
    """Appends a game to the recording of all that people played of it, below the scene's folder.

    Games whose params differ in more than what is drawn for each episode go into recordings of their own: who learns
    from one learns one game. Raises UserError for a game that is too short or too long, and when the disk refuses.
    """
    if scene.folder is None:
        raise UserError("there is no folder for episodes; start the server with one, such as --out runs/played")
    base, frame = scene.folder, int(np.prod(scene.truth.spec.frame_shape))
    if base.exists() and not base.is_dir():
        raise UserError(f"{base} is not a folder, and episodes go into one; start the server with another --out")
    _check_length(game, min(scene.limits.episode_ticks, scene.limits.episode_bytes // frame), "an episode here")
    from tickworld.data import store
    from tickworld.data.record import play_episodes

    again = Again(game.actions)
    episode = play_episodes(scene.truth, again, game.seeds, len(game.actions), params=game.params)
    spec = _own_spec(scene.truth.spec, game.params[0])
    with files.alone(base):  # other servers may save here too
        folder = _folder(base, spec)
        return Saved(store.append(folder, spec, PLAYERS, episode), folder)


def gif(scene: Scene, game: Game, anchors: Collection[int] = ()) -> bytes:
    """Truth beside dream as a GIF, from the tick at which the dream begins; at the ticks ``anchors`` the dream is set
    right by the truth.

    Raises UserError where there is no dream, and for a game that is too short or too long.
    """
    dream = scene.simulator("dream")
    _check_length(game, scene.limits.gif_ticks, "a GIF")
    from tickworld.visual.split_screen import Layout, split_screen
    from tickworld.visual.video import gif_bytes

    first = max(dream.spec.opening - 1, 0)
    if len(game.actions) <= first:
        raise UserError(
            f"the dream begins at tick {first}, after the frames that it is shown; got a game of {len(game.actions)} "
            "ticks; play on"
        )
    truth, game = _played(scene.truth, game)
    shown, dreamt = truth[first:], _dreamt(dream, truth, game, frozenset(anchors))
    wrong = np.flatnonzero(pixels_wrong(shown, dreamt, scene.truth.spec.palette)[1:])
    right = int(wrong[0]) if len(wrong) else len(shown) - 1
    return gif_bytes(split_screen(shown, dreamt, right, layout=Layout(title=scene.truth.spec.name)), GIF_FPS)


def _check_length(game: Game, most: int, what: str) -> None:
    if not 0 < len(game.actions) <= most:
        raise UserError(
            f"{what} has 1 to {most:,} ticks; got {len(game.actions):,}; "
            + ("rewind to an earlier one" if len(game.actions) else "play first")
        )


def _played(simulator: Simulator, game: Game) -> tuple[Frames, Game]:
    """Frames [T+1, H, W, C] of a game, and the game without what was pressed after its end."""
    state = simulator.init(game.params, game.seeds)
    frames = [simulator.render(state)]
    for actions in game.actions:
        if simulator.status(state).over[0]:
            break
        state = simulator.update(state, actions[None])
        frames.append(simulator.render(state))
    return np.concatenate(frames), game._replace(actions=game.actions[: len(frames) - 1])


def _dreamt(dream: Simulator, truth: Frames, game: Game, anchors: frozenset[int]) -> Frames:
    """The dream's frames [T', H, W, C], from the tick at which it begins, when it is set right at ``anchors``."""
    length = dream.spec.opening
    first = max(length - 1, 0)
    state = dream.init(game.params, game.seeds, _last(truth, game, first, length))
    frames = []
    for tick in range(first, len(truth)):
        if tick > first:
            state = dream.update(state, game.actions[tick - 1, None])
        if tick in anchors:
            sight = Sight(game.params, game.seeds, truth[tick, None], _last(truth, game, tick, length))
            state = anchored(dream, state, sight)
        frames.append(dream.render(state))
    return np.concatenate(frames)


def _last(truth: Frames, game: Game, tick: int, length: int) -> Opening | None:
    """The last ``length`` frames up to ``tick``."""
    if length == 0:
        return None
    first = tick - length + 1
    return Opening(truth[None, first : tick + 1], game.actions[None, first:tick])


def _own_spec(spec: Spec, params: NDArray[np.float64]) -> Spec:
    """``spec`` with the params that are not drawn fixed at those of the game."""
    pairs = zip(spec.params, params.tolist(), strict=True)
    return spec.with_params({each.name: value for each, value in pairs if not each.drawn and value != each.default})


def _folder(base: Path, spec: Spec) -> Path:
    """The first of NAME, NAME-2, NAME-3, ... below ``base`` that takes episodes of a game with ``spec``."""
    from tickworld.data import store

    name = files.plain_name(spec.name)
    for number in range(1, MOST_FOLDERS + 1):
        folder = base / (name if number == 1 else f"{name}-{number}")
        try:
            if store.takes(folder, spec):
                return folder
        except UserError:  # a broken recording: it stays as it is
            continue
    raise UserError(f"{base} holds {MOST_FOLDERS} other recordings of {spec.name}; choose another folder with --out")
