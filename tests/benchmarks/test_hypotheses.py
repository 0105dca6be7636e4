"""The benchmark of the seed's hypotheses compares what it says it compares, and every row of it can be made."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hypotheses import QUESTIONS
from questions import dilation, memory, rows, sizes, stacking
from questions.rows import Effort, Question, Row, kept, make, practised
from tickworld.errors import UserError
from tickworld.models.world import seeded_world
from tickworld.training.tasks import KEYS, Solver

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "hypotheses.py"
LABELS = [(name, row.label) for name, question in QUESTIONS.items() for row in question.rows]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(PROGRAM), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_question_from_nothing_to_its_plot_and_no_row_twice(tmp_path: Path) -> None:
    first = run("--smoke", "--out", str(tmp_path))
    assert first.returncode == 0, first.stderr
    for name, label in LABELS:
        table = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
        assert f"| {label.removeprefix('parity, ')} |" in table
        assert f"## {QUESTIONS[name].asked}\n" in first.stdout
        picture = (tmp_path / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) < 100_000
    again = run("--smoke", "--out", str(tmp_path), "dilation", "divergence")
    assert again.returncode == 0 and "is made" in first.stdout and "is made" not in again.stdout
    other = run("--minutes", "1", "--out", str(tmp_path), "dilation")
    assert other.returncode == 2 and "0 minutes; got 1" in other.stderr


def test_an_unknown_question_is_told_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = run("dilatation", "--out", str(tmp_path / "none"))
    assert told.returncode == 2 and "no question dilatation" in told.stderr and "growth" in told.stderr
    assert not (tmp_path / "none").exists()


def test_names_of_rows_are_their_own_or_shared_on_purpose() -> None:
    """Two questions may share a run, which is then made once; two rows of one question may not."""
    for question in QUESTIONS.values():
        assert len({row.name for row in question.rows}) == len(question.rows)
        assert len({row.label for row in question.rows}) == len(question.rows)
    shared = {row.name for row in QUESTIONS["stacking"].rows} & {row.name for row in QUESTIONS["detectors"].rows}
    assert shared == {"angle_gru", "angle_transition"}


class Clock:
    """Processor time, told instead of passing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "process_time", lambda: self.now)

    def steps(self, seconds: float, count: int = 10**9) -> Iterator[int]:
        for step in range(count):
            self.now += seconds
            yield step

    def judge(self) -> rows.Figures:
        self.now += 1000  # judging may take as long as it likes
        return {"loss": 1.0}


def test_practice_ends_when_its_time_is_spent_and_judging_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    points = list(practised(clock.steps(3), clock.judge, Effort(1.0, False), marks=4))
    assert points[0] == {"minutes": 0.0, "steps": 0, "loss": 1.0}
    assert [point["steps"] for point in points] == [0, 5, 10, 15, 20]
    assert [point["minutes"] for point in points] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_a_planned_training_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    points = list(practised(clock.steps(7, 20), clock.judge, Effort(1.0, False), marks=2, whole=True))
    assert points[-1]["steps"] == 20 and points[-1]["minutes"] == pytest.approx(140 / 60)


def test_rows_are_kept_and_of_one_effort(tmp_path: Path) -> None:
    made: list[int] = []

    def one(seed: int, effort: Effort) -> rows.Figures:
        made.append(seed)
        return {"loss": 0.5}

    question = Question("?", (Row("a row", "row", one),), lambda results, out: "")
    make(question, tmp_path, Effort(0.5, False))
    make(question, tmp_path, Effort(0.5, False))
    assert made == [0, 1] and kept(question, tmp_path) == {"a row": [{"budget": 0.5, "loss": 0.5}] * 2}
    with pytest.raises(UserError, match="0.5 minutes; got 0.25"):
        make(question, tmp_path, Effort(0.25, False))


@pytest.mark.parametrize("label", dilation.CORES)
def test_cores_that_are_compared_have_equal_weights(label: str) -> None:
    assert sizes.weights(dilation.new_core(label, 0)) == pytest.approx(sizes.WEIGHTS, rel=0.05)


@pytest.mark.parametrize("kind", memory.CHANGES)
def test_cores_with_and_without_a_memory_have_equal_weights(kind: str) -> None:
    config = sizes.nearest(lambda size: sizes.sized(sizes.KINDS[kind], size, **memory.CHANGES[kind]), KEYS)
    assert sizes.weights(config.build(KEYS)) == pytest.approx(sizes.WEIGHTS, rel=0.05)


@pytest.mark.parametrize("label", stacking.LABELS)
def test_worlds_that_are_compared_have_equal_weights(label: str) -> None:
    config = stacking.config_of(label)
    world = seeded_world(config.world, config.game.build().spec, 0)
    size = stacking.used(world) if label == stacking.SHUT else world.size()
    assert size == pytest.approx(sizes.WEIGHTS, rel=0.05)


def test_without_the_shortcut_nothing_of_the_state_is_carried_and_gates_stay_open() -> None:
    config = stacking.config_of(stacking.SHUT)
    world = seeded_world(config.world, config.game.build().spec, 0)
    stacking.hold_open(world)
    with torch.no_grad():
        for layer in world.core.get_submodule("cell").get_submodule("layers").children():
            layer.get_parameter("weight")[: world.core.out_shape[0]] = 0.0
    start = torch.randn(2, *world.core.start_shape, requires_grad=True)
    x = torch.zeros(2, 3, 6)
    outs, _ = world.core.unroll(world.core.init(start), x)
    outs.square().sum().backward()
    assert torch.equal(outs[0], outs[1])  # whatever they began with
    for layer in world.core.get_submodule("cell").get_submodule("layers").children():
        slope = layer.get_parameter("weight").grad
        assert slope is None or len(slope) == world.core.out_shape[0] or not slope[world.core.out_shape[0] :].any()


class Leaky(torch.nn.Module):
    """Keeps a tenth of its state."""

    start_shape, out_shape = (3,), (3,)

    def init(self, start: torch.Tensor) -> torch.Tensor:
        return start

    def unroll(self, state: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        outs = []
        for step in x.unbind(1):
            state = 0.1 * state + step
            outs.append(state)
        return torch.stack(outs, 1), state


def test_reach_is_the_gradient_by_distance() -> None:
    leaky: Any = Leaky()
    found = dilation.reach(Solver(leaky), 24, 0)
    assert found == pytest.approx([0.1**distance for distance in range(24)], rel=1e-6, abs=0)
    drawn = dilation.smooth(found, span=8)
    assert list(drawn.at) == [3.5, 11.5, 19.5]  # type: ignore[arg-type]
    assert list(drawn.values) == pytest.approx([10**-3.5, 10**-11.5, 10**-19.5], rel=1e-6, abs=0)  # type: ignore[arg-type]
