"""A cartridge: a trained world in one small file, stripped to what playing needs and safe to take from a stranger.

    <name>.cartridge   a safetensors file of
        world/<weight>     the weights, as they were trained
        starts/frames      uint8 [K, opening, H, W, C]     openings that the world may begin with
        starts/actions     uint8 [K, opening - 1, P]       when it is shown none
        rewards/<weight>   those of its reward model, if it has one
        metadata "label"   a ``Label`` as JSON: the game, the network, the measured horizon, where it comes from

One file, since that is what people send each other; and no archive: nothing is unpacked, so no path can lead astray and
nothing can swell. The label lies in the header, so it is read without the weights. These stay float32: halves round
otherwise, and a world that snaps its frames may then snap to another colour.

Reading runs no code, and sizes are checked before anything is made of them: the file's, its header's, the numbers that
describe the network, and the shapes of the weights that such a network would have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from reprlib import repr as brief  # whatever a file says may be huge
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as unpacked
from safetensors.torch import save as packed
from torch import Tensor

from tickworld import config as configs
from tickworld import files
from tickworld.data.manifest import game_params
from tickworld.errors import UserError
from tickworld.games import game
from tickworld.games.gym_config import check_trusted
from tickworld.models.learned import Learned
from tickworld.models.rewarded import Rewarded, worn
from tickworld.models.rewards import RewardModel
from tickworld.models.weights import mismatch
from tickworld.models.world import World, WorldConfig, seeded_world
from tickworld.recipes import rewards
from tickworld.recipes.label import FORMAT, KIND, Label
from tickworld.recipes.playable import Playable
from tickworld.simulator import Opening, Simulator, Spec

SUFFIX = ".cartridge"
SMALL = 999_000
"""Bytes that weights and openings share: of the openings, no more are taken than fit, and the file stays below 1 MB."""
LARGEST = 16 * 2**20
"""Bytes of the largest file that is read."""
LARGEST_HEADER = 256 * 2**10
"""Bytes of the longest header that is read."""
LARGEST_NUMBER = 4096
"""Of the numbers that describe a network, such as its units and layers."""
THREADS = 2
"""Processor threads for judging a world this small; more only wait for each other."""


def write(path: Path, label: Label, world: Learned) -> Label:
    """Writes the cartridge of ``world``, whole or not at all, and returns what it says: ``label``, with the world's
    reward model.

    Raises UserError when the disk refuses, or for a world that could not be read back: one that is too large, or whose
    weights are not finite.
    """
    if path.suffix != SUFFIX:
        raise UserError(f"a cartridge is a {SUFFIX} file; got {path.name!r}; name it something{SUFFIX}")
    tensors = {f"world/{name}": each.contiguous() for name, each in world.world.state_dict().items()}
    label = label.model_copy(update={"rewards": None})
    if isinstance(world, Rewarded):
        label = label.model_copy(update={"rewards": world.rewards.config})
        tensors |= {f"rewards/{name}": each for name, each in rewards.weights(world.rewards).items()}
    room = SMALL - len(_packed(tensors, label))
    content = _packed(tensors | _start_tensors(world.starts, room), label)
    if len(content) > LARGEST:
        raise UserError(
            f"this world takes {len(content):,} bytes, and a cartridge holds up to {LARGEST:,}; train a smaller one"
        )
    _opened(content, path)
    files.write_bytes(path, content)
    return label


def read_label(path: Path) -> Label:
    """What the cartridge says about itself. Raises UserError when it is none, or of a newer format."""
    return _label(_content(path), path)


def load(path: Path) -> Playable:
    """The world of the cartridge, to be judged as it was before it was packed.

    Raises UserError when it is no cartridge, is damaged or of a newer format, does not fit the games of this version,
    or when its game would run code that nobody here trusts.
    """
    content = _content(path)
    check_trusted(_label(content, path).spec.name, str(path))
    return _opened(content, path)


def _packed(tensors: dict[str, Tensor], label: Label) -> bytes:
    return packed(tensors, {"label": label.model_dump_json()})


def _start_tensors(starts: Opening | None, room: int) -> dict[str, Tensor]:
    """As many of the openings as take up to ``room`` bytes, one at least."""
    if starts is None:
        return {}
    frames, actions = torch.from_numpy(starts.frames), torch.from_numpy(starts.actions)
    count = max(room // (frames[0].numel() + actions[0].numel()), 1)
    return {"starts/frames": frames[:count], "starts/actions": actions[:count]}


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"there is no cartridge at {path}; check the path")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UserError(f"{path} is no cartridge: it has more than {LARGEST:,} bytes; check the path")
    return content


def _label(content: bytes, path: Path) -> Label:
    size = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + size] if size <= LARGEST_HEADER else b""
    try:
        label = json.loads(json.loads(header)["__metadata__"]["label"])
    except (ValueError, KeyError, TypeError, RecursionError):
        label = None
    if not isinstance(label, dict) or label.get("kind") != KIND:
        raise UserError(f"{path} is no cartridge, or a damaged one; check the path, or get it anew")
    newer = label.get("format")
    if isinstance(newer, int) and newer > FORMAT:
        raise UserError(
            f"{path} has format {brief(newer)}; this tickworld reads formats up to {FORMAT}; update tickworld"
        )
    return configs.validate(Label, label, str(path))


def _opened(content: bytes, path: Path) -> Playable:
    label = _label(content, path)
    try:
        tensors = unpacked(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); get it anew") from error
    parts: dict[str, dict[str, Tensor]] = {"world": {}, "starts": {}, "rewards": {}}
    for name, each in tensors.items():
        part, _, rest = name.partition("/")
        parts.setdefault(part, {})[rest] = each
    try:
        truth = _game(label)
        world = _world(label.world, truth.spec, parts.pop("world"))
        starts = _starts(parts.pop("starts"), world.initializer.opening, truth.spec)
        model = _rewards(label, truth.spec, parts.pop("rewards"))
        if parts:
            raise UserError(
                f"it holds {brief(min(parts))}, and a cartridge holds world, starts and rewards; get it anew"
            )
    except UserError as error:
        raise UserError(f"{path} cannot be played: {error}") from error
    threads = min(THREADS, torch.get_num_threads())
    return Playable(worn(world, truth.spec, starts, model), truth, label.claim.evaluation, threads)


def _game(label: Label) -> Simulator:
    """The game that was learned. Raises UserError when there is none of that name, or it has become another."""
    asked = label.spec
    known = game(asked.name).spec
    for param in asked.params:
        known.index(param.name)
    truth = game(asked.name, **game_params(asked))
    for part in ("height", "width", "channels", "players", "actions", "palette"):
        before, now = getattr(asked, part), getattr(truth.spec, part)
        if before != now:
            raise UserError(
                f"it learned {asked.name} with {part} = {brief(before)}, and here it has {brief(now)}; use the "
                f"tickworld that packed it, {brief(label.origin.versions.get('tickworld'))}"
            )
    for one in asked.games:
        truth.spec.check_params(np.array([one]))
    truth.spec = replace(truth.spec, games=asked.games)
    return truth


def _world(config: WorldConfig, spec: Spec, weights: Mapping[str, Tensor]) -> World:
    """The network with its weights. Raises UserError when they are not its own or not finite."""
    if (largest := max(_numbers(config.model_dump()), default=0)) > LARGEST_NUMBER:
        raise UserError(f"its network has a setting of {brief(largest)}, expected up to {LARGEST_NUMBER}; get it anew")
    try:
        with torch.device("meta"):  # shapes alone: what it says of its size could fill any memory
            needed = seeded_world(config, spec, seed=0).state_dict()
    except RuntimeError as error:
        raise UserError(f"its network cannot be built ({' '.join(str(error).split())}); get it anew") from error
    if differs := mismatch(needed, weights):
        raise UserError(f"its weights are of another network: {differs}; get it anew")
    for name, each in weights.items():
        if not each.isfinite().all():
            raise UserError(f"its weight {brief(name)} has values that are not finite; get it anew, or train it again")
    world = seeded_world(config, spec, seed=0)
    world.load_state_dict(weights)
    return world


def _rewards(label: Label, spec: Spec, weights: Mapping[str, Tensor]) -> RewardModel | None:
    """What tells rewards, if the cartridge has it. Raises UserError when the weights are not its own."""
    if label.rewards is not None:
        return rewards.restored(label.rewards, spec, weights)
    if weights:
        raise UserError("it holds weights of a reward model that its label does not describe; get it anew")
    return None


def _numbers(value: Any) -> Iterator[float]:
    """Every number in a dumped config."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, (int, float)):
        yield value


def _starts(tensors: Mapping[str, Tensor], opening: int, spec: Spec) -> Opening | None:
    """The openings. Raises UserError when the world could not begin with them."""
    if not tensors:
        return None
    empty = torch.empty(0)
    frames, actions = tensors.get("frames", empty), tensors.get("actions", empty)
    count = frames.shape[0] if frames.ndim else 0
    shapes = (count, opening, *spec.frame_shape), (count, opening - 1, len(spec.players))
    fit = (tuple(frames.shape), tuple(actions.shape)) == shapes and frames.dtype == actions.dtype == torch.uint8
    if len(tensors) > 2 or not count or not opening or not fit or (actions >= len(spec.actions)).any():
        raise UserError(
            f"its openings are not {opening} frames of {spec.name} each, with the actions between them; get it anew"
        )
    return Opening(frames.numpy(), actions.numpy())
