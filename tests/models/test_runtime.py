"""The core whose weights its own input predicts: the equations, toggles and delays that it learns; and the renderer
that draws what depends on a product."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from tickworld.models.cores.runtime import REST, Runtime, RuntimeConfig
from tickworld.models.parts import Renderer
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.runtime import RuntimeConfig as DrawnConfig
from tickworld.simulator import Spec

TICKS, BATCH, DELAY = 16, 32, 5
KINDS: dict[str, dict[str, Any]] = {
    "product": {"filters": "product", "rank": 16},
    "product of a small network": {"filters": "product", "rank": 16, "hidden": 8},
    "low rank": {"filters": "low_rank", "rank": 2, "hidden": 8},
    "full": {"filters": "full", "hidden": 8},
}


def pressed(ticks: int, batch: int, seed: int) -> Tensor:
    """Keys [B, T], uniform over three."""
    return torch.randint(3, (batch, ticks), generator=torch.Generator().manual_seed(seed))


def toggled(keys: Tensor) -> Tensor:
    """Whether key 1 has been pressed an odd number of times, [B, T]."""
    return (keys == 1).cumsum(1) % 2


def delayed(keys: Tensor) -> Tensor:
    """Whether key 1 was pressed ``DELAY`` ticks ago, [B, T]; the first ticks are not asked."""
    return nn.functional.pad((keys == 1).long(), (DELAY, 0), value=-100)[:, : keys.shape[1]]


def learned(core: Runtime, answer: Any, steps: int) -> nn.Linear:
    """A linear reading of ``out``, trained with the core to give ``answer(keys)``."""
    head = nn.Linear(core.out_shape[0], 2)
    weights = [weight for weight in (*core.parameters(), *head.parameters()) if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=1e-2)
    for step in range(steps):
        optimizer.zero_grad()
        loss(core, head, answer, pressed(TICKS, BATCH, step)).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    return head


def loss(core: Runtime, head: nn.Linear, answer: Any, keys: Tensor) -> Tensor:
    """Mean nats of the answers that are asked."""
    outs, _ = core.unroll(core.init(torch.zeros(len(keys), *core.start_shape)), one_hot(keys, 3).float())
    return cross_entropy(head(outs).flatten(0, 1), answer(keys).flatten())


def small(spec: Spec, **settings: Any) -> Runtime:
    torch.manual_seed(0)
    return RuntimeConfig(size=16, **settings).build(spec)


def test_one_tick_by_hand(spec: Spec) -> None:
    core = RuntimeConfig(size=1, rank=1).build(spec)
    layer = core.layer
    layer.read.weight.data = torch.tensor([[0.5, 0, 1, 0], [0.25, 0, 0, 0]])  # gate, candidate from (h, a0, a1, a2)
    layer.read.bias.data = torch.tensor([0.125, 0.0])
    state = core.init(torch.tensor([[0.3]]))
    for name, value in {"gains": [[0.0, 0, 1, 0]], "look": [[1.0, 0, 0, 0]], "write": [[0.0], [-2.0]]}.items():
        layer.predicted.get_submodule(name).weight = nn.Parameter(torch.tensor(value))
    layer.predicted.get_parameter("gains.bias").data.zero_()
    h = torch.tensor(0.3).tanh()
    for key, gate, candidate in ((1, 0.5 * h + 1.125, (0.25 - 2) * h), (0, 0.5 * h + 0.125, 0.25 * h)):
        after = core.update(state, one_hot(torch.tensor([key]), 3).float())
        torch.testing.assert_close(after.out[0, 0], h + gate.sigmoid() * (candidate.tanh() - h))


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_core_is_slow_to_forget_and_stays_in_range(spec: Spec, kind: str) -> None:
    core = small(spec, **KINDS[kind])
    assert torch.equal(core.layer.read.bias[:16], torch.full((16,), REST))
    with torch.no_grad():
        core.layer.read.weight *= 30
        outs, _ = core.unroll(core.init(torch.randn(4, 16) * 10), one_hot(pressed(50, 4, 0), 3).float())
    assert outs.abs().max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_a_toggle_for_good(spec: Spec, kind: str) -> None:
    """Guessing costs log 2 = 0.69 at every tick; what is learned on 16 ticks holds for 400."""
    core = small(spec, **KINDS[kind])
    head = learned(core, toggled, 100)
    assert loss(core, head, toggled, pressed(400, 16, 10_000)).item() < 0.02


def test_without_predicted_filters_it_has_not_learned_the_toggle_by_then(spec: Spec) -> None:
    core = small(spec, rank=16)
    core.layer.predicted.get_parameter("write.weight").data.zero_()
    core.layer.predicted.requires_grad_(False)
    head = learned(core, toggled, 100)
    assert loss(core, head, toggled, pressed(TICKS, BATCH, 10_000)).item() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_to_answer_after_a_delay(spec: Spec, kind: str) -> None:
    """Without a memory of five ticks the answer costs -(1/3 log 1/3 + 2/3 log 2/3) = 0.637."""
    core = small(spec, **KINDS[kind])
    head = learned(core, delayed, 250)
    assert loss(core, head, delayed, pressed(TICKS, BATCH, 10_000)).item() < 0.25


PLACES = torch.linspace(-3, 3, 7)


def mirrored() -> tuple[Tensor, Tensor]:
    """All states (a, b, place) with a, b = -1 or 1, [28, 3], and frames [28, 1, 1, 7] lit at a b place."""
    signs = torch.tensor([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]).repeat_interleave(7, 0)
    states = torch.cat([signs, PLACES.repeat(4).unsqueeze(1)], 1)
    return states, (states.prod(1, keepdim=True) == PLACES).float().view(-1, 1, 1, 7)


def drawn(renderer: Renderer) -> float:
    """Nats a frame after training."""
    states, frames = mirrored()
    optimizer = torch.optim.Adam(renderer.parameters(), lr=0.03)
    cost = torch.zeros(())
    for _ in range(400):
        optimizer.zero_grad()
        cost = renderer.pixel_loss(renderer(states), frames).sum((1, 2)).mean()
        cost.backward()
        optimizer.step()
    return cost.item()


def test_the_renderer_draws_what_depends_on_a_product_of_three() -> None:
    """Profiles that are linear in the state cannot tell a b place from -a b place: two pixels are lit by half at best,
    which costs 2 log 2 = 1.39 nats a frame, but for the middle one: 6/7 of it, 1.19."""
    spec = Spec("line", 1, 7, 1, ("one",), ("stay",))
    torch.manual_seed(0)
    linear = drawn(ProfilesConfig(shapes=8).build(spec, (3,)))
    predicted = drawn(DrawnConfig(shapes=8, rank=8).build(spec, (3,)))
    assert linear > 1.1 and predicted < 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_the_renderer_is_profiles_of_a_filtered_layer(spec: Spec, kind: str) -> None:
    torch.manual_seed(0)
    renderer = DrawnConfig(shapes=2, **KINDS[kind]).build(spec, (5,))
    out = torch.randn(3, 5)
    told = renderer.rows_and_columns(out).view(3, 3, 2, 16)
    expected = torch.einsum("bcri,bcrj->bcij", told[..., :9], told[..., 9:]) + renderer.still
    torch.testing.assert_close(renderer(out), expected)
