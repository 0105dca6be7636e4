"""Every game obeys every law, and every law catches a simulator that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import checks
from tickworld.checks import LAWS, LawBroken
from tickworld.games import GAMES, game
from tickworld.simulator import Opening, Param, Spec, Status


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", GAMES)
def test_every_game_obeys_every_law(name: str, law: str) -> None:
    LAWS[law](game(name))


@pytest.mark.parametrize("name", GAMES)
def test_laws_hold_with_every_param_drawn(name: str) -> None:
    ranges = {param.name: (param.low, param.high) for param in game(name).spec.params}
    simulator = game(name, **ranges)
    for law in ("frames fit the spec", "replay", "rows are independent", "old states stay valid"):
        LAWS[law](simulator)


def test_check_simulator_goes_through_all_laws() -> None:
    checks.check_simulator(Dot())
    with pytest.raises(LawBroken, match="never changes a frame"):
        checks.check_simulator(IgnoresAParam())


class Position(NamedTuple):
    place: NDArray[np.int64]  # [N]
    step: NDArray[np.int64]  # [N] constant
    shade: NDArray[np.int64]  # [N] constant


class Dot:
    """The smallest lawful simulator: a dot on a line of 8 pixels, moved by two players."""

    spec = Spec(
        name="dot",
        height=1,
        width=8,
        channels=1,
        players=("one", "two"),
        actions=("stay", "go"),
        palette=((0,), (100,), (200,)),
        params=(Param("step", 1, 1, 3, drawn=True), Param("bright", 0, 0, 1, kind="choice")),
    )

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Position:
        return Position((seeds % np.uint64(8)).astype(np.int64), params[:, 0].astype(int), params[:, 1].astype(int))

    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        return state._replace(place=(state.place + state.step * actions.sum(1)) % 8)

    def render(self, state: Position) -> NDArray[np.uint8]:
        frames = np.zeros((len(state.place), 1, 8, 1), np.uint8)
        frames[np.arange(len(frames)), 0, state.place, 0] = 100 * (1 + state.shade)
        return frames

    def status(self, state: Position) -> Status:
        return Status(np.zeros((len(state.place), 2), np.float32), np.zeros(len(state.place), bool))


class FloatFrames(Dot):
    def render(self, state: Position) -> Any:
        return super().render(state) / 255


class FlatFrames(Dot):
    def render(self, state: Position) -> NDArray[np.uint8]:
        return super().render(state)[..., 0]


class WrongColour(Dot):
    def render(self, state: Position) -> NDArray[np.uint8]:
        return super().render(state) // 2


class FlatReward(Dot):
    def status(self, state: Position) -> Status:
        return super().status(state)._replace(reward=np.zeros(len(state.place), np.float32))


class NumberedOver(Dot):
    def status(self, state: Position) -> Any:
        return super().status(state)._replace(over=np.zeros(len(state.place), int))


class HiddenDice(Dot):
    def __init__(self) -> None:
        self.dice = np.random.default_rng(0)

    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        return super().update(state, actions + self.dice.integers(0, 2, actions.shape))


class SeesNeighbours(Dot):
    """The fault of a one-hot that marks every action present in the batch."""

    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        return super().update(state, np.broadcast_to(actions.max(0), actions.shape))


class DependsOnRowNumber(Dot):
    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Position:
        return super().init(params, np.arange(len(seeds), dtype=np.uint64))


class ChangesOldStates(Dot):
    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        np.copyto(state.place, super().update(state, actions).place)
        return state


class ChangesInRender(Dot):
    def render(self, state: Position) -> NDArray[np.uint8]:
        frames = super().render(state)
        state.place[:] = (state.place + 1) % 8
        return frames


class KeepsAClock(Dot):
    """Its picture depends on how many updates it ever made, not on the state alone."""

    def __init__(self) -> None:
        self.clock = 0

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Position:
        self.clock = 0
        return super().init(params, seeds)

    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        self.clock += 1
        return super().update(state, actions + self.clock // 41)


class IgnoresAParam(Dot):
    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> Position:
        return super().init(params * [1, 0], seeds)


class IgnoresActions(Dot):
    def update(self, state: Position, actions: NDArray[np.integer]) -> Position:
        return super().update(state, np.ones_like(actions))


class ForeseesActions(HiddenDice):
    """Frames that differ before the keys differ: here because nothing repeats."""


class Eventless(Dot):
    """A tick in which both press is of a kind that it has not named."""

    events = ("rest", "step")

    def event(self, before: Position, after: Position) -> Any:
        return (after.place - before.place) % 8 // before.step


class HalfAnEvent(Eventless):
    def event(self, before: Position, after: Position) -> Any:
        return super().event(before, after) / 2


class Lawless(Dot):
    """Its only rule is that nobody steps."""

    rules = ("stillness",)

    def referee(self, params: NDArray[np.floating], frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return frames

    def violations(
        self, notes: NDArray[np.uint8], actions: NDArray[np.integer], frames: NDArray[np.uint8]
    ) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        return (notes != frames).any((1, 2, 3))[:, None], frames


class FlatViolations(Lawless):
    def violations(self, notes: Any, actions: Any, frames: Any) -> Any:
        broken, notes = super().violations(notes, actions, frames)
        return broken[:, 0], notes


class Watcher(Dot):
    """A dot that stands where it is seen."""

    observes = True

    def observe(self, state: Position, frames: NDArray[np.uint8]) -> Position:
        return state._replace(place=frames[:, 0, :, 0].argmax(1))


class WatchesNeighbours(Watcher):
    def observe(self, state: Position, frames: NDArray[np.uint8]) -> Position:
        return super().observe(state, frames.max(0, keepdims=True).repeat(len(frames), 0))


class ObservesInPlace(Watcher):
    def observe(self, state: Position, frames: NDArray[np.uint8]) -> Position:
        np.copyto(state.place, super().observe(state, frames).place)
        return state


class WatchesWithDice(Watcher):
    def __init__(self) -> None:
        self.dice = np.random.default_rng(0)

    def observe(self, state: Position, frames: NDArray[np.uint8]) -> Position:
        return super().observe(state, np.roll(frames, self.dice.integers(1, 8), axis=2))


class WatchesOneRow(Watcher):
    def observe(self, state: Position, frames: NDArray[np.uint8]) -> Position:
        return Position(*(field[:1] for field in super().observe(state, frames)))


class Blind(ObservesInPlace):
    """One of a kind that can observe, which cannot itself: nobody asks it to."""

    observes = False


BREAKERS: list[tuple[str, Callable[[], Any], str]] = [
    ("frames fit the spec", FloatFrames, "frames must be uint8, got float64"),
    ("frames fit the spec", FlatFrames, r"frames must be \[N, .*got \(3, 1, 8\)"),
    ("frames fit the spec", WrongColour, r"colours \[\(50,\)\] are not in the palette"),
    ("frames fit the spec", FlatReward, r"reward must be \[N, P\], got \(3,\)"),
    ("frames fit the spec", NumberedOver, r"over must be bool"),
    ("replay", HiddenDice, "a replay gave other frames"),
    ("rows are independent", SeesNeighbours, "neighbours are taken away"),
    ("rows are independent", DependsOnRowNumber, "neighbours are taken away"),
    ("old states stay valid", ChangesOldStates, "changed a state it was given"),
    ("old states stay valid", ChangesInRender, "changed a state it was given"),
    ("old states stay valid", KeepsAClock, "continuing from an old state"),
    ("params matter", IgnoresAParam, "param bright never changes a frame"),
    ("actions matter", IgnoresActions, "actions never change a frame"),
    ("actions matter", ForeseesActions, "before it was pressed"),
    ("events have names", Eventless, "event must be an index below 2, got .*2"),
    ("events have names", HalfAnEvent, "event must be whole numbers"),
    ("rules hold", Lawless, "tick 0 broke the rule of stillness"),
    ("rules hold", FlatViolations, r"violations must be \[N, 1\], got \(8,\)"),
    ("evidence corrects", WatchesNeighbours, "is corrected by its neighbours' evidence"),
    ("evidence corrects", ObservesInPlace, "observe changed a state it was given"),
    ("evidence corrects", WatchesWithDice, "the same evidence led to other frames"),
    ("evidence corrects", WatchesOneRow, "must be of 4 rows, got 1"),
]


@pytest.mark.parametrize("law", LAWS)
def test_the_smallest_simulator_is_lawful(law: str) -> None:
    LAWS[law](Dot())
    LAWS[law](Watcher())
    LAWS[law](Blind())


@pytest.mark.parametrize(("law", "breaker", "complaint"), BREAKERS, ids=lambda value: getattr(value, "__name__", None))
def test_every_law_catches_what_breaks_it(law: str, breaker: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(LawBroken, match=complaint):
        LAWS[law](breaker())


def test_every_law_has_a_breaker() -> None:
    assert {law for law, _, _ in BREAKERS} == set(LAWS)


def test_a_simulator_that_cannot_branch_is_not_asked_to() -> None:
    class NoBranch(ChangesOldStates):
        spec = Spec(**{**vars(Dot.spec), "branchable": False})

    LAWS["old states stay valid"](NoBranch())
