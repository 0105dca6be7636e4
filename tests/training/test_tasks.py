"""The tasks ask what they say they ask, and a core without a memory stays at their floor."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tickworld.models.cores.gru import GruConfig
from tickworld.training.tasks import (
    KEYS,
    NO_MEMORY,
    Draw,
    Solver,
    Task,
    echo,
    held_out,
    learn,
    parity,
    practice,
    recall,
    serve,
)


def drawn(draw: Draw) -> Task:
    return draw(torch.Generator().manual_seed(0))


def keys(task: Task) -> list[list[int]]:
    assert task.x.shape == (*task.answer.shape, len(KEYS.actions))
    return task.x.argmax(-1).tolist()


def asked(task: Task) -> list[list[tuple[int, int]]]:
    """By row: (tick, answer) of every question."""
    rows = zip(task.asked.tolist(), task.answer.tolist(), strict=True)
    return [[(tick, answer) for tick, answer in enumerate(answers) if counts[tick]] for counts, answers in rows]


def test_echo_asks_for_the_key_of_so_many_ticks_ago() -> None:
    task = drawn(echo(3, ticks=8))
    for row, questions in zip(keys(task), asked(task), strict=True):
        assert questions == [(tick, row[tick - 3] - 1) for tick in range(3, 8)]


def test_serve_asks_once_and_after_the_wait() -> None:
    task = drawn(serve(5))
    for row, questions in zip(keys(task), asked(task), strict=True):
        (when,) = [tick for tick, key in enumerate(row) if key]
        assert len(row) == 10 and when < 5
        assert questions == [(when + 5, row[when] - 1)]


def test_parity_turns_round_at_every_key() -> None:
    task = drawn(parity(6))
    for row, questions in zip(keys(task), asked(task), strict=True):
        assert questions == [(tick, sum(row[: tick + 1]) % 2) for tick in range(6)]


def test_recall_asks_for_all_keys_in_their_order() -> None:
    task = drawn(recall(4))
    for row, questions in zip(keys(task), asked(task), strict=True):
        assert min(row[:4]) > 0 and not any(row[4:])
        assert questions == [(tick, row[tick - 4] - 1) for tick in range(4, 8)]


class Forgetful(torch.nn.Module):
    """Puts out the keys of the present tick."""

    start_shape, out_shape = (1,), (len(KEYS.actions),)

    def init(self, start: Tensor) -> Tensor:
        return start

    def unroll(self, state: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, state


@pytest.mark.parametrize("draw", [echo(4, 64), serve(4, 64), recall(8, 32)])
def test_who_forgets_stays_at_the_floor(draw: Draw) -> None:
    forgetful: object = Forgetful()
    assert held_out(learn(forgetful, draw, 60), draw) > NO_MEMORY - 0.03  # type: ignore[arg-type]


def test_who_remembers_does_not() -> None:
    torch.manual_seed(0)
    core = GruConfig(size=16, layers=1).build(KEYS)
    before = held_out(Solver(core), serve(3))
    assert before > NO_MEMORY - 0.1
    assert held_out(learn(core, serve(3), 150), serve(3)) < 0.1


def test_practice_of_one_seed_is_the_same() -> None:
    losses = []
    for seed in (7, 7, 6):
        torch.manual_seed(0)
        steps = practice(Solver(GruConfig(size=4).build(KEYS)), echo(1, 4), seed=seed)
        losses.append([next(steps) for _ in range(3)])
    assert losses[0] == losses[1] != losses[2]
