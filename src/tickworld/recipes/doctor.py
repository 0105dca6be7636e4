"""What is wrong with a run, a cartridge or a recording, in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tickworld import places
from tickworld.agents import player
from tickworld.data import manifest, store
from tickworld.data.health import CHECKS as OF_RECORDINGS
from tickworld.data.health import Symptom, recording_symptoms
from tickworld.evaluation.symptoms import CHECKS as OF_WORLDS
from tickworld.evaluation.symptoms import examined, world_symptoms
from tickworld.places import Url
from tickworld.progress import Progress, Silent
from tickworld.recipes.run import Run, open_run
from tickworld.recipes.shelf import located, open_playable
from tickworld.training import log

EPISODES = 256
"""Episodes of a recording that are read, at most."""


class Diagnosis(NamedTuple):
    """What was looked at, what was looked for, and what was found there: ``found`` is empty when all is well."""

    what: str
    looked_for: tuple[str, ...]
    found: list[Symptom]


def diagnose(place: str | Path, show: Progress | None = None) -> list[Diagnosis]:
    """All that can be found out about ``place``: a run's folder (with its recording), a cartridge or a recording.

    Raises UserError when it is none of these.
    """
    show = show or Silent()
    if manifest.is_there(place):
        return [_recording(places.place(place))]
    path, found = located(place), []
    if path.is_dir():
        run = open_run(path)
        found.append(_training(run))
        if run.config.data is not None and manifest.is_there(run.config.data):
            found.append(_recording(run.config.data))
        elif manifest.is_there(run.folder / "data"):
            found.append(_recording(run.folder / "data"))
    show.say(f"playing {place} beside its game")
    playable = open_playable(place)
    patient = examined(playable.world, playable.game, player(playable.evaluation.players, playable.game))
    found.append(Diagnosis(f"the world of {place}", tuple(OF_WORLDS), world_symptoms(patient)))
    return found


def _recording(path: Path | Url) -> Diagnosis:
    opened = store.open(path)
    symptoms = recording_symptoms(opened.read(EPISODES), opened.spec)
    return Diagnosis(f"the recording {path}", tuple(OF_RECORDINGS), symptoms)


def _training(run: Run) -> Diagnosis:
    """How the training went."""
    found, records = [], log.read(run.folder / "log.jsonl")
    asked = run.config.training.iterations
    if not run.finished:
        done = records[-1]["iteration"] + 1 if records else 0
        found.append(
            Symptom(
                "not finished",
                f"the training has come to iteration {done:,} of {asked:,}",
                "give the same `tickworld train` again to go on",
            )
        )
    losses = [record["loss"] for record in records if record["ticks"] == records[-1]["ticks"]]
    if len(losses) >= 8 and min(losses[-3:]) > 0.98 * max(losses[:3]):
        found.append(
            Symptom(
                "nothing is learned",
                f"the loss was {losses[0]:.4g} at first and is {losses[-1]:.4g} after {len(records)} lines of the log",
                "try another learning rate (training.rate.peak), and look at the recording",
            )
        )
    return Diagnosis(f"the training of {run.folder}", ("unfinished", "loss"), found)
