"""A world put together from parts: it unrolls as it updates, follows from its seed, refuses parts that do not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tickworld.errors import UserError
from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.lstm import LstmConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.renderers.deconv import DeconvConfig
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.vae import VaeConfig
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.simulator import Param, Spec

SNAPPED = SnappedConfig(radius=(1, 1), ages=3, width=8, summary=4)
CONFIGS = {
    "snapped": WorldConfig(initializer=HistoryConfig(), core=SNAPPED, renderer=PaletteConfig()),
    "committee": WorldConfig(
        initializer=HistoryConfig(), core=CommitteeConfig(member=SNAPPED, members=2), renderer=PaletteConfig()
    ),
    "snapped, drawn by a network": WorldConfig(initializer=HistoryConfig(), core=SNAPPED, renderer=DenseConfig()),
    "gru": WorldConfig(
        initializer=FramesConfig(opening=3, size=8), core=GruConfig(size=8), renderer=ProfilesConfig(shapes=3)
    ),
    "lstm": WorldConfig(
        initializer=FramesConfig(opening=1, size=8), core=LstmConfig(size=8), renderer=DeconvConfig(width=4)
    ),
    "rssm": WorldConfig(
        initializer=FramesConfig(opening=1, size=8),
        core=RssmConfig(size=8, groups=3, classes=4),
        renderer=DenseConfig(),
    ),
    "mdn_rnn": WorldConfig(
        initializer=FramesConfig(opening=1, size=8), core=MdnRnnConfig(size=8, code=4), renderer=VaeConfig(size=8)
    ),
    "from params": WorldConfig(initializer=ParamsConfig(size=8), core=GruConfig(size=8), renderer=DenseConfig()),
}


@pytest.fixture
def spec(spec: Spec) -> Spec:
    return replace(spec, params=(Param("speed", 1, 1, 3, drawn=True),))


@pytest.mark.parametrize("name", CONFIGS)
def test_unroll_is_update_and_render_step_by_step(spec: Spec, name: str) -> None:
    world = seeded_world(CONFIGS[name], spec, seed=1).eval()
    opening = world.initializer.opening
    generator = torch.Generator().manual_seed(0)
    actions = torch.randint(3, (4, 5, 1), generator=generator)
    state = world.init(
        torch.rand(4, 1, generator=generator) * 2 + 1,
        torch.rand(4, opening, 3, 9, 7, generator=generator),
        torch.randint(3, (4, max(opening - 1, 0), 1), generator=generator),
    )
    noise = torch.randn(4, 5, world.core.noise, generator=generator) if world.core.noise else None
    with torch.no_grad():
        logits = world.unroll(state, actions, noise)
        assert logits.shape[:2] == (4, 6)
        for tick in range(6):
            expected = world.render(state)
            assert expected.shape == (4, 3, 9, 7)
            torch.testing.assert_close(world.renderer.pixels(logits[:, tick]), expected, rtol=1e-4, atol=1e-5)
            chance = None if noise is None or tick == 5 else noise[:, tick]
            state = world.update(state, actions[:, tick], chance) if tick < 5 else state


def test_a_world_follows_from_its_seed(spec: Spec) -> None:
    one, same, other = (seeded_world(CONFIGS["snapped"], spec, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_building_a_world_leaves_the_global_generator_alone(spec: Spec) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    seeded_world(CONFIGS["gru"], spec, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_the_global_generator_does_not_change_a_seeded_world(spec: Spec) -> None:
    torch.manual_seed(5)
    one = seeded_world(CONFIGS["gru"], spec, seed=1)
    torch.manual_seed(6)
    other = seeded_world(CONFIGS["gru"], spec, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_size_counts_trained_numbers(spec: Spec) -> None:
    world = seeded_world(CONFIGS["from params"], spec, seed=0)
    initializer = (1 * 8 + 8) + (8 * 16 + 16)
    core = 2 * (3 * 8 * 8 + 2 * 3 * 8) + 3 * 8 * 3 + 3 * 8 * 8
    renderer = (8 + 1) * 9 * 7 * 3
    assert world.size() == initializer + core + renderer


BARE = Spec("bare", 9, 7, 3, ("one",), ("stay", "go", "turn"))
IMPOSSIBLE = {
    "snapped without a palette": (
        CONFIGS["snapped"],
        BARE,
        "core snapped needs a game with a palette, and bare has none",
    ),
    "params of a game without any": (CONFIGS["from params"], BARE, "bare has no params to start from"),
    "frames for a core that starts from a vector": (
        CONFIGS["from params"].model_copy(update={"initializer": HistoryConfig()}),
        None,
        "initializer history gives frames, and this core starts from a vector",
    ),
    "colours of a core that has a vector": (
        CONFIGS["gru"].model_copy(update={"renderer": PaletteConfig()}),
        None,
        "renderer palette needs a core that puts out logits",
    ),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_parts_that_do_not_fit_are_told_in_a_sentence(spec: Spec, name: str) -> None:
    config, bare, complaint = IMPOSSIBLE[name]
    with pytest.raises(UserError, match=complaint) as error:
        config.build(bare or spec)
    assert "use " in str(error.value) and "\n" not in str(error.value)
