"""Proximal policy optimisation (Schulman et al. 2017), that of Stable-Baselines3, on a batch of games.

What is saved are the weights of policy and critic and the optimiser's moments; the games are begun anew when training
goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import Field

from tickworld import seeds
from tickworld.agents.env import BatchEnvironment
from tickworld.agents.methods.task import Report, Saved, Task, part
from tickworld.agents.network import Layer, Network
from tickworld.config import Config
from tickworld.errors import check_installed

LEAST_RATE = 0.1
"""Of the learning rate, what is left at the end."""


class PolicyGradient(Config):
    """A network of tanh units, trained by PPO."""

    kind: Literal["ppo"] = "ppo"
    """which method"""
    hidden: tuple[int, ...] = Field(default=(64, 64), max_length=8)
    """units of each layer between what it sees and what it presses"""
    games: int = Field(default=64, gt=0, le=4096)
    """games that are played at once"""
    window: int = Field(default=64, gt=0, le=4096)
    """ticks of each game between two updates"""
    batch: int = Field(default=512, gt=1)
    """ticks of which a gradient is taken"""
    epochs: int = Field(default=6, gt=0, le=100)
    """times that each tick is learned from"""
    rate: float = Field(default=1e-3, gt=0)
    """learning rate at the start; it falls to a tenth"""
    discount: float = Field(default=0.98, gt=0, le=1)
    """what a reward is worth a tick later"""
    entropy: float = Field(default=0.01, ge=0)
    """weight of the reward for pressing keys by chance"""

    def train(self, task: Task, saved: Saved) -> Iterator[Report]:
        """See ``agents.methods``. Raises UserError where Stable-Baselines3 is not installed."""
        check_installed(["stable_baselines3"], "agents")
        from stable_baselines3.common.vec_env import VecMonitor

        from tickworld.agents.baselines import BaselinesEnv

        env: Any = VecMonitor(BaselinesEnv(BatchEnvironment(task.arena, self.games)))
        model = self._model(task, env)
        first = int(saved["steps"]) if "steps" in saved else 0
        if saved:
            _restore(model, saved)
        env.seed(seeds.derive(task.seed, "games", first) % 2**32)
        model.num_timesteps = first
        while model.num_timesteps < task.steps:
            model.learn(self.games * self.window, reset_num_timesteps=False)
            recent = [float(each["r"]) for each in model.ep_info_buffer or ()]
            gained = float(np.mean(recent)) if recent else None
            yield Report(model.num_timesteps, gained, _network(model.policy), _saved(model))

    def _model(self, task: Task, env: Any) -> Any:
        from stable_baselines3 import PPO

        def rate(_: float) -> float:  # it counts to the end of a window, and not of the training
            return self.rate * max(1 - model.num_timesteps / task.steps, LEAST_RATE)

        model: Any = None
        model = PPO(
            "MlpPolicy",
            env,
            learning_rate=self.rate,
            n_steps=self.window,
            batch_size=min(self.batch, self.games * self.window),
            n_epochs=self.epochs,
            gamma=self.discount,
            ent_coef=self.entropy,
            policy_kwargs={"net_arch": list(self.hidden)},
            seed=seeds.derive(task.seed, "ppo") % 2**32,
            device="cpu",
        )
        model.lr_schedule = rate
        return model


def _network(policy: Any) -> Network:
    """The policy without its critic."""
    modules = [each for each in policy.mlp_extractor.policy_net if hasattr(each, "weight")] + [policy.action_net]
    return Network(
        tuple(Layer(each.weight.detach().numpy().copy(), each.bias.detach().numpy().copy()) for each in modules)
    )


def _saved(model: Any) -> Saved:
    """Weights, moments and the number of steps."""
    found: Saved = {"steps": np.array(model.num_timesteps)}
    moments = model.policy.optimizer.state
    for name, weight in model.policy.named_parameters():
        found[f"weight/{name}"] = weight.detach().numpy().copy()
        for moment, value in moments.get(weight, {}).items():
            found[f"{moment}/{name}"] = value.detach().numpy().copy()
    return found


def _restore(model: Any, saved: Saved) -> None:
    """Puts what was saved into ``model``. Raises UserError when it does not fit."""
    import torch

    moments = model.policy.optimizer.state
    with torch.no_grad():
        for name, weight in model.policy.named_parameters():
            own = weight.detach().numpy()
            weight.copy_(torch.from_numpy(part(saved, f"weight/{name}", own)))
            moments[weight] = {
                moment: torch.from_numpy(part(saved, f"{moment}/{name}", like).copy())
                for moment, like in (("step", np.zeros((), np.float32)), ("exp_avg", own), ("exp_avg_sq", own))
            }
