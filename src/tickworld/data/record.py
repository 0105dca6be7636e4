"""Recording: a simulator and a player make episodes, block by block.

Episode r depends only on (simulator, player, seed, r), so the result is the same whatever the size of a block, however
often the recording was killed and continued, and whoever records which block.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import __version__, files, seeds
from tickworld.data import store
from tickworld.data.episode import Episodes, check_episodes, expected_arrays
from tickworld.data.manifest import Manifest, Plan
from tickworld.data.player import Player
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.frames import check_frames
from tickworld.simulator import Simulator, Spec, State, Truthful
from tickworld.workers import Alone, Workers

Progress = Callable[[int, int], None]
"""Is told how many frames of how many are done, every few ticks."""

_PROGRESS_TICKS = 64


def record(
    simulator: Simulator,
    player: Player,
    plan: Plan,
    path: Path,
    progress: Progress | None = None,
    by: Workers | None = None,
) -> Store:
    """Records what ``plan`` asks for into ``path``; what is whole there of a recording that was cut short is kept.

    ``by``: who plays the blocks; None: this process. Only one may record into a folder at a time. Raises UserError when
    ``path`` holds anything else (it says what differs), when the disk refuses, and when the player presses keys that
    the simulator does not have.
    """
    target = store.create(path, Manifest(version=__version__, spec=simulator.spec, plan=plan))
    files.clear_partials(path)
    done, frames = target.blocks_done(), plan.episodes * plan.ticks
    kept = sum(len(target.rows(index)) for index in done) * plan.ticks
    block, tell = _Block(simulator, player, target), progress or (lambda done, frames: None)
    missing = sorted(set(range(target.blocks)) - set(done))
    tell(kept, frames)
    if by is None:
        by, block = Alone(), functools.partial(block, tell=lambda played, _: tell(kept + played, frames))
    for index, _ in by.each(block, missing):
        kept += len(target.rows(index)) * plan.ticks
        tell(kept, frames)
    return target


class _Block(NamedTuple):
    """Plays and writes blocks of a recording."""

    simulator: Simulator
    player: Player
    target: Store

    def __call__(self, index: int, tell: Progress | None = None) -> None:
        """Block ``index``, whole or not at all."""
        rows, plan = self.target.rows(index), self.target.manifest.plan
        row_seeds = seeds.rows(plan.seed, rows.start, len(rows))
        self.target.write_block(index, play_episodes(self.simulator, self.player, row_seeds, plan.ticks, tell))


def play_episodes(
    simulator: Simulator,
    player: Player,
    row_seeds: NDArray[np.uint64],
    ticks: int,
    progress: Progress | None = None,
    params: NDArray[np.float64] | None = None,
) -> Episodes:
    """One episode for each of ``row_seeds`` [E], of ``ticks`` ticks or until it is over, in memory.

    ``seeds.rows(seed, 0, E)`` gives the episodes that ``record`` writes. ``params`` [E, S]; None: drawn by the seeds.
    Raises UserError for frames or actions that do not fit the spec.
    """
    spec = simulator.spec
    params = spec.draw(row_seeds) if params is None else params
    state, memory = simulator.init(params, row_seeds), player.init(seeds.mix(row_seeds, "player"))
    frames, playing = simulator.render(state), ~simulator.status(state).over
    check_frames(frames, spec)
    tape = _blank(spec, params, row_seeds, ticks, truth_of(simulator, state))
    _write_tick(tape, 0, frames, truth_of(simulator, state), slice(None))
    for tick in range(ticks):
        if not playing.any():
            break
        actions, memory = player.act(memory, tick, frames)
        _check_actions(actions, len(row_seeds), spec)
        state = simulator.update(state, actions)
        frames, (reward, over) = simulator.render(state), simulator.status(state)
        rows = slice(None) if playing.all() else playing  # a slice copies much faster than a mask
        tape.actions[rows, tick], tape.rewards[rows, tick] = actions[rows], reward[rows]
        _write_tick(tape, tick + 1, frames, truth_of(simulator, state), rows)
        playing = playing & ~over
        tape.lengths[rows] = tick + 1
        tape.over[:, tick] = ~playing
        if progress and tick % _PROGRESS_TICKS == 0:
            progress(tick * len(row_seeds), ticks * len(row_seeds))
    _pad(tape)
    check_episodes(tape, spec)
    return tape


def _blank(
    spec: Spec, params: NDArray[np.float64], row_seeds: NDArray[np.uint64], ticks: int, truth: dict[str, NDArray]
) -> Episodes:
    """Episodes to be filled in: each is over until a tick is written that says otherwise."""
    count = len(row_seeds)
    shapes = expected_arrays(spec, count, ticks)
    arrays = {
        name: np.zeros(shape, dtype) for name, (dtype, shape) in shapes.items() if name not in ("params", "seeds")
    }
    arrays["over"][:] = True
    room = {name: np.empty((count, ticks + 1, *values.shape[1:]), values.dtype) for name, values in truth.items()}
    return Episodes(**arrays, params=params, seeds=row_seeds, truth=room)


def _write_tick(
    tape: Episodes, tick: int, frames: NDArray[np.uint8], truth: dict[str, NDArray], rows: slice | NDArray[np.bool_]
) -> None:
    """Frames and truth of all simulated rows, of which ``rows`` are written at ``tick``."""
    tape.frames[rows, tick] = frames[rows]
    for name, values in truth.items():
        tape.truth[name][rows, tick] = values[rows]


def _pad(tape: Episodes) -> None:
    """Repeats the last frame and truth of every episode that ended early."""
    for row in np.flatnonzero(tape.lengths < tape.ticks):
        last = tape.lengths[row]
        for values in (tape.frames, *tape.truth.values()):
            values[row, last + 1 :] = values[row, last]


def truth_of(simulator: Simulator, state: State) -> dict[str, NDArray]:
    """What ``simulator`` says is true of a state; of one that does not say, the fields of a state that is a NamedTuple
    of numpy arrays of numbers, and else nothing."""
    if isinstance(simulator, Truthful):
        return simulator.truth(state)
    fields = state._asdict() if hasattr(state, "_asdict") else {}
    plain = all(isinstance(values, np.ndarray) and values.dtype.kind in "biuf" for values in fields.values())
    return fields if plain else {}


def _check_actions(actions: NDArray[np.integer], count: int, spec: Spec) -> None:
    if actions.shape != (count, len(spec.players)):
        raise UserError(
            f"a player of {spec.name} must press keys of shape [{count}, {len(spec.players)}], a row for each game "
            f"and a column each for {', '.join(spec.players)}; got {list(actions.shape)}; choose another player"
        )
