"""The one idea: a true game, an environment and a trained network are the same thing, a Simulator.

    every tick:  state = update(state, actions)      frames = render(state)      state_0 = init(params, seeds)

A Simulator always runs N independent copies ("rows") at once; one game is N = 1. Recording, evaluation, pictures,
play, export and agents take a Simulator and never ask which kind it is. The laws it obeys are stated here in prose and
checked by ``tickworld.checks``:

1. Batch.   Row i depends only on ``params[i]``, ``seeds[i]`` and ``actions[:, i]``.
2. Replay.  The same params, seeds and actions give the same frames, bit for bit, on one machine. When
            ``spec.branchable`` is true an old state stays valid after newer ones were made: ``update`` and ``render``
            never change what they are given.
3. Frames.  ``render`` gives uint8 ``[N, H, W, C]`` of exactly the size that ``spec`` announces.
4. Params.  Every value in a param's range is legal, and each param that ``spec`` names changes the frames sooner or
later.
            (A world that starts from an opening sees what the params did there, and need not be told them.)
5. Words.   Where a simulator names its events every tick is one of them, and where it has rules it breaks none.
6. Evidence. ``observe`` corrects each row by that row's frame, and leaves the state that it corrects as it was.

This module knows numpy and nothing else: games need no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tickworld.errors import UserError, near_match
from tickworld.seeds import uniform

State = Any
"""A record (NamedTuple) of arrays whose first axis has length N. Only its own simulator looks inside."""


@dataclass(frozen=True)
class Param:
    """One number that ``init`` takes.

    ``default`` is the value of the standard start. A ``drawn`` param is instead drawn from ``low..high`` (both
    included) for each episode that is recorded or evaluated. ``kind`` says how a network should read the number:
    an ``angle`` is in radians and wraps around; a ``choice`` is an integer without an order. ``start`` tells where an
    episode begins from which game it is: what a game draws unless told otherwise is a start.
    """

    name: str
    default: float
    low: float
    high: float
    kind: Literal["integer", "real", "angle", "choice"] = "integer"
    drawn: bool = False
    doc: str = ""
    start: bool | None = None

    def __post_init__(self) -> None:
        if self.start is None:
            object.__setattr__(self, "start", self.drawn)

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are legal."""
        return self.kind in ("integer", "choice")


@dataclass(frozen=True)
class Spec:
    """What a Simulator shows and takes.

    ``palette`` lists the colours that occur as C-tuples of 0..255 (empty: any colour). Every player presses one of
    ``actions`` each tick. ``games``, where there are any, are rows of params: an episode is of one of these games, and
    only where it starts is drawn freely. ``opening`` is the number of first frames that ``init`` must be shown (0: a
    true game or a world that starts from params alone).
    """

    name: str
    height: int
    width: int
    channels: int
    players: tuple[str, ...]
    actions: tuple[str, ...]
    params: tuple[Param, ...] = ()
    palette: tuple[tuple[int, ...], ...] = ()
    branchable: bool = True
    opening: int = 0
    games: tuple[tuple[float, ...], ...] = ()

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.height, self.width, self.channels

    def index(self, name: str) -> int:
        """The column of param ``name``. Raises UserError with near matches for a name that does not exist."""
        names = [param.name for param in self.params]
        if name not in names:
            raise UserError(f"{self.name} has no param {name!r}; {near_match(name, names)}")
        return names.index(name)

    def defaults(self, count: int) -> NDArray[np.float64]:
        """Params of the standard start, float64 [count, S] with one column for each of ``params``."""
        return np.tile(np.array([param.default for param in self.params], float), (count, 1))

    def draw(self, seeds: NDArray[np.uint64]) -> NDArray[np.float64]:
        """One row of params per seed, float64 [N, S]: drawn ones uniform over their range, the others at default; where
        there are ``games``, those that do not say where an episode starts are those of one of them."""
        rows = self.defaults(len(seeds))
        for column, param in enumerate(self.params):
            if param.drawn:
                share = uniform(seeds, "params", column)
                if param.whole:
                    rows[:, column] = np.floor(param.low + share * (param.high - param.low + 1))
                else:
                    rows[:, column] = param.low + share * (param.high - param.low)
        if self.games:
            pick = np.floor(uniform(seeds, "game") * len(self.games)).astype(int)
            rules = [column for column, param in enumerate(self.params) if not param.start]
            rows[:, rules] = np.array(self.games)[pick][:, rules]
        return rows

    def check_params(self, params: NDArray[np.floating]) -> None:
        """Raises UserError unless ``params`` is [N, S] with every number legal."""
        if params.ndim != 2 or params.shape[1] != len(self.params):
            raise UserError(
                f"{self.name} takes params of shape [N, {len(self.params)}]; got {list(params.shape)}; "
                "build them with spec.defaults(n) or spec.draw(seeds)"
            )
        for column, param in enumerate(self.params):
            values = params[:, column]
            legal = (values >= param.low) & (values <= param.high)
            if param.whole:
                legal &= values == np.floor(values)
            if not legal.all():
                bad = float(values[~legal][0])
                kind = "a whole number" if param.whole else "a number"
                raise UserError(
                    f"param {param.name} of {self.name} must be {kind} in {param.low:g}..{param.high:g}; got {bad:g}"
                )

    def check_actions(self, actions: NDArray[np.integer], what: str = "actions") -> None:
        """Raises UserError unless ``actions`` is [..., P] and each is an index into the spec's actions."""
        if actions.ndim < 1 or actions.shape[-1] != len(self.players):
            raise UserError(
                f"{what} must have one column for each of {', '.join(self.players)}; got {list(actions.shape)}; "
                "give every player an action each tick"
            )
        wrong = (actions < 0) | (actions >= len(self.actions))
        if wrong.any():
            raise UserError(
                f"{what} must be indices below {len(self.actions)}, into {', '.join(self.actions)}; "
                f"got {actions[wrong].max()}; check what was pressed"
            )

    def with_params(self, fixed: dict[str, float | tuple[float, float]]) -> Spec:
        """The same spec with some params fixed (a number) or drawn from a narrower range (a pair).

        Raises UserError for an unknown name or a value outside the param's range.
        """
        params = list(self.params)
        for name, value in fixed.items():
            column = self.index(name)
            params[column] = self._narrowed(params[column], value)
        return replace(self, params=tuple(params))

    def _narrowed(self, param: Param, value: float | tuple[float, float]) -> Param:
        is_range = isinstance(value, (tuple, list))
        try:
            low, high = (float(end) for end in (value if is_range else (value, value)))
        except (TypeError, ValueError):
            low = high = float("nan")
        whole = low.is_integer() and high.is_integer()
        if not param.low <= low <= high <= param.high or (param.whole and not whole):
            number = "a whole number" if param.whole else "a number"
            raise UserError(
                f"param {param.name} of {self.name} takes {number} or a (low, high) pair of such within "
                f"{param.low:g}..{param.high:g}; got {value!r}"
            )
        if is_range:
            return replace(param, default=min(max(param.default, low), high), low=low, high=high, drawn=True)
        return replace(param, default=low, drawn=False)


class Status(NamedTuple):
    """What the last tick brought: ``reward`` float32 [N, P]; ``over`` bool [N], the simulation has ended for good."""

    reward: NDArray[np.float32]
    over: NDArray[np.bool_]


class Opening(NamedTuple):
    """The first K frames of an episode, uint8 [N, K, H, W, C], and the actions between them, [N, K-1, P]."""

    frames: NDArray[np.uint8]
    actions: NDArray[np.integer]


@runtime_checkable
class Simulator(Protocol):
    """Three verbs and a status. See the module docstring for the laws."""

    spec: Spec

    def init(self, params: NDArray[np.floating], seeds: NDArray[np.uint64], opening: Opening | None = None) -> State:
        """The first state. A simulator with ``spec.opening`` = K > 0 is shown K frames and stands at the last of them
        (tick K-1); without an opening it uses one of its own, chosen by the seed. A true game ignores ``opening``."""
        ...

    def update(self, state: State, actions: NDArray[np.integer]) -> State:
        """The state one tick later, after ``actions`` [N, P] (indices into ``spec.actions``)."""
        ...

    def render(self, state: State) -> NDArray[np.uint8]:
        """Frames [N, H, W, C]."""
        ...

    def status(self, state: State) -> Status:
        """Reward and end of the tick that led to ``state``."""
        ...


class Objects(NamedTuple):
    """What a fixed, model-free probe finds in frames ``[..., H, W, C]``.

    ``positions[name]`` is (x, y, size): centre in pixels and number of lit pixels, float [..., 3], NaN where the object
    is not there. ``readings[name]`` is a number that is right or wrong, int [...], -1 where illegible.
    """

    positions: dict[str, NDArray[np.float64]]
    readings: dict[str, NDArray[np.int64]]


@runtime_checkable
class Probed(Simulator, Protocol):
    """A Simulator whose frames can be read: the game that owns the rules also says how to see its objects."""

    def objects(self, frames: NDArray[np.uint8]) -> Objects:
        """Where the objects are in any frames of this game, true or dreamt."""
        ...


@runtime_checkable
class BallGame(Probed, Protocol):
    """A Probed simulator with a ball: the small moving thing that a bad world loses and that players run after."""

    ball: str
    """Its name among the objects."""

    def render_without_ball(self, state: State) -> NDArray[np.uint8]:
        """Frames [N, H, W, C] with everything right except that the ball is missing."""
        ...


@runtime_checkable
class Quest(Probed, Protocol):
    """A Probed simulator with somebody who walks and a place to go to."""

    walker: str
    """Its name among the objects."""
    goal: str
    """That of where to go."""


@runtime_checkable
class Eventful(Simulator, Protocol):
    """A Simulator whose ticks are of different kinds: a world may know most of them and fail at a rare one."""

    events: tuple[str, ...]
    """The kinds; every tick is of exactly one."""

    def event(self, before: State, after: State) -> NDArray[np.integer]:
        """The kind of the tick from ``before`` to ``after``, an index into ``events``, [N]."""
        ...


Notes = Any
"""What a referee remembers from tick to tick: a value, passed in and handed back, never changed in place."""


@runtime_checkable
class Ruled(Simulator, Protocol):
    """A Simulator whose rules can be checked on frames alone, true or dreamt: no state is asked, only what is seen.

    The true game breaks no rule, whoever plays it.
    """

    rules: tuple[str, ...]

    def referee(self, params: NDArray[np.floating], frames: NDArray[np.uint8]) -> Notes:
        """The notes before the first tick: ``params`` [N, S] say which rules hold, ``frames`` [N, H, W, C] is what
        stands there."""
        ...

    def violations(
        self, notes: Notes, actions: NDArray[np.integer], frames: NDArray[np.uint8]
    ) -> tuple[NDArray[np.bool_], Notes]:
        """Which rules were broken by the tick in which ``actions`` [N, P] led to ``frames``, bool [N, rules]."""
        ...


@runtime_checkable
class Decisive(Simulator, Protocol):
    """A Simulator that decides on each pixel's colour and says how narrowly: a world fails where it nearly did."""

    def margin(self, state: State) -> NDArray[np.floating]:
        """By how much the colour that is shown beats the next best, at the pixel where that is least, in nats, [N]. NaN
        where nothing is decided."""
        ...


@runtime_checkable
class Candid(Simulator, Protocol):
    """A Simulator that says how far its own frame can be trusted; how right it is in that is measured."""

    def trust(self, state: State) -> NDArray[np.floating]:
        """By its own account, in nats, [N]: the lower, the more doubt. About the log odds that no pixel is wrong."""
        ...


@runtime_checkable
class Observing(Simulator, Protocol):
    """A Simulator that evidence corrects: shown what is true, it goes on from there."""

    observes: bool
    """Whether this one can; a kind of simulator may be able to where one of its kind is not."""

    def observe(self, state: State, frames: NDArray[np.uint8]) -> State:
        """``state``, corrected by the true ``frames`` [N, H, W, C] of its own tick. Raises UserError for frames that do
        not fit, and where ``observes`` is false."""
        ...


@runtime_checkable
class Replayed(Simulator, Protocol):
    """A Simulator that was recorded: it goes on as it was played, and refuses all other actions."""

    def recorded_actions(self, state: State) -> NDArray[np.uint8]:
        """The actions [N, P] that led on from ``state``; 0 after the end."""
        ...


@runtime_checkable
class Inspectable(Simulator, Protocol):
    """A Simulator whose state can be looked into, and changed by hand."""

    def fields(self, state: State) -> dict[str, NDArray[Any]]:
        """The numbers of a state by name, each [N, ...]."""
        ...

    def change(self, state: State, field: str, index: int, value: float) -> State:
        """``state`` with one number changed in every row: that at ``index`` of the flat row of ``field``.

        Raises UserError for a field or an index that is not there, and for a value that the field cannot hold.
        """
        ...


@runtime_checkable
class Truthful(Simulator, Protocol):
    """A Simulator whose states hold more than what is true, or hold it elsewhere: it says itself what the truth is."""

    def truth(self, state: State) -> dict[str, NDArray[Any]]:
        """The numbers of the true state by name, each [N, ...], always the same names and shapes; empty where nothing
        is known."""
        ...


@runtime_checkable
class Explained(Simulator, Protocol):
    """A Simulator that has chosen for itself what it shows and takes, and tells why."""

    choices: tuple[str, ...]
    """What was chosen and why, a line each."""
