"""Runs of one recipe that were trained apart, joined to a committee: a finished run of its own, to be evaluated and
packed like any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tickworld import files
from tickworld.config import override
from tickworld.errors import UserError
from tickworld.models.cores.committee import Committee, CommitteeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.world import seeded_world
from tickworld.recipes.run import Run, begin_run
from tickworld.training import checkpoint


def join(runs: Sequence[Run], folder: Path) -> Run:
    """Writes the newest worlds of ``runs`` as one committee to ``folder``, the first run's world first.

    Its settings are those of the first run, its minutes those of all. Raises UserError for runs that are not finished,
    or that differ in game or network, or whose core is no snapped one, and when ``folder`` holds anything else.
    """
    first = runs[0]
    core = CommitteeConfig(member=_member(runs), members=len(runs))
    config = override(first.config, {"world.core": core.model_dump()})
    world = seeded_world(config.world, config.game.build().spec, config.seed)
    assert isinstance(world.core, Committee)
    for run, member in zip(runs, world.core.cores, strict=True):
        trained = run.world().world
        member.load_state_dict(trained.core.state_dict())
    source = "; ".join(run.source for run in runs)
    joined = begin_run(folder, config)
    if (starts := first.folder / "starts.safetensors").exists():
        files.write_bytes(folder / starts.name, starts.read_bytes())
    seconds = sum(run.seconds for run in runs)
    checkpoint.save_world(joined.checkpoints, config.training.iterations, world, source, seconds)
    return joined


def _member(runs: Sequence[Run]) -> SnappedConfig:
    """What each of them is."""
    first, core = runs[0], runs[0].config.world.core
    if len(runs) < 2:
        raise UserError(f"a committee has two members or more; got only {first.folder}; name other runs of its recipe")
    for run in runs:
        if not run.finished:
            raise UserError(f"{run.folder} is not finished; go on with the `tickworld train` that began it")
        if run.config.game != first.config.game:
            raise UserError(f"{run.folder} learned another game than {first.folder}; join runs of one game")
        if run.config.world != first.config.world:
            raise UserError(f"{run.folder} has another network than {first.folder}; join runs of one recipe")
    if not isinstance(core, SnappedConfig):
        raise UserError(f"only runs with core snapped can be joined, and {first.folder} has core {core.kind}")
    return core
