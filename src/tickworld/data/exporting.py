"""A recording as a Minari dataset, which other packages for learning from recordings read:

    <path>/data/metadata.json     spaces, counts, and under "tickworld" the names that Minari has no place for
    <path>/data/main_data.hdf5    a group for each episode: observations, actions, rewards, terminations, truncations

Frames are kept exactly, in gzip; Minari's own writer would turn them into JPEG. Several players press a MultiDiscrete;
``rewards`` are the first one's, and those of all are in ``infos``. Params are the options that Minari has for a reset.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tickworld import __version__, files
from tickworld.data.episode import Episode, episode
from tickworld.data.importing.minari import OURS, Words
from tickworld.data.store import Store
from tickworld.errors import UserError, check_installed
from tickworld.progress import Progress, Silent
from tickworld.simulator import Spec

_VERSION = "0.5.4"
"""The first version of Minari whose datasets say whether their images are JPEG."""
_CHUNK = 64
"""Frames that are packed together: a reader takes windows."""


def export_minari(store: Store, path: Path, show: Progress | None = None) -> int:
    """Writes the recording to the new folder ``path``, whole or not at all; returns the number of its episodes.

    A recording that was interrupted gives what it has. Raises UserError when that is nothing, when something lies at
    ``path``, and when the disk refuses.
    """
    check_installed(["h5py"], "import")
    if path.exists():
        raise UserError(f"{path} is there already; choose another folder for the dataset")
    done = store.blocks_done()
    if not done:
        raise UserError(f"{store.path} holds no finished episodes yet; continue the recording with the same settings")
    counts: list[int] = []
    files.write_whole(path, lambda temporary: _write(store, done, temporary / "data", counts, show or Silent()))
    return len(counts)


def _write(store: Store, blocks: list[int], data: Path, counts: list[int], show: Progress) -> None:
    import h5py

    data.mkdir(parents=True)
    with (
        h5py.File(data / "main_data.hdf5", "w", track_order=True) as file,
        show.bar(f"exporting {store.spec.name}", len(blocks), "blocks") as at,
    ):
        for number, block in enumerate(blocks):
            episodes = store.read_block(block)
            for row in range(len(episodes)):
                one = episode(episodes, row)
                _write_episode(file.create_group(f"episode_{len(counts)}"), one, len(counts), store.spec)
                counts.append(len(one.actions))
            at(number + 1, "")
    files.write_json(data / "metadata.json", _metadata(store, counts))


def _write_episode(group: Any, one: Episode, number: int, spec: Spec) -> None:
    group.attrs.update({"id": number, "seed": one.seed, "total_steps": len(one.actions)})
    group.attrs.update({f"options/{param.name}": value for param, value in zip(spec.params, one.params, strict=True)})
    chunks = (min(_CHUNK, len(one.frames)), *one.frames.shape[1:])
    group.create_dataset("observations", data=one.frames, chunks=chunks, compression="gzip", compression_opts=1)
    alone = len(spec.players) == 1
    truncated = np.zeros(len(one.over), bool)
    truncated[-1:] = ~one.over[-1:]
    group.create_dataset("actions", data=one.actions.astype(np.int64)[:, 0] if alone else one.actions.astype(np.int64))
    group.create_dataset("rewards", data=one.rewards[:, 0].astype(np.float64))
    group.create_dataset("terminations", data=one.over)
    group.create_dataset("truncations", data=truncated)
    if not alone:
        group.create_dataset("infos/rewards", data=one.rewards)


def _metadata(store: Store, counts: list[int]) -> dict[str, Any]:
    spec = store.spec
    actions, players = len(spec.actions), len(spec.players)
    keys: dict[str, Any] = {"type": "Discrete", "dtype": "int64", "start": 0, "n": actions}
    if players > 1:
        many, none = [actions] * players, [0] * players
        keys = {"type": "MultiDiscrete", "dtype": "int64", "nvec": many, "start": none}
    low, high = (np.full(spec.frame_shape, value).tolist() for value in (0, 255))
    box = {"type": "Box", "dtype": "uint8", "shape": list(spec.frame_shape), "low": low, "high": high}
    words = Words(name=spec.name, actions=spec.actions, players=spec.players, palette=spec.palette)
    return {
        "total_episodes": len(counts),
        "total_steps": sum(counts),
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "observation_space": json.dumps(box),
        "action_space": json.dumps(keys),
        "dataset_id": f"tickworld/{files.plain_name(spec.name).replace('.', '-')}-v0",
        "minari_version": _VERSION,
        "algorithm_name": store.manifest.plan.players,
        OURS: words.model_dump(mode="json"),
        "description": f"{spec.name}, recorded with tickworld {__version__}",
    }
