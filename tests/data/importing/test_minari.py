"""Minari datasets in and out: what goes out and comes in again is the same, and no environment is ever made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from gymnasium import spaces
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

from tickworld.agents import player
from tickworld.data.exporting import export_minari
from tickworld.data.manifest import Plan
from tickworld.data.record import record
from tickworld.data.store import Store
from tickworld.errors import UserError
from tickworld.games import game


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Store:
    simulator = game("pong")
    plan = Plan(players="mixed", episodes=6, ticks=40, block=4)
    return record(simulator, player("mixed", simulator), plan, tmp_path_factory.mktemp("pong") / "data")


@pytest.fixture
def exported(recorded: Store, tmp_path: Path) -> Path:
    assert export_minari(recorded, tmp_path / "out") == 6
    return tmp_path / "out"


def test_minari_reads_what_is_exported(recorded: Store, exported: Path) -> None:
    dataset, mine = minari.MinariDataset(exported / "data"), recorded.read()
    assert (dataset.total_episodes, dataset.total_steps) == (6, 240)
    assert dataset.action_space == spaces.MultiDiscrete([3, 3])
    assert dataset.observation_space == spaces.Box(0, 255, (32, 32, 1), np.uint8)
    for row, each in enumerate(dataset.iterate_episodes()):
        assert (each.observations == mine.frames[row]).all() and (each.actions == mine.actions[row]).all()
        assert (each.rewards == mine.rewards[row, :, 0]).all()
        assert not each.terminations.any() and each.truncations[-1]


def test_what_goes_out_comes_in_again(recorded: Store, exported: Path, bring: Any) -> None:
    back, mine = bring(exported).store, recorded.read()
    for name in ("frames", "actions", "rewards", "over", "lengths"):
        assert (getattr(back.read(), name) == getattr(mine, name)).all(), name
    for name in ("name", "actions", "players", "palette"):
        assert getattr(back.spec, name) == getattr(recorded.spec, name)


def test_a_dataset_by_its_id(exported: Path, bring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(exported.parent))
    assert len(bring("minari:out").store.read()) == 6
    with pytest.raises(UserError, match="there is no Minari dataset at .*none; check the id, or download it first"):
        bring("minari:none")


def test_nothing_is_written_over(recorded: Store, exported: Path) -> None:
    with pytest.raises(UserError, match="is there already; choose another folder"):
        export_minari(recorded, exported)


def made(folder: Path, observes: spaces.Space, presses: spaces.Space, form: str = "hdf5", jpeg: bool = False) -> Path:
    """A dataset by Minari itself: three episodes of 12 steps whose first frames are dark."""
    (folder / "data").mkdir(parents=True)
    storage = MinariStorage.new(folder / "data", observes, presses, data_format=form, jpeg_encoding=jpeg)
    shape = observes.shape or (1,)
    for row in range(3):
        frames: Any = np.repeat(np.arange(13, dtype=np.uint8) * 10 + row, int(np.prod(shape))).reshape(13, *shape)
        actions: Any = np.arange(12) % 4 + int(getattr(presses, "start", 0))
        if shape == (1,):
            frames = np.zeros((13, 1), np.float32)
        if presses.shape:
            actions = np.zeros((12, *presses.shape), np.float32)
        storage.update_episodes(
            [EpisodeBuffer(
                id=row, seed=row, observations=frames, actions=actions,
                rewards=[float(step) for step in range(12)], terminations=[step == 11 for step in range(12)],
                truncations=[False] * 12, infos={},
            )]
        )  # fmt: skip
    storage.update_metadata({"dataset_id": "made-v0", "minari_version": minari.__version__})
    return folder


@pytest.mark.parametrize("form", ["hdf5", "arrow"])
def test_datasets_that_minari_made(form: str, tmp_path: Path, bring: Any) -> None:
    observes, presses = spaces.Box(0, 255, (32, 32, 3), np.uint8), spaces.Discrete(4, start=2)
    brought = bring(made(tmp_path / "made", observes, presses, form))
    back = brought.store.read()
    assert brought.store.spec.name == "made-v0" and brought.store.spec.actions == ("2", "3", "4", "5")
    assert brought.store.spec.players == ("player",)
    joined = back.actions.reshape(3, -1)
    assert (joined == np.arange(12) % 4).all()
    assert back.over.reshape(3, -1)[:, -1].all() and back.over.sum() == 3
    assert back.frames[0, 3, 0, 0].tolist() == [30, 30, 30]
    assert (back.rewards.reshape(3, -1) == np.arange(12)).all()


def test_jpeg_is_read_too(tmp_path: Path, bring: Any) -> None:
    path = made(tmp_path / "made", spaces.Box(0, 255, (32, 32, 3), np.uint8), spaces.Discrete(4), jpeg=True)
    frames = bring(path, palette=0).store.read().frames
    assert abs(int(frames[0, 3, 5, 5, 0]) - 30) < 4


@pytest.mark.parametrize(
    ("observes", "presses", "complaint"),
    [
        (spaces.Box(-1, 1, (1,)), spaces.Discrete(4), r"observes it: Box float32 \[1\]; expected images"),
        (
            spaces.Box(0, 255, (32, 32, 3), np.uint8),
            spaces.Box(-1, 1, (2,)),
            "has the action Box float32 .* expected keys",
        ),
    ],
)
def test_what_is_not_seen_or_pressed(
    observes: spaces.Space, presses: spaces.Space, complaint: str, tmp_path: Path, bring: Any
) -> None:
    with pytest.raises(UserError, match=complaint):
        bring(made(tmp_path / "made", observes, presses))


def test_no_environment_is_made(exported: Path, bring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gymnasium, "make", lambda *words, **more: pytest.fail("an environment was made"))
    path = exported / "data" / "metadata.json"
    told = json.loads(path.read_text())
    told["env_spec"] = json.dumps({"id": "harm:Harm-v0", "entry_point": "harm:Harm"})
    path.write_text(json.dumps(told))
    assert len(bring(exported).store.read()) == 6
    del told["observation_space"]
    path.write_text(json.dumps(told))
    with pytest.raises(UserError, match="does not say its observation space, and its environment is not made here"):
        bring(exported)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("metadata.json", b"", "is not a readable description of a Minari dataset"),
        ("metadata.json", b"[]", "does not describe a Minari dataset"),
        ("main_data.hdf5", b"", "main_data.hdf5 cannot be read"),
    ],
)
def test_damaged_datasets(name: str, content: bytes, complaint: str, exported: Path, bring: Any) -> None:
    (exported / "data" / name).write_bytes(content)
    with pytest.raises(UserError, match=complaint):
        bring(exported)
    assert not [each for each in exported.parent.glob("imported-*") if (each / "zarr.json").exists()]
