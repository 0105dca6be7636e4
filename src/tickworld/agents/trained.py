"""A trained agent: one small file, safe to take from a stranger, and the player that it is.

    <name>.agent   a safetensors file of
        weight/<i>, bias/<i>    float32 [O, I] and [O], the layers of its network
        metadata "agent"        a ``Label`` as JSON: which game and side, what it sees, and where it comes from

Reading runs no code, and sizes are checked before anything is made of them. As a player, ``agent:PATH``, it presses the
keys of its own side; the other sides are pressed by the opponent that it was trained against, a player of the table, or
rest where that was an agent too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as brief  # whatever a file says may be huge
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load as unpacked
from safetensors.numpy import save as packed

from tickworld import config as configs
from tickworld import files
from tickworld.agents import AGENT, player
from tickworld.agents.arena import ArenaConfig
from tickworld.agents.network import Layer, Network
from tickworld.agents.views import VIEWS, View
from tickworld.config import Config
from tickworld.data.player import Memory, Player
from tickworld.errors import UserError, choose
from tickworld.seeds import mix
from tickworld.simulator import Simulator

FILE = "trained.agent"
"""Its name in the folder of its training."""
FORMAT = 1
LARGEST = 16 * 2**20
"""Bytes of the largest file that is read."""
MOST_LAYERS = 16


class Label(Config):
    """What an agent says of itself."""

    kind: Literal["tickworld agent"] = "tickworld agent"
    """what the file is"""
    format: int = Field(default=FORMAT, ge=1)
    """how it is laid out"""
    game: str
    """what it plays"""
    players: tuple[str, ...]
    """the sides of that game"""
    actions: tuple[str, ...]
    """what can be pressed in it"""
    arena: ArenaConfig
    """how it plays: its side, its opponent and what it sees"""
    origin: dict[str, str | int | float]
    """where it comes from: world, method, steps, seed and versions"""

    @property
    def side(self) -> str:
        """Its own side."""
        return self.arena.side or self.players[0]


class Agent(NamedTuple):
    """A trained agent."""

    label: Label
    network: Network


def write(path: Path, agent: Agent) -> None:
    """Writes it, whole or not at all. Raises UserError when the disk refuses."""
    tensors = {}
    for number, layer in enumerate(agent.network.layers):
        tensors[f"weight/{number}"] = np.ascontiguousarray(layer.weight, np.float32)
        tensors[f"bias/{number}"] = np.ascontiguousarray(layer.bias, np.float32)
    files.write_bytes(path, packed(tensors, {"agent": agent.label.model_dump_json()}))


def read(path: Path) -> Agent:
    """The agent in a file, or in the folder of its training. Raises UserError when there is none, when it is damaged,
    of a newer format, or does not fit together."""
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"there is no agent at {path}; give the file or the folder that `tickworld agent` made")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    label = _label(content, path)
    try:
        network = _network(unpacked(content))
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged ({' '.join(str(error).split())}); get it anew") from error
    if len(network.layers[-1].bias) != len(label.actions):
        raise UserError(
            f"{path} is damaged: its network chooses of {len(network.layers[-1].bias)} actions, and it names "
            f"{len(label.actions)}; get it anew"
        )
    return Agent(label, network)


def seated(agent: Agent, game: Simulator, where: str = "this agent") -> Player:
    """``agent`` as a player of ``game``, true or dreamt. Raises UserError when it plays another game, or sees what no
    player does."""
    label, spec = agent.label, game.spec
    for what, its, theirs in (
        ("game", label.game, spec.name),
        ("players", ", ".join(label.players), ", ".join(spec.players)),
        ("actions", ", ".join(label.actions), ", ".join(spec.actions)),
    ):
        if its != theirs:
            raise UserError(f"{where} plays a game with the {what} {brief(its)}; got {theirs}; train one for this game")
    if label.side not in spec.players:
        raise UserError(f"{where} is damaged: {spec.name} has no side {brief(label.side)}; get it anew")
    view = choose(VIEWS, label.arena.observation, "observation")(game, game)
    if not view.of_frames:
        raise UserError(
            f"{where} sees the {label.arena.observation} of a simulator, and a player sees frames; train one with the "
            "observation objects or frame"
        )
    takes, shown = agent.network.layers[0].weight.shape[1], int(np.prod(view.shape)) * label.arena.stack
    if takes != shown:
        raise UserError(f"{where} takes {takes:,} numbers, and {spec.name} shows it {shown:,}; train one for this game")
    name = label.arena.opponent
    other = "idle" if name.startswith(AGENT) else name  # no file says which other files are read
    opponent = player(other, game) if len(spec.players) > 1 else None
    return _Seated(agent.network, view, label.arena.stack, spec.players.index(label.side), opponent)


class Mind(NamedTuple):
    """What an agent remembers."""

    views: NDArray[Any]  # [N, K, ...] the last observations, the newest last
    begun: NDArray[np.bool_]  # [N] whether it has seen any
    opponent: Memory  # what the player of the other sides remembers


@dataclass(frozen=True)
class _Seated:
    network: Network
    view: View
    stack: int
    side: int
    opponent: Player | None

    def init(self, seeds: NDArray[np.uint64]) -> Mind:
        views = np.zeros((len(seeds), self.stack, *self.view.shape), self.view.dtype)
        memory = self.opponent.init(mix(seeds, "opponent")) if self.opponent else None
        return Mind(views, np.zeros(len(seeds), bool), memory)

    def act(self, memory: Mind, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Mind]:
        seen = self.view.see(None, frames)[:, None]
        begun = memory.begun.reshape(-1, *(1 for _ in seen.shape[1:]))
        views = np.where(begun, np.concatenate([memory.views[:, 1:], seen], 1), seen)
        shown = np.moveaxis(views, 1, -2).reshape(len(views), *self.view.shape[:-1], -1)
        actions, other = np.zeros((len(frames), 1), np.uint8), memory.opponent
        if self.opponent is not None:
            actions, other = self.opponent.act(other, tick, frames)
            actions = actions.copy()
        actions[:, self.side] = self.network.choose(shown)
        return actions, Mind(views, np.ones(len(views), bool), other)


def _label(content: bytes, path: Path) -> Label:
    size = int.from_bytes(content[:8], "little")
    try:
        label = (
            json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["agent"]) if len(content) <= LARGEST else {}
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        label = {}
    if not isinstance(label, dict) or label.get("kind") != "tickworld agent":
        raise UserError(f"{path} is no agent, or a damaged one; check the path, or get it anew")
    newer = label.get("format")
    if isinstance(newer, int) and newer > FORMAT:
        raise UserError(
            f"{path} has format {brief(newer)}; this tickworld reads formats up to {FORMAT}; update tickworld"
        )
    return configs.validate(Label, label, str(path))


def _network(tensors: dict[str, NDArray[Any]]) -> Network:
    """The layers that ``tensors`` are. Raises ValueError when they are none, KeyError when one is missing."""
    count = len(tensors) // 2
    if not 0 < count <= MOST_LAYERS or len(tensors) % 2:
        raise ValueError(f"a network has a weight and a bias for each of 1 to {MOST_LAYERS} layers")
    layers = tuple(Layer(tensors[f"weight/{number}"], tensors[f"bias/{number}"]) for number in range(count))
    takes = None
    for weight, bias in layers:
        fits = weight.ndim == 2 and bias.shape == weight.shape[:1] and takes in (None, weight.shape[1])
        if not fits or not weight.size or weight.dtype != np.float32 or bias.dtype != np.float32:
            raise ValueError("its layers do not fit each other")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError("its weights are not finite")
        takes = len(weight)
    return Network(layers)
