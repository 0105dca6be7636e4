"""All figures of one evaluation: the truth as its own dream is perfect, the floors are what they are said to be."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tickworld.agents import player
from tickworld.evaluation.errors import SSIM_TICKS
from tickworld.evaluation.evaluate import DREAM, SHOWN, Evaluation, EvaluationConfig, evaluate
from tickworld.evaluation.horizon import objects_wrong
from tickworld.evaluation.rollout import Start, Tick, rollout
from tickworld.frames import pixels_wrong
from tickworld.games import GAMES, game
from tickworld.games.pong import Pong
from tickworld.simulator import Opening, Probed, Simulator, Spec

CONFIG = EvaluationConfig(rollouts=8, frames=60)


def judged(truth: Simulator, dream: Simulator | None = None, config: EvaluationConfig = CONFIG) -> Evaluation:
    return evaluate(dream or truth, truth, player(config.players, truth), config)


def played(truth: Simulator, config: EvaluationConfig = CONFIG) -> list[Tick]:
    """The ticks of the same games."""
    return list(rollout(truth, {}, Start(player(config.players, truth), config.rollouts, config.seed), config.frames))


@pytest.mark.parametrize("name", GAMES)
def test_every_game_is_right_against_itself(name: str) -> None:
    perfect = judged(game(name), config=EvaluationConfig(rollouts=3, frames=12))
    assert perfect.pixel_horizon["survived"] == 1.0
    assert (perfect.object_horizon is None) != isinstance(game(name), Probed)
    assert json.dumps(perfect.to_json(), allow_nan=False)
    assert set(perfect.scores) >= {DREAM, "copy"}


@pytest.fixture(scope="module", params=["pong", "pong_angle"])
def perfect(request: pytest.FixtureRequest) -> Evaluation:
    """A game judged against itself."""
    return judged(game(request.param))


def test_the_truth_is_right_to_the_end(perfect: Evaluation) -> None:
    """A game that is over sooner is right to its end, and counts with the ticks that it had."""
    ticks = played(game(perfect.game))
    lengths = np.sum([tick.playing for tick in ticks[1:]], 0)
    assert lengths.max() == 60 and (lengths == 60).all() == (perfect.game == "pong")
    scores = perfect.scores[DREAM]
    assert scores.object is not None
    assert (scores.pixel.right == lengths).all() and (scores.object.right == lengths).all()
    assert perfect.pixel_horizon == perfect.object_horizon
    assert perfect.pixel_horizon["survived"] == 1.0 and perfect.pixel_horizon["mean"] == lengths.mean()
    assert scores.mse == [0.0] * 61
    assert scores.judged == [tick.playing.sum() for tick in ticks]
    assert {*sum(scores.positions.off.values(), [])} == {*sum(scores.positions.lost.values(), [])} == {0.0}
    assert max(scores.bce) == pytest.approx(min(scores.bce)) == pytest.approx(-np.log(1 - 1 / 512))
    assert scores.ssim == {tick: pytest.approx(1) for tick in SSIM_TICKS if tick <= 60}
    assert scores.pixel.survival(60).tolist() == [1.0] * 61
    assert (perfect.truth_shown == perfect.dream_shown).all()


def test_a_world_without_the_ball_is_wrong_at_once(perfect: Evaluation) -> None:
    nothing = {"median": 0.0, "p10": 0.0, "mean": 0.0, "survived": 0.0}
    scores = perfect.scores["no_ball"].horizons()
    assert scores == {"pixel_horizon": nothing, "object_horizon": nothing}
    assert 0 < np.mean(perfect.scores["no_ball"].mse) < 0.02  # what a pixel error thinks of it


def test_a_mean_ball_is_the_best_that_knows_nothing_of_the_ball(perfect: Evaluation) -> None:
    mean, none = (perfect.scores[name].means() for name in ("mean_ball", "no_ball"))
    assert 0 < mean["mse"] < none["mse"] and 0 < mean["bce"] < none["bce"]
    assert perfect.scores["mean_ball"].pixel.summary()["median"] == 0


def test_the_last_frame_for_ever_is_right_while_nothing_moves(perfect: Evaluation) -> None:
    truth: Any = game(perfect.game)
    ticks = played(truth)
    still = ticks[0].truth
    for row in range(8):
        one = slice(row, row + 1)
        judged = [tick for tick in ticks[1:] if tick.playing[row]]
        pixels = [pixels_wrong(tick.truth[one], still[one], truth.spec.palette)[0] for tick in judged]
        objects = [objects_wrong(truth.objects(tick.truth[one]), truth.objects(still[one]))[0] for tick in judged]
        floor = perfect.scores["copy"]
        assert floor.object is not None
        assert floor.pixel.right[row] == [*pixels, True].index(True)
        assert floor.object.right[row] == [*objects, True].index(True)
    assert perfect.scores["copy"].mse[0] == 0 < perfect.scores["copy"].mse[-1]


def test_a_ball_one_pixel_off_is_right_as_an_object_and_wrong_as_pixels() -> None:
    class Late(Pong):
        """Shows every frame one tick late: the ball is one pixel off in x and up to two in y."""

        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            now = super().init(params, seeds, opening)
            return now, now

        def update(self, state: Any, actions: Any) -> Any:
            return super().update(state[0], actions), state[0]

        def render(self, state: Any) -> Any:
            return super().render(state[1])

        def status(self, state: Any) -> Any:
            return super().status(state[0])

    slow: dict[str, Any] = {"vy_limit": 1, "ball_vy": (-1, 1)}  # then it is one pixel off at most
    truth, late = game("pong", **slow), Late(**slow)
    result = evaluate(late, truth, player("idle", truth), EvaluationConfig(rollouts=8, frames=3, players="idle"))
    assert result.pixel_horizon["median"] == 0
    assert result.object_horizon is not None and result.object_horizon["median"] == 3


def test_json_holds_what_was_promised(perfect: Evaluation) -> None:
    result = json.loads(json.dumps(perfect.to_json(), allow_nan=False))
    promised = {"game", "rollouts", "frames", "pixel_horizon", "object_horizon", "floors", "ticks_per_second"}
    assert promised <= result.keys()
    assert (result["game"], result["rollouts"], result["frames"]) == (perfect.game, 8, 60)
    numbers = {"median", "p10", "mean", "survived"}
    assert result["pixel_horizon"].keys() == result["object_horizon"].keys() == numbers
    assert result["floors"].keys() == {"copy", "no_ball", "mean_ball"}
    for floor in result["floors"].values():
        assert floor.keys() == {"pixel_horizon", "object_horizon", "mse", "bce"}
        assert floor["pixel_horizon"].keys() == floor["object_horizon"].keys() == numbers
    assert result["ticks_per_second"].keys() == {"batch", "alone"}
    assert all(rate > 0 for rate in result["ticks_per_second"].values())
    for over in result["over_time"].values():
        assert {name: len(over[name]) for name in over if name not in ("ssim", "positions")} == dict.fromkeys(
            ("judged", "mse", "bce", "psnr", "pixel_survival", "object_survival"), 61
        )
        for errors in over["positions"].values():
            assert {name: len(values) for name, values in errors.items()} == {"off": 61, "lost": 61}


def test_frames_are_kept_to_be_looked_at(perfect: Evaluation) -> None:
    spec = game(perfect.game).spec
    assert perfect.truth_shown.shape == perfect.dream_shown.shape == (SHOWN, 61, *spec.frame_shape)
    few = judged(game("pong"), config=EvaluationConfig(rollouts=2, frames=3))
    assert few.truth_shown.shape == (2, 4, 32, 32, 1)


def test_the_same_seed_gives_the_same_figures() -> None:
    pong = game("pong")
    one, same, other = (
        judged(pong, game("pong", serve_wait=0), CONFIG.model_copy(update={"seed": seed})).to_json()
        for seed in (0, 0, 1)
    )
    for result in (one, same, other):
        del result["ticks_per_second"]
    assert one == same and one != other


def test_progress_is_told() -> None:
    told: list[int] = []
    pong = game("pong")
    evaluate(pong, pong, player("idle", pong), EvaluationConfig(rollouts=1, frames=5), told.append)
    assert told == list(range(6))


class Unread:
    """Pong without its probe: a game whose frames cannot be read, and whose colours are not known."""

    def __init__(self) -> None:
        self.inner = game("pong")
        self.spec = Spec(**{**vars(self.inner.spec), "palette": ()})
        self.init, self.update = self.inner.init, self.inner.update
        self.render, self.status = self.inner.render, self.inner.status


def test_a_game_that_cannot_be_read_has_a_pixel_horizon_only() -> None:
    truth = Unread()
    assert not isinstance(truth, Probed)
    result = evaluate(truth, truth, player("sticky", truth), EvaluationConfig(rollouts=2, frames=4))
    assert result.pixel_horizon["median"] == 4 and result.object_horizon is None
    content = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert content["object_horizon"] is None and content["floors"].keys() == {"copy"}
    assert content["over_time"][DREAM]["object_survival"] is None
