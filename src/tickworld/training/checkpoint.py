"""Checkpoints: weights and optimiser as safetensors, the rest as JSON; each is a folder that appears whole or not at
all.

    checkpoints/00001200/   world.safetensors   optimizer.safetensors   sampler.safetensors   state.json
                            growth.safetensors, when windows grow by success

Loading one that a stranger sent runs no code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as packed
from torch import Tensor, nn

from tickworld import files
from tickworld.errors import UserError
from tickworld.models.weights import mismatch
from tickworld.models.world import World
from tickworld.training.fit import Lesson
from tickworld.training.growth import Growth
from tickworld.training.sampling import Sampler

FORMAT = 1
KEEP = 2
"""How many newest checkpoints a run keeps."""


class Training(NamedTuple):
    """All that training changes as it goes on, and so all that resuming needs beside the iteration."""

    world: World
    optimizer: torch.optim.Optimizer
    lesson: Lesson
    """whose sampler and growth remember"""
    source: str
    """what is learned from, in words: the same recording has the same words"""


class Checkpoint(NamedTuple):
    """Where a checkpoint lies and how many iterations it has behind it."""

    path: Path
    iteration: int


def save(folder: Path, iteration: int, training: Training, seconds: float = 0.0) -> None:
    """Writes the checkpoint of ``iteration``, after ``seconds`` of training, and deletes all but the newest ``KEEP``.

    Raises UserError when the disk refuses; what was there before stays.
    """
    parts = {
        "world": training.world.state_dict(),
        "optimizer": _optimizer_tensors(training.world, training.optimizer),
        "sampler": training.lesson.sampler.state(),
    }
    if growth := training.lesson.growth.state():
        parts["growth"] = growth
    state = {"format": FORMAT, "iteration": iteration, "seconds": seconds, "source": training.source}
    _save(folder / f"{iteration:08d}", parts, state)
    for old in checkpoints(folder)[:-KEEP]:
        files.remove(old.path)


def save_world(folder: Path, iteration: int, world: World, source: str, seconds: float) -> None:
    """Writes a checkpoint that is complete for playing; training does not go on from it. Raises as ``save``."""
    state = {"format": FORMAT, "iteration": iteration, "seconds": seconds, "source": source}
    _save(folder / f"{iteration:08d}", {"world": world.state_dict()}, state)


def _save(folder: Path, parts: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
    def write(path: Path) -> None:
        path.mkdir()
        for name, tensors in parts.items():
            (path / f"{name}.safetensors").write_bytes(packed(_plain(tensors)))
        files.write_json(path / "state.json", state)

    files.write_whole(folder, write)


def checkpoints(folder: Path) -> list[Checkpoint]:
    """The whole checkpoints in ``folder``, oldest first."""
    found = [path for path in folder.glob("*") if path.name.isdecimal() and (path / "state.json").is_file()]
    return sorted((Checkpoint(path, int(path.name)) for path in found), key=lambda each: each.iteration)


def newest(folder: Path) -> Checkpoint:
    """The newest whole checkpoint. Raises UserError when there is none."""
    found = checkpoints(folder)
    if not found:
        raise UserError(f"there is no checkpoint in {folder}; train first, or check the path")
    return found[-1]


def load(checkpoint: Checkpoint, training: Training) -> None:
    """Puts all of the checkpoint into ``training``. Raises UserError when it is of another run or damaged."""
    load_world(checkpoint, training.world)
    source = read_state(checkpoint).get("source")
    if source != training.source:
        raise UserError(
            f"{checkpoint.path} learned from {source}; got {training.source}; give the same recording, or another --out"
        )
    _load_optimizer(checkpoint, training.world, training.optimizer)
    _restore(training.lesson.sampler, "pool", checkpoint.path / "sampler.safetensors")
    if training.lesson.growth.state():
        _restore(training.lesson.growth, "length", checkpoint.path / "growth.safetensors")


def read_state(checkpoint: Checkpoint) -> dict[str, Any]:
    """What state.json says: format, iteration, seconds, source. Raises UserError when it is of another format."""
    state = files.read_json(checkpoint.path / "state.json", "checkpoint state")
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        got = state.get("format") if isinstance(state, dict) else state
        raise UserError(f"{checkpoint.path} has checkpoint format {got!r}; this version reads format {FORMAT}")
    if state.get("iteration") != checkpoint.iteration:
        raise UserError(
            f"{checkpoint.path} says that it is of iteration {state.get('iteration')}, expected "
            f"{checkpoint.iteration} by its name; restore the name"
        )
    return state


def load_world(checkpoint: Checkpoint, world: nn.Module) -> None:
    """Puts the checkpoint's weights into ``world``. Raises UserError when they belong to another world or are
    damaged."""
    read_state(checkpoint)
    weights = _read(checkpoint.path / "world.safetensors")
    if differs := mismatch(world.state_dict(), weights):
        raise UserError(
            f"{checkpoint.path} is a checkpoint of another world: {differs}; use the config it was trained with"
        )
    world.load_state_dict(weights)


def _restore(what: Sampler | Growth, name: str, path: Path) -> None:
    """Puts what lies at ``path`` into ``what``. Raises UserError when it does not fit."""
    try:
        what.restore(_read(path))
    except (KeyError, ValueError) as error:
        raise UserError(
            f"the {name} of {path} does not fit this run ({error}); delete its folder to use an older checkpoint"
        ) from error


def _load_optimizer(checkpoint: Checkpoint, world: World, optimizer: torch.optim.Optimizer) -> None:
    stored = _read(checkpoint.path / "optimizer.safetensors")
    own = world.learned()
    names = list(own)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in stored.items():
        name, _, moment = key.rpartition("/")
        if name not in own or value.shape not in ((), own[name].shape):
            raise UserError(
                f"{checkpoint.path} holds the optimiser of another world (it knows {name!r} of shape "
                f"{list(value.shape)}); use its own config"
            )
        state.setdefault(names.index(name), {})[moment] = value
    moments = {frozenset(each) for each in state.values()}
    if len(state) != len(names) or len(moments) != 1:
        raise UserError(
            f"{checkpoint.path} holds moments of {len(state)} of {len(names)} weights, not the same for each; delete "
            "its folder to use an older checkpoint"
        )
    groups: Any = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _optimizer_tensors(world: World, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's moments, named ``<parameter>/<moment>``. Rates need no saving: they follow from the iteration."""
    names = list(world.learned())
    state: dict[int, dict[str, Any]] = optimizer.state_dict()["state"]
    return {
        f"{names[index]}/{moment}": torch.as_tensor(value)
        for index, moments in state.items()
        for moment, value in moments.items()
    }


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: each.detach().cpu().contiguous() for name, each in tensors.items()}


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(
            f"there is no {path.name} in {path.parent}; restore it, or delete the folder and train on"
        ) from None
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); delete its folder to use an older checkpoint") from error
