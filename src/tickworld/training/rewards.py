"""Training of a reward model on a recording, whatever world it is for: half of each batch are ticks as they come, half
are as many of each outcome, since those that bring something are few.

    ticks = Ticks(episodes)
    model = config.model(ticks).build(spec)
    for loss in learn(model, ticks, config, seed):
        ...

The batch of an iteration is a pure function of (seed, iteration).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tickworld import seeds
from tickworld.config import Config
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.rewards import Outcome, RewardModel, RewardModelConfig
from tickworld.simulator import Spec
from tickworld.tensors import to_tensor
from tickworld.training.curriculum import RateConfig

CLASSES = 16
"""Where more outcomes than so many were recorded, rewards are numbers and no classes."""


class RewardsConfig(Config):
    """How the rewards and ends of a world's game are learned, by a model of its own beside the world."""

    iterations: int = Field(default=0, ge=0)
    """updates of its weights; 0: no rewards are learned (`tickworld rewards RUN` learns them later)"""
    batch: int = Field(default=128, gt=0)
    """ticks in a batch"""
    rate: RateConfig = RateConfig(peak=2e-3, warmup=50)
    """learning rate"""
    decay: float = Field(default=1e-2, ge=0)
    """weight decay of AdamW"""
    episodes: int = Field(default=4096, gt=0)
    """episodes of the recording that are learned from, at most"""
    frames: int = Field(default=2, ge=2, le=16)
    """how many last frames it sees, the newest included"""
    width: int = Field(default=16, gt=0, le=1024)
    """channels of its convolutions"""
    hidden: int = Field(default=32, gt=0, le=4096)
    """units of its last layer"""

    def model(self, ticks: Ticks) -> RewardModelConfig:
        """The model for what ``ticks`` can bring."""
        sizes = {name: getattr(self, name) for name in ("frames", "width", "hidden")}
        return RewardModelConfig(**sizes, outcomes=ticks.outcomes, spread=ticks.spread)


class Ticks:
    """Every tick of ``episodes`` by its outcome, so that rare ones are found. M ticks in all, V outcomes.

    Raises UserError where there is nothing to learn: all ticks bring the same, or a reward is not known.
    """

    outcomes: tuple[Outcome, ...]
    spread: tuple[float, ...] | None
    """of each player's rewards around the mean of their outcome; None where outcomes say all"""

    def __init__(self, episodes: Episodes) -> None:
        self.episodes = episodes
        self.episode, self.tick = np.nonzero(np.arange(episodes.ticks) < episodes.lengths[:, None])  # [M]
        rewards, over = (each[self.episode, self.tick] for each in (episodes.rewards, episodes.over))
        if not np.isfinite(rewards).all():
            raise UserError("this recording does not hold the rewards of all its ticks; learn them from another one")
        rows, kind, count = _unique(np.column_stack([rewards, over]))
        self.spread = None
        if len(rows) > CLASSES:
            ends, kind, count = _unique(over[:, None])
            means = np.stack([rewards[kind == each].mean(0) for each in range(len(ends))])
            self.spread = tuple(float(each) or 1.0 for each in (rewards - means[kind]).std(0))
            rows = np.column_stack([means, ends])
        if len(rows) == 1 and self.spread is None:
            raise UserError(
                "every tick of this recording brings the same reward and none ends a game, so there is nothing to "
                "learn of rewards; record more of it, with players to whom something happens"
            )
        self.kind: NDArray[np.int64] = kind  # [M] which outcome
        self.outcomes = tuple(
            Outcome(reward=tuple(row[:-1].tolist()), over=bool(row[-1]), share=many / len(kind))
            for row, many in zip(rows, count, strict=True)
        )
        self._by_kind, self._count = np.argsort(kind, kind="stable"), count

    def drawn(self, seed: int, iteration: int, count: int) -> NDArray[np.int64]:
        """Which ticks the batch of ``iteration`` holds, ``count`` of the M."""
        draw = seeds.generator(seed, "rewards", iteration)
        as_they_come = draw.integers(0, len(self.kind), count // 2)
        kinds, share = draw.integers(0, len(self._count), count - count // 2), draw.random(count - count // 2)
        place = np.cumsum(self._count)[kinds] - 1 - (share * self._count[kinds]).astype(np.int64)
        return np.concatenate([as_they_come, self._by_kind[place]])

    def shown(self, pick: NDArray[np.int64], frames: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of the ticks ``pick`` [B]: the last ``frames`` frames after them [B, K, C, H, W] in 0..1, what was pressed
        [B, P], the outcome [B] and the rewards [B, P]. Before an episode's first frame stands that frame again."""
        episode, tick = self.episode[pick], self.tick[pick]
        before = np.maximum(tick[:, None] + 2 - frames + np.arange(frames), 0)
        shown = self.episodes.frames[episode[:, None], before]
        pressed, rewards = (each[episode, tick] for each in (self.episodes.actions, self.episodes.rewards))
        return to_tensor(shown), torch.from_numpy(pressed), torch.from_numpy(self.kind[pick]), torch.from_numpy(rewards)


def learn(model: RewardModel, ticks: Ticks, config: RewardsConfig, seed: int) -> Iterator[float]:
    """The loss of each iteration, in nats a tick; ``model`` changes in place."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.rate.peak, weight_decay=config.decay)
    model.train()
    for iteration in range(config.iterations):
        for group in optimizer.param_groups:
            group["lr"] = config.rate.at(iteration, config.iterations)
        shown, pressed, kind, rewards = ticks.shown(ticks.drawn(seed, iteration, config.batch), model.config.frames)
        answer = model(shown, pressed)
        loss = F.cross_entropy(answer.logits, kind)
        if len(model.spread):
            loss = loss + F.smooth_l1_loss(answer.extra, (rewards - model.rewards[kind]) / model.spread)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def seeded_model(config: RewardModelConfig, spec: Spec, seed: int) -> RewardModel:
    """A new model whose first weights follow from ``seed`` alone; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.build(spec)


def _unique(rows: NDArray) -> tuple[NDArray, NDArray[np.int64], NDArray[np.int64]]:
    """The different ones of ``rows`` [M, ...], which of them each is [M], and how often each occurs."""
    different, kind, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return different, kind.reshape(-1), count
