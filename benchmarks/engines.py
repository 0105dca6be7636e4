"""What an engine of many games is worth, beside worlds that learned one game each: six tables.

python benchmarks/engines.py unseen runs/engine_pong      games that it has not seen, of each split
python benchmarks/engines.py alone runs/engine_pong       worlds of one game each, a 64th of its data and time
python benchmarks/engines.py algebra runs/engine_pong     means of games and what they do, probed on frames alone
python benchmarks/engines.py fit runs/engine_pong         vectors fitted to a few frames, beside worlds from scratch
python benchmarks/engines.py adapters runs/engine_pong    four ways in which a vector makes weights, at equal size
python benchmarks/engines.py probes                       how well the probes read the true games' params

OMP_NUM_THREADS=1 taskset -c 0. What was trained is kept in --out and not trained again. All judge ``--rollouts`` games
of ``--frames`` ticks under held-out players.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import config as configs
from tickworld import seeds
from tickworld.agents import player
from tickworld.cli.console import Terminal
from tickworld.data.batches import WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.evaluation.beginning import Start
from tickworld.evaluation.horizon import Horizon, objects_wrong
from tickworld.evaluation.probes import PROBES, probe, seen
from tickworld.evaluation.rollout import rollout
from tickworld.frames import pixels_wrong, snap
from tickworld.games.families import Split, games_of, restrict
from tickworld.models.adapted import Adapts
from tickworld.models.cores.engine import EngineConfig
from tickworld.models.cores.unet import UnetConfig
from tickworld.models.learned import Learned
from tickworld.models.world import seeded_world
from tickworld.recipes import recipe
from tickworld.recipes.bake import Params, blended, vectors_of
from tickworld.recipes.config import RunConfig
from tickworld.recipes.run import Run, begin_run, open_run, train
from tickworld.training.shards import tensors

PLAYER = "held_out"
SPLITS: tuple[Split, ...] = ("seen", "between", "corner", "strange")
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
UNITS = {"speed": 1 / 8, "gravity": 1 / 256, "steepness": 2.5 / 8}
"""Pixels and ticks of one of a param; a paddle has five zones, so its lower end sends 2.5 times the steepness down."""
FRAMES = 1000
"""Frames of a new game that a vector is fitted to."""
WIDTHS = tuple(range(8, 129, 8))
"""Of the rule, among which that of equal size is sought."""
BATCHES = 8
"""Of as many windows as there are rollouts, over which a loss is averaged."""
SHARE = 64
"""Of an engine's data and time a world of one game gets one part of so many: far more than the engine had for each."""
SCRATCH = 1500
"""Iterations of the world from scratch, three times as many as a vector is fitted for."""
Row = tuple[str, ...]


class Retold(Learned):
    """An engine's world in which each game has the vector that ``told`` gives for its params [N, S]: [N, E]."""

    def __init__(self, world: Learned, told: Callable[[NDArray[np.floating]], Tensor]) -> None:
        super().__init__(world.world, world.spec, world.starts)
        self.spec, self.told = world.spec, told

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Any = None) -> Any:
        """As the engine does, but for the vector."""
        return super().init(params, seeds, opening)._replace(game=self.told(params))


def table(heading: Row, rows: Sequence[Row]) -> None:
    """Prints a table."""
    print("| " + " | ".join(heading) + " |")
    print("| --- |" + " ---: |" * (len(heading) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def family(run: Run, split: Split, count: int) -> Any:
    """The game of ``run`` as ``count`` games of a split."""
    return restrict(run.config.game.model_copy(update={"split": None}).build(), split, count)


def one_game(run: Run, params: Params) -> Any:
    """The one game of ``run``'s family with these params."""
    return run.config.game.model_copy(update={"split": None, "params": dict(params)}).build()


def horizons(world: Any, game: Any, asked: argparse.Namespace) -> Row:
    """Median object horizon of a world, its 10th percentile, and pixel horizon."""
    things, pixels = Horizon(asked.rollouts), Horizon(asked.rollouts)
    for tick in rollout(game, {"dream": world}, Start(player(PLAYER, game), asked.rollouts, 0), asked.frames):
        if tick.index:
            frames = snap(tick.dreams["dream"], game.spec.palette)
            things.add(objects_wrong(game.objects(tick.truth), game.objects(frames)), tick.playing)
            pixels.add(pixels_wrong(tick.truth, frames, game.spec.palette), tick.playing)
    thing, pixel = things.summary(), pixels.summary()
    return f"{thing['median']:g}", f"{thing['p10']:g}", f"{pixel['median']:g}"


def nearest_seen(run: Run) -> Callable[[NDArray[np.floating]], Tensor]:
    """For any params the vector of the game nearest to it among those that ``run`` has seen."""
    spec = run.config.game.build().spec
    rules = [column for column, param in enumerate(spec.params) if not param.start]
    scale = np.array([1 / ((param.high - param.low) or 1) for param in spec.params])[rules]
    names = [spec.params[column].name for column in rules]
    known = np.array(spec.games)[:, rules]
    vectors = vectors_of(run, [dict(zip(names, one, strict=True)) for one in known])

    def told(params: NDArray[np.floating]) -> Tensor:
        apart = np.square((params[:, None, rules] - known) * scale).sum(2)
        return vectors[apart.argmin(1)]

    return told


def unseen(run: Run, asked: argparse.Namespace) -> None:
    """Games of each split: the engine with their vectors, and with that of the nearest game that was seen."""
    rows: list[Row] = []
    world, near = run.world(), Retold(run.world(), nearest_seen(run))
    for split in SPLITS:
        game = family(run, split, asked.games)
        rows.append((split, "engine", *horizons(world, game, asked)))
        rows.append((split, "vector of the nearest game seen", *horizons(near, game, asked)))
    table(("games", "world", "object horizon", "p10", "pixel horizon"), rows)


def alone_config(run: Run, params: Params) -> RunConfig:
    """What learns one game alone, with the engine's own rule and 1 / ``SHARE`` of its data and iterations."""
    config = run.config
    if not isinstance(config.world.core, EngineConfig | UnetConfig):
        raise UserError(f"this needs an engine's run, and {run.folder} has core {config.world.core.kind}")
    changes: dict[str, Any] = {
        "game.split": None,
        "game.params": dict(params),
        "world.initializer": {"kind": "history"},
        "world.core": config.world.core.plain().model_dump(mode="json"),
        "record.episodes": max(config.record.episodes // SHARE, 1),
        "training.iterations": max(config.training.iterations // SHARE, 1),
        "training.rate.warmup": 20,
        "output.save": max(config.training.iterations // SHARE, 1),
    }
    return configs.override(config, changes)


def alone(run: Run, asked: argparse.Namespace) -> None:
    """Each game's own world beside the engine, game by game."""
    rows: list[Row] = []
    world = run.world()
    for number, params in enumerate(games_of(family(run, "between", 1).family, "between", asked.games)):
        own = begin_run(asked.out / f"alone_{number}", alone_config(run, params))
        train(own, Terminal())
        truth = one_game(run, params)
        minutes = f"{own.seconds / 60:.1f} of {run.seconds / 60 / run.config.game.games:.2f}"
        engine, other = horizons(world, truth, asked), horizons(own.world(), truth, asked)
        rows.append((f"between:{number}", engine[0], other[0], engine[2], other[2], minutes))
    table(("game", "engine, objects", "alone, objects", "engine, pixels", "alone, pixels", "minutes alone"), rows)
    medians = np.median(np.array([[float(row[1]), float(row[2])] for row in rows]), 0)
    print(f"\nmedian over games: engine {medians[0]:g}, alone {medians[1]:g}")


def sized(config: RunConfig, adapts: str, weights: int) -> RunConfig:
    """``config`` with this kind of adapters, and that width of the rule which comes nearest to so many weights."""
    spec = config.game.build().spec
    tried = [configs.override(config, {"world.core.adapts": adapts, "world.core.width": width}) for width in WIDTHS]
    return min(tried, key=lambda each: abs(seeded_world(each.world, spec, 0).size() - weights))


def surprise(world: Any, run: Run, split: Split, asked: argparse.Namespace) -> float:
    """The loss of a transition, nats a frame, of held-out games of a split."""
    game = family(run, split, asked.games)
    played = play_episodes(game, player(PLAYER, game), seeds.rows(1, 0, asked.rollouts), asked.frames)
    losses = []
    with torch.no_grad():
        for part in range(BATCHES):
            batch = windows(played, WindowShape(world.world.initializer.opening, 1, asked.rollouts), 0, part)
            found = run.config.training.objective(world.world, tensors(batch), torch.Generator())
            losses.append(float(torch.stack(list(found.values())).sum(0).mean()))
    return float(np.mean(losses))


def adapters(run: Run, asked: argparse.Namespace) -> None:
    """The four kinds, in the local rule of core ``engine``, each trained for ``--iterations`` on uniform windows,
    at one size."""
    rows: list[Row] = []
    short = configs.override(
        run.config,
        {
            "world.core": EngineConfig(radius=(6, 6), reach=(3, 3), stirred=320).model_dump(mode="json"),
            "game.games": min(run.config.game.games, 64),
            "record.episodes": min(run.config.record.episodes, 2048),
            "training.objective.pixels": 160,
            "training.batch": 16,
            "training.rate.peak": 2e-3,
            "training.clip": 5.0,
            "training.sampler": {"kind": "uniform"},
            "training.iterations": asked.iterations,
            "output.save": asked.iterations,
            "output.picture": 10**6,
        },
    )
    for adapts in get_args(Adapts):
        config = sized(short, adapts, seeded_world(short.world, short.game.build().spec, 0).size())
        own = begin_run(asked.out / f"adapters_{adapts}", config)
        train(own, Terminal())
        world = own.world()
        told = (f"{surprise(world, run, split, asked):.1f}" for split in SPLITS)
        width = configs.plain(config.world.core)["width"]
        rows.append((adapts, str(width), f"{world.world.size():,}", f"{own.seconds:.0f}", *told))
    table(("adapters", "width", "weights", "seconds", *(f"loss, {split}" for split in SPLITS)), rows)


def probed(world: Any, game: Any, asked: argparse.Namespace) -> dict[str, float]:
    """What the frames of ``world`` tell of its rules when it plays on from openings of ``game``: medians of games."""
    who = player("tracking", game)
    frames = []
    for tick in rollout(game, {"dream": world}, Start(who, asked.rollouts, 1), asked.frames):
        frames.append(tick.dreams["dream"])
    numbers = probe(seen(game, np.stack(frames)))
    return {name: _over(np.nanmedian, each) for name, each in numbers.items()}


def _over(what: Callable[..., Any], values: NDArray[np.floating]) -> float:
    """``what`` of the numbers that there are, NaN for none."""
    return float(what(values)) if np.isfinite(values).any() else np.nan


def probes(asked: argparse.Namespace) -> None:
    """How the probes read the true games between."""
    game: Any = restrict(recipe("engine_pong").game.model_copy(update={"split": None}).build(), "between", asked.games)
    played = play_episodes(game, player("tracking", game), seeds.rows(0, 0, asked.rollouts), asked.frames)
    numbers = probe(seen(game, played.frames.swapaxes(0, 1)))
    rows: list[Row] = []
    for name in PROBES:
        true = played.params[:, game.spec.index(name)] * UNITS.get(name, 1.0)
        there = np.isfinite(numbers[name])
        off = np.abs(numbers[name] - true)[there].mean()
        fit = np.corrcoef(numbers[name][there], true[there])[0, 1]
        rows.append((name, f"{there.mean():.0%}", f"{true.min():.3g} .. {true.max():.3g}", f"{off:.2g}", f"{fit:.3f}"))
    table(("probe", "of games", "true values", "mean error", "correlation"), rows)


def path(run: Run, axis: str, base: Params, asked: argparse.Namespace) -> tuple[list[float], list[float], list[float]]:
    """Along ``axis`` from its second value to its last but one: what was expected, probed, and the object horizon."""
    values = family(run, "seen", 1).family.axes[axis]
    ends = [{**base, axis: values[1]}, {**base, axis: values[-2]}]
    expected, found, right = [], [], []
    for share in SHARES:
        vector, params = blended(run, ends, (1 - share, share))
        truth = one_game(run, params)
        world = Retold(run.world(), lambda rows, told=vector: told.expand(len(rows), -1))
        expected.append((values[1] * (1 - share) + values[-2] * share) * UNITS.get(axis, 1.0))
        found.append(probed(world, truth, asked)[axis])
        right.append(float(horizons(world, truth, asked)[0]))
    return expected, found, right


def algebra(run: Run, asked: argparse.Namespace) -> None:
    """Paths along every axis, and the analogy of fast and slow, long and short."""
    bases = [{**one, "paddles": 2} for one in games_of(family(run, "between", 1).family, "between", asked.games)]
    rows: list[Row] = []
    for axis in PROBES:
        paths = [path(run, axis, base, asked) for base in bases]
        expected, found = (np.array([one[part] for one in paths]) for part in (0, 1))
        rising = np.mean([np.all(np.diff(one) >= 0) for one in found])
        off = _over(np.nanmean, np.abs(found - expected)) / (expected.max() - expected.min())
        right = np.median(np.array([one[2] for one in paths]), 0)
        told = " ".join(f"{_over(np.nanmean, each):.3g}" for each in found.T)
        wanted = " ".join(f"{each:.3g}" for each in expected[0])
        rows.append((axis, wanted, told, f"{rising:.0%}", f"{off:.0%}", " ".join(f"{each:g}" for each in right)))
    table(("axis", "expected", "probed", "rising", "error of the range", "object horizon against the true game"), rows)
    print()
    table(("analogy", "object horizon", "p10", "pixel horizon"), [analogy(run, bases[0], asked, way) for way in (0, 1)])


def analogy(run: Run, base: Params, asked: argparse.Namespace, way: int) -> Row:
    """Fast long - slow long + slow short against fast short, or (way 1) fast short itself."""
    fast_long, slow_long, slow_short, fast_short = (
        {**base, "speed": speed, "paddle_length": length} for speed, length in ((20, 8), (10, 8), (10, 3), (20, 3))
    )
    truth = one_game(run, fast_short)
    told = vectors_of(run, [fast_long, slow_long, slow_short, fast_short])
    vector = told[3] if way else told[0] - told[1] + told[2]
    world = Retold(run.world(), lambda rows: vector.expand(len(rows), -1))
    return ("fast short itself" if way else "fast long - slow long + slow short", *horizons(world, truth, asked))


def fit(run: Run, asked: argparse.Namespace) -> None:
    """A vector fitted to ``FRAMES`` frames of each game, then all of the engine; and a world from scratch."""
    rows: list[Row] = []
    for number, params in enumerate(games_of(family(run, "between", 1).family, "between", asked.games)):
        truth = one_game(run, params)
        data = {"game.params": dict(params), "record.episodes": FRAMES // 40, "record.ticks": 40}
        engine_fit = configs.override(recipe("engine_fit"), data | {"begin.run": str(run.folder)})
        core = {"world.core": run.config.world.core.model_dump(mode="json")}
        fitted = begin_run(asked.out / f"fit_{number}", configs.override(engine_fit, core))
        train(fitted, Terminal())
        engine_tune = configs.override(recipe("engine_tune"), data | core | {"begin.run": str(fitted.folder)})
        tuned = begin_run(asked.out / f"tuned_{number}", engine_tune)
        train(tuned, Terminal())
        scratch = configs.override(
            alone_config(run, params),
            {
                "record.episodes": FRAMES // 40,
                "record.ticks": 40,
                "training.sampler": {"kind": "uniform"},
                "training.iterations": SCRATCH,
                "output.save": SCRATCH,
            },
        )
        other = begin_run(asked.out / f"scratch_{number}", scratch)
        train(other, Terminal())
        told = horizons(run.world(), truth, asked)
        found = [horizons(each.world(), truth, asked)[0] for each in (fitted, tuned, other)]
        times = (fitted.seconds - run.seconds, tuned.seconds - fitted.seconds, other.seconds)  # clocks go on
        rows.append((f"between:{number}", told[0], *found, ", ".join(f"{each:.0f}" for each in times)))
    medians = np.median(np.array([[float(each) for each in row[1:5]] for row in rows]), 0)
    rows.append(("median over games", *(f"{each:g}" for each in medians), ""))
    table(("game", "told its params", "vector fitted", "then all of it", "from scratch", "seconds"), rows)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("unseen", "alone", "algebra", "fit", "adapters", "probes"))
    parser.add_argument(
        "run", nargs="?", type=Path, default=Path("runs/engine_pong"), help="folder of the engine's run"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/engines"), help="where other runs are kept")
    parser.add_argument("--games", type=int, default=8, help="games of a split")
    parser.add_argument("--rollouts", type=int, default=64, help="games that are played")
    parser.add_argument("--frames", type=int, default=500, help="ticks of each")
    parser.add_argument("--iterations", type=int, default=1000, help="of each kind of adapters")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.what == "probes":
        probes(asked)
        return
    made = {"unseen": unseen, "alone": alone, "algebra": algebra, "fit": fit, "adapters": adapters}
    made[asked.what](open_run(asked.run), asked)


if __name__ == "__main__":
    main()
