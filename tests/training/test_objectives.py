"""Losses have names, shapes and weights; the mask counts; the truth costs least; chance comes from the generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tickworld.data.batches import WindowShape, windows
from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.world import World, seeded_world
from tickworld.training.objective import TensorBatch
from tickworld.training.objectives import (
    EvidenceConfig,
    ObjectiveConfig,
    RolloutConfig,
    TransitionConfig,
    combine,
    weighted,
)
from tickworld.training.shards import tensors

BATCH, TICKS = 6, 3
WORLD_FOR = {"transition": "snapped", "rollout": "gru", "evidence": "rssm", "denoise": "drawn"}

TEACHES = {"denoise": "renderer"}
"""Objectives that leave the other parts as they are."""


@pytest.fixture(params=get_args(get_args(ObjectiveConfig)[0]), ids=lambda kind: kind.model_fields["kind"].default)
def objective(request: pytest.FixtureRequest) -> Any:
    """Each objective of the table."""
    return request.param()


@pytest.fixture
def world(objective: Any, make_world: Callable[[str], World]) -> World:
    return make_world(WORLD_FOR.get(objective.kind, "gru"))


def batch_for(world: World, episodes: Episodes, ticks: int = TICKS, batch: int = BATCH) -> TensorBatch:
    return tensors(windows(episodes, WindowShape(world.initializer.opening, ticks, batch), 0, 0))


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_losses_are_named_as_the_weights_and_have_a_row_a_tick(
    objective: Any, world: World, episodes: Episodes
) -> None:
    ticks = 1 if objective.kind == "transition" else TICKS
    objective.check(world, ticks)
    losses = objective(world, batch_for(world, episodes, ticks), chance())
    assert losses.keys() == objective.weights.keys()
    for loss in losses.values():
        assert loss.shape in ((BATCH, ticks), (BATCH, ticks + 1))
        assert loss.isfinite().all() and (loss >= 0).all()
    torch.stack([loss.sum() for loss in losses.values()]).sum().backward()
    taught = list(world.get_submodule(TEACHES.get(objective.kind, "")).parameters())
    reached = [weight for weight in taught if weight.grad is not None and weight.grad.any()]
    assert len(reached) > len(taught) * 0.8


def test_rows_have_their_own_losses(objective: Any, world: World, episodes: Episodes) -> None:
    batch = batch_for(world, episodes, 1)
    if objective.kind == "transition":
        objective(world, batch, chance())  # which pixels ever change is learned from all rows
    alone = batch._replace(**{name: getattr(batch, name)[2:3] for name in batch._fields if name != "place"})
    alone = alone._replace(place=(2, BATCH))  # noise is drawn for the batch as a whole
    with torch.no_grad():
        together, one = (objective(world, each, chance()) for each in (batch, alone))
    for name in together:
        torch.testing.assert_close(together[name][2:3], one[name], rtol=1e-4, atol=1e-4)


def test_the_generator_alone_decides(objective: Any, world: World, episodes: Episodes) -> None:
    batch = batch_for(world, episodes, 1)
    with torch.no_grad():
        torch.manual_seed(1)
        one = objective(world, batch, chance(7))
        torch.manual_seed(2)
        before = torch.random.get_rng_state()
        same = objective(world, batch, chance(7))
        assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_evidence_is_what_a_world_says_tick_by_tick(
    name: str, make_world: Callable[[str], World], episodes: Episodes
) -> None:
    """Against the plain loop of update and observe; only the noise to imagine is of no consequence."""
    world, objective = make_world(name).eval(), EvidenceConfig(told=0.5)
    batch = batch_for(world, episodes)
    losses = objective(world, batch, chance(3))
    reads, draws = world.renderer.noise, world.core.noise
    noise = torch.randn(BATCH, TICKS + 1, reads + 2 * draws, generator=chance(3))
    state = world.init(batch.params, batch.opening_frames, batch.opening_actions)
    for tick in range(TICKS + 1):
        state, surprise = world.observe(state, batch.frames[:, tick], noise[:, tick, : reads + draws])
        told = world.renderer.read(batch.frames[:, tick], noise[:, tick, :reads])[1]
        pixels = world.renderer.pixel_loss(world.renderer(state.out), batch.frames[:, tick]).sum((1, 2))
        for loss, expected in zip(losses.values(), (pixels, told, surprise), strict=True):
            torch.testing.assert_close(loss[:, tick], expected, rtol=1e-4, atol=1e-3)
        state = world.update(state, batch.actions[:, tick]) if tick < TICKS else state
    assert objective.weights == {"pixels": 1, "told": 0.5, "surprise": 1}


def test_evidence_needs_parts_that_observe(make_world: Callable[[str], World], episodes: Episodes) -> None:
    gru, coded = make_world("gru"), make_world("mdn_rnn")
    coded.renderer = gru.renderer  # without an encoder
    for world, said in (
        (gru, "core cannot observe frames; use one that can, such as --world.core.kind rssm"),
        (coded, r"reads frames as \[1, 32, 32\] and its core observes \[6\]; give"),
    ):
        with pytest.raises(UserError, match=said):
            EvidenceConfig()(world, batch_for(world, episodes), chance())
        with pytest.raises(UserError, match=said):
            EvidenceConfig().check(world, TICKS)


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_rollout_does_not_train_what_draws(name: str, make_world: Callable[[str], World], episodes: Episodes) -> None:
    world, said = make_world(name), "does not train what a world draws.*use --training.objective.kind evidence"
    with pytest.raises(UserError, match=said):
        RolloutConfig()(world, batch_for(world, episodes), chance())
    with pytest.raises(UserError, match=said):
        RolloutConfig().check(world, TICKS)


def always(frames: Tensor) -> Any:
    """Stands in for a renderer's forward: logits that are sure of ``frames`` [B, T+1, C, H, W], whatever the state."""
    return lambda out: (frames.flatten(0, 1) * 2 - 1) * 12


def test_a_rollout_costs_least_at_the_truth(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world, objective = make_world("gru"), RolloutConfig()
    batch = batch_for(world, episodes)
    renderer = world.renderer
    later = batch.frames.roll(-1, 1)
    costs = []
    for frames in (batch.frames, later):
        renderer.forward = always(frames)
        costs.append(objective(world, batch, chance()))
    for name in ("pixels", "moving"):
        assert (costs[0][name] < 0.1).all()
        assert (costs[1][name] >= costs[0][name]).all()
        assert (costs[1][name].sum(1) > costs[0][name].sum(1) + 12).all()


def test_a_rollout_counts_moving_pixels_again(make_world: Callable[[str], World], episodes: Episodes) -> None:
    """A frame's moving pixels: those that differ from the frame before or the frame after."""
    world = make_world("gru")
    batch = batch_for(world, episodes)
    world.renderer.forward = always(batch.frames * 0)  # all dark: 12 nats for each lit pixel, nearly none for others
    losses = RolloutConfig()(world, batch, chance())
    lit = batch.frames[:, :, 0].bool()
    step = lit[:, 1:] != lit[:, :-1]
    expected = lit.clone()
    for tick in range(TICKS + 1):
        near = [step[:, index] for index in (tick - 1, tick) if 0 <= index < TICKS]
        expected[:, tick] &= torch.stack(near).any(0)
    torch.testing.assert_close(losses["pixels"], 12.0 * lit.sum((2, 3)), atol=0.1, rtol=0)
    torch.testing.assert_close(losses["moving"], 12.0 * expected.sum((2, 3)), atol=0.1, rtol=0)
    assert 0 < losses["moving"].sum() < losses["pixels"].sum()


def test_what_comes_after_a_mistake_counts_less(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("gru")
    batch = batch_for(world, episodes)
    plain = RolloutConfig()(world, batch, chance())
    cost = plain["pixels"].detach()
    patient = RolloutConfig(patience=float(cost.max()))(world, batch, chance())
    for name, loss in plain.items():
        assert torch.equal(patient[name], loss)  # no frame costs more than what is borne
    assert not patient["untrusted"].any()
    patience = float(cost.max()) / 2
    earlier = [(cost[:, :tick] / patience - 1).clamp(min=0).sum(1) for tick in range(TICKS + 1)]
    expected = cost * torch.exp(-torch.stack(earlier, 1))
    hasty = RolloutConfig(patience=patience)
    losses = hasty(world, batch, chance())
    torch.testing.assert_close(losses["pixels"].detach(), expected)
    torch.testing.assert_close(losses["untrusted"], 1 - expected / cost)
    mask = torch.ones(BATCH, TICKS + 1)
    pixels = combine({"pixels": losses["pixels"], "moving": losses["moving"]}, RolloutConfig().weights, mask)
    assert torch.equal(combine(losses, hasty.weights, mask), pixels)  # it is seen, not learned


def test_a_transition_costs_least_at_the_truth(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world, objective = make_world("snapped"), TransitionConfig()
    batch = batch_for(world, episodes, 1)
    core: Any = world.core
    core.lively[:] = True
    true, before = (core.colours(batch.frames[:, index]).flatten(1).long() for index in (1, 0))

    def answers(colours: Tensor) -> Callable[..., Tensor]:
        return lambda look, rows, pixels: one_hot(colours[rows, pixels], 2) * 12.0

    core.logits = answers(true)
    right = objective(world, batch, chance())
    core.logits = answers(before)  # nothing moves
    copied = objective(world, batch, chance())
    core.logits = answers(1 - true)
    wrong = objective(world, batch, chance())
    assert (right["changed"] < 0.01).all() and (right["still"] < 0.01).all()
    assert (copied["still"] < 0.01).all()
    changes = (true != before).sum(1, keepdim=True)
    assert changes.any()
    assert ((copied["changed"] / 12).round() == changes).all()
    asked = core.asked(core.colours(batch.frames[:, 0])).sum((1, 2))
    assert (asked > objective.pixels).all()
    assert ((wrong["changed"] + wrong["still"])[:, 0] / 12).round().equal(asked)


def test_a_transition_is_learned_from_what_changes_and_what_is_worst(
    make_world: Callable[[str], World], episodes: Episodes
) -> None:
    """The losses count every pixel, and the gradient is that of the few."""
    world, batch = make_world("snapped"), batch_for(make_world("snapped"), episodes, 1, 32)
    core: Any = world.core
    few, all_of_them = TransitionConfig(pixels=12), TransitionConfig(pixels=2000)
    changed = core.colours(batch.frames[:, 0]) != core.colours(batch.frames[:, 1])
    core.lively[:] = True
    few(world, batch, chance())
    table = torch.randn(32, 32 * 32, 2).requires_grad_()
    core.logits = lambda look, rows, pixels: table[rows, pixels]
    some, every = few(world, batch, chance()), all_of_them(world, batch, chance())
    with torch.no_grad():
        scored = few(world, batch, chance())
    for name in some:
        torch.testing.assert_close(some[name], every[name])
        torch.testing.assert_close(some[name], scored[name])
    torch.stack([loss.sum() for loss in some.values()]).sum().backward()
    assert table.grad is not None
    reached = table.grad.any(-1)
    assert reached.sum(1).tolist() == [12] * 32
    assert (reached | ~changed.flatten(1)).all()
    asked = core.asked(core.colours(batch.frames[:, 0])).flatten(1)
    assert (asked | ~reached).all()
    still = -table.detach().log_softmax(-1).gather(-1, core.colours(batch.frames[:, 1]).flatten(1).long().unsqueeze(-1))
    still = still.squeeze(-1).masked_fill(~asked | changed.flatten(1), -1)
    for row in range(32):
        passed, left = still[row][reached[row] & ~changed.flatten(1)[row]], still[row][~reached[row]]
        assert passed.min() >= left.max()


@pytest.mark.parametrize("frames", [1, 2])
def test_a_transition_can_be_learned_from_few_frames(
    make_world: Callable[[str], World], episodes: Episodes, frames: int
) -> None:
    from tickworld.games import game
    from tickworld.models.initializers.history import HistoryConfig
    from tickworld.models.renderers.palette import PaletteConfig
    from tickworld.models.world import WorldConfig

    core = SnappedConfig(frames=frames, radius=(1, 1), ages=1, width=8, summary=4)
    config = WorldConfig(initializer=HistoryConfig(), core=core, renderer=PaletteConfig())
    world = seeded_world(config, game("pong").spec, 0)
    losses = TransitionConfig()(world, batch_for(world, episodes, 1), chance())
    assert all(loss.isfinite().all() for loss in losses.values())


def test_a_transition_needs_a_snapped_core(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("gru")
    with pytest.raises(UserError, match=r"trains a snapped core; use --training.objective.kind rollout"):
        TransitionConfig()(world, batch_for(world, episodes, 1), chance())


def test_a_transition_takes_windows_of_one_tick(make_world: Callable[[str], World], episodes: Episodes) -> None:
    world = make_world("snapped")
    with pytest.raises(UserError, match="windows of 1 tick; got 3; set --training.ticks.first and --tr"):
        TransitionConfig()(world, batch_for(world, episodes, 3), chance())
    with pytest.raises(UserError, match="windows of 1 tick; got 3"):
        TransitionConfig().check(world, 3)


def test_a_pushed_transition_is_judged_after_ticks_of_the_worlds_own(
    make_world: Callable[[str], World], episodes: Episodes
) -> None:
    world, objective = make_world("snapped"), TransitionConfig(push=2)
    batch, core = batch_for(world, episodes, 3), cast(Any, world.core)
    core.lively[:] = True
    start = world.start(batch.params, batch.opening_frames, batch.opening_actions)
    keys, seen = one_hot(batch.actions.long(), world.action_count).flatten(2).float(), []
    with torch.no_grad():
        for ticks in range(3):
            state = core.init(start)
            for tick in range(ticks):
                state = core.update(state, keys[:, tick])
            now, true = state.frames[:, -1], core.colours(batch.frames[:, ticks + 1])
            nats = -core.update(state, keys[:, ticks]).out.log_softmax(1).gather(1, true.long().unsqueeze(1))[:, 0]
            asked = core.asked(now)
            seen.append([float((nats * asked * each).sum()) for each in (now != true, now == true)])
        found = []
        for seed in range(12):
            losses = objective(world, batch, torch.Generator().manual_seed(seed))
            found.append([float(losses[name].sum()) for name in ("changed", "still")])
    near = [[bool(np.allclose(one, other, rtol=1e-3)) for other in seen] for one in found]
    assert all(sum(row) == 1 for row in near) and np.any(near, 0).all(), "each time 0, 1 or 2 ticks, as chance says"
    with pytest.raises(UserError, match="with push 2 judges windows of 3 ticks; got 1"):
        objective.check(world, 1)


MASK = torch.tensor([[True, True], [True, False]])
LOSSES = {"a": torch.tensor([[1.0, 2], [3, 100]]), "b": torch.tensor([[10.0, 20], [30, 100]])}


def test_combine_weighs_masks_and_averages() -> None:
    assert combine(LOSSES, {"a": 1.0, "b": 0.1}, MASK).item() == pytest.approx((2 + 4 + 6) / 3)
    assert combine(LOSSES, {"a": 0.0, "b": 1.0}, MASK).item() == pytest.approx(20)
    assert weighted(LOSSES, {"a": 1.0, "b": 0.1}, MASK).tolist() == [[2, 4], [6, pytest.approx(110)]]


def test_nothing_that_is_masked_has_a_gradient() -> None:
    losses = {name: each.clone().requires_grad_() for name, each in LOSSES.items()}
    combine(losses, {"a": 1.0, "b": 1.0}, MASK).backward()
    for loss in losses.values():
        assert loss.grad is not None and ((loss.grad != 0) == MASK).all()


def test_a_batch_of_padding_alone_costs_nothing() -> None:
    assert combine(LOSSES, {"a": 1.0, "b": 1.0}, MASK & False).item() == 0


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "c": 1.0}, {}])
def test_other_names_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must have the same names"):
        combine(LOSSES, weights, MASK)


@pytest.mark.parametrize("shape", [(2, 3), (2, 1), (1, 2), (2,), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    """Also those that would broadcast: a loss that is quietly spread over ticks is a wrong loss."""
    with pytest.raises(ValueError, match=r"loss a must have shape \(2, 2\)"):
        combine({"a": torch.zeros(shape)}, {"a": 1.0}, MASK)
