"""How a ball's place depends on the params that its game began with, by slopes of a world, by differences of it, and by
the smoothed true game. What is compared and why is told in ``gradcheck``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from tickworld import seeds, states
from tickworld.config import Config
from tickworld.data.player import Player
from tickworld.evaluation.beginning import Start
from tickworld.models.smooth import Smooth
from tickworld.simulator import BallGame, Eventful, Simulator

NUDGE = 1e-5
"""Half width of a difference of the learned world itself, as a share of a param's range, in float64."""
NEAR = 1e-4
"""Relative error below which a slope and a difference in float64 are called equal."""
WIDTH = 0.01
"""Half width w of the smoothing, as a share of a param's range; d is normal with the same."""
MARGIN = 1.5
"""Pixels around a ball that are still counted as its own."""


class GradcheckConfig(Config):
    """Where slopes are compared."""

    games: int = Field(default=64, gt=0)
    """games that are played, in which nobody trained"""
    ticks: int = Field(default=64, gt=0)
    """ticks of each of them"""
    moments: int = Field(default=16, gt=0)
    """places that are compared of each kind of event, at most"""
    ahead: int = Field(default=3, gt=0, le=32)
    """ticks from a key, or from a contact, to the frame that is looked at"""
    nearby: int = Field(default=48, gt=0)
    """params near those of a game that are averaged over"""
    players: str = "held_out"
    """who plays them"""
    seed: int = Field(default=0, ge=0)
    """which games, and which other keys"""


class Agreement(NamedTuple):
    """How ``slope`` compares with ``truth``, one or both [M, D]: medians of the cosine, of the relative error and of
    how long the slope is as a share of the truth."""

    cosine: float
    error: float
    size: float


class Params(NamedTuple):
    """Of one kind of event: as in ``Keys``, but how the ball's place changes with the params, by slopes, by their mean
    over params nearby, and by the mean of differences so small that no contact comes a tick sooner or later."""

    moments: int
    twin: float
    equal: float
    slope: Agreement
    smoothed: Agreement
    plain: Agreement


class Course:
    """Games from their beginning to ``ahead`` ticks after their first contact, and how the ball's place then depends on
    the params in ``columns``."""

    def __init__(
        self, smooth: Smooth, truth: BallGame, player: Player, config: GradcheckConfig, columns: list[int]
    ) -> None:
        self.smooth, self.truth, self.config, self.columns = smooth, truth, config, columns
        ranges = [(truth.spec.params[column].low, truth.spec.params[column].high) for column in columns]
        self.low, self.high = np.array(ranges).T
        self.unit = self.high - self.low
        self.rows = Start(player, config.games, config.seed).rows
        self.params = truth.spec.draw(self.rows)
        edge = 4 * WIDTH * self.unit  # smoothing stays in the range; that of an angle is no edge, but there are others
        self.params[:, columns] = self.params[:, columns].clip(self.low + edge, self.high - edge)
        self.kind, self.when, self.actions = self._played(player)

    def _played(self, player: Player) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The kind of each game's first contact [N], the tick that is looked at [N], -1 where the game has another
        contact before or is too short, and the keys [N, T, P]."""
        truth, ahead, count = self.truth, self.config.ahead, self.config.games
        state, memory = truth.init(self.params, self.rows), player.init(self.rows)
        kind, when = np.zeros(count, np.int64), np.full(count, -1)
        pressed, more = [], np.zeros(count, bool)
        for tick in range(self.config.ticks):
            actions, memory = player.act(memory, tick, truth.render(state))
            after = truth.update(state, actions)
            event = event_of(truth, state, after, count)
            fresh = (event != 0) & (kind == 0)
            more |= (event != 0) & (kind != 0) & (tick < when)
            when[fresh], kind[fresh] = tick + 1 + ahead, event[fresh]
            pressed.append(actions)
            state = after
        free = chosen_half(count)  # half of the games are looked at before their contact
        when[free] -= 2 * ahead
        kind[free & (when > ahead)] = 0
        when[more | (when <= ahead) | (when > self.config.ticks)] = -1
        return kind, when, np.stack(pressed, 1).astype(np.int64)

    def checked(self) -> dict[str, Params]:
        """By kind of event."""
        found = {}
        for number, name in enumerate(kinds_of(self.truth)):
            rows = np.flatnonzero((self.kind == number) & (self.when > 0))[: self.config.moments]
            if len(rows):
                found[name] = self._kind(rows)
        return found

    def _kind(self, rows: NDArray[np.int64]) -> Params:
        chance = seeds.generator(self.config.seed, "jitter")
        jitter = (
            WIDTH * self.unit * chance.standard_normal((self.config.nearby, len(rows), len(self.columns))).clip(-2, 2)
        )
        true = np.stack([self._true(rows, jitter, way) for way in range(len(self.columns))], 2)  # [M, 2, P]
        slope, window = self._slope(rows, jitter[0] * 0)
        twin = self._plain(rows, window, jitter[0] * 0)
        around = jitter + WIDTH * self.unit * chance.uniform(-1, 1, jitter.shape)
        nearby = [self._slope(rows, each) for each in around]
        smoothed = np.mean([each for each, _ in nearby], 0)
        plain = np.mean([self._plain(rows, each, off) for (_, each), off in zip(nearby, around, strict=True)], 0)
        seen = np.isfinite(true).all((1, 2))
        if not seen.any():
            return Params(0, 0.0, 1.0, *[Agreement(0.0, 0.0, 0.0)] * 3)
        flat = [each[seen].reshape(seen.sum(), -1) for each in (true, slope, smoothed, plain)]
        own = twin[seen].reshape(seen.sum(), -1)
        scale = np.maximum(np.abs(own), np.abs(flat[1])).max(1)
        apart = np.abs(flat[1] - own).max(1) / np.where(scale > 0, scale, 1)
        return Params(
            int(seen.sum()),
            float(apart.max()),
            float((apart < NEAR).mean()),
            *(agreement(each, flat[0]) for each in flat[1:]),
        )

    def _true(self, rows: NDArray[np.int64], jitter: NDArray[np.float64], way: int) -> NDArray[np.float64]:
        """Smoothed derivatives [M, 2] of the ball's place with respect to one param, each a share of its range."""
        step = np.zeros(len(self.columns))
        step[way] = WIDTH * self.unit[way]
        high, low = (self._balls(rows, jitter + sign * step) for sign in (1, -1))
        return np.nanmean((high - low) / (2 * WIDTH), 0)

    def _balls(self, rows: NDArray[np.int64], off: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the ball is when it is looked at, [K, M, 2], with params changed by ``off`` [K, M, P]."""
        many, truth = len(off), self.truth
        params = np.tile(self.params[rows], (many, 1))
        params[:, self.columns] += off.reshape(-1, len(self.columns))
        actions, when = np.tile(self.actions[rows], (many, 1, 1)), np.tile(self.when[rows], many)
        state, found = truth.init(params, np.tile(self.rows[rows], many)), np.full((len(params), 2), np.nan)
        for tick in range(int(when.max())):
            state = truth.update(state, actions[:, tick])
            now = np.flatnonzero(when == tick + 1)
            if len(now):
                found[now] = truth.objects(truth.render(states.take(state, now))).positions[truth.ball][:, :2]
        return found.reshape(many, len(rows), 2)

    def _frames(self, rows: NDArray[np.int64], params: Tensor) -> Tensor:
        """The dreamt frames [M, C, H, W] that are looked at."""
        when = torch.from_numpy(self.when[rows])
        shares = self.smooth.corners(self.actions[rows][:, : int(when.max())])
        frames = self.smooth.frames(self.smooth.begin(params), shares)
        return frames[torch.arange(len(rows)), when]

    def _at(self, rows: NDArray[np.int64], off: NDArray[np.float64]) -> Tensor:
        """Params [M, S] of the games, changed by ``off`` [M, P]."""
        params = self.params[rows].copy()
        params[:, self.columns] += off
        return torch.from_numpy(params)

    def _slope(self, rows: NDArray[np.int64], off: NDArray[np.float64]) -> tuple[NDArray[np.float64], Tensor]:
        """Slopes [M, 2, P] of the dreamt ball's place, each param a share of its range, and the window it is told
        by."""
        params = self._at(rows, off).requires_grad_()
        frames = self._frames(rows, params)
        window = self._window(frames.detach())
        places = torch.einsum("nchw,nahw->na", frames, window)
        slopes = [torch.autograd.grad(each.sum(), params, retain_graph=True)[0] for each in places.unbind(1)]
        return torch.stack(slopes, 1)[:, :, self.columns].numpy() * self.unit, window

    def _plain(self, rows: NDArray[np.int64], window: Tensor, off: NDArray[np.float64]) -> NDArray[np.float64]:
        """Differences [M, 2, P] of the same places that are as small as float64 allows."""
        found = []
        with torch.no_grad():
            for way in range(len(self.columns)):
                step = np.zeros(len(self.columns))
                step[way] = NUDGE * self.unit[way]
                high, low = (self._frames(rows, self._at(rows, off + sign * step)) for sign in (1, -1))
                found.append(torch.einsum("nchw,nahw->na", high - low, window).numpy() / (2 * NUDGE))
        return np.stack(found, 2)

    def _window(self, frames: Tensor) -> Tensor:
        """Weights [M, 2, H, W] that tell how far the ball moves, x and y: distances from its middle, divided by its
        pixels, around it only; zero where no ball is seen."""
        shown = (frames.movedim(1, -1) * 255).round().to(torch.uint8).numpy()
        x, y, lit = torch.from_numpy(self.truth.objects(shown).positions[self.truth.ball]).unbind(1)
        reach = (lit.sqrt() / 2 + MARGIN).view(-1, 1, 1)
        down = torch.arange(frames.shape[2]).double().view(1, -1, 1) - y.view(-1, 1, 1)
        along = torch.arange(frames.shape[3]).double().view(1, 1, -1) - x.view(-1, 1, 1)
        near = (down.abs() < reach) & (along.abs() < reach)
        light = frames.sum(1) * near
        weight = near / (light.amax((1, 2)) * lit).view(-1, 1, 1)
        return torch.stack([along * weight, down * weight], 1).nan_to_num(0, 0, 0)


def chosen_half(count: int) -> NDArray[np.bool_]:
    """Every second of ``count``."""
    return np.arange(count) % 2 == 1


def kinds_of(truth: Simulator) -> tuple[str, ...]:
    """The kinds of its ticks; of a game that has none there is one."""
    return truth.events if isinstance(truth, Eventful) else ("tick",)


def event_of(truth: Simulator, before: Any, after: Any, count: int) -> NDArray[np.integer]:
    """The kind of the tick from ``before`` to ``after``, [N] = [count], an index into ``kinds_of``."""
    return truth.event(before, after) if isinstance(truth, Eventful) else np.zeros(count, np.int64)


def agreement(slope: NDArray[np.float64], true: NDArray[np.float64]) -> Agreement:
    """How two changes [M, D] compare: see ``Agreement``. Where nothing truly changes, no change is right."""
    long, length = np.linalg.norm(slope, axis=1), np.linalg.norm(true, axis=1)
    product = (slope * true).sum(1)
    both = long * length
    cosine = np.where(both > 0, product / np.where(both > 0, both, 1), np.where(long + length > 0, 0.0, 1.0))
    base = np.where(length > 0, length, 1)
    error = np.linalg.norm(slope - true, axis=1) / base
    return Agreement(*(float(np.median(each)) for each in (cosine, error, long / base)))
