"""The reward model of a run or a cartridge: learned from a recording, and kept beside the world.

    runs/<name>/rewards.safetensors     its weights, and in the metadata "rewards" a ``RewardModelConfig`` as JSON

One file, so that it is there whole or not at all. Reading one that a stranger sent runs no code, and its size is
checked against its weights before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as packed
from torch import Tensor

from tickworld import files, seeds
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.rewards import RewardModel, RewardModelConfig
from tickworld.models.weights import mismatch
from tickworld.progress import Progress
from tickworld.recipes.config import RunConfig
from tickworld.recipes.recording import learned_from, recorded
from tickworld.simulator import Spec
from tickworld.training.rewards import RewardsConfig, Ticks, learn, seeded_model

FILE = "rewards.safetensors"
KEY = "rewards"


def learned_in(folder: Path, run: RunConfig, config: RewardsConfig, show: Progress) -> RewardModel:
    """The reward model of the run in ``folder``, learned from the run's own recording and written there in place of
    any other. Raises UserError for a recording that shows no rewards, and as recording does."""
    game = run.game.build()
    episodes = learned_from(recorded(run, folder / "data", show), game, config.episodes).episodes
    model = learned(episodes, game.spec, config, seeds.derive(run.seed, "rewards"), show)
    write(folder / FILE, model)
    return model


def learned(episodes: Episodes, spec: Spec, config: RewardsConfig, seed: int, show: Progress) -> RewardModel:
    """A reward model of the game ``spec``, learned from ``episodes``. Raises UserError where these show no rewards."""
    ticks = Ticks(episodes)
    model = seeded_model(config.model(ticks), spec, seed)
    with show.bar(f"learning rewards ({model.size():,} weights)", config.iterations, "it") as at:
        for done, loss in enumerate(learn(model, ticks, config, seed), 1):
            at(done, f"loss {loss:.4f}")
    return model.eval()


def write(path: Path, model: RewardModel) -> None:
    """Writes ``model``, whole or not at all. Raises UserError when the disk refuses."""
    files.write_bytes(path, packed(weights(model), {KEY: model.config.model_dump_json()}))


def read(path: Path, spec: Spec) -> RewardModel | None:
    """The reward model at ``path``, of the game ``spec``; None where there is none. Raises UserError when it is damaged
    or of another game."""
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            told, stored = (file.metadata() or {}).get(KEY), {name: file.get_tensor(name) for name in file.keys()}
        config = RewardModelConfig.model_validate_json(told or "")
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path} is damaged ({' '.join(str(error).split())}); delete it; `tickworld rewards` learns it again"
        ) from error
    try:
        return restored(config, spec, stored)
    except UserError as error:
        raise UserError(f"{path} cannot be used: {error}") from error


def weights(model: RewardModel) -> dict[str, Tensor]:
    """What is stored of it."""
    return {name: each.detach().contiguous() for name, each in model.state_dict().items()}


def restored(config: RewardModelConfig, spec: Spec, stored: Mapping[str, Tensor]) -> RewardModel:
    """The model with the weights ``stored``. Raises UserError when they are not its own or not finite, or when it is
    of a game with other players."""
    players = len(spec.players)
    if any(
        len(each) != players for each in (*(one.reward for one in config.outcomes), config.spread or [0.0] * players)
    ):
        raise UserError(
            f"its rewards are of another number of players than the {players} of {spec.name}; learn it again"
        )
    with torch.device("meta"):  # shapes alone: what it says of its size could fill any memory
        needed = seeded_model(config, spec, seed=0).state_dict()
    if differs := mismatch(needed, stored):
        raise UserError(f"its reward model is another than its weights are of: {differs}; learn it again")
    if not all(each.isfinite().all() for each in stored.values()):
        raise UserError("weights of its reward model are not finite; learn it again")
    model = seeded_model(config, spec, seed=0)
    model.load_state_dict(stored)
    return model.eval()
