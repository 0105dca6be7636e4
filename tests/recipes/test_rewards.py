"""Rewards that are learned beside a world: by a run, for one that is finished, and for a cartridge."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load as unpacked
from safetensors.torch import save as packed

from tickworld import config as configs
from tickworld import seeds
from tickworld.checks import play, some_actions
from tickworld.errors import UserError
from tickworld.models.learned import Learned
from tickworld.models.rewarded import Rewarded
from tickworld.recipes import rewards
from tickworld.recipes.cartridge import load, read_label, write
from tickworld.recipes.config import RunConfig
from tickworld.recipes.pack import pack
from tickworld.recipes.rewarding import measured, reward
from tickworld.recipes.run import Run, begin_run, open_run, train
from tickworld.training import log
from tickworld.training.rewards import RewardsConfig

FEW = RewardsConfig(iterations=3, batch=8, width=2, hidden=4, episodes=8)


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    """A copy of a finished run whose recording shows points."""
    return open_run(shutil.copytree(finished.folder, tmp_path / "run"))


def frames_of(world: Learned) -> np.ndarray:
    rows = seeds.rows(0, 0, 3)
    return play(world, world.spec.draw(rows), rows, some_actions(world, 3, 8))[0]


def rewards_of(world: Learned) -> np.ndarray:
    rows = seeds.rows(0, 0, 3)
    _, there = play(world, world.spec.draw(rows), rows, some_actions(world, 3, 8))
    return np.stack([world.status(state).reward for state in there])


def test_a_run_learns_rewards_where_its_config_asks(tiny_demo: RunConfig, finished: Run, tmp_path: Path) -> None:
    asked = configs.override(tiny_demo, {"rewards": FEW.model_dump()})
    run = begin_run(tmp_path / "run", asked)
    train(run)
    world, plain = run.world(), finished.world()
    assert isinstance(world, Rewarded) and type(plain) is Learned
    assert (frames_of(world) == frames_of(plain)).all()  # the world is the one that is trained without
    ours, theirs = ([line | {"seconds": 0} for line in log.read(each.folder / "log.jsonl")] for each in (run, finished))
    assert ours == theirs
    assert np.isnan(rewards_of(plain)).all() and np.isin(rewards_of(world), (-1, 0, 1)).all()
    stamp = (run.folder / rewards.FILE).stat().st_mtime_ns
    train(run)
    assert (run.folder / rewards.FILE).stat().st_mtime_ns == stamp
    (run.folder / rewards.FILE).unlink()  # killed after the world and before the rewards
    again, told = begin_run(run.folder, asked), rewards_of(world)
    train(again)
    assert (rewards_of(again.world()) == told).all()


def test_a_run_from_before_there_were_rewards_is_as_it_was(run: Run) -> None:
    text = (run.folder / "config.yaml").read_text()
    before = text[: text.index("rewards:")] + text[text.index("evaluation:\n") :]
    (run.folder / "config.yaml").write_text(before)
    assert open_run(run.folder).config == run.config
    assert type(begin_run(run.folder, run.config).world()) is Learned


def test_a_finished_run_is_taught_rewards(run: Run) -> None:
    frames = frames_of(run.world())
    model = reward(run.folder, None, FEW)
    world = open_run(run.folder).world()
    assert isinstance(world, Rewarded) and world.rewards.config == model.config
    brought = {outcome.reward for outcome in model.config.outcomes}
    assert {(0.0, 0.0)} < brought <= {(-1.0, 1.0), (0.0, 0.0), (1.0, -1.0)}
    assert (frames_of(world) == frames).all()
    assert all(
        torch.equal(one, other) for one, other in zip(model.parameters(), world.rewards.parameters(), strict=True)
    )
    other = reward(run.folder, None, FEW.model_copy(update={"hidden": 5}))  # again, otherwise
    assert open_run(run.folder).world().rewards.config == other.config != model.config  # type: ignore[attr-defined]


def test_a_cartridge_is_copied_with_rewards(run: Run, tmp_path: Path) -> None:
    plain, out = tmp_path / "plain.cartridge", tmp_path / "out.cartridge"
    label = pack(run, plain)
    before = plain.read_bytes()
    model = reward(plain, out, FEW)
    assert plain.read_bytes() == before and label.rewards is None
    there, told = load(out), read_label(out)
    assert isinstance(there.world, Rewarded) and told.rewards == model.config
    assert told.model_copy(update={"rewards": None}) == label
    assert (frames_of(there.world) == frames_of(load(plain).world)).all()
    write(tmp_path / "less.cartridge", told, load(plain).world)  # the label says what is there
    assert read_label(tmp_path / "less.cartridge") == label


def test_a_run_is_packed_with_its_rewards(run: Run, tmp_path: Path) -> None:
    reward(run.folder, None, FEW)
    label = pack(run, tmp_path / "x.cartridge")
    world = load(tmp_path / "x.cartridge").world
    assert read_label(tmp_path / "x.cartridge") == label and label.rewards is not None
    assert (rewards_of(world) == rewards_of(run.world())).all()


def test_what_was_learned_is_measured(run: Run) -> None:
    assert measured(run.folder, 4) == {"rewards": None}
    reward(run.folder, None, FEW)
    config = configs.override(run.config, {"evaluation.rewards_frames": 12})
    configs.save(config, run.folder / "config.yaml")
    result = measured(run.folder, 4)["rewards"]
    assert (result["rollouts"], result["frames"], result["ticks"]) == (4, 12, 48)
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_what_does_not_fit_is_told(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is a run, which gets its rewards in its own folder; got --out x.cartridge"):
        reward(run.folder, Path("x.cartridge"), FEW)
    pack(run, tmp_path / "plain.cartridge")
    with pytest.raises(UserError, match="is a cartridge, of which a copy is written; say where with --out"):
        reward(tmp_path / "plain.cartridge", None, FEW)
    shutil.rmtree(run.checkpoints / "00000012")
    with pytest.raises(UserError, match="is not finished; go on with the `tickworld train` that began it"):
        reward(run.folder, None, FEW)


def test_a_game_without_rewards_is_told(tmp_path: Path, run_tiny: Any) -> None:
    life = run_tiny("life")
    with pytest.raises(UserError, match="every tick of this recording brings the same reward and none ends a game"):
        reward(life.folder, None, FEW)
    assert type(life.world()) is Learned


HARM: dict[str, tuple[Any, str]] = {
    "not a file of weights": (lambda tensors, told: b"rewards", "is damaged"),
    "nothing said of it": (lambda tensors, told: packed(tensors), "is damaged"),
    "nonsense said of it": (lambda tensors, told: packed(tensors, {"rewards": "[[["}), "is damaged"),
    "another size": (
        lambda tensors, told: packed(tensors, {"rewards": json.dumps(told | {"hidden": 7})}),
        "another than its weights are of: 'gather.weight' has shape",
    ),
    "enormous": (
        lambda tensors, told: packed(tensors, {"rewards": json.dumps(told | {"hidden": 4096, "width": 1024})}),
        "another than its weights are of",
    ),
    "a setting too large": (
        lambda tensors, told: packed(tensors, {"rewards": json.dumps(told | {"hidden": 10**9})}),
        "is damaged",
    ),
    "a game of one player": (
        lambda tensors, told: packed(
            tensors,
            {"rewards": json.dumps(told | {"outcomes": [each | {"reward": [1.0]} for each in told["outcomes"]]})},
        ),
        "rewards are of another number of players than the 2 of pong",
    ),
    "not finite": (
        lambda tensors, told: packed(
            {name: each * float("nan") for name, each in tensors.items()}, {"rewards": json.dumps(told)}
        ),
        "are not finite",
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_file_is_told(run: Run, harm: str) -> None:
    model, path = reward(run.folder, None, FEW), run.folder / rewards.FILE
    spoil, complaint = HARM[harm]
    path.write_bytes(spoil(unpacked(path.read_bytes()), model.config.model_dump(mode="json")))
    with pytest.raises(UserError, match=complaint) as error:
        run.world()
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_cartridge_whose_rewards_do_not_fit_is_told(run: Run, tmp_path: Path) -> None:
    reward(run.folder, None, FEW)
    path = tmp_path / "x.cartridge"
    pack(run, path)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    told = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["label"])
    tensors = unpacked(content)
    few = {name: each for name, each in tensors.items() if not name.startswith("rewards/")}
    for label, held, complaint in (
        (told | {"rewards": None}, tensors, "it holds weights of a reward model that its label does not describe"),
        (told, few, "its reward model is another than its weights are of: it lacks"),
        (told | {"rewards": {"outcomes": []}}, tensors, "rewards.outcomes"),
    ):
        path.write_bytes(packed(held, {"label": json.dumps(label)}))
        with pytest.raises(UserError, match=complaint):
            load(path)
