"""Any simulator as a ParallelEnv of PettingZoo: one game in which an agent takes every side. It needs
pip install 'tickworld[agents]'."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from tickworld.agents.arena import Arena, Rows
from tickworld.agents.env import FPS, PICTURES, action_space, check_render_mode, game_seeds, observation_space
from tickworld.errors import UserError

Each = dict[str, Any]
"""A value for each player by name."""


class ParallelEnvironment(ParallelEnv[str, NDArray, int]):
    """One game of ``arena``, whose every side is an agent named after its player; all see the same.

    Seeds are as those of ``agents.env.Environment``. All agents end together, when the game does.
    """

    metadata: dict[str, Any] = {"render_modes": list(PICTURES), "render_fps": FPS, "name": "tickworld"}

    def __init__(self, arena: Arena, render_mode: str | None = None) -> None:
        if len(arena.sides) < len(arena.spec.players):
            raise UserError("agents take every side of a parallel environment; make its arena with everybody=True")
        self.arena = arena
        self.render_mode = check_render_mode(render_mode)
        self.possible_agents = list(arena.spec.players)
        self.agents: list[str] = []
        self.observation_spaces = {name: observation_space(arena) for name in self.possible_agents}
        self.action_spaces = {name: cast("spaces.Space[int]", action_space(arena)) for name in self.possible_agents}
        self.seed: int | None = None
        self.games = 0
        self.rows: Rows | None = None

    def observation_space(self, agent: str) -> spaces.Space:
        """What ``agent`` sees: always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space:
        """What ``agent`` can press: always the same object."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Each, Each]:
        """The next game of the seed, the first one of a new ``seed``. Raises UserError for a world without rewards."""
        if seed is not None or self.seed is None:
            self.seed, self.games = seeding.np_random(seed)[1] % 2**64, 0
        self.rows = self.arena.begin(game_seeds(np.array([self.seed], np.uint64), np.array([self.games])))
        self.games += 1
        self.agents = list(self.possible_agents)
        return self._each(self.arena.seen(self.rows)[0]), {name: {} for name in self.agents}

    def step(self, actions: dict[str, int]) -> tuple[Each, Each, Each, Each, Each]:
        """One tick; a player whose agent presses nothing does the first action."""
        if self.rows is None:
            raise UserError("this environment has no game yet; call reset() before step()")
        if not self.agents:
            return {}, {}, {}, {}, {}
        pressed = np.array([[actions.get(name, 0) for name in self.possible_agents]])
        self.rows, brought = self.arena.step(self.rows, int(self.rows.ticks[0]), pressed)
        over, cut = bool(brought.over[0]), bool(self.arena.cut(self.rows)[0])
        rewards = dict(zip(self.agents, brought.reward[0].tolist(), strict=True))
        seen = self._each(self.arena.seen(self.rows)[0])
        told = seen, rewards, self._each(over), self._each(cut), {name: {} for name in self.agents}
        self.agents = [] if over or cut else self.agents
        return told

    def render(self) -> Any:
        """The frame in colour, uint8 [H, W, 3], where ``render_mode`` asks for it."""
        if self.rows is None:
            raise UserError("this environment has no game yet; call reset() before render()")
        return self.arena.picture(self.rows)[0] if self.render_mode else None

    def _each(self, value: Any) -> Each:
        return dict.fromkeys(self.agents, value)
