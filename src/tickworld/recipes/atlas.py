"""An atlas of an engine: its games as points in the space of its vectors, a map of that space, and what its directions
mean. As a page the map is played: any place of it is a game.

    atlas.html    the page of the engine (``export.page``) with the map beside the game
    atlas.png     the map as a picture

Games are those that the engine learned, and some that it did not: of a family the split ``between``, else further draws
of the same params. An engine that learned a table of vectors has none for games of which it has not seen anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.data.batches import WindowShape, windows
from tickworld.errors import UserError, choose
from tickworld.evaluation.directions import Direction, Placed, directions
from tickworld.evaluation.inspection.mapped import Plane, plane
from tickworld.export.page import Page, export_page, fields
from tickworld.games.families import Kindred, restrict
from tickworld.models.initializers.table import Table
from tickworld.models.parts import State
from tickworld.progress import Progress, Silent
from tickworld.recipes.bake import Engined, engined, inferred, one_game, some_episodes
from tickworld.recipes.config import GameConfig
from tickworld.recipes.run import Run
from tickworld.recipes.shelf import known
from tickworld.simulator import Spec
from tickworld.tensors import to_tensor
from tickworld.visual import curves
from tickworld.visual.atlas import Arrow, Colouring, chart

UNSEEN = 64
"""Games that the engine has not learned, at most."""
BEGINNINGS = 256
"""Openings in all, from which the games begin anew in the page, and one for each game at least."""
EACH = 4
"""Openings of one game, at most."""


class Atlas(NamedTuple):
    """Games of ``spec`` that are ``known`` to the engine, and ``unseen`` ones; the ``plane`` of all their vectors, in
    which the known ones come first, and the ``directions``. ``begun`` are states at the end of some openings of
    each game, those of a game in a row: as many for each."""

    spec: Spec
    known: Placed
    unseen: Placed
    plane: Plane
    directions: list[Direction]
    begun: State

    @property
    def mean(self) -> NDArray[np.float64]:
        """The vector in the middle of the map, [E]."""
        return self.vectors.astype(float).mean(0)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Those of all games, [N, E]."""
        return np.concatenate([self.known.vectors, self.unseen.vectors])

    @property
    def rows(self) -> NDArray[np.float64]:
        """The params of all games, [N, S]."""
        return np.concatenate([self.known.rows, self.unseen.rows])


def survey(run: Run, games: int, show: Progress | None = None) -> Atlas:
    """The atlas of the engine of ``run`` with ``games`` of the games that it learned, at most. Raises UserError for a
    run of no engine, and for one whose games are all the same to it."""
    show = show or Silent()
    torch.set_num_threads(run.config.threads)
    engine = engined(run.world().world)
    learned, others = _games(run.config.game, games)
    if isinstance(engine.initializer, Table):
        others = others[:0]
    rows = np.concatenate([learned, others])
    each = int(np.clip(BEGINNINGS // max(len(rows), 1), 1, EACH))
    found, begun = [], []
    with show.bar("placing games", len(rows), "games") as at:
        for number, row in enumerate(rows):
            vector, states = _placed(run, engine, row, each)
            found.append(vector.numpy())
            begun.append(states)
            at(number + 1, "")
    vectors = np.stack(found)
    if not np.ptp(vectors, axis=0).any():
        raise UserError(
            "this engine has one vector for all its games, and no map can be drawn of one point; give a run that "
            "learned many games, such as that of tickworld train engine_pong"
        )
    spec, count = _whole(run.config.game).build().spec, len(learned)
    of = Placed(rows[:count], vectors[:count]), Placed(rows[count:], vectors[count:])
    together = type(begun[0])(*(torch.cat(parts) for parts in zip(*begun, strict=True)))
    return Atlas(spec, *of, plane(vectors), directions(spec.params, *of), together)


def to_json(atlas: Atlas) -> dict[str, Any]:
    """What is known of the map, as plain values: shares of variance, and each param's score and way on the map."""
    return {
        "game": atlas.spec.name,
        "games": {"learned": len(atlas.known.rows), "unseen": len(atlas.unseen.rows)},
        "shares": list(atlas.plane.shares),
        "directions": {
            each.param.name: {
                "score": each.score,
                "spread": each.spread,
                "length": _length(each),
                "on_map": None if each.values else (each.along @ atlas.plane.axes.T * each.spread)[0].tolist(),
            }
            for each in atlas.directions
        },
    }


def picture(atlas: Atlas, colour: str | None = None) -> bytes:
    """The map as a PNG, coloured by the param ``colour``, by default the one that leads farthest on it. Raises
    UserError for a param that is the same in all games, or that there is not."""
    ways = {each.param.name: each for each in atlas.directions}
    leads = {name: way.along @ atlas.plane.axes.T * way.spread for name, way in ways.items()}
    by = choose(ways, colour, "param that varies") if colour else max(ways.values(), key=lambda way: _reach(atlas, way))
    arrows = [Arrow(name, *leads[name][0]) for name, way in ways.items() if not way.values]
    coloured = Colouring(by.param.name, atlas.rows[:, by.column], bool(by.values))
    return curves.png(chart(atlas.plane.places, atlas.plane.shares, coloured, arrows, len(atlas.known.rows)))


def write(run: Run, atlas: Atlas, out: Path, show: Progress | None = None) -> Page:
    """Writes the page of ``atlas`` to ``out``, whole or not at all. Raises UserError as ``export.page.export_page``
    does."""
    told = known(run.folder)
    return export_page(run.world(), out, told.provenance, told.calibration, show, facts(atlas))


def facts(atlas: Atlas) -> dict[str, Any]:
    """What the page is told, plain values: see ``export.page``."""
    learned, count = len(atlas.known.rows), len(atlas.rows)
    return {
        "field": "game",
        "mean": atlas.mean.tolist(),
        "axes": atlas.plane.axes.tolist(),
        "shares": list(atlas.plane.shares),
        "games": [
            {"params": row.tolist(), "vector": [float(str(number)) for number in vector], "learned": number < learned}
            for number, (row, vector) in enumerate(zip(atlas.rows, atlas.vectors, strict=True))
        ],
        "directions": [
            {
                "column": each.column,
                "values": list(each.values),
                "along": each.along.tolist(),
                "reads": each.reads.tolist(),
                "bias": each.bias.tolist(),
                "spread": each.spread,
                "score": each.score,
            }
            for each in atlas.directions
        ],
        "beginnings": len(atlas.begun.out) // count,
        "begun": fields(atlas.begun),
    }


def _length(way: Direction) -> float:
    """How far the vector moves with the param: for one spread of a number, or from a choice's mean to its values."""
    return float(np.sqrt(np.square(way.along * (1 if way.values else way.spread)).sum(1).mean()))


def _reach(atlas: Atlas, way: Direction) -> float:
    """The same on the map."""
    return float(np.sqrt(np.square((way.along * (1 if way.values else way.spread)) @ atlas.plane.axes.T).sum(1).mean()))


def _whole(game: GameConfig) -> GameConfig:
    """The game with all the params that it is drawn from."""
    return game.model_copy(update={"split": None})


def _games(game: GameConfig, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Params [N, S] of games that were learned, up to ``most``, and of others; where they start is as usual."""
    spec = game.build().spec
    if spec.games:
        learned = np.array(spec.games)[:most]
        family = _whole(game).build()
        others = np.array(restrict(family, "between", UNSEEN).spec.games) if isinstance(family, Kindred) else learned
    else:
        learned = _drawn(spec, "known", most)
        others = _drawn(spec, "unseen", UNSEEN)
    seen = {tuple(row) for row in learned}
    return learned, np.array([row for row in others if tuple(row) not in seen]).reshape(-1, learned.shape[1])


def _drawn(spec: Spec, name: str, count: int) -> NDArray[np.float64]:
    """Different games as ``spec`` draws them, in the order they are drawn in."""
    rows = spec.draw(seeds.rows(seeds.derive(0, "atlas", name), 0, count))
    starts = [column for column, param in enumerate(spec.params) if param.start]
    rows[:, starts] = spec.defaults(1)[:, starts]
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]


@torch.no_grad()
def _placed(run: Run, engine: Engined, row: NDArray[np.float64], each: int) -> tuple[torch.Tensor, State]:
    """The vector [E] of the game with the params ``row`` [S], and states of ``each`` of its openings."""
    opening, spec = engine.initializer.opening, _whole(run.config.game).build().spec
    params = {param.name: float(value) for param, value in zip(spec.params, row, strict=True) if not param.start}
    episodes = some_episodes(one_game(run.config.game, params).build(), run.config, opening)
    vector = inferred(engine, episodes)
    some = windows(episodes, WindowShape(opening, 1, each), seeds.derive(0, "atlas", "begun"), 0)
    shown = to_tensor(some.opening_frames), torch.as_tensor(some.opening_actions)
    state = engine.world.init(torch.as_tensor(some.params, dtype=torch.float32), *shown)
    return vector, state._replace(game=vector.expand(each, -1))
