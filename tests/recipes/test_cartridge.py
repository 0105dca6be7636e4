"""A cartridge plays as the world that was packed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tickworld import config as configs
from tickworld import seeds
from tickworld.checks import play, some_actions
from tickworld.errors import UserError
from tickworld.games import GAMES, game
from tickworld.models.learned import Learned
from tickworld.models.world import WorldConfig, seeded_world
from tickworld.recipes import shelf
from tickworld.recipes.cartridge import load, read_label, write
from tickworld.recipes.label import Label
from tickworld.recipes.pack import pack
from tickworld.recipes.playable import judge
from tickworld.recipes.run import Run
from tickworld.simulator import Opening, Simulator

HORIZON = {"median": 9.0, "p10": 3.0, "mean": 7.5, "survived": 0.5}
SNAPPED = {"kind": "snapped", "radius": [1, 1], "ages": 4, "width": 8, "summary": 4, "glance_width": 8}
WORLDS: dict[str, dict[str, Any]] = {
    "snapped": {"initializer": {"kind": "history"}, "core": SNAPPED, "renderer": {"kind": "palette"}},
    "params": {
        "initializer": {"kind": "params", "size": 8},
        "core": {"kind": "gru", "size": 8},
        "renderer": {"kind": "profiles", "shapes": 2},
    },
    "one frame": {
        "initializer": {"kind": "frames", "opening": 1, "size": 8},
        "core": {"kind": "lstm", "size": 8},
        "renderer": {"kind": "dense"},
    },
    "frames": {
        "initializer": {"kind": "frames", "opening": 3, "size": 8},
        "core": {"kind": "gru", "size": 8, "layers": 1},
        "renderer": {"kind": "deconv", "width": 4},
    },
}


def make_label(name: str, truth: Simulator) -> Label:
    content = {
        "spec": configs.plain(truth.spec),
        "world": WORLDS[name],
        "claim": {
            "rollouts": 2,
            "frames": 4,
            "players": "random",
            "seed": 0,
            "pixel_horizon": HORIZON,
            "object_horizon": None,
            "right_after": {"1": 0.5},
        },
        "origin": {
            "recipe": "demo", "seed": 3, "iterations": 4, "minutes": 5.0, "source": "six games",
            "versions": {"tickworld": "0.1.0"},
        },
    }  # fmt: skip
    return Label.model_validate(content)


def make_world(name: str, truth: Simulator, starts: int = 3) -> Learned:
    """An untrained world with openings of its own where it needs them."""
    world = seeded_world(WorldConfig.model_validate(WORLDS[name]), truth.spec, seed=1)
    opening, noise = world.initializer.opening, np.random.default_rng(0)
    if not opening:
        return Learned(world, truth.spec)
    frames = noise.choice(np.array([0, 255], np.uint8), (starts, opening, *truth.spec.frame_shape), p=[0.97, 0.03])
    actions = noise.integers(0, len(truth.spec.actions), (starts, opening - 1, len(truth.spec.players)), np.uint8)
    return Learned(world, truth.spec, Opening(frames, actions))


def frames_of(world: Simulator, ticks: int = 12) -> np.ndarray:
    rows = seeds.rows(0, 0, 5)
    return play(world, world.spec.draw(rows), rows, some_actions(world, 5, ticks))[0]


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("params", [{}, {"serve_wait": 3, "paddle_length": (3, 9)}], ids=["usual", "other"])
def test_what_was_packed_plays_the_same_frames(name: str, params: dict[str, Any], tmp_path: Path) -> None:
    truth = game("pong", **params)
    world, label, path = make_world(name, truth), make_label(name, truth), tmp_path / "deep" / "x.cartridge"
    write(path, label, world)
    there = load(path)
    assert (frames_of(there.world) == frames_of(world)).all()
    assert read_label(path) == label and there.evaluation == label.claim.evaluation
    assert there.world.spec == world.spec and there.game.spec == truth.spec
    assert [each.name for each in path.parent.iterdir()] == ["x.cartridge"]


@pytest.mark.parametrize("name", GAMES)
def test_every_game_can_be_made_again_from_a_label(name: str, tmp_path: Path) -> None:
    truth = game(name)
    write(tmp_path / "x.cartridge", make_label("params", truth), make_world("params", truth))
    assert load(tmp_path / "x.cartridge").game.spec == truth.spec


def test_a_run_becomes_a_cartridge(finished: Run, tmp_path: Path) -> None:
    path = tmp_path / "demo.cartridge"
    label = pack(finished, path)
    assert read_label(path) == label and label.world == finished.config.world
    result = json.loads((finished.folder / "evaluation.json").read_text())
    claim, origin = label.claim, label.origin
    assert claim.pixel_horizon.model_dump() == result["pixel_horizon"]
    assert claim.object_horizon is not None and claim.object_horizon.model_dump() == result["object_horizon"]
    for name in ("rollouts", "frames", "players", "seed"):
        assert getattr(claim.evaluation, name) == getattr(finished.config.evaluation, name)
    assert claim.right_after.keys() == {1, 10}
    assert claim.right_after[10] == result["over_time"]["dream"]["pixel_survival"][10]
    assert (origin.recipe, origin.seed, origin.iterations) == ("demo", 0, 12)
    assert origin.source == finished.source and {"tickworld", "torch"} < origin.versions.keys()
    there = load(path)
    assert (frames_of(there.world) == frames_of(finished.world())).all()
    assert there.world.starts is not None and len(there.world.starts.frames) == 16
    again = judge(there, there.evaluation).to_json()
    assert {**again, "ticks_per_second": 0} == {**result, "ticks_per_second": 0}


def unjudged(finished: Run, folder: Path) -> tuple[Run, dict[str, Any]]:
    """The same run without its evaluation, and what that was."""
    run = Run(folder / "run", finished.config)
    run.folder.mkdir()
    for name in ("checkpoints", "config.yaml"):
        (run.folder / name).symlink_to(finished.folder / name)
    return run, json.loads((finished.folder / "evaluation.json").read_text())


def test_what_trust_is_worth_goes_along(finished: Run, tmp_path: Path) -> None:
    run, result = unjudged(finished, tmp_path)
    assert shelf.known(run.folder) == (shelf.known(run.folder).provenance, None)
    rows = {"below 2": {"below": 2.0, "share": 0.5}, "below 3": {"below": 3.0, "share": None}}
    measured = result | {
        "trust": {"least": 1.5, "wrong_within_100": {**rows, "from 3": {"below": None, "share": 0.25}}}
    }
    levels = [{"below": 2.0, "wrong_within_100": 0.5}, {"below": None, "wrong_within_100": 0.25}]
    for content, wanted in ((result, None), (measured, {"least": 1.5, "levels": levels})):
        (run.folder / "evaluation.json").write_text(json.dumps(content))
        pack(run, tmp_path / "x.cartridge")
        of_run, of_cartridge = shelf.known(run.folder), shelf.known(tmp_path / "x.cartridge")
        assert of_run.calibration == of_cartridge.calibration == wanted
        assert of_run.provenance["origin"] == of_cartridge.provenance["origin"]


def test_what_a_run_says_of_itself_is_checked(finished: Run, tmp_path: Path) -> None:
    run, result = unjudged(finished, tmp_path)
    endless = {"below": None, "share": float("inf")}
    for broken in (
        {"pixel_horizon": {**HORIZON, "median": float("nan")}},
        {"trust": {"least": 1.0, "wrong_within_100": {"any": endless}}},
    ):
        (run.folder / "evaluation.json").write_text(json.dumps(result | broken))
        with pytest.raises(UserError, match="evaluation.json"):
            shelf.known(run.folder)


def test_it_can_be_opened_by_any_name(finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "SHELF", tmp_path)
    pack(finished, tmp_path / "demo.cartridge")
    (tmp_path / "README.md").write_text("about them")
    assert shelf.shipped() == {"demo": tmp_path / "demo.cartridge"}
    wanted = frames_of(finished.world())
    for place in (finished.folder, str(finished.folder), tmp_path / "demo.cartridge", "cartridge:demo"):
        assert (frames_of(shelf.open_playable(place).world) == wanted).all()
    for place, complaint in (
        ("cartridge:dmeo", "there is no cartridge 'dmeo'; did you mean 'demo'"),
        ("cartridge:../demo", "there is no cartridge '../demo'"),
        ("cartridge:", "there is no cartridge ''; known: demo"),
        (tmp_path / "none", r"does not exist; give the folder .*, a .cartridge file, or cartridge:NAME"),
        (tmp_path, "is not a run: it has no config.yaml"),
        (tmp_path / "README.md", "is no cartridge, or a damaged one"),
        ("/dev/null", "there is no cartridge at /dev/null"),
    ):
        with pytest.raises(UserError, match=complaint):
            shelf.open_playable(place)


def test_a_run_without_a_readable_evaluation_is_not_packed(finished: Run, tmp_path: Path) -> None:
    run = Run(tmp_path / "run", finished.config)
    run.folder.mkdir()
    result = json.loads((finished.folder / "evaluation.json").read_text())
    with pytest.raises(UserError, match=r"has no evaluation.json, .*; finish the run with the `tickworld train demo`"):
        pack(run, tmp_path / "x.cartridge")
    (run.folder / "checkpoints").symlink_to(finished.folder / "checkpoints")
    for broken, complaint in (
        (result | {"over_time": {}}, "is not a readable evaluation: it lacks the dream's survival"),
        (result | {"pixel_horizon": {**HORIZON, "survived": 7}}, "setting 'claim.pixel_horizon.survived'"),
        (
            result | {"trust": {"wrong_within_100": {"any": 3}}},
            "its trust has no levels; delete it to have it",
        ),
    ):
        (run.folder / "evaluation.json").write_text(json.dumps(broken))
        with pytest.raises(UserError, match=complaint):
            pack(run, tmp_path / "x.cartridge")
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    truth = game("pong")
    world, label = make_world("snapped", truth), make_label("snapped", truth)
    with pytest.raises(UserError, match=r"a cartridge is a .cartridge file; got 'x.zip'; name it something.cartridge"):
        write(tmp_path / "x.zip", label, world)
    next(world.world.parameters()).data[0] = torch.nan
    with pytest.raises(UserError, match="has values that are not finite"):
        write(tmp_path / "x.cartridge", label, world)
    assert not list(tmp_path.iterdir())


def test_a_refused_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:100])
        raise OSError(28, "No space left on device")

    truth = game("pong")
    (tmp_path / "x.cartridge").write_text("old")
    monkeypatch.setattr("tickworld.files._write", full)
    with pytest.raises(UserError, match="cannot write .*free some room"):
        write(tmp_path / "x.cartridge", make_label("snapped", truth), make_world("snapped", truth))
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_openings_are_left_out_where_they_would_take_too_much_room(tmp_path: Path) -> None:
    truth, path = game("pong"), tmp_path / "x.cartridge"
    world = make_world("snapped", truth, starts=400)
    assert world.starts is not None and world.starts.frames.nbytes > 1_500_000
    write(path, make_label("snapped", truth), world)
    starts = load(path).world.starts
    assert 990_000 < path.stat().st_size < 1_000_000
    assert starts is not None and (starts.frames == world.starts.frames[: len(starts.frames)]).all()


def test_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    truth = game("pong")
    before = torch.random.get_rng_state()
    write(tmp_path / "x.cartridge", make_label("snapped", truth), make_world("snapped", truth))
    load(tmp_path / "x.cartridge")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [each.name for each in tmp_path.iterdir()] == ["x.cartridge"]
