"""Where agents play: N copies of any simulator, true or learned, with players of the table at the sides that no agent
takes. Everything that environments of one kind or another have in common is here; they only say it in their own words.

    rows = arena.begin(seeds)                              N games, from the seeds alone
    rows, brought = arena.step(rows, clock, pressed)       one tick
    arena.seen(rows)                                       what the agent sees now

Rows are a state: ``states.take`` and ``states.join`` pick and mix them, so games that have ended are begun anew beside
others that go on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tickworld.agents import player
from tickworld.agents.views import VIEWS
from tickworld.config import Config
from tickworld.data.player import Memory
from tickworld.errors import UserError, choose, near_match
from tickworld.seeds import mix
from tickworld.simulator import Candid, Simulator, State, Status


class ArenaConfig(Config):
    """How an agent plays."""

    side: str | None = None
    """the player that the agent is; by default the first"""
    opponent: str = "tracking"
    """who plays the other sides, a player of the table"""
    observation: str = "frame"
    """what the agent sees: frame, objects (their places, by the game's probe) or state (the simulator's numbers)"""
    stack: int = Field(default=2, ge=1, le=64)
    """how many last observations it sees at once, since one alone shows no speed"""
    limit: int = Field(default=1000, gt=0)
    """ticks after which a game is cut off"""
    penalty: float = Field(default=0.0, ge=0)
    """reward that a dream's tick costs where the world is sure that its own frame is wrong; where it doubts, a part"""


class Rows(NamedTuple):
    """N games at a tick: their state, the frames [N, H, W, C] where somebody looks at them, what the opponent
    remembers, the last observations [N, K, ...], the newest last, and ``ticks`` [N] since each began."""

    state: State
    frames: NDArray[np.uint8] | None
    memory: Memory
    views: NDArray[Any]
    ticks: NDArray[np.int64]


class Arena:
    """See the module docstring. ``simulator`` is played; ``game`` is the true game whose probes players see with, the
    simulator itself where that is true. With ``everybody`` agents take all sides.

    Raises UserError for a side, opponent or observation that there is not.
    """

    def __init__(
        self, simulator: Simulator, game: Simulator, config: ArenaConfig | None = None, everybody: bool = False
    ) -> None:
        self.config = config or ArenaConfig()
        self.simulator, self.game = simulator, game
        self.spec = simulator.spec
        players = self.spec.players
        side = players[0] if self.config.side is None else self.config.side
        if side not in players:
            raise UserError(f"{self.spec.name} has no side {side!r}; {near_match(side, players)}")
        self.sides = tuple(range(len(players))) if everybody else (players.index(side),)
        self.opponent = player(self.config.opponent, game) if len(self.sides) < len(players) else None
        self.view = choose(VIEWS, self.config.observation, "observation")(simulator, game)
        self.shape = (*self.view.shape[:-1], self.view.shape[-1] * self.config.stack)
        """Of what an agent sees."""

    def begin(self, seeds: NDArray[np.uint64]) -> Rows:
        """New games, one for each of ``seeds`` [N]. Raises UserError for a simulator that does not know its rewards."""
        state = self.simulator.init(self.spec.draw(seeds), seeds)
        if np.isnan(self.simulator.status(state).reward).any():
            raise UserError(
                f"this world of {self.spec.name} does not know its rewards, and an agent needs them; have them learned "
                "with `tickworld rewards RUN`, and give that run or cartridge"
            )
        frames = self._frames(state)
        seen = self.view.see(state, frames)
        memory = self.opponent.init(mix(seeds, "opponent")) if self.opponent else None
        return Rows(state, frames, memory, np.repeat(seen[:, None], self.config.stack, 1), np.zeros(len(seeds), int))

    def step(self, rows: Rows, clock: int, pressed: NDArray[np.integer]) -> tuple[Rows, Status]:
        """One tick: ``pressed`` [N, sides] by agents. ``clock`` is the tick that the opponent is told, one more each
        time; it begins anew only when all games do, and so may be ahead of the ``ticks`` of some."""
        actions, memory = np.zeros((len(pressed), len(self.spec.players)), np.uint8), rows.memory
        if self.opponent is not None:
            assert rows.frames is not None
            actions, memory = self.opponent.act(memory, clock, rows.frames)
            actions = actions.copy()
        actions[:, self.sides] = pressed
        state = self.simulator.update(rows.state, actions)
        frames = self._frames(state)
        views = np.concatenate([rows.views[:, 1:], self.view.see(state, frames)[:, None]], 1)
        return Rows(state, frames, memory, views, rows.ticks + 1), self._brought(state)

    def seen(self, rows: Rows) -> NDArray[Any]:
        """What an agent sees, [N, *shape]: the last observations side by side along the last axis, the newest last."""
        return np.moveaxis(rows.views, 1, -2).reshape(len(rows.views), *self.shape)

    def picture(self, rows: Rows) -> NDArray[np.uint8]:
        """Frames in colour, [N, H, W, 3]."""
        frames = self.simulator.render(rows.state) if rows.frames is None else rows.frames
        return frames.repeat(3, -1) if frames.shape[-1] == 1 else frames

    def cut(self, rows: Rows) -> NDArray[np.bool_]:
        """Which games have come to the limit, [N]."""
        return rows.ticks >= self.config.limit

    def _brought(self, state: State) -> Status:
        """What a tick brought, less what the world's doubt in its own frame costs: who is paid for what the world gets
        wrong learns to bring that about. A true game has no doubt."""
        brought = self.simulator.status(state)
        if not self.config.penalty or not isinstance(self.simulator, Candid):
            return brought
        doubt = 1 / (1 + np.exp(np.clip(self.simulator.trust(state), -50, 50).astype(np.float32)))
        return brought._replace(reward=brought.reward - np.float32(self.config.penalty) * doubt[:, None])

    def _frames(self, state: State) -> NDArray[np.uint8] | None:
        """Frames [N, H, W, C], where somebody looks at them."""
        return self.simulator.render(state) if self.view.of_frames or self.opponent is not None else None
