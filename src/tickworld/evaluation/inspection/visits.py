"""What an inspection looks at: states that a world comes through in games it was never trained on, and what was true
then.

The dream runs open loop from the common start; at every few ticks its state is kept as a row of numbers, beside the
frame that it shows and what the true game knows. A few whole states are kept too, with the keys that followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tickworld import seeds, states
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.data.record import truth_of
from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.frames import Frames
from tickworld.models.learned import Learned
from tickworld.progress import Progress
from tickworld.simulator import Probed, Simulator, Spec, State
from tickworld.tensors import to_tensor, with_sums

MOST = 4096
"""Numbers of one field that are kept of a state, drawn by lot: more would only cost time."""


class InspectionConfig(Config):
    """How a world is looked into."""

    games: int = Field(default=192, ge=5)
    """games that are dreamt, in which nobody trained"""
    ticks: int = Field(default=48, gt=0)
    """ticks of each of them"""
    every: int = Field(default=6, gt=0)
    """ticks between two states that are kept"""
    players: str = "held_out"
    """who plays them"""
    seed: int = Field(default=0, ge=0)
    """which games, and which of them are held out"""
    states: int = Field(default=2, gt=0)
    """sensitivity: states that are changed"""
    ahead: int = Field(default=4, gt=0)
    """sensitivity: ticks ahead that are looked at, at most"""
    components: int = Field(default=4096, gt=0)
    """sensitivity: numbers of a field that are changed, at most; of a larger field some, drawn by lot"""


@dataclass(frozen=True, eq=False)
class Moments:
    """S whole states of the world, each with the keys that followed."""

    state: Any  # the core's own record, S rows
    actions: NDArray[np.integer]  # [ahead, S, P]
    frames: Frames  # [S, H, W, C] that it shows


@dataclass(frozen=True, eq=False)
class Visits:
    """M states that were come through, one row each."""

    features: NDArray[np.float32]  # [M, D] the state's numbers, fields on one scale
    pixels: NDArray[np.float32]  # [M, D'] the same of the frame that it shows
    truth: dict[str, NDArray[np.float64]]  # [M] what was true, NaN where it was not there
    game: NDArray[np.int64]  # [M] in which game
    tick: NDArray[np.int64]  # [M] ticks since the common start
    fields: dict[str, tuple[int, ...]]  # the state's fields with their shapes
    spread: dict[str, float]  # standard deviation of the numbers of a field over all states
    highest: dict[str, float]  # and the greatest of them
    moments: Moments


def visit(world: Learned, truth: Simulator, player: Player, config: InspectionConfig, show: Progress) -> Visits:
    """Plays and dreams the games. Raises UserError for a world of another game."""
    check_same_game(truth.spec, world.spec)
    ahead = min(config.ahead, config.ticks)
    middle = (config.ticks - ahead) // 2
    start = begin(truth, Start(player, config.games, config.seed), world.spec.opening)
    true, memory, dreamt, playing = start.truth, start.memory, start.dream(world), ~truth.status(start.truth).over
    kept, actions = _Kept(world.spec), []
    moments: tuple[Any, Frames] | None = None
    with show.bar("dreaming", config.ticks, "ticks") as at:
        for tick in range(config.ticks + 1):
            frames = truth.render(true)
            if tick % config.every == 0 and playing.any():
                dream = own(world, dreamt)
                kept.add(np.flatnonzero(playing), tick, dream, world.render(dreamt), _true(truth, true, frames))
            if tick == middle:
                some = np.arange(min(config.states, config.games))
                moments = states.take(own(world, dreamt), some), world.render(dreamt)[some]
            at(tick, "")
            if tick == config.ticks:
                break
            pressed, memory = player.act(memory, start.tick + tick, frames)
            actions.append(pressed[: config.states])
            true, dreamt = truth.update(true, pressed), world.update(dreamt, pressed)
            playing = playing & ~truth.status(true).over
    assert moments is not None
    return kept.visits(Moments(moments[0], np.stack(actions[middle : middle + ahead]), moments[1]))


def own(world: Learned, state: Any) -> Any:
    """The core's record of a dream's state, of tensors that can be differentiated through."""
    state = world.core_state(state)
    return type(state)(*(field.clone() for field in state))


class _Kept:
    """Rows of numbers, gathered tick by tick."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.rows: dict[str, list[NDArray[np.float32]]] = {}
        self.truth: dict[str, list[NDArray[np.float64]]] = {}
        self.pixels: list[NDArray[np.float32]] = []
        self.game: list[NDArray[np.int64]] = []
        self.tick: list[NDArray[np.int64]] = []
        self.shapes: dict[str, tuple[int, ...]] = {}

    def add(
        self, playing: NDArray[np.int64], tick: int, dream: Any, frames: Frames, true: dict[str, NDArray[np.float64]]
    ) -> None:
        """The core's own records of one tick, of the games that are ``playing``."""
        for name, field in dream._asdict().items():
            self.shapes[name] = tuple(field.shape[1:])
            self.rows.setdefault(name, []).append(self._numbers(field[playing]))
        self.pixels.append(with_sums(to_tensor(frames[playing])).numpy())
        for name, values in true.items():
            self.truth.setdefault(name, []).append(values[playing])
        self.game.append(playing)
        self.tick.append(np.full(len(playing), tick))

    def _numbers(self, field: Tensor) -> NDArray[np.float32]:
        """The numbers of a field, [N, D]; of one that is laid out as the frame is, its sums too."""
        count, size = len(field), (self.spec.height, self.spec.width)
        if tuple(field.shape[-2:]) == size:
            return with_sums(field.float().reshape(count, -1, *size)).numpy()
        flat = field.float().reshape(count, -1)
        return flat[:, thinned(flat.shape[1], MOST)].numpy()

    def visits(self, moments: Moments) -> Visits:
        """All rows, each field divided by the spread of its numbers, so that none outweighs another by its unit."""
        fields = {name: np.concatenate(parts) for name, parts in self.rows.items()}
        plain = {name: values[:, : math.prod(self.shapes[name])] for name, values in fields.items()}  # without sums
        spread = {name: _spread(values) for name, values in plain.items()}
        pixels = np.concatenate(self.pixels)
        return Visits(
            features=np.concatenate([values / (spread[name] or 1.0) for name, values in fields.items()], 1),
            pixels=pixels / (_spread(pixels[:, : math.prod(self.spec.frame_shape)]) or 1.0),
            truth={name: np.concatenate(parts) for name, parts in self.truth.items()},
            game=np.concatenate(self.game),
            tick=np.concatenate(self.tick),
            fields=self.shapes,
            spread=spread,
            highest={name: float(values.max()) for name, values in plain.items()},
            moments=moments,
        )


def _spread(values: NDArray[np.float32]) -> float:
    """Standard deviation of each number around its own mean, over all of them."""
    return float((values - values.mean(0)).std())


def thinned(size: int, most: int) -> NDArray[np.int64]:
    """At most ``most`` of the indices below ``size``, in order: always the same ones, and not at equal distances, which
    would be stripes in a picture."""
    lot = seeds.generator(0, "thinned", size).permutation(size)[:most]
    return np.sort(lot)


def _true(truth: Simulator, state: State, frames: Frames) -> dict[str, NDArray[np.float64]]:
    """What is true of N games, [N] by name: what is seen in the true frame, then the numbers of the true state."""
    found = dict(_seen(truth, frames)) if isinstance(truth, Probed) else {}
    for name, values in truth_of(truth, state).items():
        found |= dict(_parts(name, values.astype(np.float64), truth.spec))
    return found


def _seen(truth: Probed, frames: Frames) -> Iterator[tuple[str, NDArray[np.float64]]]:
    objects = truth.objects(frames)
    for name, place in objects.positions.items():
        for axis, values in zip("xy", place[..., :2].T, strict=True):
            yield f"{name} {axis}, seen", values
    for name, reading in objects.readings.items():
        yield f"{name.replace('_', ' ')}, seen", np.where(reading < 0, np.nan, reading)


def _parts(name: str, values: NDArray[np.float64], spec: Spec) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """A field of the true state number by number; one for each player is called after the players."""
    if values.ndim == 1:
        yield name, values
    elif values.shape[1:] == (len(spec.players),):
        yield from ((f"{name} {player}", values[:, index]) for index, player in enumerate(spec.players))
    else:
        flat = values.reshape(len(values), -1)
        yield from ((f"{name} {index}", flat[:, index]) for index in range(flat.shape[1]))


def as_tensors(moments: Moments) -> tuple[Any, Tensor]:
    """The states and the keys that followed, [S, ahead, P], as tensors."""
    return moments.state, torch.from_numpy(moments.actions.astype(np.int64)).movedim(0, 1)
