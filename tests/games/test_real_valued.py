"""The simulations on real numbers keep what physics keeps: energy and momentum, the pole's energy, a flow without
sources."""

from __future__ import annotations

import numpy as np
import pytest

from tickworld import checks, seeds
from tickworld.games import cart as carts
from tickworld.games.bounce import RADIUS, SIZE, Bounce
from tickworld.games.cart import REACH, Cart
from tickworld.games.smoke import Smoke, carry, without_sources


class TestBounce:
    game = Bounce()

    def test_energy_is_kept_and_nobody_leaves(self) -> None:
        row_seeds = seeds.rows(0, 0, 64)
        params = self.game.spec.draw(row_seeds)
        frames, states = checks.play(self.game, params, row_seeds, np.zeros((600, 64, 1), int))
        energy = np.stack([np.nansum(state.speed**2, (1, 2)) for state in states])
        np.testing.assert_allclose(energy, np.broadcast_to(energy[0], energy.shape), rtol=1e-9)
        place = np.stack([state.place for state in states])
        fastest = np.nanmax(np.abs(np.stack([state.speed for state in states])))
        assert np.nanmin(place) > RADIUS - fastest - 0.1 and np.nanmax(place) < SIZE - RADIUS + fastest + 0.1
        assert frames.max() == 255 and (frames == 0).mean() > 0.5

    def test_two_that_meet_head_on_exchange_their_speeds(self) -> None:
        state = self.game.init(np.array([[2, 0.5]]), np.zeros(1, np.uint64))
        place, speed = state.place.copy(), state.speed.copy()
        place[0, :2], speed[0, :2] = [[10, 16], [22, 16]], [[1, 0], [-0.5, 0]]
        state = state._replace(place=place, speed=speed)
        met = []
        for _ in range(8):
            after = self.game.update(state, np.zeros((1, 1), int))
            met.append(self.game.events[self.game.event(state, after)[0]])
            state = after
        assert met.count("collision") == 1
        np.testing.assert_allclose(state.speed[0, :2], [[-0.5, 0], [1, 0]], atol=1e-12)

    @pytest.mark.parametrize("balls", [1, 2, 3, 4])
    def test_so_many_balls_are_seen_in_their_shades(self, balls: int) -> None:
        frames = self.game.render(self.game.init(np.array([[balls, 0.5]]), seeds.rows(1, 0, 1)))
        shades = [shade for shade in (255, 200, 150, 100) if (frames == shade).sum() >= 9]
        assert len(shades) == balls

    def test_balls_do_not_begin_inside_each_other(self) -> None:
        place = self.game.init(np.tile([4, 0.5], (256, 1)), seeds.rows(3, 0, 256)).place
        apart = np.linalg.norm(place[:, :, None] - place[:, None], axis=-1) + 99 * np.eye(4)
        assert apart.min() >= 2 * RADIUS


class TestCart:
    game = Cart()

    def test_without_a_push_energy_only_falls(self) -> None:
        params = np.array([[6.0, angle, 0.0] for angle in np.linspace(0.2, 6.0, 12)])
        _, states = checks.play(self.game, params, seeds.rows(0, 0, 12), np.zeros((300, 12, 1), int))
        free = np.stack([np.abs(state.place) < REACH for state in states]).all(0)
        energy = np.stack([_energy(state) for state in states])[:, free]
        assert free.sum() >= 6
        assert np.diff(energy, axis=0).max() < 0.03, "the steps are small enough"
        assert (energy[-1] < energy[0]).all()

    def test_it_hangs_still_and_stands_still_upright(self) -> None:
        params = np.array([[6.0, np.pi, 0.0], [6.0, 0.0, 0.0]])
        frames, _ = checks.play(self.game, params, seeds.rows(0, 0, 2), np.zeros((200, 2, 1), int))
        assert (frames[:, 0] == frames[0, 0]).all() and (frames[:50, 1] == frames[0, 1]).all()

    def test_pushes_move_it_to_the_ends_of_the_rail(self) -> None:
        actions = np.tile([[1], [2]], (200, 1, 1))
        _, states = checks.play(self.game, self.game.spec.defaults(2), seeds.rows(0, 0, 2), actions)
        assert states[-1].place.tolist() == [-REACH, REACH]
        kinds = {self.game.events[index] for before, after in zip(states, states[1:], strict=False)
                 for index in self.game.event(before, after)}  # fmt: skip
        assert kinds >= {"push", "stop"}


def _energy(state: carts.State) -> np.ndarray:
    """Of cart and pole, in joules; the pole is a rod whose weight acts at its middle."""
    half = carts.POLE / 2
    x = state.speed + half * state.spin * np.cos(state.angle)
    y = half * state.spin * np.sin(state.angle)
    turning = half**2 / 3 * state.spin**2
    moving = carts.CART_MASS * state.speed**2 + carts.POLE_MASS * (x**2 + y**2 + turning)
    return moving / 2 + carts.POLE_MASS * carts.GRAVITY * half * np.cos(state.angle)


class TestSmoke:
    game = Smoke()

    def test_a_flow_loses_most_of_its_sources(self) -> None:
        flow = np.random.default_rng(0).normal(size=(4, 2, 32, 32)).astype(np.float32)
        for shift in (1, 2, 4):  # eddies of some cells
            flow += np.roll(flow, shift, 2) + np.roll(flow, shift, 3)
        before, after = _sources(flow), _sources(without_sources(flow))
        assert after < 0.75 * before
        assert _sources(without_sources(without_sources(flow))) < after

    def test_what_is_carried_goes_with_the_flow(self) -> None:
        what = np.zeros((1, 1, 32, 32), np.float32)
        what[0, 0, 10, 12] = 1
        flow = np.zeros((1, 2, 32, 32), np.float32)
        flow[0, 0], flow[0, 1] = 3, -2
        moved = carry(what, flow)
        assert moved[0, 0, 8, 15] == pytest.approx(1, abs=1e-2) and moved.sum() == pytest.approx(1, abs=1e-2)
        still = carry(what, np.zeros_like(flow))
        np.testing.assert_allclose(still, what, atol=2e-3)

    def test_smoke_rises_and_the_nozzle_moves(self) -> None:
        actions = np.zeros((150, 2, 1), int)
        actions[:, 1] = 2
        frames, states = checks.play(self.game, self.game.spec.defaults(2), seeds.rows(0, 0, 2), actions)
        heights = [(frame[0, ..., 0] > 30).any(-1).argmax() for frame in frames[20::40]]
        assert heights == sorted(heights, reverse=True) and heights[-1] < 12
        assert states[-1].nozzle.tolist() == [15, 29]
        assert np.isfinite(states[-1].flow).all() and 0 <= states[-1].smoke.min() <= states[-1].smoke.max() <= 1.001


def _sources(flow: np.ndarray) -> float:
    inner = flow[:, :, 1:-1, 1:-1]
    x = (flow[:, 0, 1:-1, 2:] - flow[:, 0, 1:-1, :-2]) / 2
    y = (flow[:, 1, 2:, 1:-1] - flow[:, 1, :-2, 1:-1]) / 2
    return float(np.abs((x + y)[:, 1:-1, 1:-1]).mean() / (np.abs(inner).mean() + 1e-9))
