"""Families of games: one game whose params span a space, and which of its games are learned from and which are not.

    seen      games to learn from: random places of the space, of the kinds that are seen
    between   inside of the space, with values that no seen game has in at least half of the axes
    corner    every axis at one of its ends; of the seen games at most half of the axes are
    strange   kinds that are not seen, at places as seen ones have

Every split is a list that begins alike however long it is, and follows from nothing but the family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.errors import UserError
from tickworld.simulator import Simulator

Split = Literal["seen", "between", "corner", "strange"]
KEPT = 3
"""Every so manieth value of an axis, from its third on, is kept from the games that are seen."""


class Family(NamedTuple):
    """``axes``: params and the values that games have, in order, eight or more. ``kinds``: params of the kinds of games
    that are seen, ``strange``: of kinds that are not. Other params are at their defaults."""

    axes: dict[str, tuple[float, ...]]
    kinds: tuple[dict[str, float], ...] = ({},)
    strange: tuple[dict[str, float], ...] = ()


@runtime_checkable
class Kindred(Simulator, Protocol):
    """A game that is a family."""

    family: Family


def restrict(game: Simulator, split: Split, count: int) -> Simulator:
    """Makes ``game`` one of ``count`` games of a split in each episode. Raises UserError for a game that is no family,
    and for a split that it does not have."""
    if not isinstance(game, Kindred):
        raise UserError(f"{game.spec.name} is no family of games and has no split {split}; leave --game.split out")
    spec = game.spec
    rows = spec.defaults(count)
    for row, one in zip(rows, games_of(game.family, split, count, spec.name), strict=True):
        for name, value in one.items():
            row[spec.index(name)] = value
    game.spec = replace(spec, games=tuple(tuple(map(float, row)) for row in rows))
    spec.check_params(rows)
    return game


def games_of(family: Family, split: Split, count: int, name: str = "this game") -> list[dict[str, float]]:
    """The params of ``count`` games of a split, all different. Raises UserError where there are not as many."""
    kinds = family.strange if split == "strange" else family.kinds
    if not kinds:
        raise UserError(f"{name} has no kinds of games that are kept from training; take the split between or corner")
    found: dict[tuple[float, ...], dict[str, float]] = {}
    for number in range(200 * count + 1000):
        if len(found) == count:
            return list(found.values())
        chance = seeds.generator(0, "family", split, number)
        one = dict(kinds[int(chance.integers(len(kinds)))])
        place = [_place(len(values), split, chance) for values in family.axes.values()]
        if _belongs([len(values) for values in family.axes.values()], place, split):
            one |= {axis: values[at] for (axis, values), at in zip(family.axes.items(), place, strict=True)}
            found.setdefault(tuple(one.values()), one)
    raise UserError(f"{name} has only {len(found)} games in split {split}; got {count}; ask for fewer")


def kept(values: int) -> NDArray[np.bool_]:
    """Which of so many ``values`` of an axis no seen game has; never one of its ends."""
    place = np.arange(values)
    return (place % KEPT == KEPT - 1) & (place < values - 1)


def _place(values: int, split: Split, chance: np.random.Generator) -> int:
    """Where on an axis a game may be."""
    if split == "corner":
        return int(chance.integers(2)) * (values - 1)
    if split == "between":
        return int(chance.integers(1, values - 1))
    return int(chance.choice(np.flatnonzero(~kept(values))))


def _belongs(sizes: list[int], place: list[int], split: Split) -> bool:
    """Whether a game at these places is one of the split."""
    half = len(place) / 2
    if split == "between":
        return sum(bool(kept(size)[at]) for size, at in zip(sizes, place, strict=True)) >= half
    return split == "corner" or sum(at in (0, size - 1) for size, at in zip(sizes, place, strict=True)) <= half
