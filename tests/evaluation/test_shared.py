"""An evaluation whose games are shared out brings the same figures, whoever plays them and whatever is lost."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickworld.agents import player
from tickworld.cli import main
from tickworld.errors import UserError
from tickworld.evaluation import evaluate as evaluating
from tickworld.evaluation.evaluate import AT_ONCE, DREAM, Evaluation, EvaluationConfig, evaluate
from tickworld.games import game
from tickworld.games.pong import Pong
from tickworld.recipes.shelf import open_playable
from tickworld.workers import Workers, workers

CONFIG = EvaluationConfig(rollouts=2 * AT_ONCE + 3, frames=12)


def figures(result: Evaluation) -> tuple[str, bytes]:
    """All of an evaluation but for its speeds."""
    told = result.to_json()
    del told["ticks_per_second"]
    return json.dumps(told), result.truth_shown.tobytes() + result.dream_shown.tobytes()


def judged(by: Workers | None, mortal: Path | None = None) -> tuple[str, bytes]:
    playable = open_playable("cartridge:pong")
    who: Any = player("mixed", playable.game)
    if mortal:
        who = Mortal(who, mortal)
    told: list[int] = []
    result = evaluate(playable.world, playable.game, who, CONFIG, told.append, by)
    assert told == sorted(told) and told[-1] == CONFIG.frames
    return figures(result)


class Mortal:
    """A player; the first two processes that play it with a network are killed."""

    def __init__(self, inner: Any, folder: Path) -> None:
        self.inner, self.folder, self.parent = inner, folder, os.getpid()

    def init(self, seeds: Any) -> Any:
        return self.inner.init(seeds)

    def act(self, memory: Any, tick: int, frames: Any) -> Any:
        if tick == 9 and os.getpid() != self.parent:
            for death in range(2):
                try:
                    (self.folder / f"death-{death}").touch(exist_ok=False)
                except FileExistsError:
                    continue
                os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.act(memory, tick, frames)


@pytest.fixture(scope="module")
def alone() -> tuple[str, bytes]:
    return judged(None)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "engine"), [(1, "pool"), (2, "pool"), (2, "ray")])
def test_figures_are_the_same_whoever_plays(count: int, engine: str, alone: Any, tmp_path: Path) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    mortal = tmp_path if count == 2 else None
    assert judged(workers(count, engine), mortal) == alone
    assert len(list(tmp_path.glob("death-*"))) == (2 if mortal else 0)


def test_parts_are_joined_as_if_they_had_been_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Games of different lengths, against a dream that errs."""
    truth, dream = game("pong_angle"), game("pong_angle", speed=0.9)
    config = EvaluationConfig(rollouts=20, frames=60)
    whole, parts = (
        monkeypatch.setattr(evaluating, "AT_ONCE", count) or evaluate(dream, truth, player("mixed", truth), config)
        for count in (20, 6)
    )
    assert whole.scores.keys() == parts.scores.keys() and 0 < whole.pixel_horizon["mean"] < 60
    for name, one in whole.scores.items():
        other = parts.scores[name]
        assert one.horizons() == other.horizons() and one.judged == other.judged
        for field in ("mse", "bce"):
            assert np.allclose(getattr(one, field), getattr(other, field), rtol=1e-5)
        assert one.ssim.keys() == other.ssim.keys()
        assert np.allclose(list(one.ssim.values()), list(other.ssim.values()), rtol=1e-4)
        assert one.positions.counts == other.positions.counts
        for thing in one.positions.off:
            for which in ("off", "lost"):
                pair = (getattr(each.positions, which)[thing] for each in (one, other))
                assert np.allclose(*pair, equal_nan=True)


class Brief(Pong):
    """Pong in which so many games side by side are over at once."""

    def __init__(self, *counts: int) -> None:
        super().__init__()
        self.counts = counts

    def status(self, state: Any) -> Any:
        count = len(state.score)
        return super().status(state)._replace(over=np.full(count, count in self.counts))


def test_a_part_that_is_over_too_soon_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluating, "AT_ONCE", 4)
    truth, config = Brief(2), EvaluationConfig(rollouts=6, frames=5, players="idle")
    found = evaluate(truth, truth, player("idle", truth), config)
    assert found.scores[DREAM].pixel.right.tolist() == [5, 5, 5, 5, 0, 0]
    assert found.scores[DREAM].judged == [4] * 6 and json.dumps(found.to_json(), allow_nan=False)
    with pytest.raises(UserError, match="every game of pong is over before the 1 frames"):
        evaluate(truth, Brief(2, 4), player("idle", truth), config)


@pytest.mark.slow
def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "cartridge:pong", "--rollouts", str(AT_ONCE + 1), "--frames", "4", "--json"]
    found = []
    for more in ([], ["--workers", "2"]):
        assert main([*words, *more]) == 0
        found.append(json.loads(capsys.readouterr().out))
        del found[-1]["ticks_per_second"]
    assert found[0] == found[1]
    assert main([*words, "--engine", "rya"]) == 2
    assert "there is no engine 'rya'; did you mean 'ray'" in capsys.readouterr().err
