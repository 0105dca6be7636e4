"""Every initializer of the table: shape, rows, gradient; and how each kind of param is read."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from tickworld.errors import UserError
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.parts import Initializer
from tickworld.simulator import Param, Spec

ROWS = 5


class Case(NamedTuple):
    """An initializer with what it starts from."""

    initializer: Initializer
    start_shape: tuple[int, ...]
    inputs: tuple[Tensor, Tensor, Tensor]  # params [B, S], frames [B, K, C, H, W], one-hot actions [B, K-1, A]


@pytest.fixture
def case(initializer: Any, spec: Spec) -> Case:
    """Built for the first kind of start that suits it: a vector, frames, or frames and a vector."""
    torch.manual_seed(0)
    frame = (spec.channels, spec.height, spec.width)
    for shape in ((12,), (4, *frame), (4 * spec.channels * spec.height * spec.width + 3, 1)):
        try:
            built = initializer.build(spec, shape)
        except UserError:
            continue
        shown, pressed = built.opening, max(built.opening - 1, 0)
        share = torch.rand(ROWS, len(spec.params))
        low, high = (torch.tensor([getattr(param, end) for param in spec.params]) for end in ("low", "high"))
        whole = torch.tensor([param.whole for param in spec.params])
        params = low + share * (high - low)
        params = torch.where(whole, params.round(), params)
        keys = torch.randint(len(spec.actions), (ROWS, pressed, len(spec.players)))
        actions = nn.functional.one_hot(keys, len(spec.actions)).flatten(2).float()
        return Case(built, shape, (params, torch.rand(ROWS, shown, *frame), actions))
    raise AssertionError(f"{initializer.kind} suits no core")


@pytest.mark.parametrize("config", [ParamsConfig(), FramesConfig()], ids=lambda config: config.kind)
def test_a_vector_does_not_start_a_core_of_frames(config: Any, spec: Spec) -> None:
    said = r"starts from frames, \[4, .*gives a vector; use --world.initializer.kind history"
    with pytest.raises(UserError, match=said):
        config.build(spec, (4, spec.channels, spec.height, spec.width))


def test_it_gives_one_start_a_row(case: Case) -> None:
    start = case.initializer(*case.inputs)
    assert start.shape == (ROWS, *case.start_shape)
    assert start.isfinite().all()
    assert not torch.equal(start[0], start[1])


def test_a_row_alone_is_the_row_among_others(case: Case) -> None:
    together = case.initializer(*case.inputs)
    for row in range(ROWS):
        alone = case.initializer(*(each[row : row + 1] for each in case.inputs))
        torch.testing.assert_close(alone, together[row : row + 1], rtol=1e-4, atol=1e-5)


def test_what_is_given_is_never_changed(case: Case) -> None:
    before = [each.clone() for each in case.inputs]
    case.initializer(*case.inputs)
    assert all(torch.equal(one, other) for one, other in zip(case.inputs, before, strict=True))


def test_gradient_reaches_every_weight(case: Case) -> None:
    weights = dict(case.initializer.named_parameters())
    if weights:
        case.initializer(*case.inputs).square().sum().backward()
    assert [name for name, weight in weights.items() if weight.grad is None or not weight.grad.any()] == []


def test_everything_it_is_shown_matters(case: Case) -> None:
    """It uses params or the frames and keys of its opening, every one of them."""
    inputs = [each.clone().requires_grad_() for each in case.inputs]
    case.initializer(*inputs).square().sum().backward()
    params, frames, actions = (None if each.grad is None else each.grad for each in inputs)
    if case.initializer.opening == 0:
        read = getattr(case.initializer, "params", [])  # all params that differ from game to game
        assert params is not None and params.any(0).sum() >= max(len(read) - 1, 1)  # a choice has no slope
    else:
        assert frames is not None and frames.flatten(2).any(2).all()
        assert actions is None or actions.flatten(1).any(1).all()


def read_as(param: Param, *values: float) -> Tensor:
    """What the first layer of a ``params`` initializer sees of ``param``."""
    spec = Spec("toy", 4, 4, 1, ("one",), ("stay",), params=(param,))
    built = ParamsConfig().build(spec, (1,))
    built.net = nn.Sequential(nn.Identity())
    return built(torch.tensor(values).unsqueeze(1), torch.zeros(0), torch.zeros(0))


def test_a_param_that_is_the_same_in_every_game_is_not_read() -> None:
    params = tuple(Param(name, 1, 0, 2, kind="real", drawn=name == "heard") for name in ("heard", "deaf"))
    spec = Spec("toy", 4, 4, 1, ("one",), ("stay",), params=params)
    values = torch.tensor([[0.0, 1], [0, 2], [2, 1]])
    start = ParamsConfig().build(spec, (3,))(values, torch.zeros(0), torch.zeros(0))
    assert torch.equal(start[0], start[1]) and not torch.equal(start[0], start[2])
    games = replace(spec, games=((1.0, 0.0), (1.0, 2.0)))
    start = ParamsConfig().build(games, (3,))(values, torch.zeros(0), torch.zeros(0))
    assert not torch.equal(start[0], start[1])


def test_products_make_a_speed_along_an_axis() -> None:
    angle = Param("angle", 0.0, 0.0, 2 * pi, kind="angle", drawn=True)
    speed = Param("speed", 1, 0.5, 1.5, kind="real", drawn=True)
    built = ParamsConfig(size=0, products=True).build(Spec("toy", 4, 4, 1, ("one",), ("stay",), (angle, speed)), (1,))
    built.net = nn.Sequential(nn.Identity())
    seen = built(torch.tensor([[pi / 2, 1.5], [0.0, 0.5]]), torch.zeros(0), torch.zeros(0))
    torch.testing.assert_close(seen, torch.tensor([[1.0, 0, 1, 1, 0], [0, 1, -1, 0, -1]]), atol=1e-6, rtol=0)


def test_an_angle_wraps_around() -> None:
    angle = Param("angle", 0.0, 0.0, 2 * pi, kind="angle")
    seen = read_as(angle, 0.0, 2 * pi, pi / 2, pi, 1.0)
    torch.testing.assert_close(seen[0], seen[1], atol=1e-6, rtol=0)
    torch.testing.assert_close(seen[:4], torch.tensor([[0.0, 1], [0, 1], [1, 0], [0, -1]]), atol=1e-6, rtol=0)
    torch.testing.assert_close(seen.square().sum(1), torch.ones(5))


def test_a_choice_is_one_of_several() -> None:
    choice = Param("side", 2, 2, 4, kind="choice")
    assert read_as(choice, 2, 4, 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("kind", ["integer", "real"])
def test_a_number_is_scaled_to_its_range(kind: Any) -> None:
    assert read_as(Param("speed", 2, 1, 5, kind=kind), 1, 3, 5).tolist() == [[-1], [0], [1]]
    assert read_as(Param("fixed", 2, 2, 2, kind=kind), 2).isfinite().all()
