"""What a finished run shows: evaluation.json, split.gif and report.html."""

from __future__ import annotations

import json
import platform
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from tickworld import files
from tickworld.data.recorded import is_recorded
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import DREAM, Evaluation
from tickworld.evaluation.sheets import Sheet, sheets
from tickworld.frames import Frames
from tickworld.progress import Progress, Silent
from tickworld.recipes.playable import judge
from tickworld.recipes.run import Run, draw_progress
from tickworld.training import log
from tickworld.visual import curves, report
from tickworld.visual.curves import Series
from tickworld.visual.split_screen import Layout, split_screen
from tickworld.visual.video import write_gif

NAMES: dict[str, str] = {
    DREAM: "dream",
    "copy": "floor: last frame",
    "no_ball": "floor: no ball",
    "mean_ball": "floor: mean ball",
}


def conclude(run: Run, show: Progress | None = None) -> dict[str, Any]:
    """Evaluates and draws a trained run unless that is done; returns what evaluation.json holds."""
    show = show or Silent()
    path = run.folder / "evaluation.json"
    if path.exists() and (run.folder / "report.html").exists():
        show.say(f"{run.folder} is finished already")
        return read_evaluation(path)
    playable = run.playable()
    evaluation = judge(playable, playable.evaluation, show)
    result, world = evaluation.to_json(), playable.world.world
    draw_progress(run, world, playable.game)
    write_split_screen(run.folder / "split.gif", evaluation)
    files.write_json(path, result)
    page = report.report_html(_report(run, evaluation, result, world.size()))
    files.write_text(run.folder / "report.html", page)
    return result


def read_evaluation(path: Path) -> dict[str, Any]:
    """What a finished run's evaluation.json holds. Raises UserError when that is no evaluation."""
    result = files.read_json(path, "evaluation")
    expected = {"game", "rollouts", "frames", "pixel_horizon", "object_horizon", "floors", "ticks_per_second"}
    missing = sorted(expected - result.keys()) if isinstance(result, dict) else sorted(expected)
    if missing:
        raise UserError(f"{path} is not a readable evaluation: it lacks {missing[0]!r}; delete it to have it made anew")
    return result


@dataclass(frozen=True)
class SplitConfig:
    """What a split screen shows: the first ``rollouts`` games that were kept, their first ``ticks``, ``fps`` ticks a
    second, with or without the difference."""

    rollouts: int = 4
    ticks: int = 240
    difference: bool = False
    fps: float = 20


def write_split_screen(path: Path, evaluation: Evaluation, show: SplitConfig | None = None) -> None:
    """Truth beside dream as a GIF."""
    show = show or SplitConfig()
    write_gif(path, _split(evaluation, show), show.fps)


def _split(evaluation: Evaluation, show: SplitConfig) -> Frames:
    part = np.s_[: show.rollouts, : show.ticks + 1]
    right = evaluation.scores[DREAM].pixel.right[: show.rollouts]
    layout = Layout(title=evaluation.game)
    return split_screen(evaluation.truth_shown[part], evaluation.dream_shown[part], right, show.difference, layout)


def _report(run: Run, evaluation: Evaluation, result: dict[str, Any], size: int) -> report.ReportInput:
    config, records = run.config, log.read(run.folder / "log.jsonl")
    pixel = result["pixel_horizon"]
    unseen = "on seeds that training never saw"
    if is_recorded(config.game.name):
        unseen = "from episodes that were held out of training"
    elif config.evaluation.players != config.record.players:
        unseen = "on seeds and players that training never saw"
    return report.ReportInput(
        title=f"A learned {evaluation.game}",
        headline=f"Right, to the pixel, for a median of {pixel['median']:g} ticks",
        lead=(
            f"{evaluation.rollouts} games of {evaluation.frames} ticks {unseen}, truth and dream from the same start "
            "under the same keys, open loop. "
            f"{pixel['survived']:.0%} of the games were right to the end."
        ),
        facts=[
            ("recipe", config.recipe),
            ("network", f"{config.world.core.kind} core, {config.world.renderer.kind} renderer, {size:,} weights"),
            ("learned from", "frames and the keys pressed: " + run.source),
            ("training", f"{config.training.iterations:,} iterations, {run.seconds / 60:.1f} minutes"),
            ("machine", f"{platform.machine()}, {config.threads} threads, torch {torch.__version__}"),
            ("speed", ", ".join(f"{rate:,.0f} ticks/s ({name})" for name, rate in result["ticks_per_second"].items())),
            ("seed", str(config.seed)),
        ],
        tables=[_horizon_table(result), *(_measured_table(sheet) for measure in sheets(result) for sheet in measure)],
        pictures=_pictures(run.folder),
        charts=_charts(result, records),
        config=yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False),
        command=_command(run),
    )


def _pictures(folder: Path) -> list[report.Picture]:
    return [
        report.Picture(
            "Truth left, dream right; the line turns at the first wrong pixel.",
            "Several games, each twice: as it was and as the network dreams it",
            "image/gif",
            (folder / "split.gif").read_bytes(),
        ),
        report.Picture(
            "One game at several ticks: truth above, dream below; white is where the network is unsure.",
            "A row of true frames above a row of dreamt frames",
            "image/png",
            (folder / "progress.png").read_bytes(),
        ),
    ]


def _horizon_table(result: dict[str, Any]) -> report.Table:
    header = ("", "pixel median", "p10", "mean", "survived", "object median", "p10", "survived", "MSE", "BCE")
    rows = []
    for name, row in {DREAM: result, **result["floors"]}.items():
        pixel, thing = row["pixel_horizon"], row["object_horizon"] or {}
        cells = [f"{pixel[key]:g}" for key in ("median", "p10")] + [f"{pixel['mean']:.1f}", f"{pixel['survived']:.0%}"]
        cells += [f"{thing[key]:g}" if thing else "-" for key in ("median", "p10")]
        cells += [f"{thing['survived']:.0%}" if thing else "-", f"{row['mse']:.5f}", f"{row['bce']:.5f}"]
        rows.append((_label(name), *cells))
    return report.Table("Horizons in ticks; errors are means over all ticks, a pixel", header, rows)


def _measured_table(sheet: Sheet) -> report.Table:
    return report.Table(sheet.title.capitalize(), sheet.header or ("", "value"), sheet.rows)


def _charts(result: dict[str, Any], records: list[dict[str, Any]]) -> list[report.Chart]:
    over = result["over_time"]
    dream, floors = over[DREAM], {name: each for name, each in over.items() if name != DREAM}
    alive = [Series("dream, every pixel", dream["pixel_survival"])]
    if dream["object_survival"]:
        alive.append(Series("dream, every object", dream["object_survival"]))
        alive += [Series(_label(name), each["object_survival"], floor=True) for name, each in floors.items()]
    panels = {
        label: [Series(_label(name), _numbers(each[key]), floor=name != DREAM) for name, each in over.items()]
        for label, key in (("MSE", "mse"), ("BCE (nats)", "bce"), ("PSNR (dB)", "psnr"))
    }
    panels["SSIM"] = [
        Series(_label(name), list(each["ssim"].values()), name != DREAM, [int(tick) for tick in each["ssim"]])
        for name, each in over.items()
    ]
    charts = [
        report.Chart("Share of games still right", curves.svg(curves.survival(alive), "Share of games still right")),
        report.Chart("Errors of frames over time", curves.svg(curves.errors(panels), "Errors of frames over time")),
    ]
    if len(records) > 1:
        at = [line["iteration"] for line in records]
        lines = [Series(name, [line["losses"][name] for line in records], at=at) for name in records[0]["losses"]]
        charts.append(report.Chart("Training losses", curves.svg(curves.losses(lines), "Training losses")))
    return charts


def _label(name: str) -> str:
    """A dream or floor as a person calls it."""
    return NAMES.get(name, name)


def _numbers(values: list[float | None]) -> list[float]:
    """None, which JSON has for an infinite PSNR, as infinity again."""
    return [float("inf") if value is None else value for value in values]


def _command(run: Run) -> str:
    from tickworld.recipes import overrides

    changed = [f"--{name} {shlex.quote(_typed(value))}" for name, value in overrides(run.config).items()]
    words = ["tickworld train", shlex.quote(run.config.recipe), *changed, f"--out runs/{run.folder.name}"]
    return " ".join(words)


def _typed(value: Any) -> str:
    """A value as it is typed on a command line."""
    return value if isinstance(value, str) else json.dumps(value)
