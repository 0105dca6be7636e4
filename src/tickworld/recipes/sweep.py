"""Many runs of one recipe whose settings Optuna chooses, to find those that do best.

    <name>/  sweep.yaml · journal.log · trials/<number>/ (a run each) · table.md · sweep.png

Everything that workers need to know of each other is in the journal, so any number of processes, on machines that share
the folder, may work at one sweep: the same command is given again, and they come and go. A trial whose process is gone
goes on where its run stopped; one that failed (a loss that is no number) is kept with its reason.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from tickworld import config as configs
from tickworld import files, seeds
from tickworld.config import Config
from tickworld.errors import UserError, check_installed, near_match
from tickworld.progress import Progress, Silent
from tickworld.recipes import begun
from tickworld.recipes.results import conclude
from tickworld.recipes.run import begin_run, train
from tickworld.training import log
from tickworld.visual import curves

FILE = "sweep.yaml"
LOSS = "loss"
"""The goal that is to be small: the mean loss of the last tenth of the training. All others are to be large."""
TAIL = 0.1


@dataclass(frozen=True)
class Axis:
    """What a setting is chosen from: ``choices``, or all between ``low`` and ``high``."""

    name: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    choices: tuple[str, ...] = ()

    def suggest(self, trial: Any) -> Any:
        """The value that ``trial`` is to have."""
        if self.choices:
            return trial.suggest_categorical(self.name, self.choices)
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)


class SweepConfig(Config):
    """Everything that decides what a sweep looks for."""

    recipe: str
    """a recipe, or a game"""
    over: tuple[str, ...] = Field(min_length=1)
    """what is chosen: NAME=LOW..HIGH, NAME=LOW..HIGH:log or NAME=A,B,C"""
    goal: str = LOSS
    """what is to be best: loss, or a number of evaluation.json such as object_horizon.median"""
    trials: int = Field(default=20, gt=0)
    """runs"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """of what is tried"""
    changes: dict[str, str] = {}
    """settings that all runs have"""


def axis(text: str) -> Axis:
    """What NAME=LOW..HIGH and the like say. Raises UserError."""
    name, equals, values = text.partition("=")
    values, _, how = values.partition(":")
    low, dots, high = values.partition("..")
    try:
        if not (name and equals and values) or how not in ("", "log"):
            raise ValueError
        if not dots:
            return Axis(name, choices=tuple(each.strip() for each in values.split(",")))
        found = Axis(name, float(low), float(high), not set(".eE") & set(low + high), how == "log")
        if not (math.isfinite(found.low) and math.isfinite(found.high) and found.low < found.high):
            raise ValueError
        if found.log and found.low <= 0:
            raise ValueError
        return found
    except ValueError:
        raise UserError(
            f"--over takes NAME=LOW..HIGH, NAME=LOW..HIGH:log with LOW above 0, or NAME=A,B,C; got {text!r}"
        ) from None


def begin_sweep(out: Path, sweep: SweepConfig) -> list[Axis]:
    """Makes ``out`` the folder of ``sweep``, or joins it. Raises UserError when it holds anything else, and for
    settings that the recipe does not have."""
    check_installed(["optuna"], "sweep")
    axes = [axis(each) for each in sweep.over]
    made = begun(sweep.recipe, sweep.changes).config
    known = dict(configs.leaves(made.model_dump(mode="json")))
    for each in axes:
        if each.name not in known and not each.name.endswith(".kind"):
            raise UserError(f"{sweep.recipe} has no setting {each.name!r}; {near_match(each.name, known)}")
    with files.alone(out):
        if (out / FILE).exists():
            if differs := configs.difference(configs.load(SweepConfig, out / FILE), sweep):
                raise UserError(
                    f"{out} holds a sweep with {differs}; use the same settings to join it, or another --out"
                )
        elif any(not each.name.startswith(files.PARTIAL) for each in out.iterdir()):
            raise UserError(f"{out} is not empty and holds no sweep; choose another --out")
        else:
            configs.save(sweep, out / FILE)
    return axes


def run_sweep(out: Path, sweep: SweepConfig, show: Progress | None = None) -> list[dict[str, Any]]:
    """Works at the sweep until all its trials are done, and returns them, the best first: number, value, params, and
    ``error`` for those that failed.

    Raises UserError as ``begin_sweep``, and for a goal that no evaluation has.
    """
    show, axes = show or Silent(), begin_sweep(out, sweep)
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import TrialState

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(out / "journal.log"))),
        study_name="sweep",
        direction="minimize" if sweep.goal == LOSS else "maximize",
        sampler=optuna.samplers.TPESampler(seed=seeds.derive(sweep.seed, os.getpid()) % 2**32, constant_liar=True),
        load_if_exists=True,
    )
    with show.bar(f"sweep over {', '.join(each.name for each in axes)}", sweep.trials, "trials") as at:
        while True:
            with files.alone(out):  # one at a time asks what is left
                for trial in _lost(study):
                    study.tell(trial.number, state=TrialState.FAIL)
                    study.enqueue_trial(trial.params, {"folder": trial.user_attrs["folder"]})
                done = [each for each in study.trials if _counts(each)]
                at(min(sum(each.state.is_finished() for each in done), sweep.trials), "")
                if len(done) >= sweep.trials:
                    break
                trial = study.ask()
                params = {each.name: each.suggest(trial) for each in axes}
                trial.set_user_attr("folder", trial.user_attrs.get("folder", trial.number))
                trial.set_user_attr("worker", [socket.gethostname(), os.getpid()])
            folder = out / "trials" / str(trial.user_attrs["folder"])
            try:
                value = _value(folder, sweep, params)
            except UserError as error:
                trial.set_user_attr("error", str(error))
                study.tell(trial, state=TrialState.FAIL)
            else:
                study.tell(trial, value)
            _tell(out, sweep, study)
    _tell(out, sweep, study)
    return _rows(sweep, study)


def _value(folder: Path, sweep: SweepConfig, params: Mapping[str, Any]) -> float:
    """How good the run of ``params`` in ``folder`` is, trained now as far as it is not. Raises UserError."""
    run = begin_run(folder, begun(sweep.recipe, {**sweep.changes, **{k: str(v) for k, v in params.items()}}).config)
    train(run)
    result = conclude(run)
    if sweep.goal == LOSS:
        losses = [line["loss"] for line in log.read(folder / "log.jsonl")]
        return float(np.mean(losses[-max(round(len(losses) * TAIL), 1) :]))
    found = dict(configs.leaves(result)).get(sweep.goal)
    if not isinstance(found, int | float) or not math.isfinite(found):
        numbers = [name for name, value in configs.leaves(result) if isinstance(value, int | float)]
        raise UserError(f"an evaluation has no number {sweep.goal!r}; {near_match(sweep.goal, numbers)}")
    return float(found)


def _lost(study: Any) -> Iterator[Any]:
    """The trials whose process on this machine is gone."""
    for trial in study.trials:
        host, process = trial.user_attrs.get("worker", ("", 0))
        if not trial.state.is_finished() and host == socket.gethostname() and not _alive(process):
            yield trial


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _counts(trial: Any) -> bool:
    """Whether it is one of the sweep's: done, failed for a reason, or at work; not one that another goes on with, nor
    one that waits to be gone on with."""
    return trial.state.name in ("COMPLETE", "RUNNING") or "error" in trial.user_attrs


def _rows(sweep: SweepConfig, study: Any) -> list[dict[str, Any]]:
    sign = 1 if sweep.goal == LOSS else -1
    done = [each for each in study.trials if each.state.name == "COMPLETE"]
    failed = [each for each in study.trials if "error" in each.user_attrs]
    rows = [
        {"number": each.user_attrs["folder"], "value": each.value, "params": dict(each.params)}
        for each in sorted(done, key=lambda each: sign * each.value)
    ]
    return rows + [
        {
            "number": each.user_attrs["folder"],
            "value": None,
            "params": dict(each.params),
            "error": each.user_attrs["error"],
        }
        for each in failed
    ]


def table(rows: Sequence[Mapping[str, Any]], goal: str) -> str:
    """The rows as Markdown."""
    names = list(rows[0]["params"]) if rows else []
    lines = [("trial", goal, *names), ("---", *("---:" for _ in (goal, *names)))]
    for row in rows:
        value = f"{row['value']:.5g}" if row["value"] is not None else f"failed: {row['error']}"
        told = (f"{each:.5g}" if isinstance(each, float) else str(each) for each in row["params"].values())
        lines.append((str(row["number"]), value, *told))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _tell(out: Path, sweep: SweepConfig, study: Any) -> None:
    rows = _rows(sweep, study)
    files.write_text(out / "table.md", table(rows, sweep.goal))
    done = [row for row in rows if row["value"] is not None]
    values = [row["value"] for row in done]
    places = {name: [row["params"][name] for row in done] for name in (rows[0]["params"] if rows else {})}
    if done:
        files.write_bytes(out / "sweep.png", curves.png(curves.scatters(places, values, sweep.goal)))
