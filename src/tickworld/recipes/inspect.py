"""An inspection: what the state of a trained world holds, in numbers, pictures and one page.

    FOLDER/  inspect.json · influence.png · layout.png · strongest.png · probes.png · map.png · inspect.html

What the pictures and the page look like is in ``inspect_page``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tickworld import files
from tickworld.agents import player
from tickworld.evaluation.inspection import sensitivity as effects
from tickworld.evaluation.inspection.mapped import plane
from tickworld.evaluation.inspection.probes import probes
from tickworld.evaluation.inspection.visits import InspectionConfig, visit
from tickworld.progress import Progress, Silent
from tickworld.recipes.inspect_page import NAMED, Found, page, pictures
from tickworld.recipes.playable import Playable


def inspect(playable: Playable, config: InspectionConfig, folder: Path, show: Progress | None = None) -> dict[str, Any]:
    """Looks into a world, writes the files into ``folder``, and returns what inspect.json holds.

    Raises UserError for players that there are not or that cannot play the game, and when the disk refuses.
    """
    show = show or Silent()
    torch.set_num_threads(playable.threads)
    found = look(playable, config, show)
    result = to_json(playable, config, found)
    drawn = pictures(found)
    files.write_json(folder / "inspect.json", result)
    for name, picture in drawn.items():
        files.write_bytes(folder / f"{name}.png", picture.content)
    files.write_text(folder / "inspect.html", page(playable, config, found, drawn))
    return result


def look(playable: Playable, config: InspectionConfig, show: Progress) -> Found:
    """Everything that is measured."""
    who = player(config.players, playable.game)
    visits = visit(playable.world, playable.game, who, config, show)
    fields = effects.sensitivity(playable.world, visits, config, show)
    with show.bar("probes and map", 2, "steps") as at:
        read = probes(visits, config.seed)
        at(1, "probes")
        where = plane(visits.features)
        at(2, "map")
    return Found(visits, fields, read, where)


def to_json(playable: Playable, config: InspectionConfig, found: Found) -> dict[str, Any]:
    """What inspect.json holds."""
    visits = found.visits
    return {
        "game": playable.game.spec.name,
        "settings": config.model_dump(mode="json"),
        "states": len(visits.game),
        "sensitivity": effects.told(found.fields, NAMED),
        "probes": found.probes,
        "map": {
            "shares": list(found.plane.shares),
            "places": [[float(f"{value:.4g}") for value in place] for place in found.plane.places],
            "game": visits.game.tolist(),
            "tick": visits.tick.tolist(),
        },
    }
