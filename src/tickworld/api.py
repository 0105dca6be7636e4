"""The library's front door: the verbs of the command line as functions. ``import tickworld as tw`` shows them.

game  = tw.game("pong", serve_wait=0)
data  = tw.record(game, players="mixed", episodes=1024, ticks=256, out="data/pong")
run   = tw.train("demo", data=data, **{"game.params.serve_wait": 0})
world = tw.load("runs/demo")
print(tw.evaluate(world, game, rollouts=64, ticks=500).pixel_horizon)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tickworld import config as configs
from tickworld import files
from tickworld.agents import player
from tickworld.data import record as recording
from tickworld.data.importing import Asked, Choices, bring_in, open_source
from tickworld.data.manifest import Plan
from tickworld.data.store import Store
from tickworld.evaluation.evaluate import Evaluation, EvaluationConfig
from tickworld.games import game
from tickworld.models.learned import Learned
from tickworld.progress import Progress
from tickworld.recipes import begun
from tickworld.recipes.playable import assess
from tickworld.recipes.results import conclude
from tickworld.recipes.run import Run, begin_run
from tickworld.recipes.run import train as train_run
from tickworld.recipes.shelf import open_playable
from tickworld.simulator import Simulator
from tickworld.training.fit import fit

__all__ = ["evaluate", "fit", "game", "import_data", "load", "record", "train"]


def record(
    simulator: Simulator,
    players: str = "mixed",
    episodes: int = 512,
    ticks: int = 512,
    *,
    out: str | Path,
    seed: int = 0,
) -> Store:
    """Records ``episodes`` of ``ticks`` ticks into the folder ``out``, or goes on with them. Raises UserError."""
    asked = {"players": players, "episodes": episodes, "ticks": ticks, "seed": seed}
    plan = configs.validate(Plan, asked, "record")
    return recording.record(simulator, player(players, simulator), plan, Path(out))


def import_data(source: str | Path, *, out: str | Path, show: Progress | None = None, **choices: Any) -> Store:
    """Makes a recording in the folder ``out`` of the video, images, arrays or Minari dataset at ``source``.

    ``choices`` are those of ``data.importing.survey.Choices``, such as ``shift="auto"``, and ``table``, where the
    actions do not lie beside the frames. ``train`` learns from it. Raises UserError.
    """
    table = choices.pop("table", None)
    asked = Asked(table=None if table is None else Path(table))
    wanted = configs.validate(Choices, choices, "import_data")
    return bring_in(open_source(Path(source), asked), Path(out), wanted, show).store


def train(
    name: str,
    *,
    data: Store | str | Path | None = None,
    out: str | Path | None = None,
    show: Progress | None = None,
    **changes: Any,
) -> Run:
    """Trains, evaluates and draws recipe ``name``, or one that is made for the game ``name``, into ``out``
    (``runs/<name>``), or goes on with it.

    ``changes`` are settings of the recipe: ``train("demo", training={"iterations": 100})`` or, dotted,
    ``train("demo", **{"training.iterations": 100})``. Raises UserError.
    """
    if data is not None:
        changes["data"] = str(data.path if isinstance(data, Store) else data)
    config = begun(name, configs.flatten(changes)).config
    run = begin_run(Path(out or Path("runs") / files.plain_name(name)), config)
    train_run(run, show)
    conclude(run, show)
    return run


def load(path: str | Path) -> Learned:
    """The world of a run's folder, of a cartridge, or of a shipped one such as ``"cartridge:pong"``, as a Simulator.
    Raises UserError."""
    return open_playable(path).world


def evaluate(
    world: Simulator,
    truth: Simulator,
    rollouts: int = 64,
    ticks: int = 500,
    players: str = "held_out",
    **settings: Any,
) -> Evaluation:
    """Horizons, floors and errors of ``world`` against ``truth``, open loop, on seeds and players kept for this.

    ``settings`` are those of an evaluation, such as ``seed=1`` or ``measures=["events", "rules"]``, whose results are
    in ``measured``. Raises UserError.
    """
    asked = {"rollouts": rollouts, "frames": ticks, "players": players, **settings}
    return assess(world, truth, configs.validate(EvaluationConfig, asked, "evaluate"))
