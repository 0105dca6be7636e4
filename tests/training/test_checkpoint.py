"""Checkpoints hold all that training changes, appear whole or not at all, and fit one world only."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tickworld.data.episode import Episodes
from tickworld.errors import UserError
from tickworld.models.world import World
from tickworld.training import checkpoint
from tickworld.training.checkpoint import KEEP, Training, checkpoints, newest
from tickworld.training.engine import engine
from tickworld.training.fit import Lesson, Record, TrainingConfig, fit, make_optimizer
from tickworld.training.objectives import RolloutConfig, TransitionConfig
from tickworld.training.sampling import HardConfig

CONFIG = TrainingConfig(
    objective=TransitionConfig(), sampler=HardConfig(pool=32, fresh=32, renew=4), iterations=9, batch=8
)
FILES = ("world.safetensors", "optimizer.safetensors", "sampler.safetensors", "state.json")


@pytest.fixture
def begin(make_world: Callable[[str], World], episodes: Episodes) -> Callable[..., Training]:
    def begin(name: str = "snapped", config: TrainingConfig = CONFIG, source: str = "eight games") -> Training:
        world = make_world(name)
        sampler = config.sampler.build(episodes, world.initializer.opening, 0)
        return Training(world, make_optimizer(world, config), Lesson(config, sampler, 0), source)

    return begin


def go_on(training: Training, first: int, last: int, config: TrainingConfig = CONFIG) -> list[Record]:
    """Trains from iteration ``first`` to before ``last`` of nine."""
    fabric = engine()
    wrapped, optimizer = fabric.setup(training.world, training.optimizer)
    records = fit(fabric, wrapped, optimizer, training.lesson, first)
    return [record._replace(seconds=0.0) for record in islice(records, last - first)]


@pytest.fixture
def saved(begin: Callable[..., Training], tmp_path: Path) -> Path:
    """A folder with one checkpoint, of iteration 3."""
    training = begin()
    go_on(training, 0, 3)
    checkpoint.save(tmp_path, 3, training)
    return tmp_path


def test_all_of_it_comes_back(begin: Callable[..., Training], tmp_path: Path) -> None:
    one, two = begin(), begin()
    go_on(one, 0, 6)
    checkpoint.save(tmp_path, 6, one)
    assert sorted(each.name for each in (tmp_path / "00000006").iterdir()) == sorted(FILES)
    checkpoint.load(newest(tmp_path), two)
    for name, each in one.world.state_dict().items():
        assert torch.equal(two.world.state_dict()[name], each)
    kept, read = (training.optimizer.state_dict()["state"] for training in (one, two))
    assert kept.keys() == read.keys() and len(kept) > 10
    for index, moments in kept.items():
        assert moments.keys() == read[index].keys()
        assert all(torch.equal(value, read[index][name]) for name, value in moments.items())
    for name, each in one.lesson.sampler.state().items():
        assert torch.equal(two.lesson.sampler.state()[name], each)


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_training_goes_on_to_the_same_losses(begin: Callable[..., Training], tmp_path: Path, cut: int) -> None:
    whole = go_on(begin(), 0, 9)
    first = begin()
    stopped = go_on(first, 0, cut)
    checkpoint.save(tmp_path, cut, first)
    second = begin()
    checkpoint.load(newest(tmp_path), second)
    assert stopped + go_on(second, cut, 9) == whole


def test_training_goes_on_with_frozen_parts(begin: Callable[..., Training], tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"objective": RolloutConfig(), "frozen": ("initializer",)})
    whole = go_on(begin("gru", config), 0, 9, config)
    first, second = begin("gru", config), begin("gru", config)
    stopped = go_on(first, 0, 4, config)
    checkpoint.save(tmp_path, 4, first)
    moments = load_file(newest(tmp_path).path / "optimizer.safetensors")
    assert {name.split(".")[0] for name in moments} == {"core", "renderer"}
    checkpoint.load(newest(tmp_path), second)
    assert stopped + go_on(second, 4, 9, config) == whole
    with pytest.raises(UserError, match="holds moments of .* weights"):
        checkpoint.load(newest(tmp_path), begin("gru", config.model_copy(update={"frozen": ()})))


def test_only_the_newest_are_kept(begin: Callable[..., Training], tmp_path: Path) -> None:
    training = begin()
    for iteration in (5, 10, 100, 15):
        checkpoint.save(tmp_path, iteration, training)
    assert KEEP == 2
    assert [each.iteration for each in checkpoints(tmp_path)] == [15, 100]
    assert newest(tmp_path).iteration == 100
    assert sorted(each.name for each in tmp_path.iterdir()) == ["00000015", "00000100"]


@pytest.mark.parametrize("present", range(len(FILES)))
def test_what_a_kill_left_is_never_read(saved: Path, present: int) -> None:
    """Half a checkpoint lies under a temporary name; whatever else lies there is no checkpoint either."""
    whole = saved / "00000003"
    for name in (".partial-77-00000009", "00000008"):
        (saved / name).mkdir()
        for file in FILES[:present]:
            shutil.copy(whole / file, saved / name / file)
    shutil.copytree(whole, saved / ".partial-77-old-00000002")
    shutil.copytree(whole, saved / "7 copy")
    (saved / "00000010").write_text("a file")
    assert [each.iteration for each in checkpoints(saved)] == [3]


def test_a_full_disk_leaves_the_older_checkpoint(
    begin: Callable[..., Training], saved: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    training = begin()
    for size in (0, 100, 5000):
        with full_disk(size), pytest.raises(UserError, match="cannot write .*00000009: .*free some room"):
            checkpoint.save(saved, 9, training)
        assert [each.name for each in saved.iterdir()] == ["00000003"]
    checkpoint.save(saved, 9, training)
    assert newest(saved).iteration == 9


def test_there_may_be_none(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UserError, match="there is no checkpoint in .*; train first"):
            newest(folder)


def test_weights_of_another_kind_of_world_are_told(begin: Callable[..., Training], saved: Path) -> None:
    other = begin("gru", CONFIG.model_copy(update={"objective": RolloutConfig()}))
    before = {name: each.clone() for name, each in other.world.state_dict().items()}
    with pytest.raises(UserError, match=r"checkpoint of another world: it lacks '.*'; use the config"):
        checkpoint.load(newest(saved), other)
    assert all(torch.equal(each, before[name]) for name, each in other.world.state_dict().items())


def test_weights_of_another_size_are_told(begin: Callable[..., Training], saved: Path) -> None:
    path = saved / "00000003" / "world.safetensors"
    weights = load_file(path)
    save_file(weights | {"core.answer.bias": torch.zeros(5)}, path)
    with pytest.raises(UserError, match=r"another world: 'core.answer.bias' has shape \[5\], expected \[2\]"):
        checkpoint.load(newest(saved), begin())
    save_file(weights | {"core.extra": torch.zeros(5)}, path)
    with pytest.raises(UserError, match=r"another world: it has 'core.extra', which this world does not"):
        checkpoint.load_world(newest(saved), begin().world)


@pytest.mark.parametrize(
    ("moments", "complaint"),
    [
        ({"core.other/exp_avg": torch.zeros(2)}, "optimiser of another world.*knows 'core.other'"),
        ({"core.answer.bias/exp_avg": torch.zeros(5)}, "optimiser of another world.*'core.answer.bias'"),
    ],
)
def test_an_optimiser_of_another_world_is_told(
    begin: Callable[..., Training], saved: Path, moments: dict[str, torch.Tensor], complaint: str
) -> None:
    path = saved / "00000003" / "optimizer.safetensors"
    save_file(load_file(path) | moments, path)
    with pytest.raises(UserError, match=complaint):
        checkpoint.load(newest(saved), begin())


def test_an_optimiser_that_lacks_something_is_told(begin: Callable[..., Training], saved: Path) -> None:
    path = saved / "00000003" / "optimizer.safetensors"
    whole = load_file(path)
    for lost in ({next(iter(whole))}, {name for name in whole if name.startswith("core.answer.bias/")}, set(whole)):
        save_file({name: each for name, each in whole.items() if name not in lost}, path)
        with pytest.raises(UserError, match="holds moments of .* weights"):
            checkpoint.load(newest(saved), begin())


def test_another_recording_is_told(begin: Callable[..., Training], saved: Path) -> None:
    with pytest.raises(UserError, match="learned from eight games; got nine games; give the same recording"):
        checkpoint.load(newest(saved), begin(source="nine games"))


def test_a_renamed_checkpoint_is_told(begin: Callable[..., Training], saved: Path) -> None:
    (saved / "00000003").rename(saved / "00000009")
    with pytest.raises(UserError, match="of iteration 3, expected 9 by its name"):
        checkpoint.load_world(newest(saved), begin().world)


def test_it_says_how_long_training_took(begin: Callable[..., Training], tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 3, begin(), 12.5)
    assert checkpoint.read_state(newest(tmp_path)) == {
        "format": 1, "iteration": 3, "seconds": 12.5, "source": "eight games",
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "garbage"])
def test_a_damaged_file_is_told(begin: Callable[..., Training], saved: Path, name: str, how: str) -> None:
    path = saved / "00000003" / name
    there, content = newest(saved), path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "garbage": b"\x93\xff" * 40}[how])
    with pytest.raises(UserError) as error:
        checkpoint.load(there, begin())
    assert name in str(error.value) or how == "gone"
    assert "\n" not in str(error.value)


def test_a_pool_that_is_none_is_told(begin: Callable[..., Training], saved: Path) -> None:
    path = saved / "00000003" / "sampler.safetensors"
    whole = load_file(path)
    for content in (
        {},
        {"loss": whole["loss"]},
        whole | {"loss": torch.ones(3)},
        whole | {"where": whole["where"] + 50},
    ):
        save_file(content, path)
        with pytest.raises(UserError, match=r"pool of .*sampler.safetensors .*delete"):
            checkpoint.load(newest(saved), begin())


@pytest.mark.parametrize("state", [{"format": 2, "iteration": 3}, {}, [], "3", None])
def test_another_format_is_told(begin: Callable[..., Training], saved: Path, state: Any) -> None:
    (saved / "00000003" / "state.json").write_text(json.dumps(state))
    with pytest.raises(UserError, match="has checkpoint format .*; this version reads format 1"):
        checkpoint.load_world(newest(saved), begin().world)
