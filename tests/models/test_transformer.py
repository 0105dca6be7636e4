"""The transformer: its unroll against plain attention over a long series, how far it sees, and that it learns to."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tickworld.errors import UserError
from tickworld.models.cores.transformer import Layer, Transformer, TransformerConfig, turn
from tickworld.simulator import Spec
from tickworld.training.tasks import NO_MEMORY, echo, held_out, learn

TICKS, LAYERS, HEADS, SIZE = 3, 2, 2, 8
PAST = TICKS * LAYERS + 2
"""Ticks of standing still before the start that are worked out here: more than are ever seen."""


@pytest.fixture
def core(spec: Spec) -> Transformer:
    torch.manual_seed(0)
    core = TransformerConfig(size=SIZE, layers=LAYERS, heads=HEADS, ticks=TICKS).build(spec).double()
    with torch.no_grad():
        for each in core.parameters():
            each.mul_(2)  # so that attention chooses
    return core


def actions(ticks: int, batch: int = 2, seed: int = 3) -> Tensor:
    keys = torch.randint(3, (batch, ticks), generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.one_hot(keys, 3).double()


def plainly(layer: Layer, tokens: Tensor) -> Tensor:
    """A layer over a whole series [T, S], pair by pair, with each token turned by the tick it belongs to."""
    normed = layer.before_attention(tokens)
    query, (key, value) = layer.queries(normed), layer.keys_values(normed).chunk(2, 1)
    pairs = SIZE // HEADS // 2
    speeds = torch.tensor([TICKS ** (-p / pairs) for p in range(pairs)], dtype=torch.float64)
    seen = []
    for t in range(len(tokens)):
        heads = []
        for part in torch.arange(SIZE).chunk(HEADS):
            span = range(max(0, t - TICKS), t + 1)
            asked = turned(query[t, part], 100.0 * speeds + t * speeds)
            scores = torch.stack([asked @ turned(key[j, part], 100.0 * speeds + j * speeds) for j in span])
            heads.append((scores / len(part) ** 0.5).softmax(0) @ value[span.start : span.stop, part])
        seen.append(torch.cat(heads))
    return layer.think(tokens + layer.join(torch.stack(seen)))


def turned(vector: Tensor, angles: Tensor) -> Tensor:
    """``vector`` [2P] turned as complex numbers."""
    spun = torch.complex(*vector.chunk(2)) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([spun.real, spun.imag])


@torch.no_grad()
@pytest.mark.parametrize("ticks", [1, 2, 3, 4, 11])
def test_unroll_is_plain_attention_after_a_long_stand(core: Transformer, ticks: int) -> None:
    start, x = torch.randn(2, SIZE).double(), actions(ticks)
    outs, _ = core.unroll(core.init(start), x)
    for row in range(2):
        series = torch.cat([torch.zeros(PAST, 3).double(), x[row]])
        tokens = core.inputs(series) + core.ground(start[row])
        for layer in core.layers:
            assert isinstance(layer, Layer)
            tokens = plainly(layer, tokens)
        expected = core.norm(tokens)[PAST - 1 :]
        found = torch.cat([core.init(start).out[row : row + 1], outs[row]])
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("cuts", [[1] * 13, [2, 3, 8], [7, 6], [12, 1]])
def test_cut_anywhere_it_is_the_same(core: Transformer, cuts: list[int]) -> None:
    start, x = torch.randn(2, SIZE).double(), actions(13)
    whole, last = core.unroll(core.init(start), x)
    state, outs = core.init(start), []
    for part in x.split(cuts, 1):
        out, state = core.unroll(state, part)
        outs.append(out)
    torch.testing.assert_close(torch.cat(outs, 1), whole, rtol=1e-5, atol=1e-6)  # angles are rounded to float32
    torch.testing.assert_close(tuple(state), tuple(last), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_it_sees_exactly_layers_times_ticks_back(core: Transformer) -> None:
    reach = LAYERS * TICKS
    x = actions(1 + reach + 3)
    other = x.clone()
    other[:, 0] = x[:, 0].roll(1, -1)
    one, two = (core.unroll(core.init(torch.ones(2, SIZE).double()), each)[0] for each in (x, other))
    differs = (one != two).any(2).all(0)
    assert differs[: reach + 1].all() and not differs[reach + 1 :].any()


@torch.no_grad()
def test_time_does_not_matter_to_a_state(core: Transformer) -> None:
    """The same last actions give the same state, however long the game has run."""
    start, x = torch.randn(2, SIZE).double(), actions(LAYERS * TICKS + TICKS)
    _, short = core.unroll(core.init(start), x)
    _, long = core.unroll(core.init(start), torch.cat([actions(500, seed=4), x], 1))
    torch.testing.assert_close(tuple(short), tuple(long), rtol=1e-5, atol=1e-6)


def test_turning_by_hand() -> None:
    quarter = torch.tensor([[torch.pi / 2, 0.0]])
    found = turn(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), quarter)
    torch.testing.assert_close(found, torch.tensor([[-3.0, 2.0, 1.0, 4.0]]))


def test_heads_that_do_not_fit_are_told(spec: Spec) -> None:
    with pytest.raises(UserError, match="size 12 and 4 heads, .* a multiple of 8"):
        TransformerConfig(size=12, heads=4).build(spec)


def test_it_learns_to_look_back_as_far_as_it_sees(spec: Spec) -> None:
    draw = echo(delay=6, ticks=24)
    for ticks, learns in ((6, True), (2, False)):  # two layers of 2 ticks see 4 ticks back
        torch.manual_seed(0)
        core = TransformerConfig(size=24, layers=2, heads=2, ticks=ticks).build(spec)
        loss = held_out(learn(core, draw, iterations=80), draw)
        assert (loss < 0.1 * NO_MEMORY) if learns else (loss > 0.95 * NO_MEMORY)
