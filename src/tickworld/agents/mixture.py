"""The player that is many players: each row and player is one of them for a while, then perhaps another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.agents.plain import Idle, Random, Sticky, Streams, numbers, player_streams
from tickworld.agents.seeking import Seeking
from tickworld.agents.tracking import Tracking
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.seeds import mix
from tickworld.simulator import Simulator, Spec


class Member(Config):
    """One player of a mixture."""

    player: Annotated[Idle | Random | Sticky | Tracking | Seeking, Field(discriminator="kind")]
    """which player, with its settings"""
    share: float = Field(gt=0)
    """how often it is chosen, relative to the others"""


class Mixture(Config):
    """Each row and player is one of the members, chosen anew now and then.

    In a game that some members cannot play, the others share their part.
    """

    kind: Literal["mixture"] = "mixture"
    members: tuple[Member, ...]
    """the players and their shares"""
    switch_ticks: float = Field(default=100.0, ge=1)
    """mean ticks until a member is chosen anew"""

    def build(self, game: Simulator) -> Player:
        """The player for ``game``. Raises UserError when no member can play it."""
        able = [member for member in self.members if _can_play(member.player, game)]
        if not able:
            raise UserError(f"no member of this mixture can play {game.spec.name}; add one, e.g. sticky")
        shares = np.array([member.share for member in able])
        ends = np.cumsum(shares / shares.sum())[:-1]
        return _Mixture(game.spec, tuple(member.player.build(game) for member in able), ends, self.switch_ticks)


def _can_play(player: Idle | Random | Sticky | Tracking | Seeking, game: Simulator) -> bool:
    try:
        player.build(game)
    except UserError:
        return False
    return True


class Cast(NamedTuple):
    """What a mixture remembers."""

    streams: Streams
    member: NDArray[np.intp]  # [N, P] who plays now
    memories: tuple[Any, ...]  # what each member remembers


@dataclass(frozen=True)
class _Mixture:
    spec: Spec
    members: tuple[Player, ...]
    ends: NDArray[np.float64]  # [members - 1] where each one's part of 0..1 ends
    switch_ticks: float

    def init(self, seeds: NDArray[np.uint64]) -> Cast:
        streams = player_streams(seeds, self.spec, "mixture")
        memories = tuple(member.init(mix(seeds, "member", number)) for number, member in enumerate(self.members))
        return Cast(streams, self._member(numbers(streams, "first")[0]), memories)

    def act(self, memory: Cast, tick: int, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Cast]:
        switch, chosen, _, _ = numbers(memory.streams, tick)
        member = np.where(switch < 1 / self.switch_ticks, self._member(chosen), memory.member)
        # Every member plays every row: cheaper than cutting the rows apart, and none has to start in the middle.
        acts = [one.act(past, tick, frames) for one, past in zip(self.members, memory.memories, strict=True)]
        action = np.choose(member, [pressed for pressed, _ in acts])
        return action, Cast(memory.streams, member, tuple(past for _, past in acts))

    def _member(self, chance: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.searchsorted(self.ends, chance, side="right")
