"""A world worn as a Simulator obeys a Simulator's laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tickworld import checks, seeds
from tickworld.agents import player
from tickworld.checks import LAWS
from tickworld.data.batches import WindowShape, windows
from tickworld.data.record import play_episodes
from tickworld.errors import UserError
from tickworld.frames import difference
from tickworld.games import game
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.cores.snapping import SURE
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.learned import Learned, _normal
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.vae import VaeConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.simulator import Candid, Decisive, Inspectable, Observing, Opening, Simulator

GAME = game("pong")
DRAWN = game("pong", **{param.name: (param.low, param.high) for param in GAME.spec.params})
"""With params that all differ from game to game: others are not read."""
WORLDS = {
    "snapped": WorldConfig(
        initializer=HistoryConfig(),
        core=SnappedConfig(radius=(2, 2), ages=6, width=16, summary=8),
        renderer=PaletteConfig(),
    ),
    "gru": WorldConfig(
        initializer=FramesConfig(opening=4, size=16), core=GruConfig(size=16), renderer=ProfilesConfig(shapes=4)
    ),
    "gru from params": WorldConfig(initializer=ParamsConfig(size=16), core=GruConfig(size=16), renderer=DenseConfig()),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=4, size=16),
        core=RssmConfig(size=16, groups=4, classes=4, hidden=16),
        renderer=ProfilesConfig(shapes=4),
    ),
    "mdn_rnn": WorldConfig(
        initializer=FramesConfig(opening=4, size=16),
        core=MdnRnnConfig(size=16, code=6),
        renderer=VaeConfig(decoder=ProfilesConfig(shapes=4), size=16),
    ),
}
LAWFUL = [
    (name, law)
    for name in WORLDS
    for law in LAWS
    if law != "params matter" or name == "gru from params"  # the others start from frames
]


def starts(count: int = 9, opening: int = 6) -> Opening:
    episodes = play_episodes(GAME, player("mixed", GAME), seeds.rows(3, 0, count), 30)
    some = windows(episodes, WindowShape(opening, 1, count), 0, 0)
    return Opening(some.opening_frames, some.opening_actions)


def learned(name: str) -> Learned:
    """An untrained world whose weights are large enough that its frames move."""
    spec = (DRAWN if name == "gru from params" else GAME).spec
    world = seeded_world(WORLDS[name], spec, seed=3)
    larger = {"core.answer.weight": 60, "core.look_actions.weight": 5}
    for key, weight in world.named_parameters():
        if key == "core.answer.weight":
            weight.data -= weight.data.mean(1, keepdim=True)
        weight.data *= larger.get(key, 3 if weight.ndim > 1 and name != "snapped" else 1)
    for buffer_name, buffer in world.named_buffers():
        if buffer_name in ("core.lively", "core.remote"):
            buffer[:] = True  # every pixel is asked
    opening = world.initializer.opening
    return Learned(world, spec, starts(opening=opening) if opening else None)


@pytest.mark.parametrize(("name", "law"), LAWFUL)
def test_a_world_obeys_the_laws(name: str, law: str) -> None:
    LAWS[law](learned(name))


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_a_world_that_draws_dreams_by_its_seed(name: str) -> None:
    """The same seed the same dream, wherever the row stands; another seed another one; rows differ from the first
    tick."""
    world = learned(name)
    assert world.starts is not None
    opening = Opening(world.starts.frames[[0] * 3], world.starts.actions[[0] * 3])
    keys = np.zeros((3, 2), np.int64)
    dreams = []
    for chosen in ([5, 6, 7], [7, 5, 6]):
        state = world.init(GAME.spec.defaults(3), np.array(chosen, np.uint64), opening)
        assert len(state.seeds) == 3
        for _ in range(3):
            state = world.update(state, keys)
        dreams.append(state.out.numpy())
    assert not np.array_equal(dreams[0][0], dreams[0][1])
    np.testing.assert_allclose(dreams[0], dreams[1][[1, 2, 0]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_a_world_that_draws_can_dream_what_is_likeliest(name: str) -> None:
    """The same weights in the other mode: all seeds dream alike, as the world goes on without noise."""
    core = WORLDS[name].core.model_copy(update={"mode": "likeliest"})
    sampling = learned(name)
    calm = Learned(seeded_world(WORLDS[name].model_copy(update={"core": core}), GAME.spec, seed=1), GAME.spec)
    calm.world.load_state_dict(sampling.world.state_dict())
    assert sampling.starts is not None
    opening = Opening(sampling.starts.frames[[0] * 2], sampling.starts.actions[[0] * 2])
    begin = GAME.spec.defaults(2), np.array([5, 6], np.uint64), opening
    state, keys = calm.init(*begin), np.zeros((2, 2), np.int64)
    expected = sampling.init(*begin).world
    for _ in range(3):
        state = calm.update(state, keys)
        with torch.inference_mode():
            expected = calm.world.update(expected, torch.as_tensor(keys))
    assert torch.equal(state.out, expected.out)
    torch.testing.assert_close(state.out[0], state.out[1])


def test_noise_of_a_dream_is_standard_normal() -> None:
    noise = _normal(seeds.rows(0, 0, 400), 50)
    assert noise.shape == (400, 50) and noise.isfinite().all()
    assert noise.mean().abs() < 0.03 and noise.std().item() == pytest.approx(1, abs=0.02)
    across, along = (torch.corrcoef(each) - torch.eye(len(each)) for each in (noise[:50].T, noise[:50]))
    assert across.abs().max() < 0.6 and along.abs().max() < 0.6
    assert torch.equal(_normal(seeds.rows(0, 0, 400)[7:8], 50), noise[7:8])


def test_a_world_that_may_be_unsure_promises_no_palette() -> None:
    assert learned("snapped").spec.palette == GAME.spec.palette
    assert learned("gru").spec.palette == ()


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_a_simulator(name: str) -> None:
    simulator = learned(name)
    assert isinstance(simulator, Simulator)
    assert simulator.spec.name == "pong" and simulator.spec.branchable
    assert simulator.spec.opening == {"snapped": 6, "gru from params": 0}.get(name, 4)
    assert GAME.spec.opening == 0  # the game's own spec is as it was


@pytest.mark.parametrize("name", WORLDS)
def test_the_size_of_the_batch_changes_no_frame(name: str) -> None:
    simulator = learned(name)
    rows = seeds.rows(5, 0, 9)
    params, actions = simulator.spec.draw(rows), checks.some_actions(simulator, 9, 40)
    together, _ = checks.play(simulator, params, rows, actions)
    assert (together[1:] != together[:-1]).any()
    for count in (1, 3, 4, 5, 8):
        some, _ = checks.play(simulator, params[:count], rows[:count], actions[:, :count])
        # The core of snapped frames is exact; other networks' sums may be rounded otherwise in another batch.
        assert (difference(some, together[:, :count]) <= (0 if name == "snapped" else 1)).all()


@pytest.mark.parametrize("name", ["snapped", "gru"])
def test_a_world_is_shown_an_opening(name: str) -> None:
    simulator = learned(name)
    simulator.starts = None
    rows = seeds.rows(0, 0, 5)
    opening = starts(5, simulator.spec.opening)
    state = simulator.init(simulator.spec.draw(rows), rows, opening)
    if name == "snapped":  # it stands at the last frame it was shown
        assert (simulator.render(state) == opening.frames[:, -1]).all()
    assert simulator.render(simulator.update(state, np.zeros((5, 2), np.uint8))).shape == (5, 32, 32, 1)
    dark = Opening(np.zeros_like(opening.frames), opening.actions)
    assert (simulator.render(simulator.init(simulator.spec.draw(rows), rows, dark)) != simulator.render(state)).any()


def test_its_own_start_is_chosen_by_the_seed() -> None:
    simulator = learned("snapped")
    rows = seeds.rows(11, 0, 40)
    frames = simulator.render(simulator.init(simulator.spec.draw(rows), rows))
    again = simulator.render(simulator.init(simulator.spec.draw(rows[::-1]), rows[::-1]))
    assert (frames == again[::-1]).all()
    assert simulator.starts is not None
    kept = {each[-1].tobytes() for each in simulator.starts.frames}
    assert {frame.tobytes() for frame in frames} == kept  # forty seeds find all nine of them


def test_a_world_that_starts_from_params_needs_no_opening() -> None:
    simulator = learned("gru from params")
    rows = seeds.rows(0, 0, 3)
    params = simulator.spec.draw(rows)
    one = simulator.render(simulator.init(params, rows))
    assert (one == simulator.render(simulator.init(params, rows, starts(3)))).all()  # an opening is passed over
    assert (one[0] != one[1]).any()


def test_a_world_without_an_opening_says_what_it_needs() -> None:
    simulator = learned("snapped")
    simulator.starts = None
    rows = seeds.rows(0, 0, 2)
    with pytest.raises(UserError, match="starts from 6 frames of pong; show it an opening"):
        simulator.init(simulator.spec.draw(rows), rows)


FRAMES, ACTIONS = (2, 6, 32, 32, 1), (2, 5, 2)


@pytest.mark.parametrize(
    ("frames", "actions", "complaint"),
    [
        ((2, 5, 32, 32, 1), (2, 4, 2), r"starts from 6 frames.*as \[2, 6\].*got \[2, 5\] and \[2, 4, 2\]"),
        ((3, 6, 32, 32, 1), (3, 5, 2), r"as \[2, 6\].*got \[3, 6\]"),
        (FRAMES, (2, 4, 2), r"actions between them as \[2, 5, 2\]; got \[2, 6\] and \[2, 4, 2\]"),
        ((2, 6, 40, 40, 1), ACTIONS, r"must end in .* = \(32, 32, 1\); got \(40, 40, 1\)"),
        ((2, 6, 32, 32, 3), ACTIONS, r"must end in .* = \(32, 32, 1\); got \(32, 32, 3\)"),
    ],
)
def test_a_wrong_opening_is_told(frames: tuple[int, ...], actions: tuple[int, ...], complaint: str) -> None:
    simulator, rows = learned("snapped"), seeds.rows(0, 0, 2)
    opening = Opening(np.zeros(frames, np.uint8), np.zeros(actions, np.uint8))
    with pytest.raises(UserError, match=complaint):
        simulator.init(simulator.spec.draw(rows), rows, opening)


def test_an_opening_in_floats_is_told() -> None:
    simulator, rows = learned("snapped"), seeds.rows(0, 0, 2)
    frames: Any = np.zeros(FRAMES, np.float32)
    with pytest.raises(UserError, match="opening frames must be uint8"):
        simulator.init(simulator.spec.draw(rows), rows, Opening(frames, np.zeros(ACTIONS, np.uint8)))


def test_wrong_params_are_told() -> None:
    simulator = learned("gru from params")
    with pytest.raises(UserError, match=r"params of shape \[N, 14\]"):
        simulator.init(np.zeros((2, 3)), seeds.rows(0, 0, 2))


def test_status_knows_nothing_and_never_ends() -> None:
    simulator, rows = learned("snapped"), seeds.rows(0, 0, 3)
    reward, over = simulator.status(simulator.init(simulator.spec.draw(rows), rows))
    assert reward.shape == (3, 2) and reward.dtype == np.float32 and np.isnan(reward).all()
    assert over.tolist() == [False] * 3


def test_its_margin_is_the_narrowest_decision_of_a_frame() -> None:
    simulator, rows = learned("snapped"), seeds.rows(0, 0, 5)
    assert isinstance(simulator, Decisive)
    state = simulator.init(simulator.spec.draw(rows), rows)
    assert (simulator.margin(state) == SURE).all()  # what was shown was not decided
    actions = checks.some_actions(simulator, 5, 4)
    for action in actions:
        state = simulator.update(state, action)
    logits = np.sort(state.out.numpy(), 1)
    assert (simulator.margin(state) == (logits[:, -1] - logits[:, -2]).min((1, 2))).all()
    assert 0 < simulator.margin(state).min() < simulator.margin(state).max()


def test_a_world_of_shades_has_no_margin() -> None:
    simulator, rows = learned("gru"), seeds.rows(0, 0, 3)
    assert np.isnan(simulator.margin(simulator.init(simulator.spec.draw(rows), rows))).tolist() == [True] * 3


def test_a_world_that_decides_trusts_its_margin() -> None:
    simulator, rows = learned("snapped"), seeds.rows(0, 0, 3)
    assert isinstance(simulator, Candid)
    state = simulator.init(simulator.spec.draw(rows), rows)
    state = simulator.update(state, checks.some_actions(simulator, 3, 1)[0])
    assert (simulator.trust(state) == simulator.margin(state)).all()


def shades(*doubtful: float) -> float:
    """The trust of a world of shades that is sure of all pixels but some, whose logits are ``doubtful``."""
    simulator, rows = learned("gru"), seeds.rows(0, 0, 1)
    state = simulator.init(simulator.spec.draw(rows), rows)
    renderer: Any = simulator.world.renderer
    with torch.no_grad():
        for weight in renderer.parameters():
            weight.zero_()
        last = [weight for weight in renderer.parameters() if weight.numel() == 32 * 32][-1]
        last.fill_(-60.0)
        last.view(-1)[: len(doubtful)] = torch.tensor(doubtful)
    return float(simulator.trust(state)[0])


def test_trust_in_shades_is_a_margin_where_one_pixel_is_in_doubt() -> None:
    for logit in (-3.0, 0.5, 9.0, 25.0):
        assert shades(logit) == pytest.approx(abs(logit), rel=1e-4)
    assert shades(0.0) == pytest.approx(0.0, abs=1e-6)


def test_trust_in_shades_falls_with_every_pixel_in_doubt() -> None:
    right = 0.5**3 / (1 + np.exp(-2.0))
    assert shades(0.0, 0.0, 0.0, 2.0) == pytest.approx(np.log(right / (1 - right)), rel=1e-4)
    assert shades(*[0.1] * 100) == pytest.approx(-100 * np.log1p(np.exp(-0.1)), rel=1e-4)


def test_dreaming_makes_no_graph() -> None:
    simulator, rows = learned("gru"), seeds.rows(0, 0, 2)
    state = simulator.init(simulator.spec.draw(rows), rows)
    assert not simulator.world.training
    assert not any(field.requires_grad for field in simulator.update(state, np.zeros((2, 2), np.uint8)))
    assert torch.is_grad_enabled()


def began(name: str, count: int = 3) -> tuple[Learned, Any]:
    simulator, rows = learned(name), seeds.rows(0, 0, count)
    return simulator, simulator.init(simulator.spec.draw(rows), rows)


@pytest.mark.parametrize("name", WORLDS)
def test_which_worlds_observe(name: str) -> None:
    simulator, state = began(name)
    assert isinstance(simulator, Observing)
    assert simulator.observes == (name in ("rssm", "mdn_rnn"))
    if not simulator.observes:
        with pytest.raises(UserError, match="core cannot observe frames"):
            simulator.observe(state, simulator.render(state))


@pytest.mark.parametrize("name", ["rssm", "mdn_rnn"])
def test_what_is_seen_corrects_a_dream_and_follows_from_its_seeds(name: str) -> None:
    simulator, state = began(name)
    truth = starts(3).frames[:, -1]
    one, again = (simulator.observe(state, truth) for _ in range(2))
    assert torch.equal(one.out, again.out) and not torch.equal(one.out, state.out)
    assert (one.seeds == state.seeds).all()  # what it draws next is what it would have drawn
    assert not torch.equal(one.out, simulator.observe(state, np.zeros_like(truth)).out)
    with pytest.raises(UserError, match="must end in"):
        simulator.observe(state, truth[:, :9])


def test_a_likeliest_world_observes_without_drawing() -> None:
    calm = WORLDS["rssm"].core.model_copy(update={"mode": "likeliest"})
    world = seeded_world(WORLDS["rssm"].model_copy(update={"core": calm}), GAME.spec, seed=1)
    simulator = Learned(world, GAME.spec, starts(opening=4))
    truth, outs = starts(3).frames[:, -1], []
    for first in (0, 5):  # other seeds, the same correction
        rows = seeds.rows(first, 0, 3)
        state = simulator.init(simulator.spec.draw(rows), rows, starts(3, 4))
        outs.append(simulator.observe(state, truth).out)
    assert torch.equal(*outs)


@pytest.mark.parametrize("name", WORLDS)
def test_a_state_is_shown_and_changed(name: str) -> None:
    simulator, state = began(name)
    assert isinstance(simulator, Inspectable)
    before = simulator.fields(state)
    inner = state.world if name in ("rssm", "mdn_rnn") else state
    assert list(before) == list(inner._fields)
    for field, numbers in before.items():
        index = numbers[0].size - 1
        later = simulator.fields(simulator.change(state, field, index, 1))
        expected = numbers.copy()
        expected.reshape(len(numbers), -1)[:, index] = 1
        for other in before:
            np.testing.assert_array_equal(later[other], expected if other == field else before[other])
    for field, numbers in simulator.fields(state).items():  # the old state is as it was
        np.testing.assert_array_equal(numbers, before[field])
    simulator.fields(state)["out"][:] = 7  # what was shown is a copy
    np.testing.assert_array_equal(simulator.fields(state)["out"], before["out"])


def test_a_changed_state_looks_otherwise_and_plays_on() -> None:
    simulator, state = began("snapped")
    frames = simulator.render(state)
    there = simulator.change(state, "out", 5, 99.0)  # out [2, 32, 32]: pixel 5 dark, and none other
    shown = simulator.render(there)
    assert (shown[:, 0, 5] == 0).all() and (shown == frames).all(-1).sum() >= frames.size - 3
    assert simulator.render(simulator.update(there, np.zeros((3, 2), np.uint8))).shape == frames.shape


@pytest.mark.parametrize(
    ("field", "index", "value", "complaint"),
    [
        ("uot", 0, 1, "there is no field of the state 'uot'; did you mean 'out'"),
        ("out", 2048, 1, "field out has 2048 numbers in a row; got index 2048; count from 0"),
        ("out", -1, 1, "got index -1"),
        ("out", 0, float("nan"), "field out holds finite numbers; got nan"),
        ("out", 0, 1e39, "field out holds finite numbers; got 1e[+]39"),
        ("age", 0, 0.5, r"field age holds whole numbers in 0..255; got 0.5"),
        ("age", 0, 256, r"field age holds whole numbers in 0..255; got 256"),
        ("age", 0, float("inf"), r"field age holds whole numbers in 0..255; got inf"),
    ],
)
def test_a_change_that_cannot_be(field: str, index: int, value: float, complaint: str) -> None:
    simulator, state = began("snapped")
    with pytest.raises(UserError, match=complaint):
        simulator.change(state, field, index, value)
