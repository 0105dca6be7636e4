"""Are slopes through a learned world right? Compared with differences of the same function, and with the true game.

    keys     J u    against    f(b) - f(a)                     u = b - a: another key in the first of ``ahead`` ticks
    params   dx/dp  against    mean of (x(p + d + w) - x(p + d - w)) / 2 w   over d: of the true game, smoothed

Keys are corners of a simplex, and the frame that is expected when keys are drawn by lot is linear between them; so for
the true game the difference of two keys is the derivative, exactly. A learned world is not linear there: where it is
sure of a pixel its slope is next to nothing (it saturates), and a core that decides has none. The mean of the slopes
along the way from one key to the other is its own difference again, exactly (integrated gradients, Sundararajan et al.
2017, 1703.01365): that is the smoothing which repairs it.

Params that are real numbers are compared by where the ball is, ``ahead`` ticks after a contact. A game in whole ticks
and pixels has steps, so its derivative is that of a mean over params nearby (randomised smoothing: Suh et al. 2022,
2202.00817). The derivative of the discrete bounce itself, "plain", is another thing and wrong about contacts: that a
ball which comes a little sooner turns a tick sooner is not in it (Hu et al. 2019, 1910.00935). Where a plank may miss
the ball, the derivative of the mean has a part that no slope of single games shows, and all are biased.

Every tick is told by its event: the first that is none of flight among the ticks that are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tickworld import seeds, states
from tickworld.data.player import Player
from tickworld.errors import UserError
from tickworld.evaluation.beginning import Start, begin, check_same_game
from tickworld.evaluation.gradients.course import (
    NEAR,
    Agreement,
    Course,
    GradcheckConfig,
    Params,
    agreement,
    event_of,
    kinds_of,
)
from tickworld.models.learned import Learned
from tickworld.models.smooth import Smooth
from tickworld.progress import Progress
from tickworld.simulator import BallGame, Simulator
from tickworld.tensors import to_tensor

STEP = 1e-5
"""Half width of a difference of the learned world itself, of shares of keys, in float64."""
INWARDS = 0.1
"""How far from the corners a share of keys is where slopes are compared with differences of the same function."""
NOTHING = 1e-9
"""Changes smaller than this are none: rounding would tell the difference of such."""
PATH = 32
"""Places on the way from one key to the other at which slopes are averaged."""


class Keys(NamedTuple):
    """Of one kind of event, at ``moments`` places: relative errors of slopes against differences of the same function,
    the worst ``twin`` and the share that is ``equal``; then how frames change with another key by the slope of the hard
    world, by that of its smooth twin, by the mean slope on the way, and by the hard world's own difference, each
    against the true game."""

    moments: int
    twin: float
    equal: float
    hard: Agreement
    slope: Agreement
    smoothed: Agreement
    dream: Agreement


class _Moments(NamedTuple):
    """M places: what is true there, the dream's state, and the keys [M, ahead, P] that follow."""

    truth: Any
    dream: Any
    actions: NDArray[np.int64]


def gradcheck(
    world: Learned, truth: Simulator, player: Player, config: GradcheckConfig, show: Progress
) -> tuple[dict[str, Keys], dict[str, Params]]:
    """Both comparisons by kind of event. Params are compared where the world hears some that are real numbers or
    angles, in a game with a ball; else there are none. Raises UserError for games that are too short, and for a world
    of another game or whose frames are no numbers."""
    check_same_game(truth.spec, world.spec)
    if config.ahead > config.ticks:
        raise UserError(
            f"games of {config.ticks} ticks are too short to look {config.ahead} ahead; give more --ticks, or fewer "
            "--ahead"
        )
    found = _moments(world, truth, player, config)
    smooth = Smooth(world, double=True)
    shown = [smooth.render(smooth.soften(each.dream)) for each in found.values()]
    if not all(bool(each.isfinite().all()) for each in shown):
        raise UserError(
            f"the world of {world.spec.name} gives frames that are no numbers; train it anew, or look with "
            "tickworld doctor"
        )
    keys, params = {}, {}
    with show.bar("keys", len(found), "kinds of event") as at:
        for number, (kind, moments) in enumerate(found.items()):
            keys[kind] = _keys(smooth, truth, moments, config)
            at(number + 1, kind)
    heard = [column for column in smooth.hears() if world.spec.params[column].kind in ("real", "angle")]
    heard = [column for column in heard if truth.spec.params[column].drawn]
    if heard and isinstance(truth, BallGame) and world.spec.opening == 0:
        with show.bar("params", 1, "") as at:
            params = Course(smooth, truth, player, config, heard).checked()
            at(1, "")
    return keys, params


def _moments(world: Learned, truth: Simulator, player: Player, config: GradcheckConfig) -> dict[str, _Moments]:
    """Places of each kind of event at which the game goes on long enough."""
    common = begin(truth, Start(player, config.games, config.seed), world.spec.opening)
    state, dream, memory = common.truth, common.dream(world), common.memory
    trues, dreams, pressed, events, playing = [], [], [], [], []
    for tick in range(config.ticks):
        actions, memory = player.act(memory, common.tick + tick, truth.render(state))
        after = truth.update(state, actions)
        trues.append(state)
        dreams.append(dream)
        pressed.append(actions.astype(np.int64))
        events.append(event_of(truth, state, after, config.games))
        playing.append(~truth.status(state).over)
        state, dream = after, world.update(dream, actions)
    kinds, last = kinds_of(truth), config.ticks - config.ahead
    kind, there = np.stack(events), np.stack(playing)
    found = {}
    for number, name in enumerate(kinds):
        places = []
        for tick in range(last + 1):
            window = kind[tick : tick + config.ahead]
            first = window[(window != 0).argmax(0), np.arange(config.games)]
            lasts = there[tick : tick + config.ahead].all(0)
            places += [(tick, row) for row in np.flatnonzero((first == number) & lasts)]
        if places:
            chance = seeds.generator(config.seed, "gradcheck", number)
            chosen = [places[at] for at in chance.permutation(len(places))[: config.moments]]
            found[name] = _Moments(
                states.join([states.take(trues[tick], np.array([row])) for tick, row in chosen]),
                states.join([states.take(dreams[tick], np.array([row])) for tick, row in chosen]),
                np.stack([np.stack(pressed[tick : tick + config.ahead])[:, row] for tick, row in chosen]),
            )
    return found


def _keys(smooth: Smooth, truth: Simulator, moments: _Moments, config: GradcheckConfig) -> Keys:
    """One kind of event."""
    spec, count = smooth.spec, len(moments.actions)
    chance = seeds.generator(config.seed, "other key")
    other = moments.actions.copy()
    player = chance.integers(len(spec.players), size=count)
    turn = 1 + chance.integers(max(len(spec.actions) - 1, 1), size=count)
    rows = np.arange(count)
    other[rows, 0, player] = (other[rows, 0, player] + turn) % len(spec.actions)
    true = _after(truth, moments.truth, other) - _after(truth, moments.truth, moments.actions)
    dream = _after(smooth.learned, moments.dream, other) - _after(smooth.learned, moments.dream, moments.actions)
    there = np.abs(true).sum(1) > 0
    if not there.any():  # nothing that can be seen follows from keys here
        there[:] = True
    begun = smooth.soften(moments.dream)
    here, way = smooth.corners(moments.actions), smooth.corners(other) - smooth.corners(moments.actions)

    def along(share: float, state: Any = begun) -> NDArray[np.float64]:
        return _pushed(lambda shares: smooth.frames(state, shares)[:, -1], here + share * way, way)

    slopes = [along((step + 0.5) / PATH) for step in range(PATH)]
    inner = here * (1 - INWARDS) + INWARDS / len(spec.actions)
    twin = _against_itself(lambda shares: smooth.frames(begun, shares)[:, -1], inner, STEP, config.seed)
    told = (true[there], _hard(smooth, moments, here, way)[there], along(0.0)[there], np.mean(slopes, 0)[there])
    hard, slope, smoothed = (agreement(each, told[0]) for each in told[1:])
    return Keys(count, *twin, hard, slope, smoothed, agreement(dream[there], told[0]))


def _after(simulator: Simulator, state: Any, actions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Frames in 0..1 after ``actions`` [M, T, P], flattened, [M, D]."""
    for tick in range(actions.shape[1]):
        state = simulator.update(state, actions[:, tick])
    return to_tensor(simulator.render(state)).double().flatten(1).numpy()


def _pushed(function: Callable[[Tensor], Tensor], place: Tensor, way: Tensor) -> NDArray[np.float64]:
    """How each row of ``function(place)`` changes along ``way``, [M, D]: a product with the Jacobian, from two with its
    transpose."""
    place = place.clone().requires_grad_()
    made = function(place).flatten(1)
    if not made.requires_grad:
        return np.zeros(made.shape)
    weights = torch.zeros_like(made, requires_grad=True)
    (pulled,) = torch.autograd.grad(made, place, weights, create_graph=True, allow_unused=True)
    if pulled is None or not pulled.requires_grad:
        return np.zeros(made.shape)
    (pushed,) = torch.autograd.grad(pulled, weights, way)
    return pushed.detach().numpy()


def _hard(smooth: Smooth, moments: _Moments, here: Tensor, way: Tensor) -> NDArray[np.float64]:
    """The same slope of the world as it is played, in float32: of one that decides there is none."""
    world, state = smooth.learned.world, smooth.learned.core_state(moments.dream)
    begun = type(state)(*(field.clone() for field in state))

    def frames(shares: Tensor) -> Tensor:
        now, noise = begun, shares.new_zeros(len(shares), world.core.noise)
        for step in shares.unbind(1):
            now = world.core.update(now, torch.cat([step.flatten(1), noise], 1))
        return world.render(now)

    return _pushed(frames, here.float(), way.float()).astype(np.float64)


def _against_itself(
    function: Callable[[Tensor], Tensor], place: Tensor, step: float | Tensor, seed: int
) -> tuple[float, float]:
    """Worst relative error of slopes of ``function`` against differences of it, and the share of rows that are equal.
    Ways and what is looked at are drawn by lot; ways of shares leave their sums as they are."""
    lot = torch.Generator().manual_seed(seed)
    way = torch.randn(place.shape, generator=lot, dtype=place.dtype)
    if place.dim() > 2:
        way = way - way.mean(-1, keepdim=True)
    way = way * step
    place = place.clone().requires_grad_()
    made = function(place).flatten(1)
    look = torch.randn(made.shape, generator=lot, dtype=made.dtype)
    slope = torch.zeros(len(place), dtype=place.dtype)
    if made.requires_grad:
        (gradient,) = torch.autograd.grad((made * look).sum(), place)
        slope = (gradient * way).flatten(1).sum(1)
    with torch.no_grad():
        high, low = (function(place + sign * way).flatten(1) for sign in (1, -1))
        difference = ((high - low) * look).sum(1) / 2
    scale = torch.maximum(slope.abs(), difference.abs())
    still = scale < NOTHING
    error = torch.where(still, 0.0, (slope - difference).abs() / scale.clamp(min=1e-300))
    return float(error.max()), float((error < NEAR).double().mean())


def told(keys: dict[str, Keys], params: dict[str, Params]) -> dict[str, Any]:
    """Both for JSON."""
    both = {"keys": keys, "params": params}
    return {what: {kind: _told(row) for kind, row in rows.items()} for what, rows in both.items()}


def _told(row: Keys | Params) -> dict[str, Any]:
    return {name: each._asdict() if isinstance(each, Agreement) else each for name, each in row._asdict().items()}
