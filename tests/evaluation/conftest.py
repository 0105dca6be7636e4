"""A perfect dream that is shown an opening and nothing else: it knows every opening that the truth has played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld.frames import Frames
from tickworld.games.pong import Pong, State
from tickworld.simulator import Opening, Simulator, Status


class Diary(Pong):
    """Pong that writes down which state stood at the end of which frames and actions."""

    def __init__(self, opening: int, **params: Any) -> None:
        super().__init__(**params)
        self.opening = opening
        self.states: dict[bytes, list[np.integer]] = {}
        self.seen: list[Frames] = []
        self.pressed: list[NDArray[np.integer]] = []

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> State:
        self.seen, self.pressed = [], []
        return super().init(params, seeds)

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        self.pressed = [*self.pressed, actions][-(self.opening - 1) :]
        return super().update(state, actions)

    def render(self, state: State) -> Frames:
        frames = super().render(state)
        self.seen = [*self.seen, frames][-self.opening :]
        if len(self.seen) == self.opening:
            shown = Opening(np.stack(self.seen, 1), np.stack(self.pressed, 1))
            for row, page in enumerate(pages(shown)):
                self.states[page] = [values[row] for values in state]
        return frames


def pages(shown: Opening) -> list[bytes]:
    """One page of the diary for each row."""
    pairs = zip(shown.frames, shown.actions, strict=True)
    return [np.packbits(frames).tobytes() + actions.astype(np.uint8).tobytes() for frames, actions in pairs]


class Worn:
    """The true game as a world that starts from an opening."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary
        self.inner = Pong()
        self.spec = replace(diary.spec, opening=diary.opening)

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> State:
        assert opening is not None
        rows = [self.diary.states[page] for page in pages(opening)]
        return State(*(np.stack(values) for values in zip(*rows, strict=True)))

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        return self.inner.update(state, actions)

    def render(self, state: State) -> Frames:
        return self.inner.render(state)

    def status(self, state: State) -> Status:
        return self.inner.status(state)


@pytest.fixture
def worn() -> Callable[..., tuple[Pong, Simulator]]:
    """Gives a true Pong and a perfect world of it that starts from ``opening`` frames."""

    def worn(opening: int = 12, **params: Any) -> tuple[Pong, Simulator]:
        diary = Diary(opening, **params)
        return diary, Worn(diary)

    return worn


class Marked(Pong):
    """Pong that counts its ticks and shows ``mark(frames, tick)`` for its frames, to plant faults in."""

    def __init__(self, mark: Callable[[Frames, int], Frames]) -> None:
        super().__init__()
        self.mark = mark

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
        return super().init(params, seeds), 0

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        return super().update(state[0], actions), state[1] + 1

    def render(self, state: Any) -> Frames:
        return self.mark(super().render(state[0]), state[1])


class Recalled:
    """The true game as a world that starts from an opening and believes its keys only: its frames may be wrong."""

    def __init__(self, opening: int = 4) -> None:
        self.inner = Pong()
        self.spec = replace(self.inner.spec, opening=opening)

    def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
        assert opening is not None and opening.frames.shape[1] == self.spec.opening
        state = self.inner.init(params, seeds)
        for actions in opening.actions.swapaxes(0, 1):
            state = self.inner.update(state, actions)
        return state

    def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
        return self.inner.update(state, actions)

    def render(self, state: Any) -> Frames:
        return self.inner.render(state)

    def status(self, state: Any) -> Status:
        raise AssertionError("a dream is not asked whether it is over")


@pytest.fixture
def recalled() -> Any:
    """A perfect dream to plant faults in: a class."""
    return Recalled
