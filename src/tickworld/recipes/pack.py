"""From a finished run to a cartridge: its newest world, with the horizon that its own evaluation found."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tickworld import __version__
from tickworld import config as configs
from tickworld.data.recorded import is_recorded
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import DREAM
from tickworld.evaluation.measures import MEASURES
from tickworld.evaluation.trust import levels
from tickworld.recipes import cartridge
from tickworld.recipes.label import Label
from tickworld.recipes.results import read_evaluation
from tickworld.recipes.run import Run
from tickworld.training import checkpoint

CLAIMED_TICKS = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
"""After how many ticks a claim says what share of the games was still right, as far as they were played."""


def pack(run: Run, path: Path) -> Label:
    """Writes the world of ``run`` to the cartridge ``path``, whole or not at all, and returns what it says.

    Raises UserError for a run that has not been evaluated, and when the disk refuses.
    """
    result = run.folder / "evaluation.json"
    if is_recorded(run.config.game.name):
        raise UserError(
            f"{run.folder} learned a recording, and who opens a cartridge measures its claim on the game; export the "
            "world as a page instead: tickworld export RUN -o world.html"
        )
    if not result.exists():
        raise UserError(
            f"{run.folder} has no evaluation.json, and a cartridge says for how long its world is right; finish the "
            f"run with the `tickworld train {run.config.recipe}` that began it"
        )
    content = {
        "spec": configs.plain(run.config.game.build().spec),
        "world": run.config.world.model_dump(mode="json"),
        "claim": claim(run, result),
        "origin": origin(run),
        "calibration": calibration(result),
    }
    return cartridge.write(path, configs.validate(Label, content, str(result)), run.world())


def claim(run: Run, path: Path) -> dict[str, Any]:
    """What the evaluation in ``path`` found, as a ``Claim``. Raises UserError when it cannot be read."""
    result = read_evaluation(path)
    try:
        right = result["over_time"][DREAM]["pixel_survival"]
        after = {tick: right[tick] for tick in CLAIMED_TICKS if tick < len(right)}
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not a readable evaluation: it lacks the dream's survival; delete it to have it made anew"
        ) from error
    return {
        "rollouts": result["rollouts"],
        "frames": result["frames"],
        "players": run.config.evaluation.players,
        "seed": run.config.evaluation.seed,
        "pixel_horizon": result["pixel_horizon"],
        "object_horizon": result["object_horizon"],
        "right_after": after,
    }


def calibration(path: Path) -> dict[str, Any] | None:
    """What the measure trust found, as a ``Calibration``; None if the evaluation in ``path`` does not have it.
    Raises UserError when it cannot be read."""
    try:
        return levels(read_evaluation(path).get(MEASURES["trust"].key))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a readable evaluation: its trust has no levels; delete it to have it made anew"
        ) from error


def origin(run: Run) -> dict[str, Any]:
    """Where the newest world of ``run`` comes from, as an ``Origin``."""
    return {
        "recipe": run.config.recipe,
        "seed": run.config.seed,
        "iterations": checkpoint.newest(run.checkpoints).iteration,
        "minutes": round(run.seconds / 60, 1),
        "source": run.source,
        "versions": {
            "tickworld": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
