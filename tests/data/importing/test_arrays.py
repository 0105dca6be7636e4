"""Arrays in NPZ, HDF5 and zarr, in every layout there is; an automatic reset is never a transition."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from tickworld.data.episode import Episodes
from tickworld.data.importing import Asked
from tickworld.errors import UserError

Save = Callable[[Path, dict[str, NDArray]], Path]


def npz(folder: Path, arrays: dict[str, NDArray]) -> Path:
    np.savez_compressed(folder / "a.npz", **arrays)  # pyright: ignore[reportArgumentType]
    return folder / "a.npz"


def hdf5(folder: Path, arrays: dict[str, NDArray]) -> Path:
    with h5py.File(folder / "a.h5", "w") as file:
        for name, values in arrays.items():
            text = values.dtype.kind == "U"
            file.create_dataset(name, data=values.astype("S") if text else values)
    return folder / "a.h5"


def zarr_group(folder: Path, arrays: dict[str, NDArray]) -> Path:
    group = zarr.open_group(folder / "a.zarr", mode="w")
    for name, values in arrays.items():
        group.create_array(name, shape=values.shape, dtype=values.dtype)[...] = values
    return folder / "a.zarr"


SAVERS = [npz, hdf5, zarr_group]


@pytest.mark.parametrize("save", SAVERS)
def test_our_own_layout(save: Save, tmp_path: Path, bring: Any, played: Episodes) -> None:
    arrays = {"frames": played.frames, "actions": played.actions, "rewards": played.rewards, "over": played.over}
    brought = bring(save(tmp_path, arrays), action_names=("stay", "up", "down"))
    back = brought.store.read()
    for name in ("frames", "actions", "rewards", "over", "lengths"):
        assert (getattr(back, name) == getattr(played, name)).all(), name
    assert brought.store.spec.actions == ("stay", "up", "down")
    assert brought.store.spec.players == ("player1", "player2")


def flat(played: Episodes) -> tuple[dict[str, NDArray], list[int]]:
    """Three episodes of 30, 50 and 20 frames in one long array, as many actions as frames, one player."""
    cuts = [30, 50, 20]
    frames = np.concatenate([played.frames[row, :cut] for row, cut in enumerate(cuts)])
    actions = np.concatenate([played.actions[row, :cut, 0] for row, cut in enumerate(cuts)])
    return {"frames": frames, "actions": actions, "rewards": np.arange(100.0)}, cuts


def ends(cuts: list[int]) -> dict[str, NDArray]:
    over = np.zeros(sum(cuts), bool)
    over[np.cumsum(cuts) - 1] = True
    return {"over": over}


@pytest.mark.parametrize("save", SAVERS)
@pytest.mark.parametrize("told", ["over", "truncated", "done", "episode", "lengths"])
def test_one_long_array_is_cut(save: Save, told: str, tmp_path: Path, bring: Any, played: Episodes) -> None:
    arrays, cuts = flat(played)
    where = {
        "episode": np.repeat(np.arange(3), cuts),
        "lengths": np.array(cuts),
    }.get(told, ends(cuts)["over"])
    back = bring(save(tmp_path, {**arrays, told: where}), ticks=100).store.read()
    assert back.lengths.tolist() == [29, 49, 19]
    for row, cut in enumerate(cuts):
        assert (back.frames[row, :cut] == played.frames[row, :cut]).all()
        assert (back.actions[row, : cut - 1, 0] == played.actions[row, : cut - 1, 0]).all()
        first = sum(cuts[:row])
        assert (back.rewards[row, : cut - 1, 0] == np.arange(first, first + cut - 1)).all()
        assert not back.over[row, : cut - 1].any(), "how it ended was not seen"


def test_frames_after_the_last_action(tmp_path: Path, bring: Any, played: Episodes) -> None:
    arrays, cuts = flat(played)
    keep = ~ends(cuts)["over"]
    compact = {"frames": arrays["frames"], "actions": arrays["actions"][keep], "lengths": np.array(cuts)}
    assert bring(npz(tmp_path, compact), ticks=100).store.read().lengths.tolist() == [29, 49, 19]
    one = {"frames": played.frames[0], "actions": played.actions[0]}
    assert bring(npz(tmp_path, one), ticks=100).store.read().lengths.tolist() == [80]
    over = np.zeros((2, 80), bool)
    over[0, 24] = True
    rows = {"frames": played.frames[:2], "actions": played.actions[:2], "over": over}
    back = bring(npz(tmp_path, rows), ticks=100).store.read()
    assert back.lengths.tolist() == [25, 80] and back.over[0, 24] and not back.over[1].any()
    rows = {"frames": played.frames[:2, :-1], "actions": played.actions[:2], "over": over}
    assert bring(npz(tmp_path, rows), ticks=100).store.read().lengths.tolist() == [24, 79]


def test_frames_in_other_orders(tmp_path: Path, bring: Any, played: Episodes) -> None:
    colour = np.repeat(played.frames[0], 3, -1)
    for frames in (colour, np.moveaxis(colour, -1, 1), played.frames[0, ..., 0]):
        brought = bring(npz(tmp_path, {"frames": frames, "actions": played.actions[0]}), ticks=100)
        assert brought.store.read().lengths.tolist() == [80]
        assert (brought.store.read().frames[0, ..., :1] == played.frames[0]).all()
    rows = {"frames": played.frames[:2, ..., 0], "actions": played.actions[:2]}
    assert (bring(npz(tmp_path, rows), ticks=100).store.read().frames == played.frames[:2]).all()


@pytest.mark.parametrize("save", SAVERS)
def test_names_of_arrays_and_actions(save: Save, tmp_path: Path, bring: Any, played: Episodes, names: Any) -> None:
    words = names[played.actions[0]] if save is not zarr_group else played.actions[0]
    path = save(tmp_path, {"obs": played.frames[0], "keys": words})
    with pytest.raises(UserError, match="has no array 'frames'; .*say what frames is called with --field frames=NAME"):
        bring(path)
    asked = Asked(fields=(("frames", "obs"), ("actions", "keys")))
    brought = bring(path, asked, ticks=100)
    expected = words if words.dtype.kind == "U" else words.astype(str)
    assert (np.array(brought.store.spec.actions)[brought.store.read().actions[0]] == expected).all()
    with pytest.raises(UserError, match="got 'frame'; did you mean 'frames'"):
        bring(path, Asked(fields=(("frame", "obs"),)))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"frames": None}, "has no array 'frames'; did you mean|known"),
        ({"frames": np.zeros((81, 8, 8, 1), np.float32)}, "must be uint8 with values 0..255; got float32; convert"),
        ({"frames": np.zeros((81, 8), np.uint8)}, r"must be \[N, H, W, C\].* got \[81, 8\]"),
        ({"frames": np.zeros((81, 8, 8, 5), np.uint8)}, "actions of .* must be|a frame must be .* 1 or 3 channels"),
        ({"actions": np.zeros(90, np.int64)}, r"must be \[81\] like the frames, or one fewer .* got \[90\]"),
        ({"actions": np.zeros(50, np.int64)}, "has 81 frames and 50 actions in one long array; expected as many"),
        ({"actions": np.zeros(80, np.float32)}, "must be whole numbers or names; got float32"),
        ({"actions": np.zeros((80, 2, 2), np.int64)}, "or that with one more axis, of players"),
        ({"rewards": np.full(80, np.nan)}, "not finite, at row 0"),
        ({"rewards": np.zeros(70)}, r"rewards of .* must be \[80\]"),
        ({"lengths": np.array([40, 20])}, "lengths of .* add up to 60 frames; it has 81 and 80 actions"),
        ({"lengths": np.array([0.5, 2])}, "must be whole numbers of frames, 2 or more"),
        ({"over": np.arange(80) == 40}, "has 2 episodes in one long array with one action fewer than frames"),
    ],
)
def test_arrays_that_do_not_fit(
    change: dict[str, Any], complaint: str, tmp_path: Path, bring: Any, played: Episodes
) -> None:
    arrays = {"frames": played.frames[0], "actions": played.actions[0, :, 0]} | change
    path = npz(tmp_path, {name: values for name, values in arrays.items() if values is not None})
    with pytest.raises(UserError, match=complaint):
        bring(path)


def test_actions_out_of_range(tmp_path: Path, bring: Any, played: Episodes) -> None:
    actions = played.actions[0].astype(int)
    actions[33, 1] = 7
    path = npz(tmp_path, {"frames": played.frames[0], "actions": actions})
    with pytest.raises(UserError, match=r"a.npz row 33 has the action '7'; expected 0..2"):
        bring(path, action_names=("stay", "up", "down"))


def test_damaged_files(tmp_path: Path, bring: Any, played: Episodes) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (81, 16, 16, 1), np.uint8)
    for save in (npz, hdf5):
        path = save(tmp_path, {"frames": frames, "actions": played.actions[0]})
        whole = path.read_bytes()
        for content in (b"", b"nothing of the kind", whole[: len(whole) // 2]):
            path.write_bytes(content)
            with pytest.raises(UserError, match="cannot be read at|has no array"):
                bring(path)
    path = zarr_group(tmp_path, {"frames": frames, "actions": played.actions[0]})
    for chunk in (each for each in (path / "frames").rglob("*") if each.is_file() and each.name != "zarr.json"):
        chunk.write_bytes(b"broken")
    with pytest.raises(UserError, match="cannot be read at 'frames'"):
        bring(path)


def test_no_python_object_is_ever_loaded(tmp_path: Path, bring: Any, played: Episodes) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    np.savez(tmp_path / "a.npz", frames=played.frames[0], actions=np.array([Harm()] * 80, object))
    with pytest.raises(UserError, match="has no array 'actions'"):
        bring(tmp_path / "a.npz")
    assert not (tmp_path / "ran").exists()


def test_no_way_of_packing_runs_anything(tmp_path: Path, bring: Any, played: Episodes) -> None:
    path = tmp_path / "a.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    for name, values in (("frames", played.frames[0]), ("actions", played.actions[0])):
        group.create_array(name, shape=values.shape, dtype=values.dtype)[...] = values
    assert bring(path).store.read().lengths.sum() == 80
    told = json.loads((path / "frames" / ".zarray").read_text())
    for place, packing in (("compressor", {"id": "pickle"}), ("filters", [{"id": "pickle"}])):
        (path / "frames" / ".zarray").write_text(json.dumps(told | {place: packing}))
        with pytest.raises(UserError, match="has frames packed with pickle, which is not read here|cannot be read at"):
            bring(path)


def test_an_archive_is_read_as_a_stream(tmp_path: Path, bring: Any, played: Episodes, monkeypatch: Any) -> None:
    path = npz(tmp_path, {"frames": played.frames, "actions": played.actions})
    most = 0
    read = zipfile.ZipExtFile.read

    def counted(self: Any, n: int | None = -1) -> bytes:
        nonlocal most
        content = read(self, n)
        most = max(most, len(content) if self.name == "frames.npy" else 0)
        return content

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    assert (bring(path).store.read().frames == played.frames).all()
    assert most <= 2**20, "no more than a part is in memory"
