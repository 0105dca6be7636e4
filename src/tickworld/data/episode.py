"""The record types of what was played, and the one place that states the rule of time:

    frames    f0     f1     f2    ...    fT          T + 1 frames: the last one is recorded too
    actions      a0     a1     ...  aT-1             T actions: actions[t] leads from frames[t] to frames[t + 1]
    rewards      r0     r1     ...  rT-1             what that tick brought
    over         o0     o1     ...  oT-1             whether it ended the simulation for good

An episode that is over early has a ``length`` below T. What follows its last frame is padding, never a transition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError
from tickworld.simulator import Spec

Array = TypeVar("Array", bound=np.ndarray)


@dataclass(frozen=True)
class Episodes:
    """E episodes side by side, each of up to T ticks.

    After an episode's end its frames and truth repeat the last one, its actions and rewards are 0 and ``over`` is true.
    """

    frames: NDArray[np.uint8]  # [E, T+1, H, W, C]
    actions: NDArray[np.uint8]  # [E, T, P] indices into the spec's actions
    rewards: NDArray[np.float32]  # [E, T, P]
    over: NDArray[np.bool_]  # [E, T]
    params: NDArray[np.float64]  # [E, S]
    seeds: NDArray[np.uint64]  # [E]
    lengths: NDArray[np.int32]  # [E] valid ticks, 0..T
    truth: Mapping[str, NDArray] = field(
        default_factory=dict
    )  # [E, T+1, ...] fields of the true state, where it has any

    def __len__(self) -> int:
        """The number of episodes E."""
        return len(self.seeds)

    @property
    def ticks(self) -> int:
        """T: the number of ticks there is room for."""
        return self.actions.shape[1]

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return sum(getattr(self, name).nbytes for name in ARRAYS) + sum(each.nbytes for each in self.truth.values())


ARRAYS = tuple(each.name for each in fields(Episodes) if each.name != "truth")
"""The names of the arrays that every recording has."""


@dataclass(frozen=True)
class Episode:
    """One episode without padding, T its own length. Axes as in ``Episodes`` without the first."""

    frames: NDArray[np.uint8]  # [T+1, H, W, C]
    actions: NDArray[np.uint8]  # [T, P]
    rewards: NDArray[np.float32]  # [T, P]
    over: NDArray[np.bool_]  # [T]
    params: NDArray[np.float64]  # [S]
    seed: int
    truth: Mapping[str, NDArray]  # [T+1, ...]


def episode(episodes: Episodes, index: int) -> Episode:
    """Episode number ``index`` (views, no copies)."""
    ticks = int(episodes.lengths[index])
    return Episode(
        frames=episodes.frames[index, : ticks + 1],
        actions=episodes.actions[index, :ticks],
        rewards=episodes.rewards[index, :ticks],
        over=episodes.over[index, :ticks],
        params=episodes.params[index],
        seed=int(episodes.seeds[index]),
        truth={name: values[index, : ticks + 1] for name, values in episodes.truth.items()},
    )


def select(episodes: Episodes, index: slice | NDArray[np.integer] | NDArray[np.bool_]) -> Episodes:
    """The episodes that ``index`` picks, in its order: a slice gives views, an index array or a mask copies."""
    arrays = {name: getattr(episodes, name)[index] for name in ARRAYS}
    return Episodes(**arrays, truth={name: values[index] for name, values in episodes.truth.items()})


def concatenate(parts: Sequence[Episodes]) -> Episodes:
    """All ``parts`` one after the other. Raises UserError when their shapes differ."""
    return gather(parts, sum(len(part) for part in parts))


def gather(parts: Iterable[Episodes], count: int) -> Episodes:
    """The first ``count`` episodes of ``parts``, which are taken one at a time: no two are held beside the whole.

    Raises UserError when their shapes differ or when there are fewer than ``count``.
    """
    whole: Episodes | None = None
    done = 0
    for part in parts:
        part = select(part, slice(0, count - done))
        if whole is None:
            whole = part if len(part) == count else _room(part, count)
        if whole is not part:
            _copy_into(whole, part, done)
        done += len(part)
        if done == count:
            break
    if whole is None or done < count:
        raise UserError(f"expected {count} episodes, at least one; got {done}; record more or ask for fewer")
    return whole


def widened(episodes: Episodes, ticks: int) -> Episodes:
    """The same episodes with room for ``ticks`` ticks, as many as now or more."""
    more = ticks - episodes.ticks
    if not more:
        return episodes

    def last(values: NDArray) -> NDArray:
        return np.concatenate([values, values[:, -1:].repeat(more, 1)], 1)

    def blank(values: NDArray, value: float = 0) -> NDArray:
        return np.concatenate([values, np.full_like(values, value, shape=(len(values), more, *values.shape[2:]))], 1)

    return replace(
        episodes,
        frames=last(episodes.frames),
        actions=blank(episodes.actions),
        rewards=blank(episodes.rewards),
        over=blank(episodes.over, True),
        truth={name: last(values) for name, values in episodes.truth.items()},
    )


def check_episodes(episodes: Episodes, spec: Spec, what: str = "episodes") -> None:
    """Raises UserError unless every array has the type and shape that ``spec`` asks for and legal values."""
    count = len(episodes)
    ticks = max(episodes.actions.shape[1:2], default=0)
    for name, (dtype, shape) in expected_arrays(spec, count, ticks).items():
        _check_array(getattr(episodes, name), dtype, shape, f"{name} of {what}")
    for name, values in episodes.truth.items():
        check_truth(values.dtype, values.shape, count, ticks, f"truth {name!r} of {what}")
    if ((episodes.lengths < 0) | (episodes.lengths > ticks)).any():
        raise UserError(
            f"lengths of {what} must lie in 0..{ticks} ticks; got {episodes.lengths.tolist()}; count them again"
        )
    spec.check_actions(episodes.actions, f"actions of {what}")


def expected_arrays(spec: Spec, count: int, ticks: int) -> dict[str, tuple[type, tuple[int, ...]]]:
    """The type and shape of every array but the truth, for ``count`` episodes of ``ticks`` ticks."""
    players = len(spec.players)
    return {
        "frames": (np.uint8, (count, ticks + 1, *spec.frame_shape)),
        "actions": (np.uint8, (count, ticks, players)),
        "rewards": (np.float32, (count, ticks, players)),
        "over": (np.bool_, (count, ticks)),
        "params": (np.float64, (count, len(spec.params))),
        "seeds": (np.uint64, (count,)),
        "lengths": (np.int32, (count,)),
    }


def check_truth(dtype: np.dtype, shape: tuple[int, ...], count: int, ticks: int, what: str) -> None:
    """Raises UserError unless a field of the true state holds numbers [E, T+1, ...]; never Python objects."""
    if dtype.kind not in "biuf" or shape[:2] != (count, ticks + 1):
        raise UserError(f"{what} must be numbers of shape [{count}, {ticks + 1}, ...]; got {dtype} {list(shape)}")


def _check_array(array: np.ndarray, dtype: type, shape: tuple[int, ...], what: str) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise UserError(
            f"{what} must be {np.dtype(dtype)} of shape {list(shape)}; got {array.dtype} {list(array.shape)}; "
            "make them with the same simulator"
        )


def _room(part: Episodes, count: int) -> Episodes:
    """Room for ``count`` episodes like those of ``part``."""

    def wider(values: Array) -> Array:
        return np.empty_like(values, shape=(count, *values.shape[1:]))

    return Episodes(
        frames=wider(part.frames),
        actions=wider(part.actions),
        rewards=wider(part.rewards),
        over=wider(part.over),
        params=wider(part.params),
        seeds=wider(part.seeds),
        lengths=wider(part.lengths),
        truth={name: wider(values) for name, values in part.truth.items()},
    )


def _copy_into(whole: Episodes, part: Episodes, first: int) -> None:
    """Copies ``part`` to the places from ``first`` on. Raises UserError when it holds other fields or shapes."""
    pairs = {name: (getattr(whole, name), getattr(part, name)) for name in ARRAYS}
    if whole.truth.keys() != part.truth.keys():
        raise UserError(f"cannot join episodes with the truth {list(whole.truth)} and with {list(part.truth)}")
    pairs |= {f"truth {name!r}": (values, part.truth[name]) for name, values in whole.truth.items()}
    for name, (target, source) in pairs.items():
        if target.shape[1:] != source.shape[1:] or target.dtype != source.dtype:
            raise UserError(
                f"cannot join episodes whose {name} are {target.dtype} {list(target.shape[1:])} and "
                f"{source.dtype} {list(source.shape[1:])}; record them with the same settings"
            )
        target[first : first + len(part)] = source
