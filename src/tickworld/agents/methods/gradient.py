"""Gradient: a network trained by the slopes of its dream, in short windows with a critic behind (SHAC, Xu et al. 2022,
"Accelerated Policy Learning with Parallel Differentiable Simulation").

Some ticks of many games are dreamt, keys drawn by chance, and then told again with slopes (``models.smooth_rewards``):

    G_t = r_t + discount ((1 - trace) V(s_(t+1)) + trace G_(t+1))      G_t = r_t + discount V(s_(t+1)) at the last tick

where V is the critic, which sees the state of the dream itself, and so is a smooth function of what keys change. Actor:
uphill along the mean of all G. Critic: to the same G as numbers. Where the reward is a matter of hit or miss, it has a
slope at hardly any tick, and the slope that teaches is the critic's: it has learned which end comes of which state, and
changes gradually from one to the other.

A critic tells how returns change with the keys only if it saw others pressed: where an agent does one thing alone, the
slope of what it then learns may point anywhere. So games go astray now and then (``methods.windows``), and the actor
waits for the first windows of the critic. Without either, nothing is learned of Pong (``docs/log.md``).

Keys are pressed outright, and have the slope of their shares under noise (straight-through Gumbel-softmax: Jang et al.
2017, Maddison et al. 2017). The slope ends at what the agent sees: that it would press otherwise later, seeing
something else, is left out, and is the critic's to know.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from tickworld import seeds
from tickworld.agents.arena import Rows
from tickworld.agents.methods.task import Report, Saved, Task, part
from tickworld.agents.methods.windows import Games, Played
from tickworld.agents.network import Layer, Network
from tickworld.config import Config
from tickworld.models.parts import State
from tickworld.models.smooth_rewards import Retold, SmoothRewards

LEAST_RATE = 0.1
"""Of the learning rates, what is left at the end."""
LOOKED = 32
"""Ticks of games under keys by chance from which the critic takes its scales."""


class Gradient(Config):
    """A network of tanh units, trained by slopes through the dream (SHAC)."""

    kind: Literal["gradient"] = "gradient"
    """which method"""
    hidden: tuple[int, ...] = Field(default=(64, 64), max_length=8)
    """units of each layer between what it sees and what it presses"""
    games: int = Field(default=64, gt=0, le=4096)
    """games that are dreamt at once"""
    window: int = Field(default=16, gt=0, le=4096)
    """ticks of each game between two updates, through which slopes go"""
    rate: float = Field(default=1e-3, gt=0)
    """learning rate of the actor at the start; it falls to a tenth"""
    discount: float = Field(default=0.98, gt=0, le=1)
    """what a reward is worth a tick later"""
    trace: float = Field(default=0.9, ge=0, le=1)
    """how far returns are counted out before the critic is asked: 0, one tick; 1, to the end of the window"""
    stray: float = Field(default=0.05, ge=0, lt=1)
    """chance a tick that a game goes astray: a key by chance is held, so that the critic sees others pressed"""
    held: float = Field(default=12.0, ge=1)
    """mean ticks for which such a key is held"""
    entropy: float = Field(default=0.002, ge=0)
    """weight of the reward for pressing keys by chance"""
    tau: float = Field(default=1.0, gt=0)
    """temperature of the shares whose slope pressed keys have"""
    jumps: bool = False
    """whether rewards of a few kinds, such as points, have a slope of their own too; it takes as long again"""
    clip: float = Field(default=1.0, gt=0)
    """length at which a gradient is cut"""
    critic: tuple[int, ...] = Field(default=(64, 64), max_length=8)
    """units of the critic's layers"""
    critic_rate: float = Field(default=3e-3, gt=0)
    """learning rate of the critic at the start; it falls to a tenth"""
    critic_steps: int = Field(default=32, gt=0)
    """updates of the critic for each one of the actor"""
    warmup: int = Field(default=64, ge=0)
    """windows that only the critic learns from: slopes of one that knows nothing lead anywhere"""
    keep: float = Field(default=0.8, ge=0, lt=1)
    """share that the slow copy of the critic, which values ends, keeps of itself in an update"""

    def train(self, task: Task, saved: Saved) -> Iterator[Report]:
        """See ``agents.methods``. Raises UserError for a dream that has no slopes, and for a true game."""
        slopes = SmoothRewards(task.arena.simulator)
        games = Games(task, self.games, self.window, self.stray, self.held)
        learner = _Learner(self, task, slopes)
        if saved:
            games.restore(saved)
            learner.restore(saved)
        else:
            learner.look(games.rows)
        while (steps := games.windows * self.games * self.window) < task.steps:
            played = games.play(learner.actor)
            learner.learn(played, max(1 - steps / task.steps, LEAST_RATE), games.windows)
            gained = float(np.mean(games.returns)) if len(games.returns) else None
            yield Report(
                games.windows * self.games * self.window, gained, learner.network(), games.saved() | learner.saved()
            )


class _Learner:
    """Actor, critic and what trains them."""

    def __init__(self, config: Gradient, task: Task, slopes: SmoothRewards) -> None:
        self.config, self.task, self.slopes = config, task, slopes
        state = slopes.smooth.soften(task.arena.begin(np.zeros(1, np.uint64)).state)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.derive(task.seed, "gradient"))
            self.actor = _layers([task.inputs, *config.hidden, task.actions])
            self.critic = _Critic(_numbers(state).shape[1], config.critic)
        last = self.actor[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)  # it begins with keys by chance
        self.slow = copy.deepcopy(self.critic).requires_grad_(False)
        self.optimizers = {
            "actor": torch.optim.Adam(self.actor.parameters(), lr=config.rate),
            "critic": torch.optim.Adam(self.critic.parameters(), lr=config.critic_rate),
        }

    def look(self, rows: Rows) -> None:
        """Takes the critic's scales from what is dreamt under keys by chance."""
        draw, found = seeds.generator(self.task.seed, "look"), []
        for tick in range(LOOKED):
            keys = draw.integers(0, self.task.actions, (len(rows.ticks), 1))
            rows, _ = self.task.arena.step(rows, tick, keys)
            found.append(_numbers(self.slopes.smooth.soften(rows.state)))
        for critic in (self.critic, self.slow):
            critic.scale(torch.cat(found))

    def learn(self, played: Played, rate: float, number: int) -> None:
        """One update of the actor, and some of the critic; ``rate``: share of the learning rates."""
        config = self.config
        for name, most in (("actor", config.rate), ("critic", config.critic_rate)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = most * rate
        logits = self.actor(played.seen)
        shares = self._shares(logits, played)
        retold = self.slopes.retell(played.window, shares)
        rewards = played.rewards
        if config.jumps or self.slopes.graded:
            mean = self.slopes.paid(played.window, retold, shares)[..., self.task.arena.sides[0]]
            rewards = rewards + (mean - mean.detach())
        returns = self._returns(retold, rewards, played)
        if number > config.warmup:
            entropy = -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1).mean()
            self._step("actor", self.actor, -returns.mean() - config.entropy * entropy)
        before, aims = torch.cat([_numbers(each) for each in retold.before]).detach(), returns.detach().flatten()
        draw = seeds.generator(self.task.seed, "critic", number)
        some = max(len(aims) // 4, 1)
        for _ in range(config.critic_steps):
            pick = torch.from_numpy(draw.integers(0, len(aims), some))
            self._step("critic", self.critic, (self.critic(before[pick]) - aims[pick]).square().mean())
        with torch.no_grad():
            for slow, own in zip(self.slow.parameters(), self.critic.parameters(), strict=True):
                slow.lerp_(own, 1 - config.keep)

    def _shares(self, logits: Tensor, played: Played) -> Tensor:
        """The keys of all players as they were pressed, [T, N, P, A], those of the agent with the slope of shares."""
        shares = self.slopes.smooth.corners(played.pressed)
        soft = ((logits + played.lots) / self.config.tau).softmax(-1)
        side = torch.zeros(shares.shape[2], 1)
        side[self.task.arena.sides[0]] = 1
        return shares + side * (played.own.unsqueeze(-1) * (soft - soft.detach())).unsqueeze(2)

    def _returns(self, retold: Retold, rewards: Tensor, played: Played) -> Tensor:
        """G of each tick, [T, N], from the ``rewards`` [T, N]."""
        config = self.config
        value = self.slow(torch.cat([_numbers(each) for each in retold.after])).unflatten(0, rewards.shape)
        found, ahead = list[Tensor](), value[-1]
        for tick in reversed(range(len(rewards))):
            mixed = torch.where(played.ended[tick], value[tick], torch.lerp(value[tick], ahead, config.trace))
            ahead = rewards[tick] + config.discount * (1 - played.over[tick]) * mixed
            found.append(ahead)
        return torch.stack(found[::-1])

    def _step(self, name: str, module: nn.Module, loss: Tensor) -> None:
        self.optimizers[name].zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), self.config.clip)
        self.optimizers[name].step()

    def network(self) -> Network:
        """The actor as it plays."""
        linear = [each for each in self.actor if isinstance(each, nn.Linear)]
        return Network(
            tuple(Layer(each.weight.detach().numpy().copy(), each.bias.detach().numpy().copy()) for each in linear)
        )

    def saved(self) -> Saved:
        """Weights and moments."""
        found: Saved = {}
        for name, module in self._modules().items():
            for key, weight in module.state_dict().items():
                found[f"{name}/{key}"] = weight.numpy().copy()
        for name, optimizer in self.optimizers.items():
            for key, weight in self._modules()[name].named_parameters():
                for moment, value in optimizer.state[weight].items():
                    found[f"{name}/{moment}/{key}"] = value.numpy().copy()
        return found

    def restore(self, saved: Saved) -> None:
        """Goes on from there. Raises UserError when it does not fit."""
        for name, module in self._modules().items():
            own = module.state_dict()
            for key, weight in own.items():
                own[key] = torch.from_numpy(part(saved, f"{name}/{key}", weight.numpy()).copy())
            module.load_state_dict(own)
        for name, optimizer in self.optimizers.items():
            for key, weight in self._modules()[name].named_parameters():
                like = weight.detach().numpy()
                if f"{name}/step/{key}" not in saved:
                    continue  # no step was taken yet
                optimizer.state[weight] = {
                    moment: torch.from_numpy(part(saved, f"{name}/{moment}/{key}", each).copy())
                    for moment, each in (("step", np.zeros((), np.float32)), ("exp_avg", like), ("exp_avg_sq", like))
                }

    def _modules(self) -> dict[str, nn.Module]:
        return {"actor": self.actor, "critic": self.critic, "slow": self.slow}


class _Critic(nn.Module):
    """What states are worth: [N] from their numbers [N, S], which it brings to one scale."""

    mean: Tensor
    scales: Tensor

    def __init__(self, size: int, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scales", torch.ones(size))
        self.net = _layers([size, *hidden, 1])

    def scale(self, numbers: Tensor) -> None:
        """Takes mean and spread from ``numbers`` [M, S]; what never changes is no evidence."""
        self.mean.copy_(numbers.mean(0))
        spread = numbers.std(0)
        self.scales.copy_(torch.where(spread > 1e-6, 1 / spread, 0))

    def forward(self, numbers: Tensor) -> Tensor:
        return self.net((numbers - self.mean) * self.scales)[:, 0]


def _numbers(state: State) -> Tensor:
    """All real numbers of a core's state, [N, S]."""
    return torch.cat([each.flatten(1) for each in state if each.is_floating_point()], 1).float()


def _layers(sizes: list[int]) -> nn.Sequential:
    """Dense layers with tanh between."""
    made = list[nn.Module]()
    for before, after in zip(sizes[:-1], sizes[1:], strict=True):
        made += [nn.Linear(before, after), nn.Tanh()]
    return nn.Sequential(*made[:-1])
