"""A dream with slopes, learned in seconds: the seed's Pong by hand, where the lower the left plank is, the more it
brings."""

from __future__ import annotations

import torch
from tests.by_hand import by_hand
from torch import Tensor

from tickworld.agents.arena import Arena, ArenaConfig
from tickworld.games import game
from tickworld.models.rewarded import Rewarded
from tickworld.models.rewards import Outcome, RewardModel, RewardModelConfig, Told

ALL = 75.0
"""Pixels of a plank."""


class Low(RewardModel):
    """Tells the share of the left plank that is below the middle, less what is above; ``ends``: it is over where all of
    it is below."""

    def __init__(self, ends: bool = False) -> None:
        outcomes = (Outcome(reward=(0.0, 0.0), over=ends, share=1.0),)
        spec = game("pong_angle").spec
        super().__init__(RewardModelConfig(width=1, hidden=1, outcomes=outcomes), spec)
        self.ends = ends

    def mean(self, frames: Tensor, shares: Tensor) -> Tensor:
        plank = frames[:, -1, 0, :, :5].sum(2)
        low = (plank[:, 20:].sum(1) - plank[:, :20].sum(1)) / ALL
        return torch.stack([low, -low], 1)

    def tell(self, frames: Tensor, actions: Tensor) -> Told:
        reward = self.mean(frames, actions)
        over = (reward[:, 0] > 0.9) if self.ends else torch.zeros(len(reward))
        return Told(reward, over.float())


def low_pong(ends: bool = False) -> Rewarded:
    """The dream."""
    world = by_hand()
    spec = game("pong_angle", speed=(0.5, 1.5)).spec
    return Rewarded(world.world, spec, None, Low(ends))


def arena(ends: bool = False, limit: int = 20, observation: str = "objects") -> Arena:
    """Where the left plank is to go down; the right one rests."""
    config = ArenaConfig(limit=limit, stack=1, observation=observation, opponent="idle")
    return Arena(low_pong(ends), game("pong_angle", speed=(0.5, 1.5)), config)
