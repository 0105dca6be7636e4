"""The laws of a Simulator as functions, for ours and for anybody's: ``check_simulator(mine)`` raises or is silent.

    from tickworld.checks import check_simulator
    check_simulator(MyGame())

Each check states the law it holds in its first line. None of them knows which kind of simulator it is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.frames import difference, wrong_pixels
from tickworld.simulator import Eventful, Observing, Ruled, Simulator, Status

Law = Callable[[Simulator], None]


class LawBroken(AssertionError):
    """A simulator broke a law; the text says which, and on what."""


def check_simulator(simulator: Simulator) -> None:
    """Every law in turn. Raises LawBroken for the first that does not hold."""
    for law in LAWS.values():
        law(simulator)


def play(
    simulator: Simulator,
    params: NDArray[np.floating],
    seeds: NDArray[np.uint64],
    actions: NDArray[np.integer],
) -> tuple[NDArray[np.uint8], list[Any]]:
    """Frames [T+1, N, H, W, C] and the T+1 states of a rollout under ``actions`` [T, N, P]."""
    state = simulator.init(params, seeds)
    states, frames = [state], [simulator.render(state)]
    for action in actions:
        state = simulator.update(state, action)
        states.append(state)
        frames.append(simulator.render(state))
    return np.stack(frames), states


def some_actions(simulator: Simulator, count: int, ticks: int, seed: int = 0) -> NDArray[np.int64]:
    """Actions [T, N, P] that hold each key for a while, so that something happens."""
    generator = streams.generator(seed, "check actions")
    shape = (ticks // 8 + 1, count, len(simulator.spec.players))
    return generator.integers(0, len(simulator.spec.actions), shape).repeat(8, axis=0)[:ticks]


def check_frames_fit_the_spec(simulator: Simulator) -> None:
    """Frames are uint8 [N, H, W, C] of the announced size and colours, reward [N, P], over [N]."""
    spec = simulator.spec
    frames, states = _sample(simulator, rows=3, ticks=20)
    _need(frames.dtype == np.uint8, f"frames must be uint8, got {frames.dtype}")
    _need(frames.shape[1:] == (3, *spec.frame_shape), f"frames must be [N, {spec.frame_shape}], got {frames.shape[1:]}")
    if spec.palette:
        colours = {
            tuple(int(value) for value in colour) for colour in np.unique(frames.reshape(-1, spec.channels), axis=0)
        }
        _need(colours <= set(spec.palette), f"colours {sorted(colours - set(spec.palette))} are not in the palette")
    status: Status = simulator.status(states[-1])
    _need(status.reward.shape == (3, len(spec.players)), f"reward must be [N, P], got {status.reward.shape}")
    _need(status.over.shape == (3,) and status.over.dtype == bool, "over must be bool [N]")


def check_replay(simulator: Simulator) -> None:
    """The same params, seeds and actions give the same frames, bit for bit."""
    first, _ = _sample(simulator)
    second, _ = _sample(simulator)
    _need((first == second).all(), "a replay gave other frames: something is drawn from outside the seed")


def check_rows_are_independent(simulator: Simulator) -> None:
    """Row i depends only on params[i], seeds[i] and actions[:, i]: alone or among others, it looks the same.

    To one level of 255: a network's sums may be rounded otherwise in a batch of another size.
    """
    params, seeds, actions = _inputs(simulator, rows=4, ticks=60)
    together, _ = play(simulator, params, seeds, actions)
    for row in range(4):
        own = slice(row, row + 1)
        alone, _ = play(simulator, params[own], seeds[own], actions[:, own])
        _need(
            (difference(together[:, own], alone) <= 1).all(),
            f"row {row} looks different when its neighbours are taken away",
        )


def check_old_states_stay_valid(simulator: Simulator) -> None:
    """When ``spec.branchable``, an old state can be rendered and continued after newer ones were made."""
    if not simulator.spec.branchable:
        return
    params, seeds, actions = _inputs(simulator, rows=3, ticks=40)
    frames, states = play(simulator, params, seeds, actions)
    _need((simulator.render(states[10]) == frames[10]).all(), "update or render changed a state it was given")
    state = states[10]
    for tick in range(10, 40):
        state = simulator.update(state, actions[tick])
    _need((simulator.render(state) == frames[40]).all(), "continuing from an old state led to other frames")


def check_params_matter(simulator: Simulator) -> None:
    """Each param changes the frames sooner or later, for some row; a simulator that starts from an opening is
    excused."""
    if simulator.spec.opening:
        return
    for column, param in enumerate(simulator.spec.params):
        if param.low == param.high:
            continue
        params, seeds, actions = _inputs(simulator, rows=32, ticks=250)
        low, high = params.copy(), params.copy()
        low[:, column], high[:, column] = param.low, param.high
        if param.kind == "angle":  # the two ends of a circle are one place
            high[:, column] = (param.low + param.high) / 2
        a, _ = play(simulator, low, seeds, actions)
        b, _ = play(simulator, high, seeds, actions)
        _need(bool(wrong_pixels(a, b).any()), f"param {param.name} never changes a frame")


def check_actions_matter(simulator: Simulator) -> None:
    """What is pressed changes the frames, and pressing cannot change the past; where there is one action only, nothing
    can be pressed."""
    if len(simulator.spec.actions) == 1:
        return
    params, seeds, actions = _inputs(simulator, rows=8, ticks=60)
    a, states = play(simulator, params, seeds, actions)
    playing = sum(not simulator.status(state).over.all() for state in states)
    turn, other = min(30, playing // 2), actions.copy()  # in the middle, also of games that are soon over
    other[turn:] = (other[turn:] + 1) % len(simulator.spec.actions)
    b, _ = play(simulator, params, seeds, other)
    _need((a[: turn + 1] == b[: turn + 1]).all(), "an action changed a frame before it was pressed")
    _need((a != b).any(), "actions never change a frame")


def check_events_have_names(simulator: Simulator) -> None:
    """Every tick is of exactly one of the events that a simulator names; one that names none is excused."""
    if not isinstance(simulator, Eventful):
        return
    _, states = _sample(simulator)
    for before, after in itertools.pairwise(states):
        event = simulator.event(before, after)
        _need(event.shape == (3,) and event.dtype.kind in "iu", f"event must be whole numbers [N], got {event!r}")
        known = len(simulator.events)
        _need(((event >= 0) & (event < known)).all(), f"event must be an index below {known}, got {event}")


def check_rules_hold(simulator: Simulator) -> None:
    """A simulator breaks none of the rules that it has for its frames; one without rules is excused."""
    if not isinstance(simulator, Ruled):
        return
    params, seeds, actions = _inputs(simulator, rows=8, ticks=200)
    frames, _ = play(simulator, params, seeds, actions)
    notes = simulator.referee(params, frames[0])
    for tick, (pressed, shown) in enumerate(zip(actions, frames[1:], strict=True)):
        broken, notes = simulator.violations(notes, pressed, shown)
        rules = len(simulator.rules)
        _need(broken.shape == (8, rules), f"violations must be [N, {rules}], got {broken.shape}")
        names = [rule for rule, found in zip(simulator.rules, broken.T, strict=True) if found.any()]
        _need(not names, f"tick {tick} broke the rule of {', '.join(names)}")


def check_evidence_corrects(simulator: Simulator) -> None:
    """What is observed corrects the state of its own row and leaves the old state as it was; a simulator that does not
    observe is excused."""
    if not isinstance(simulator, Observing) or not simulator.observes:
        return
    params, seeds, actions = _inputs(simulator, rows=4, ticks=20)
    frames, states = play(simulator, params, seeds, actions)
    seen = frames[10]
    corrected = simulator.render(simulator.observe(states[20], seen))
    _need(corrected.shape == seen.shape, f"a corrected state must be of {len(seen)} rows, got {len(corrected)}")
    _need((simulator.render(states[20]) == frames[20]).all(), "observe changed a state it was given")
    again = simulator.render(simulator.observe(states[20], seen))
    _need((again == corrected).all(), "the same evidence led to other frames")
    for row in range(4):
        own = slice(row, row + 1)
        _, alone = play(simulator, params[own], seeds[own], actions[:, own])
        shown = simulator.render(simulator.observe(alone[20], seen[own]))
        _need((difference(corrected[own], shown) <= 1).all(), f"row {row} is corrected by its neighbours' evidence")


LAWS: dict[str, Law] = {
    "frames fit the spec": check_frames_fit_the_spec,
    "replay": check_replay,
    "rows are independent": check_rows_are_independent,
    "old states stay valid": check_old_states_stay_valid,
    "params matter": check_params_matter,
    "actions matter": check_actions_matter,
    "events have names": check_events_have_names,
    "rules hold": check_rules_hold,
    "evidence corrects": check_evidence_corrects,
}


def _inputs(
    simulator: Simulator, rows: int, ticks: int
) -> tuple[NDArray[np.float64], NDArray[np.uint64], NDArray[np.int64]]:
    seeds = streams.rows(7, 0, rows)
    return simulator.spec.draw(seeds), seeds, some_actions(simulator, rows, ticks)


def _sample(simulator: Simulator, rows: int = 3, ticks: int = 60) -> tuple[NDArray[np.uint8], list[Any]]:
    return play(simulator, *_inputs(simulator, rows, ticks))


def _need(holds: bool | np.bool_, message: str) -> None:
    if not holds:
        raise LawBroken(message)
