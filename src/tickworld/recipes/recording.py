"""What a run learns from: its own recording or a given one, and more games beside it."""

from __future__ import annotations

import zlib
from pathlib import Path

from tickworld.agents import player
from tickworld.data import store
from tickworld.data.material import Material
from tickworld.data.record import record
from tickworld.data.recorded import Recorded, first_held_out
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.progress import Progress
from tickworld.recipes.config import RunConfig
from tickworld.simulator import Simulator, Spec


def recorded(config: RunConfig, folder: Path, show: Progress) -> Store:
    """The recording to learn from: recorded in ``folder`` now, as far as that is still to be done, or ``config.data``,
    or the one that is the game itself.

    Raises UserError when ``config.data`` is not a whole recording of this game.
    """
    game = config.game.build()
    if isinstance(game, Recorded):
        if config.data is not None and config.data.resolve() != game.store.path.resolve():
            raise UserError(
                f"this run learns the recording {game.store.path} and is given {config.data}; leave --data out, or "
                "give the same folder"
            )
        return game.store
    if config.data is None:
        plan = config.record
        who, total = player(plan.players, game), plan.episodes * plan.ticks
        with show.bar(f"recording {game.spec.name}", total, "frames") as at:
            there = record(game, who, plan, folder, lambda done, _: at(done, ""))
    else:
        there = store.open(config.data)
        _check_recording(there, game.spec)
    return there


def learned_from(there: Store, game: Simulator, limit: int | None = None) -> Material:
    """The episodes to be trained on, the first ``limit`` of them at most: all, or, where the recording itself is the
    game, those that are not held out to judge by, without params. Raises UserError when nothing could be held out."""
    bare = isinstance(game, Recorded)
    count = first_held_out(there) if bare else there.manifest.plan.episodes
    return Material(there, count if limit is None else min(count, limit), bare)


def _check_recording(there: Store, wanted: Spec) -> None:
    """Raises UserError unless ``there`` is a whole recording of the game with the frames, keys and params of
    ``wanted``."""
    spec = there.spec
    shapes = [(each.name, each.frame_shape, each.actions, each.players) for each in (spec, wanted)]
    params = [[param.name for param in each.params] for each in (spec, wanted)]
    if shapes[0] != shapes[1] or params[0] != params[1]:
        raise UserError(
            f"{there.path} is a recording of {spec.name} with frames {spec.frame_shape} and {len(params[0])} params; "
            f"this run learns {wanted.name} with frames {wanted.frame_shape} and {len(params[1])} params; give a "
            "recording of the same game"
        )
    for has, needs in zip(spec.params, wanted.params, strict=True):
        if (has.drawn, has.default, has.low, has.high) != (needs.drawn, needs.default, needs.low, needs.high):
            value = f"[{has.low:g}, {has.high:g}]" if has.drawn else f"{has.default:g}"
            raise UserError(
                f"{there.path} was recorded with another {has.name}; to learn that game add "
                f"--game.params.{has.name} '{value}', or give another recording"
            )
    missing = there.blocks - len(there.blocks_done())
    if missing:
        raise UserError(
            f"{there.path} is not finished: {missing} of {there.blocks} blocks are missing; run the same record "
            "command again"
        )


def in_words(there: Store) -> str:
    """A recording in words, with a short sum of its game's params."""
    plan, told = there.manifest.plan, there.manifest.imported
    if told is not None:
        return f"{plan.episodes} episodes of up to {plan.ticks} ticks of {there.spec.name}, imported from {told.source}"
    params = repr(
        [(each.name, each.drawn, float(each.default), float(each.low), float(each.high)) for each in there.spec.params]
    )
    return (
        f"{plan.episodes} episodes of {plan.ticks} ticks of {there.spec.name}, played by {plan.players}, seed "
        f"{plan.seed}, params {zlib.crc32(params.encode()):08x}"
    )
