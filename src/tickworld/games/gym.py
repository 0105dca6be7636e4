"""Any environment of Gymnasium as a Simulator: ``game("gym:ALE/Pong-v5")``; see ``gym_config`` for names and options.

Each row is an environment of its own, reset once, by the row's seed, and never by itself: an episode that ends stays at
its last picture, so that no reset is ever taken for a transition. An environment cannot be set back, so the simulator
is not ``branchable``: a state can be continued once, by whoever has the newest. An old state can still be rendered and
judged, since its frame and its reward lie in it.

What an environment shows and takes is found by looking at it first (see ``gym_look``).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.games.gym_config import Address
from tickworld.games.gym_look import Step, looked, stepped, truth_of
from tickworld.games.gym_making import Env, picture, told
from tickworld.simulator import Opening, Spec, Status


class GymState(NamedTuple):
    """N environments at one tick. ``ticket`` says how many ticks each had been played when this was the newest state;
    ``truth`` is its memory (Atari) or its observation, [N, 0] where that is a picture."""

    ticket: NDArray[np.int64]  # [N]
    rows: NDArray[np.object_]  # [N] of _Row
    frame: NDArray[np.uint8]  # [N, H, W, C]
    reward: NDArray[np.float32]  # [N, 1]
    over: NDArray[np.bool_]  # [N]
    truth: NDArray[Any]  # [N, ...]


class Gym:
    """The environment at ``address`` as a Simulator. Raises UserError as ``gym_look.looked``."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.name = address.name
        look = looked(self.name)
        self.maker, self.actions, self.view, self.known = look.maker, look.actions, look.view, look.known
        self.choices = look.choices
        self.spec = Spec(
            name=self.name,
            height=self.view.height,
            width=self.view.width,
            channels=self.view.channels,
            players=("player",),
            actions=self.actions.names,
            palette=self.view.palette,
            branchable=False,
        )
        self._pool = _Pool(self.maker.make)
        weakref.finalize(self, self._pool.close).atexit = False

    def __reduce__(self) -> tuple[type[Gym], tuple[Address]]:
        """Another process makes environments of its own."""
        return Gym, (self.address,)

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> GymState:
        """N environments reset by ``seeds``, and played 1 to ``noops`` ticks under the first action."""
        self.spec.check_params(params)
        rows = [_Row(self._pool, int(seed)) for seed in streams.mix(seeds, "gym")]
        with told(self.name, "be reset"):
            steps = [Step(row.env.reset(seed=row.seed >> 33)[0], 0.0, False) for row in rows]
        waits = np.ceil(streams.uniform(seeds, "noops") * self.address.config.noops).astype(int)
        for index, (row, wait) in enumerate(zip(rows, waits, strict=True)):
            for _ in range(wait):
                if not steps[index].over:
                    steps[index] = self._step(row, 0)
        return self._state(rows, np.zeros(len(rows), np.int64), list(map(self._result, rows, steps)))

    def update(self, state: GymState, actions: NDArray[np.integer]) -> GymState:
        """One tick; a row that is over stays as it is. Raises UserError for a state that is not the newest."""
        self.spec.check_actions(actions)
        stale = [row.tick != ticket for row, ticket in zip(state.rows, state.ticket, strict=True)]
        if any(stale):
            newest = state.rows[stale.index(True)].tick
            raise UserError(
                f"an environment such as {self.name} cannot be set back: this is its state of tick "
                f"{state.ticket[stale.index(True)]}, and it stands at tick {newest}; go on from the newest state, or "
                "begin anew and press the same actions"
            )
        results = []
        for index, row in enumerate(state.rows):
            row.tick += 1
            if state.over[index]:
                results.append(Result(state.frame[index], 0.0, True, state.truth[index]))
            else:
                results.append(self._result(row, self._step(row, int(actions[index, 0]))))
        return self._state(list(state.rows), state.ticket + 1, results)

    def render(self, state: GymState) -> Frames:
        """Frames [N, H, W, C]."""
        return state.frame.copy()

    def status(self, state: GymState) -> Status:
        """The reward of the tick, as it is, and whether the environment has terminated or was cut short."""
        return Status(state.reward, state.over)

    def truth(self, state: GymState) -> dict[str, NDArray[Any]]:
        """The emulator's memory, ``ram`` [N, 128], or the ``observation`` [N, ...]; empty where that is a picture."""
        return {self.known: state.truth} if self.known else {}

    def _step(self, row: _Row, action: int) -> Step:
        """One tick of an environment."""
        config = self.address.config
        if config.sticky and row.tick > 1:
            chance = streams.uniform(streams.mix(row.seed, "sticky", row.tick))[0]
            action = row.action if chance < config.sticky else action
        row.action = action
        with told(self.name, "be played"):
            return stepped(row.env, self.actions.values[action], config.skip)

    def _result(self, row: _Row, step: Step) -> Result:
        frame = self.view(picture(row.env, step.observation, self.maker, self.name))
        return Result(frame, step.reward, step.over, truth_of(row.env, step.observation, self.known))

    def _state(self, rows: list[_Row], ticket: NDArray[np.int64], results: list[Result]) -> GymState:
        handles = np.empty(len(rows), object)
        handles[:] = rows
        if not rows:
            empty = np.empty((0, *self.spec.frame_shape), np.uint8)
            return GymState(ticket, handles, empty, np.empty((0, 1), np.float32), np.empty(0, bool), np.empty((0, 0)))
        frames, rewards, over, truth = zip(*results, strict=True)
        return GymState(
            ticket, handles, np.stack(frames), np.array(rewards, np.float32)[:, None], np.array(over), np.stack(truth)
        )


class Result(NamedTuple):
    """One row of a state."""

    frame: Frames  # [H, W, C]
    reward: float
    over: bool
    truth: NDArray[Any]


class _Pool:
    """Environments that wait to be used again: making one takes longer than to reset it."""

    def __init__(self, make: Callable[[], Env]) -> None:
        self.make = make
        self.free: list[Env] = []
        self.used = 0
        self.closed = False

    def take(self) -> Env:
        env = self.free.pop() if self.free else self.make()
        self.used += 1
        return env

    def give(self, env: Env) -> None:
        self.used -= 1
        self.free.append(env)
        if self.closed:
            self.close()

    def close(self) -> None:
        """Closes all once none is used: some share a library that one closed environment shuts down for all."""
        self.closed = True
        while not self.used and self.free:
            self.free.pop().close()


class _Row:
    """One row's environment; back into the pool with it when the last state that knows the row is gone."""

    def __init__(self, pool: _Pool, seed: int) -> None:
        self.env = pool.take()
        self.seed = seed
        self.tick = 0
        self.action = 0
        weakref.finalize(self, pool.give, self.env).atexit = False
