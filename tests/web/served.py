"""A hand at the served page: what it presses, what it sees on the canvases, and a weak world to play beside Pong."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tests.play.conftest import GAME
from tests.web.conftest import until

from tickworld.errors import UserError
from tickworld.frames import Frames
from tickworld.games.pong import Pong, State
from tickworld.games.pong_court import LIT
from tickworld.simulator import Opening, Status

WEAK_AT = 12
"""Ticks after which the weak world goes wrong."""
LOOK = """(id) => {
    const canvas = document.querySelector(`#${id} canvas`);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return btoa(String.fromCharCode(...copy.getImageData(0, 0, canvas.width, canvas.height).data));
}"""
"""From a copy: a browser complains of a canvas that is read often."""
COURT, CHALK = (21, 31, 50), (255, 247, 228)
"""Of web/src/frames.ts: what dark and lit pixels look like."""
KEYS = {"up": ("w", "ArrowUp"), "down": ("s", "ArrowDown")}


class Aged(NamedTuple):
    """A true state, and for how many ticks nobody has shown the truth, [N]."""

    truth: State
    age: NDArray[np.int32]


class Weak:
    """Pong, but for a pixel that lights up once ``age`` is ``WEAK_AT``. Seeing the truth makes it young again."""

    spec = GAME.spec
    observes = True

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Aged:
        return Aged(GAME.init(params, seeds), np.zeros(len(params), np.int32))

    def update(self, state: Aged, actions: NDArray[np.integer]) -> Aged:
        return Aged(GAME.update(state.truth, actions), state.age + 1)

    def render(self, state: Aged) -> Frames:
        frames = GAME.render(state.truth)
        frames[state.age >= WEAK_AT, 0, 0] = LIT
        return frames

    def status(self, state: Aged) -> Status:
        return GAME.status(state.truth)

    def trust(self, state: Aged) -> NDArray[np.floating]:
        return (WEAK_AT - state.age).astype(float)

    def observe(self, state: Aged, frames: Frames) -> Aged:
        return state._replace(age=np.zeros_like(state.age))

    def fields(self, state: Aged) -> dict[str, NDArray[Any]]:
        return {"age": state.age[:, None]}

    def change(self, state: Aged, field: str, index: int, value: float) -> Aged:
        if (field, index) != ("age", 0):
            raise UserError(f"there is no {field}")
        return state._replace(age=np.full_like(state.age, value))


class Hand:
    """Plays in an open ``page``, with its keys and its mouse alone; its session is only looked at."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def sees(self, panel: str) -> NDArray[np.uint8]:
        """What the canvas of a panel shows, [H, W, 1] of 0 and 255. There must be no other colour."""
        shape = (GAME.spec.height, GAME.spec.width, 4)
        seen = np.frombuffer(base64.b64decode(self.page.evaluate(LOOK, panel)), np.uint8).reshape(shape)[..., :3]
        lit, dark = (seen == CHALK).all(-1), (seen == COURT).all(-1)
        assert (lit | dark).all()
        return np.where(lit, LIT, 0).astype(np.uint8)[..., None]

    def paddles(self, panel: str) -> list[float]:
        """The middle of the left paddle and of the right one in a panel, rows."""
        return paddles(self.sees(panel)).tolist()

    def value(self, expression: str) -> Any:
        """Of the page's session."""
        return self.page.evaluate(f"tickworld.game.session.{expression}")

    def text(self, element: str) -> str:
        return self.page.text_content(f"#{element}")

    def seat(self, side: int, who: str) -> None:
        """Lets ``who`` play a side; "keys": whoever is at the keyboard."""
        self.page.locator("#sides select").nth(side).select_option(label=who)

    def hold(self, left: str | None, right: str | None) -> None:
        """Holds one key for each player, and nothing else."""
        held = {names[side] for side, action in enumerate((left, right)) if action for names in [KEYS[action]]}
        for key in {key for names in KEYS.values() for key in names}:
            (self.page.keyboard.down if key in held else self.page.keyboard.up)(key)

    def step(self, ticks: int = 1) -> None:
        """Plays so many ticks, each with a key of its own."""
        for _ in range(ticks):
            to = self.value("tick") + 1
            self.page.keyboard.press(".")
            self.is_at(to)

    def settle(self) -> None:
        """Waits until all that was asked for is done: a tick may be on its way when the game is paused."""
        self.page.evaluate("tickworld.game.queue.add(async () => {})")

    def is_at(self, tick: int) -> None:
        """Waits until that tick is on show."""
        until(self.page, f"document.getElementById('tick').textContent === '{tick:,}'")
        assert self.value("tick") == tick

    def slide(self, tick: int) -> None:
        """Rewinds to ``tick`` with the mouse on the slider, then with keys where a pixel is too coarse."""
        slider = self.page.locator("#time")
        box, ends = slider.bounding_box(), [self.value("first"), self.value("last")]
        share = (tick - ends[0]) / (ends[1] - ends[0])
        self.page.mouse.click(box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2)
        until(self.page, "tickworld.game.session.tick < tickworld.game.session.last")
        reached = self.value("tick")
        assert abs(reached - tick) <= 2
        slider.focus()
        for _ in range(abs(reached - tick)):
            self.page.keyboard.press("ArrowLeft" if reached > tick else "ArrowRight")
        self.is_at(tick)
        slider.blur()


def paddles(frames: Frames) -> NDArray[np.float64]:
    """The rows of the middle of both paddles in frames [..., H, W, 1], [..., 2]."""
    there = Pong().objects(frames).positions
    return np.stack([there[name][..., 1] for name in GAME.spec.players], -1)


def true_game(replay: dict[str, Any]) -> Frames:
    """The frames [T+1, H, W, 1] of what the page says it has played, played by the game itself."""
    state = GAME.init(np.array([replay["params"]], float), np.array([replay["seed"]], np.uint64))
    frames = [GAME.render(state)]
    for keys in replay["actions"]:
        state = GAME.update(state, np.array([keys]))
        frames.append(GAME.render(state))
    return np.concatenate(frames)
