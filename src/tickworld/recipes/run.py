"""One complete run, from a config to a folder that shows what was learned.

    runs/<name>/  config.yaml · data/ · log.jsonl · tensorboard/ · checkpoints/ · starts.safetensors
                  rewards.safetensors · progress.png · evaluation.json · split.gif · report.html

Every step finds out for itself what is done already, so a run that was killed goes on where it stopped, and a run that
is finished does nothing.
"""

from __future__ import annotations

import contextlib
import copy
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as packed

from tickworld import config as configs
from tickworld import files, seeds
from tickworld.agents import player
from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.data.seeking import Stream
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import DREAM
from tickworld.evaluation.rollout import Start, rollout
from tickworld.games.gym_config import check_trusted
from tickworld.models.learned import Learned
from tickworld.models.rewarded import worn
from tickworld.models.weights import mismatch
from tickworld.models.world import World, seeded_world
from tickworld.progress import Progress, Silent
from tickworld.recipes import rewards
from tickworld.recipes.config import RunConfig
from tickworld.recipes.playable import Playable, check_names
from tickworld.recipes.recording import in_words, learned_from, recorded
from tickworld.simulator import Opening, Replayed, Simulator
from tickworld.training import checkpoint
from tickworld.training.compiling import compile_tick
from tickworld.training.engine import engine, together
from tickworld.training.fit import Lesson, Record, fit, make_optimizer
from tickworld.training.log import Log
from tickworld.visual.progress import TICKS, progress_picture
from tickworld.visual.video import write_png

STARTS = 16
"""How many openings a run keeps, so that its world can start when it is shown nothing."""


@dataclass(frozen=True)
class Run:
    """A run's folder and its config."""

    folder: Path
    config: RunConfig

    @property
    def checkpoints(self) -> Path:
        """Where its checkpoints lie."""
        return self.folder / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether it has been trained to the end."""
        done = checkpoint.checkpoints(self.checkpoints)
        return bool(done) and done[-1].iteration >= self.config.training.iterations

    @property
    def source(self) -> str:
        """What it learned from, in words."""
        return str(checkpoint.read_state(checkpoint.newest(self.checkpoints)).get("source"))

    @property
    def seconds(self) -> float:
        """How long it has been trained, all times together; 0 before the first checkpoint."""
        done = checkpoint.checkpoints(self.checkpoints)
        return float(checkpoint.read_state(done[-1]).get("seconds", 0.0)) if done else 0.0

    def world(self) -> Learned:
        """The newest world as a Simulator. Raises UserError when there is none, or its files are damaged or of
        another."""
        game = self.config.game.build()
        world = seeded_world(self.config.world, game.spec, self.config.seed)
        checkpoint.load_world(checkpoint.newest(self.checkpoints), world)
        model = rewards.read(self.folder / rewards.FILE, game.spec)
        return worn(world, game.spec, _read_starts(self.folder / "starts.safetensors"), model)

    def playable(self) -> Playable:
        """The newest world with its game, to be judged as the config says. Raises UserError as ``world``."""
        return Playable(self.world(), self.config.game.build(), self.config.evaluation, self.config.threads)


def open_run(folder: Path) -> Run:
    """The run in ``folder``. Raises UserError when it is none, or when its game would run code that nobody here trusts
    (see ``games.gym_config.check_trusted``)."""
    config = _read_config(folder)
    check_trusted(config.game.name, str(folder))
    return Run(folder, config)


def _read_config(folder: Path) -> RunConfig:
    if not (folder / "config.yaml").is_file():
        what = "is not a run: it has no config.yaml" if folder.is_dir() else "does not exist"
        raise UserError(f"{folder} {what}; give the folder that `tickworld train` made")
    return configs.load(RunConfig, folder / "config.yaml")


def begin_run(folder: Path, config: RunConfig) -> Run:
    """The run in ``folder`` with this config: a new one or one to go on with. A run that came no further than its
    config, such as one whose recording was not found, can be begun with another.

    Raises UserError when the folder holds something else, and says what differs when it holds another run.
    """
    there = (
        {each.name for each in folder.iterdir() if not each.name.startswith(files.PARTIAL)}
        if folder.is_dir()
        else set()
    )
    if "config.yaml" in there and there != {"config.yaml"}:
        if differs := configs.difference(_read_config(folder), config):
            raise UserError(
                f"{folder} holds a run with {differs}; use the same settings to go on with it, or another --out"
            )
    elif there - {"config.yaml"}:
        raise UserError(f"{folder} is not empty and holds no run; choose another --out")
    else:
        configs.save(config, folder / "config.yaml")
    files.clear_partials(folder)
    return Run(folder, config)


def train(
    run: Run, show: Progress | None = None, fabric: Any = None, accumulate: int = 1, compiled: bool = False
) -> None:
    """Trains to the end, going on from the newest checkpoint, and learns rewards where the config asks for it.

    ``fabric`` is what it runs on, by default one CPU process; see ``training.engine``. Of several processes all call
    this, and the first one alone writes. ``accumulate`` as in ``training.fit``; ``compiled``: with the
    core's tick compiled, see ``training.compiling``.

    Raises UserError, before anything is recorded, for parts and objectives that do not fit together, players and
    measures that there are not.
    """
    show = show or Silent()
    torch.set_num_threads(run.config.threads)
    if not run.finished:
        fabric = fabric or engine()
        with together(fabric):
            _train(run, show, fabric, accumulate, compiled)
    first = fabric is None or fabric.is_global_zero
    if first and run.config.rewards.iterations and not (run.folder / rewards.FILE).exists():
        rewards.learned_in(run.folder, run.config, run.config.rewards, show)


def _train(run: Run, show: Progress, fabric: Any, accumulate: int, compiled: bool) -> None:
    game, config = run.config.game.build(), run.config.training
    world = seeded_world(run.config.world, game.spec, run.config.seed)
    config.check(world)
    if compiled:
        compile_tick(world.core)
    check_names(run.config.evaluation, game)
    earlier = _begin(run, world)
    optimizer = make_optimizer(world, config)
    with fabric.rank_zero_first():
        there = recorded(run.config, run.folder / "data", show)
    play, opening = _stream(run.config, game), world.initializer.opening
    sampler = config.sampler.build(learned_from(there, game), opening, _training_seed(run), play, config.iterations)
    if fabric.is_global_zero:
        keep_starts(run, sampler.some(), opening)
        files.clear_partials(run.checkpoints)
    lesson = Lesson(config, sampler, _training_seed(run))
    source = "; then ".join([*earlier, in_words(there)])
    training = checkpoint.Training(world, optimizer, lesson, source)
    first = 0
    if done := checkpoint.checkpoints(run.checkpoints):
        first = done[-1].iteration
        checkpoint.load(done[-1], training)
        show.say(f"going on from iteration {first}")
    _train_from(run, training, first, show, fabric, accumulate)


def _stream(config: RunConfig, game: Simulator) -> Stream | None:
    """More games for a sampler that asks for them, played as those that are recorded; None for a recording."""
    if isinstance(game, Replayed):
        return None
    plan = config.record
    return Stream(game, player(plan.players, game), seeds.derive(plan.seed, config.seed, "more"), plan.ticks)


def _begin(run: Run, world: World) -> list[str]:
    """Puts the weights that the run begins with into ``world``, and says what they were learned from, if there are any.

    Raises UserError for a run that does not exist or is not finished, or whose parts are others.
    """
    folder, parts = run.config.begin.run, run.config.begin.parts
    if folder is None:
        return []
    if not folder.exists():
        raise UserError(
            f"this run begins with the {', '.join(parts)} of {folder}, which does not exist; train that one first, or "
            "give another with --begin.run"
        )
    earlier = open_run(folder)
    if not earlier.finished:
        raise UserError(f"{earlier.folder} is not finished; go on with the `tickworld train` that began it")
    theirs = earlier.world().world
    for part in parts:
        weights, own = theirs.get_submodule(part).state_dict(), world.get_submodule(part)
        if differs := mismatch(own.state_dict(), weights):
            raise UserError(
                f"the {part} of {earlier.folder} is another than this run's: {differs}; use the same settings"
            )
        own.load_state_dict(weights)
    return [earlier.source]


def _train_from(
    run: Run, training: checkpoint.Training, first: int, show: Progress, fabric: Any, accumulate: int
) -> None:
    world, output, last = training.world, run.config.output, run.config.training.iterations
    game = run.config.game.build()
    wrapped, optimizer = fabric.setup(world, training.optimizer)
    before = open_run(run.config.begin.run).seconds if run.config.begin.run else 0.0
    started = time.perf_counter() - (run.seconds or before)
    with contextlib.ExitStack() as stack:
        at = stack.enter_context(show.bar(f"training ({world.size():,} weights)", last, "it", first))
        log = stack.enter_context(contextlib.closing(Log(run.folder, first))) if fabric.is_global_zero else None
        for step in fit(fabric, wrapped, optimizer, training.lesson, first, accumulate):
            done = step.iteration + 1
            at(done, _note(step))
            if log is None:
                continue
            if step.iteration % output.log == 0 or done == last:
                log.write(step)
            if done % output.picture == 0:
                log.picture("progress", draw_progress(run, world, game), step.iteration)
                world.train()
            if done % output.save == 0 or done == last:
                checkpoint.save(run.checkpoints, done, training, time.perf_counter() - started)
    if told := training.lesson.sampler.told():
        show.say(told)
    fabric.barrier()


def draw_progress(run: Run, world: World, game: Simulator) -> Any:
    """Redraws progress.png, truth over dream for one held-out game, and returns the picture."""
    start = Start(player(run.config.evaluation.players, game), 1, run.config.evaluation.seed)
    here = world if next(world.parameters()).device.type == "cpu" else copy.deepcopy(world).cpu()
    ticks = list(rollout(game, {DREAM: Learned(here, game.spec)}, start, TICKS[-1]))
    truth, dream = (
        np.concatenate([tick.truth for tick in ticks]),
        np.concatenate([tick.dreams[DREAM] for tick in ticks]),
    )
    picture = progress_picture(truth, dream)
    write_png(run.folder / "progress.png", picture)
    return picture


def _training_seed(run: Run) -> int:
    return seeds.derive(run.config.seed, "training")


def keep_starts(run: Run, episodes: Episodes, opening: int) -> None:
    """Keeps some openings of ``episodes``, so that the run's world can begin when it is shown nothing."""
    path = run.folder / "starts.safetensors"
    if opening == 0 or path.exists():
        return
    some = windows(episodes, WindowShape(opening, 1, STARTS), run.config.seed, 0)
    kept = {"frames": some.opening_frames, "actions": some.opening_actions}
    files.write_bytes(path, packed(kept))


def _read_starts(path: Path) -> Opening | None:
    if not path.exists():
        return None
    try:
        kept = load_file(path)
        return Opening(kept["frames"], kept["actions"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); delete it: a world can also be shown an opening") from error


def _note(step: Record) -> str:
    return f"loss {step.loss:.4f}  {step.ticks} tick{'s' if step.ticks > 1 else ''}"
