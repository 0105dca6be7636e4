"""What an inspection looks like: its pictures and its page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tickworld.evaluation.inspection import sensitivity as effects
from tickworld.evaluation.inspection.mapped import Plane
from tickworld.evaluation.inspection.sensitivity import Effect, FieldEffects
from tickworld.evaluation.inspection.visits import InspectionConfig, Visits
from tickworld.recipes.playable import Playable
from tickworld.visual import curves
from tickworld.visual.inspection import Bars, Heat, Shown, plane, readable, tiles
from tickworld.visual.report import Facts, Part, Picture, Section, Table, page_html

NAMED = 8
"""How many of the strongest numbers of a field are named and drawn."""
COLOURED = 6
"""How many things that are true colour the map."""
MOST = 6
"""Pictures of one field that is laid out as the frame is, at most."""
MORE = 0.2
"""What is read better by such a share counts as remembered."""
RARE = 0.9
"""What is nearly always the same, as this share is, colours no map."""
WELL = 0.9
"""What is read to such a share counts as read."""
SOURCES = ("state", "pixels", "floor")
"""What things are read from, for the tables; the last is no reading at all."""
DPI = 200


class Found(NamedTuple):
    """All that an inspection finds: the states, what drives what, what can be read, and the plane of states."""

    visits: Visits
    fields: list[FieldEffects]
    probes: dict[str, dict[str, Any]]
    plane: Plane


def read_share(probe: dict[str, Any], source: str) -> float:
    """How much of a thing is read: from 0, no better than the floor, to 1, all of it; for values and numbers alike."""
    floor = probe["floor"]["score"] if probe["kind"] == "value" else 0.0
    return float(np.clip((probe[source]["score"] - floor) / max(1 - floor, 1e-9), 0, 1))


def well_read(read: dict[str, dict[str, Any]], source: str) -> list[str]:
    """The things that are read well from ``source``."""
    return [name for name, probe in read.items() if read_share(probe, source) >= WELL]


def remembered(read: dict[str, dict[str, Any]]) -> list[str]:
    """The things of which the state tells more than the frame that it shows."""
    return [name for name, probe in read.items() if read_share(probe, "state") - read_share(probe, "pixels") > MORE]


def pictures(found: Found) -> dict[str, Picture]:
    """The plots by the name of their file; those for which there is nothing to show are left out."""
    size = found.visits.moments.frames.shape[1:3]
    plots = {
        "influence": (
            "Where in the frame each field of the state acts, now and some ticks later: by derivative, and by changing "
            "its numbers and looking. Each map has a scale of its own; below it the nats at its brightest pixel. Above "
            "are the frames of the states that were changed.",
            "For each field of the state, maps of the frame that are bright where it acts",
            _influence(found),
        ),
        "layout": (
            "Where in the state it lies: fields that are laid out as the frame is, bright where a change matters most.",
            "Fields of the state drawn as pictures",
            _layout(found.fields, (size[0], size[1])),
        ),
        "strongest": (
            "The numbers that move most, one by one, and what each does to the frame. Above each is its place in its "
            "field; where that is a pixel, a ring marks it.",
            "Maps of the frame for single numbers of the state",
            _strongest(found.fields),
        ),
        "probes": (
            "What a linear function reads from the state, and from the frame that it shows, in games that it has not "
            "seen.",
            "Bars of how much of each true thing is read",
            _bars(found.probes),
        ),
        "map": (
            "Every dot is a state, placed so that states that differ most lie far apart, and coloured by what was "
            "true. Colours in order mean that the state is laid out by that thing.",
            "A cloud of dots, drawn several times in other colours",
            _map(found),
        ),
    }
    return {
        name: Picture(caption, alt, "image/png", curves.png(figure, DPI), crisp=False)
        for name, (caption, alt, figure) in plots.items()
        if figure is not None
    }


def _influence(found: Found) -> Any:
    frames = found.visits.moments.frames
    rows: list[tuple[str, list[Heat | Shown | None]]] = []
    for field in found.fields:
        maps: list[Heat | Shown | None] = []
        for effect in field.effects:
            maps.append(_heat(effects.reaches(effect.slopes), f"{_when(effect)}, derivative"))
            maps.append(_heat(effects.reaches(effect.changes), f"{_when(effect)}, change"))
        rows.append((_called(field), maps))
    columns = max(len(maps) for _, maps in rows)
    shown = [Shown(frame, title=f"state {number + 1}") for number, frame in enumerate(frames[:columns])]
    return tiles([("the frames", list(shown)), *rows], columns)


def _layout(fields: list[FieldEffects], size: tuple[int, int]) -> Any:
    rows: list[tuple[str, list[Heat | Shown | None]]] = []
    for field in fields:
        effect = effects.liveliest(field)
        whole = effects.laid_out(field, effects.drives(effect.changes), size)
        if whole is not None:
            some = enumerate(whole[:MOST])
            maps = [_heat(each, f"{_index(field, number)}, {_when(effect)}") for number, each in some]
            rows.append((field.name, list(maps)))
    return tiles(rows, max(4, *(len(row) for _, row in rows))) if rows else None


def _strongest(fields: list[FieldEffects]) -> Any:
    rows: list[tuple[str, list[Heat | Shown | None]]] = []
    for field in fields:
        effect = effects.liveliest(field)
        maps: list[Heat | Shown | None] = []
        for each in effects.strongest(effect, NAMED):
            place = effects.place_of(field, each)
            maps.append(_heat(effect.changes[each], str(place), _pixel(place, field, effect)))
        if maps:
            rows.append((f"{field.name}\n{_when(effect)}", maps))
    return tiles(rows, NAMED) if rows else None


def _bars(read: dict[str, dict[str, Any]]) -> Any:
    if not read:
        return None
    bars = [Bars(name, [read_share(probe, source) for source in SOURCES[:2]]) for name, probe in read.items()]
    return readable(bars, ("from the state", "from the frame that it shows"))


def _map(found: Found) -> Any:
    truth = found.visits.truth
    names = [name for name, probe in found.probes.items() if probe["floor"]["score"] < RARE][:COLOURED]
    one, other = (f"{share:.0%} of all variance" for share in found.plane.shares)
    colours = [(name, truth[name]) for name in names] or [("ticks since the start", found.visits.tick)]
    return plane(found.plane.places, colours, (f"first direction: {one}", f"second direction: {other}"))


def _heat(nats: np.ndarray, title: str, mark: tuple[int, int] | None = None) -> Heat:
    top = float(np.nanmax(nats, initial=0.0))
    return Heat(nats, title, (f"{top:.0f} nats" if top >= 100 else f"{top:.2g} nats") if top else "nothing", mark)


def _pixel(place: list[int], field: FieldEffects, effect: Effect) -> tuple[int, int] | None:
    """The pixel at which a number of a field lies that is laid out as the frame is."""
    return (place[-2], place[-1]) if field.shape[-2:] == effect.changes.shape[-2:] else None


def _called(field: FieldEffects) -> str:
    return f"{field.name}\n{' x '.join(map(str, field.shape)) or '1'}"


def _when(effect: Effect) -> str:
    return {0: "now", 1: "next tick"}.get(effect.ahead, f"+{effect.ahead} ticks")


def _index(field: FieldEffects, number: int) -> str:
    place = np.unravel_index(number, field.shape[:-2] or (1,))
    return f"{field.name}{[int(each) for each in place]}" if len(field.shape) > 2 else field.name


def page(playable: Playable, config: InspectionConfig, found: Found, drawn: dict[str, Picture]) -> str:
    """inspect.html as a string, with the pictures ``drawn``."""
    read, game = found.probes, playable.game.spec.name
    headline = f"{len(well_read(read, 'state'))} of {len(read)} true things can be read off its state"
    hidden = ", ".join(remembered(read)) or "nothing"
    lead = (
        f"What is read much better off the state than off the frame that it shows, the world remembers: {hidden}. A "
        f"reader is a linear function, learned in some of {config.games} games that the world was never trained on and "
        "judged in others."
    )
    return page_html(
        (f"Inside a learned {game}", headline, lead),
        [
            Section("What the state knows", [*_some(drawn, "probes"), *_probe_tables(read)]),
            Section("Which part of the state drives which part of the frame", _driving(found, drawn)),
            Section("A map of its states", _some(drawn, "map")),
            Section("What was looked at", [Facts(list(_facts(playable, config, found)))]),
        ],
    )


def _some(drawn: dict[str, Picture], *names: str) -> list[Picture]:
    return [drawn[name] for name in names if name in drawn]


def _driving(found: Found, drawn: dict[str, Picture]) -> list[Part]:
    words = (
        "A number of the state is changed a little, or a colour to another one; the world goes on under the same keys, "
        "and at each pixel we look by how many nats the colour that it had still beats the next best. One nat is a "
        "factor of 2.7 in the odds. The derivative foretells the same without trying; where the two agree, the world "
        "is smooth."
    )
    header = ("field", "numbers", "ticks ahead", "nats by derivative", "nats by change", "pixels flipped", "agreement")
    rows = [
        (
            field.name,
            f"{int(np.prod(field.shape)):,}",
            str(effect.ahead),
            f"{effects.drives(effect.slopes).mean():.3g}",
            f"{effects.drives(effect.changes).mean():.3g}",
            f"{effect.flips.sum((1, 2)).mean():.3g}",
            "-" if effect.agreement is None else f"{effect.agreement:.2f}",
        )
        for field in found.fields
        for effect in field.effects
    ]
    table = Table("What a change of one number does to the whole frame, on average", header, rows)
    return [words, *_some(drawn, "influence", "layout", "strongest"), table]


def _probe_tables(read: dict[str, dict[str, Any]]) -> Iterator[Table]:
    numbers = {name: probe for name, probe in read.items() if probe["kind"] == "number"}
    values = {name: probe for name, probe in read.items() if probe["kind"] == "value"}
    if numbers:
        header = ("number", "R² from the state", "from the frame", "off by, state", "off by, frame", "off by, mean")
        rows = []
        for name, probe in numbers.items():
            scores = [f"{probe[source]['score']:.3f}" for source in SOURCES[:2]]
            rows.append((name, *scores, *(f"{probe[source]['off']:.2f}" for source in SOURCES)))
        caption = "Numbers: R² (1: all of it, 0: no better than the mean), and how far off in their own unit"
        yield Table(caption, header, rows)
    if values:
        header = ("value", "from the state", "from the frame", "the most frequent")
        rows = [(name, *(f"{probe[source]['score']:.1%}" for source in SOURCES)) for name, probe in values.items()]
        yield Table("Values: the share that is right", header, rows)


def _facts(playable: Playable, config: InspectionConfig, found: Found) -> Iterator[tuple[str, str]]:
    world = playable.world.world
    parts = f"{type(world.core).__name__} core, {type(world.renderer).__name__} renderer"
    yield "network", f"{parts}, {world.size():,} weights"
    yield "state", ", ".join(f"{name} {list(shape)}" for name, shape in found.visits.fields.items())
    yield "games", f"{config.games} of {config.ticks} ticks, open loop, seed {config.seed}, players {config.players}"
    yield "states", f"{len(found.visits.game):,}, every {config.every} ticks"
    yield "changed states", f"{len(found.visits.moments.frames)}, up to {config.ahead} ticks ahead"
