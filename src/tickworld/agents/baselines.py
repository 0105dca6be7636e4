"""A batch of games as a VecEnv of Stable-Baselines3. It needs pip install 'tickworld[agents]'.

Its algorithms step it as one batch, so a dream costs what it costs as a batch and not game by game.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from tickworld.agents.env import BatchEnvironment
from tickworld.errors import UserError

Which = int | Iterable[int] | None
"""Numbers of rows; None: all."""


class BaselinesEnv(VecEnv):
    """``batch`` in the words of Stable-Baselines3."""

    def __init__(self, batch: BatchEnvironment) -> None:
        self.batch = batch
        self.pressed: Any = None
        super().__init__(batch.num_envs, batch.single_observation_space, batch.single_action_space)

    def reset(self) -> NDArray:
        """The first observations [N, ...] of the next games; of the first ones after ``seed``."""
        seen, _ = self.batch.reset(seed=None if None in self._seeds else self._seeds)
        self._reset_seeds()
        self._reset_options()
        return seen

    def step_async(self, actions: NDArray) -> None:
        """Takes the actions [N] of the next tick."""
        self.pressed = actions

    def step_wait(self) -> tuple[NDArray, NDArray, NDArray, list[dict]]:
        """Observations, rewards, ends and what is told of each row. A row that ended shows its next game already, and
        its last observation stands in ``terminal_observation``."""
        seen, rewards, over, cut, told = self.batch.step(self.pressed)
        ended = over | cut
        infos: list[dict] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(ended):
            infos[row] = {
                "terminal_observation": told["final_obs"][row],
                "TimeLimit.truncated": bool(cut[row] and not over[row]),
            }
        return seen, rewards.astype(np.float32), ended, infos

    def close(self) -> None:
        """Nothing is held open."""
        self.batch.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The frames in colour."""
        return self.batch.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: Which = None) -> list[Any]:
        """An attribute of the batch, once for each row. Raises AttributeError for one that there is not."""
        return [getattr(self.batch, attr_name)] * len(self._rows(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Which = None) -> None:
        """Raises UserError: rows are no environments of their own."""
        raise UserError(f"the rows of a batch are alike: {attr_name} cannot be set for some; make another batch")

    def env_method(self, method_name: str, *method_args: Any, indices: Which = None, **method_kwargs: Any) -> list[Any]:
        """Raises UserError: rows are no environments of their own."""
        raise UserError(f"the rows of a batch are no environments of their own: {method_name} cannot be called on them")

    def env_is_wrapped(self, wrapper_class: Any, indices: Which = None) -> list[bool]:
        """None of them is."""
        return [False] * len(self._rows(indices))

    def _rows(self, which: Which) -> list[int]:
        if which is None:
            return list(range(self.num_envs))
        return [which] if isinstance(which, int) else list(which)
