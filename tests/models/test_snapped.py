"""The core of snapped frames against slow references, on a game that is nothing like Pong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import one_hot

from tickworld import seeds
from tickworld.agents import player
from tickworld.data.record import play_episodes
from tickworld.games import game
from tickworld.models.cores.snapped import Snapped, SnappedConfig
from tickworld.models.cores.snapping import ROWS, SURE, SnappedState
from tickworld.models.patches import widened
from tickworld.simulator import Spec
from tickworld.tensors import to_tensor

BATCH = ROWS + 2  # more than update works on at a time, and no multiple of it
SMALL: dict[str, Any] = {"radius": (2, 1), "glance": (1, 2), "width": 12, "summary": 6, "stirred": 20}


def lively(core: Snapped) -> Snapped:
    """Weights large enough that frames change all the time in a dream, not least by what is pressed."""
    answer = core.answer.weight.data
    core.answer.weight.data = 60 * (answer - answer.mean(1, keepdim=True))
    core.look_actions.weight.data *= 5
    return core


def core_of(spec: Spec, **settings: Any) -> Snapped:
    torch.manual_seed(3)
    config = SnappedConfig.model_validate(SMALL | settings)
    core = lively(config.build(spec)).eval()
    core.lively[:] = True
    core.remote[::2] = True  # in half of the rows every pixel is asked
    return core


def start_of(core: Snapped, batch: int = BATCH, seed: int = 0) -> Tensor:
    """Random frames in the colours of the game; most pixels stand still from one to the next."""
    generator = torch.Generator().manual_seed(seed)
    length, _, height, width = core.start_shape
    index = torch.zeros(batch, length, height, width, dtype=torch.long)
    for tick in range(length):
        new = torch.randint(len(core.palette), (batch, height, width), generator=generator)
        keep = torch.rand(batch, height, width, generator=generator) < 0.8
        index[:, tick] = torch.where(keep, index[:, max(tick - 1, 0)], new)
    return core.palette[index].movedim(-1, 2)


def keys(batch: int = BATCH, ticks: int = 1, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return one_hot(torch.randint(3, (batch, ticks), generator=generator), 3).float()


def dream(core: Snapped, state: SnappedState, x: Tensor) -> list[SnappedState]:
    states = [state]
    with torch.no_grad():
        for step in x.unbind(1):
            states.append(core.update(states[-1], step))
    return states


def shown_in(states: list[SnappedState]) -> Tensor:
    """The colours on show, [T, B, H, W]."""
    return torch.stack([state.frames[:, -1] for state in states]).long()


def test_asked_pixels_have_their_own_logits_and_others_stay(spec: Spec) -> None:
    core = core_of(spec, reach=(0, 0))
    state, x = core.init(start_of(core)), keys()[:, 0]
    now = state.frames[:, -1]
    asked = core.asked(now)
    assert 0.1 < asked.float().mean() < 0.95
    rows, pixels = asked.flatten(1).nonzero(as_tuple=True)
    with torch.no_grad():
        out = core.update(state, x).out
        chosen = core.logits(core.look(state, x), rows[::3], pixels[::3])  # [N, Q]
    torch.testing.assert_close(chosen, out.flatten(2)[rows[::3], :, pixels[::3]], rtol=1e-4, atol=1e-4)
    still = out.movedim(1, -1)[~asked]  # [N, Q]
    assert torch.equal(still, one_hot(now[~asked].long(), len(spec.palette)) * SURE)


def test_a_pixel_is_asked_near_lit_ones_and_where_it_was_seen_to_change_alone(spec: Spec) -> None:
    core = core_of(spec, reach=(2, 1))
    core.remote[:] = False
    now = torch.zeros(1, spec.height, spec.width, dtype=torch.uint8)
    now[0, 4, 3] = 2
    near = torch.zeros(spec.height, spec.width, dtype=torch.bool)
    near[2:7, 2:5] = True
    assert torch.equal(core.asked(now)[0], near)
    changed = torch.zeros_like(near).unsqueeze(0)
    changed[0, 3, 3] = changed[0, 8, 6] = True
    core.watch(now, changed)
    assert core.remote.nonzero().tolist() == [[8, 6]]
    assert torch.equal(core.asked(now)[0], near | core.remote)


def test_a_pixel_that_was_never_seen_to_change_is_not_asked(spec: Spec) -> None:
    core = core_of(spec)
    core.lively[:] = core.remote[:] = False
    now = torch.ones(1, spec.height, spec.width, dtype=torch.uint8)
    assert not core.asked(now).any()
    changed = torch.zeros_like(now, dtype=torch.bool)
    changed[0, 3, 3] = changed[0, 5, 2] = True
    core.watch(now, changed)
    assert core.asked(now)[0].nonzero().tolist() == [[3, 3], [5, 2]] and not core.remote.any()


@given(st.lists(st.integers(0, 255), min_size=6, max_size=6), st.integers(0, 9), st.integers(0, 9))
def test_marks_spread_as_far_as_they_should(lines: list[int], y: int, x: int) -> None:
    marks = torch.tensor([[bool(line >> bit & 1) for bit in range(8)] for line in lines])
    wide = widened(marks, (y, x))
    for row in range(6):
        for column in range(8):
            around = marks[max(row - y, 0) : row + y + 1, max(column - x, 0) : column + x + 1]
            assert wide[row, column] == around.any()


def test_out_is_over_the_colours_and_the_best_one_is_carried_on(spec: Spec) -> None:
    core = core_of(spec)
    states = dream(core, core.init(start_of(core)), keys(ticks=12))
    assert core.out_shape == (4, 9, 7)
    for state in states:
        assert torch.equal(state.out.argmax(1).to(state.frames.dtype), state.frames[:, -1])
    shown = shown_in(states)
    assert (shown[1:] != shown[:-1]).flatten(1).any(1).all()  # the test would be empty with a frozen dream


@given(st.lists(st.integers(0, 2**12 - 1), min_size=5, max_size=5), st.integers(1, 7))
def test_ages_equal_a_slow_count(pictures: list[int], ages: int) -> None:
    spec = Spec("line", 1, 6, 1, ("one",), ("stay", "go", "turn"), palette=((0,), (120,), (240,), (255,)))
    core = core_of(spec, frames=2, ages=ages)
    shown = max(2, ages)
    colours = np.array([[number >> (2 * pixel) & 3 for pixel in range(6)] for number in (pictures * 2)[:shown]])
    state = core.init(core.palette[torch.from_numpy(colours)].view(1, shown, 1, 6, 1).movedim(-1, 2))
    assert state.age.flatten().tolist() == [slow_age(colours[:, pixel].tolist(), ages) for pixel in range(6)]


def slow_age(history: list[int], ages: int) -> int:
    """How many frames ago the last change was."""
    for back in range(1, len(history)):
        if history[-back - 1] != history[-back]:
            return min(back - 1, ages - 1)
    return min(len(history) - 1, ages - 1)


@pytest.mark.parametrize(("frames", "ages"), [(3, 8), (3, 3), (4, 2), (1, 5), (1, 1)])
def test_a_dreamt_state_equals_one_started_from_its_frames(spec: Spec, frames: int, ages: int) -> None:
    """So training on true windows sees just the states that free running makes."""
    core = core_of(spec, frames=frames, ages=ages)
    start = start_of(core)
    states = dream(core, core.init(start), keys(ticks=10))
    seen = torch.cat([start, core.palette[shown_in(states[1:]).movedim(0, 1)].movedim(-1, 2)], 1)
    for tick, state in enumerate(states):
        again = core.init(seen[:, tick : tick + core.start_shape[0]])
        assert torch.equal(again.frames, state.frames) and torch.equal(again.age, state.age)


def test_the_newest_frames_are_kept_and_show_what_was_given(spec: Spec) -> None:
    core = core_of(spec, frames=3, ages=6)
    start = start_of(core)
    state = core.init(start)
    assert torch.equal(core.palette[state.frames.long()].movedim(-1, 2), start[:, -3:])
    assert torch.equal(state.out.argmax(1).to(state.frames.dtype), state.frames[:, -1])


@pytest.mark.parametrize("batch", [1, 2, ROWS, ROWS + 1, 3 * ROWS])
def test_the_size_of_the_batch_changes_no_dream(spec: Spec, batch: int) -> None:
    core = core_of(spec)
    start, x = start_of(core, 3 * ROWS), keys(3 * ROWS, 15)
    together = dream(core, core.init(start), x)[-1]
    some = dream(core, core.init(start[:batch]), x[:batch])[-1]
    assert torch.equal(some.frames, together.frames[:batch]) and torch.equal(some.age, together.age[:batch])


def test_a_dark_frame_and_one_with_more_stirred_pixels_than_it_looks_at_work(spec: Spec) -> None:
    core = core_of(spec, stirred=5)
    for shade in (0, 3):
        start = core.palette[shade].view(1, 1, 3, 1, 1).expand(2, *core.start_shape)
        state = core.update(core.init(start), keys(2)[:, 0])
        assert state.out.isfinite().all()
    everywhere = core_of(spec, stirred=10_000)
    assert everywhere.update(everywhere.init(start_of(everywhere)), keys()[:, 0]).out.isfinite().all()


def test_the_summary_sees_all_of_pong_that_is_stirred() -> None:
    """Both paddles moving for long, a ball on its way and a long score: the one that is left out may be the ball."""
    pong = game("pong")
    frames = play_episodes(pong, player("mixed", pong), seeds.rows(0, 0, 256), 256).frames
    lit = frames[..., 0] > 0
    core = SnappedConfig().build(pong.spec)
    length = core.start_shape[0]
    changed = lit[:, 1:] != lit[:, :-1]
    counts = np.zeros((lit.shape[0], lit.shape[1] - length), np.int64)
    for last in range(length, lit.shape[1]):
        seen = lit[:, last - 2 : last + 1].any(1) | changed[:, last - length + 1 : last].any(1)
        counts[:, last - length] = seen.sum((1, 2))
    rows, first = (counts >= np.sort(counts, axis=None)[-8]).nonzero()
    windows = np.stack([frames[row, at + 1 : at + 1 + length] for row, at in zip(rows, first, strict=True)])
    stirred = core.stirred(core.init(to_tensor(windows))).sum((1, 2))
    assert torch.equal(stirred, torch.from_numpy(counts[rows, first]))
    assert 76 < int(stirred.max()) < core.config.stirred - 8


def test_pixels_out_of_reach_change_nothing_but_through_the_summary(spec: Spec) -> None:
    """The rule is local: with the summary cut off, a pixel's logits depend on its surroundings only."""
    core = core_of(spec, radius=(1, 1), reach=(0, 0))
    core.remote[:] = True
    core.look_summary.weight.data.zero_()
    core.modulate.weight.data.zero_()
    start = start_of(core)
    other = start.clone()
    other[:, :, :, :5] = start_of(core, seed=9)[:, :, :, :5]  # all rows above row 5
    x = keys()[:, 0]
    with torch.no_grad():
        one, two = (core.update(core.init(each), x).out for each in (start, other))
    torch.testing.assert_close(one[:, :, 6:], two[:, :, 6:])
    assert not torch.equal(one[:, :, :6], two[:, :, :6])


def in_soft_mode(core: Snapped, spec: Spec) -> Snapped:
    """The same weights in soft mode."""
    twin = Snapped(core.config.model_copy(update={"mode": "soft"}), spec)
    twin.load_state_dict(core.state_dict())
    return twin.eval()


def test_far_sums_up_how_all_things_lie_to_a_pixel(spec: Spec) -> None:
    core = core_of(spec, far=5)
    state = core.init(start_of(core))
    found, now = core._far(state), state.frames[:, -1].long()
    for row, y, x in ((0, 0, 3), (0, 2, 1), (4, spec.height - 1, spec.width - 1)):
        slow = torch.zeros(5)
        for down, along in now[row].nonzero().tolist():
            colour = one_hot(now[row, down, along] - 1, len(core.palette) - 1).float()
            way = core.apart_row[y - down + spec.height - 1] * core.apart_column[x - along + spec.width - 1]
            slow = slow + way * core.apart_colour(colour)
        torch.testing.assert_close(found[row, y * spec.width + x], slow, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("far", [0, 4])
def test_a_sure_core_shows_the_same_frames_in_both_modes(spec: Spec, far: int) -> None:
    core = core_of(spec, far=far)
    core.answer.weight.data *= 1e5  # sure of everything
    core.answer.bias.data *= 1e5
    start, x = start_of(core), keys(ticks=12)
    twin = in_soft_mode(core, spec)
    for exact, soft in zip(dream(core, core.init(start), x), dream(twin, twin.init(start), x), strict=True):
        assert torch.equal(soft.frames.argmax(2).to(torch.uint8), exact.frames)
        torch.testing.assert_close(soft.age, exact.age.float(), atol=1e-3, rtol=0)
        assert torch.equal(soft.out.argmax(1), exact.out.argmax(1))


def test_gradients_pass_from_the_last_frame_to_the_first_action_in_soft_mode(spec: Spec) -> None:
    core = in_soft_mode(core_of(spec), spec)
    core.answer.weight.data /= 60  # unsure enough for gradients
    x = keys(ticks=5).requires_grad_()
    outs, state = core.unroll(core.init(start_of(core)), x)
    outs[:, -1].softmax(1)[:, 1].sum().backward()
    assert x.grad is not None and (x.grad[:, 0].abs().sum(1) > 0).all() and x.grad.isfinite().all()
    torch.testing.assert_close(state.frames.sum(2), torch.ones_like(state.frames[:, :, 0]))
    assert (state.age >= 0).all() and (state.age <= core.config.ages - 1).all()
