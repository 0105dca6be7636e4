"""Any simulator, true or learned, as environments of Gymnasium: one game, or N games stepped as one batch.

A seed says everything: game number e of an environment with seed s begins from mix(s, "environment", e), so the same
seed and actions give the same observations, bit for bit on one machine. Row i of a batch with seed s has the seed s + i
and plays the games that a single environment with that seed plays.

A batch resets itself in the mode ``AutoresetMode.SAME_STEP``: the step that ends a game returns the first observation
of the next one, and the last one of the game that ended is in ``infos["final_obs"]``. No tick is lost, and no action is
ignored. Games are ``terminated`` where the simulation is over and ``truncated`` at the limit.

Opponents draw from a clock that begins when the whole batch is reset. So in the second and later games of a row those
that play by chance play otherwise than beside a single environment; all else is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from tickworld import states
from tickworld.agents.arena import Arena, Rows
from tickworld.errors import UserError
from tickworld.seeds import mix

FPS = 20
"""Ticks a second of what is recorded of an environment."""
PICTURES = ("rgb_array",)
"""How an environment can be looked at."""


def observation_space(arena: Arena) -> spaces.Box:
    """What an agent sees."""
    return spaces.Box(arena.view.low, arena.view.high, arena.shape, arena.view.dtype)


def action_space(arena: Arena) -> spaces.Discrete:
    """What it can press: the number of an action."""
    return spaces.Discrete(len(arena.spec.actions))


def game_seeds(seeds: NDArray[np.uint64], games: NDArray[np.integer]) -> NDArray[np.uint64]:
    """The seeds [N] of games number ``games`` [N] of environments with ``seeds`` [N]."""
    return mix(mix(seeds, "environment") + games.astype(np.uint64))


def check_render_mode(mode: str | None) -> str | None:
    """``mode``, if there is such a one. Raises UserError."""
    if mode not in (None, *PICTURES):
        raise UserError(
            f"render_mode is None or {PICTURES[0]}; got {mode!r}; `tickworld play` shows games in a browser"
        )
    return mode


class Environment(gymnasium.Env):
    """One game of ``arena``; see the module docstring."""

    metadata: dict[str, Any] = {"render_modes": list(PICTURES), "render_fps": FPS}

    def __init__(self, arena: Arena, render_mode: str | None = None) -> None:
        self.arena = arena
        self.render_mode = check_render_mode(render_mode)
        self.observation_space = observation_space(arena)
        self.action_space = action_space(arena)
        self.games = 0
        """How many were begun since the seed was given."""
        self.rows: Rows | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """The next game of the seed, the first one of a new ``seed``. Raises UserError for a world without rewards."""
        super().reset(seed=seed)
        self.games = 0 if seed is not None else self.games
        own = np.array([_number(self.np_random_seed)], np.uint64)
        self.rows = self.arena.begin(game_seeds(own, np.array([self.games])))
        self.games += 1
        return self.arena.seen(self.rows)[0], {}

    def step(self, action: Any) -> tuple[NDArray, float, bool, bool, dict[str, Any]]:
        """One tick."""
        rows = self._begun()
        clock = int(rows.ticks[0])
        self.rows, brought = self.arena.step(rows, clock, np.array([[action]]))
        reward, over = float(brought.reward[0, self.arena.sides[0]]), bool(brought.over[0])
        return self.arena.seen(self.rows)[0], reward, over, bool(self.arena.cut(self.rows)[0]), {}

    def render(self) -> Any:
        """The frame in colour, uint8 [H, W, 3], where ``render_mode`` asks for it."""
        return self.arena.picture(self._begun())[0] if self.render_mode else None

    def _begun(self) -> Rows:
        if self.rows is None:
            raise UserError("this environment has no game yet; call reset() before step() and render()")
        return self.rows


class BatchEnvironment(VectorEnv):
    """N games of ``arena``, stepped as one; see the module docstring.

    Raises UserError for a simulator whose old states do not stay valid: its rows cannot begin one by one.
    """

    metadata: dict[str, Any] = {
        "render_modes": list(PICTURES),
        "render_fps": FPS,
        "autoreset_mode": AutoresetMode.SAME_STEP,
    }

    def __init__(self, arena: Arena, num_envs: int, render_mode: str | None = None) -> None:
        if not arena.spec.branchable and num_envs > 1:
            raise UserError(
                f"the games of {arena.spec.name} cannot be begun one by one within a batch; step single environments "
                'side by side: gymnasium.make_vec(..., vectorization_mode="sync")'
            )
        self.arena = arena
        self.render_mode = check_render_mode(render_mode)
        self.num_envs = num_envs
        self.single_observation_space, self.single_action_space = observation_space(arena), action_space(arena)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.seeds: NDArray[np.uint64] | None = None  # [N]
        self.games = np.zeros(num_envs, np.int64)  # begun since then
        self.clock = 0
        self.rows: Rows | None = None

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """The next game of every row, the first of a new ``seed``: one for all, of which row i takes seed + i, or one
        for each. Raises UserError for a world without rewards."""
        self._seed(seed)
        every = np.arange(self.num_envs)
        self.rows, self.clock = self._begin(every), 0
        return self.arena.seen(self.rows), {}

    def step(self, actions: Any) -> tuple[NDArray, NDArray, NDArray, NDArray, dict[str, Any]]:
        """One tick of every game; those that end are begun anew."""
        rows = self._begun()
        after, brought = self.arena.step(rows, self.clock, np.asarray(actions).reshape(self.num_envs, 1))
        self.clock += 1
        over, cut = brought.over, self.arena.cut(after)
        ended, infos = over | cut, dict[str, Any]()
        seen = self.arena.seen(after)
        if ended.any():
            infos = self._final(seen, ended)
            after = self._renewed(after, ended)
            seen = self.arena.seen(after)
        self.rows = after
        return seen, brought.reward[:, self.arena.sides[0]].astype(np.float64), over, cut, infos

    def render(self) -> Any:
        """The frames in colour, N of uint8 [H, W, 3], where ``render_mode`` asks for it."""
        return tuple(self.arena.picture(self._begun())) if self.render_mode else None

    def _seed(self, seed: int | Sequence[int | None] | None) -> None:
        """Takes new seeds: those that are given, and at first also where none are."""
        if isinstance(seed, Sequence):
            wanted = list(seed)
            if len(wanted) != self.num_envs:
                raise UserError(f"a batch of {self.num_envs} takes one seed or {self.num_envs}; got {len(wanted)}")
        else:
            super().reset(seed=seed)
            wanted = [None if seed is None else seed + row for row in range(self.num_envs)]
        if self.seeds is None:
            first = _number(self.np_random_seed)
            self.seeds = np.array([_number(first + row) for row in range(self.num_envs)], np.uint64)
        for row, each in enumerate(wanted):
            if each is not None:
                self.seeds[row], self.games[row] = _number(each), 0

    def _begin(self, which: NDArray[np.integer]) -> Rows:
        """The next games of the rows ``which`` [M]."""
        assert self.seeds is not None
        begun = self.arena.begin(game_seeds(self.seeds[which], self.games[which]))
        self.games[which] += 1
        return begun

    def _renewed(self, rows: Rows, ended: NDArray[np.bool_]) -> Rows:
        """``rows`` with new games where they have ``ended``."""
        which = np.flatnonzero(ended)
        if len(which) == self.num_envs:
            return self._begin(which)
        place = np.arange(self.num_envs)
        place[which] = self.num_envs + np.arange(len(which))
        return states.take(states.join([rows, self._begin(which)]), place)

    def _final(self, seen: NDArray, ended: NDArray[np.bool_]) -> dict[str, Any]:
        """What Gymnasium tells of games that ended."""
        last = np.full(self.num_envs, None, object)
        for row in np.flatnonzero(ended):
            last[row] = seen[row].copy()
        return {"final_obs": last, "_final_obs": ended.copy(), "final_info": {}, "_final_info": ended.copy()}

    def _begun(self) -> Rows:
        if self.rows is None:
            raise UserError("this environment has no games yet; call reset() before step() and render()")
        return self.rows


def _number(seed: int | None) -> int:
    """A seed of any size as one of 64 bits."""
    return (seed or 0) % 2**64
