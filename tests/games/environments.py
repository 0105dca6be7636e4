"""Small environments of Gymnasium for the tests: a dot on a dark field that actions move from side to side."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

HEIGHT, WIDTH = 12, 16
DARK, LIT = (10, 20, 30), (200, 100, 50)
REWARD = 2.5


class Dot(gymnasium.Env[Any, Any]):
    """Three named actions, and an end after ``last`` steps unless that is 0."""

    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, render_mode: str | None = None, last: int = 0, breaks: int = 0) -> None:
        self.render_mode = render_mode
        self.last, self.breaks = last, breaks
        self.action_space: spaces.Space[Any] = spaces.Discrete(3)
        self.observation_space: spaces.Space[Any] = spaces.Box(0, WIDTH - 1, (1,), np.float32)
        self.place = self.steps = 0
        self.closed = False

    def get_action_meanings(self) -> list[str]:
        return ["left", "noop", "right"]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(WIDTH)), 0
        return self.seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), action
        self.steps += 1
        if self.steps == self.breaks:
            raise RuntimeError("a wheel\ncame off")
        self.place = (self.place + self.move(action)) % WIDTH
        return self.seen(), REWARD, self.steps == self.last, False, {}

    def move(self, action: Any) -> int:
        return int(action) - 1

    def seen(self) -> Any:
        return np.array([self.place], np.float32)

    def picture(self) -> np.ndarray:
        frame = np.tile(np.array(DARK, np.uint8), (HEIGHT, WIDTH, 1))
        frame[4:8, self.place] = LIT
        return frame

    def render(self) -> Any:
        return self.picture() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        self.closed = True


class Levers(Dot):
    """Two levers of three and two places."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self.action_space = spaces.MultiDiscrete([3, 2])

    def move(self, action: Any) -> int:
        return int(action[0]) - 2 * int(action[1])


class Wheel(Dot):
    """Two numbers, of which one never is below 0."""

    most = 1.0

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self.action_space = spaces.Box(np.array([-1, 0], np.float32), np.array([self.most, 1], np.float32))

    def move(self, action: Any) -> int:
        return round(2 * float(action[0]) + float(action[1]))


class Loose(Wheel):
    """A number without an upper bound."""

    most = np.inf


class Painted(Dot):
    """Its observation is what it shows; it cannot be rendered."""

    metadata = {"render_modes": ["human"]}

    def __init__(self, last: int = 0) -> None:
        super().__init__(None, last)
        self.observation_space = spaces.Box(0, 255, (HEIGHT, WIDTH, 3), np.uint8)

    def seen(self) -> Any:
        return self.picture()


class Unseen(Dot):
    """Shows nothing at all."""

    metadata = {"render_modes": ["human", "ansi"]}


class Mute(Dot):
    """Promises a picture and gives none."""

    def render(self) -> Any:
        return None


class Crowded(Dot):
    """More actions than fit."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self.action_space = spaces.Discrete(300)


class Bundle(Dot):
    """Actions of a kind that is no list."""

    def __init__(self, render_mode: str | None = None) -> None:
        super().__init__(render_mode)
        self.action_space = spaces.Dict({"a": spaces.Discrete(2)})


def short(**arguments: Any) -> Dot:
    """A dot that is over after 5 steps."""
    return Dot(**arguments, last=5)


def no_environment() -> int:
    return 3


gymnasium.register("Tiny/Dot-v0", entry_point="tests.games.environments:Dot", max_episode_steps=9)
