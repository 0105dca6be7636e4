"""What Python and the page must count alike, as examples that both are held to (see web/tests/vectors.test.ts).

After a change that is meant:

    python tests/web/test_vectors.py --renew
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tickworld.errors import UserError
from tickworld.frames import pixels_wrong, snap
from tickworld.models import fields
from tickworld.tensors import to_frames

STORED = Path(__file__).with_name("vectors.json")
PALETTES = {
    "none": ((), 1),
    "two greys": (((200,), (9,)), 1),
    "greys": (((0,), (100,), (200,)), 1),
    "colours": (((0, 0, 0), (10, 0, 0), (0, 20, 0), (255, 255, 255)), 3),
}
"""Palette and channels: two greys have a rule of their own, and 104, 50 and (5, 0, 0) lie half-way."""


def judged(palette: tuple[tuple[int, ...], ...], channels: int) -> list[dict[str, Any]]:
    """Pairs of frames [1, 2, C], the dream's snapped, and whether it is wrong."""
    rng = np.random.default_rng(len(palette))
    middles = np.array([[50, 104], [104, 50], [105, 51], [9, 8], [5, 0], [0, 10]], np.uint8)
    dreams = np.concatenate([middles[:, None, :, None] * np.eye(channels, dtype=np.uint8)[0],
                             rng.integers(0, 256, (6, 1, 2, channels), np.uint8)])  # fmt: skip
    moved = dreams.astype(int) + rng.integers(-9, 10, dreams.shape)
    truths = np.concatenate([moved.clip(0, 255).astype(np.uint8), snap(dreams, palette)])
    return [
        {
            "truth": truth.reshape(-1).tolist(),
            "dream": dream.reshape(-1).tolist(),
            "snapped": snap(dream, palette).reshape(-1).tolist(),
            "wrong": bool(pixels_wrong(truth, dream, palette)),
        }
        for truth, dream in zip(truths, np.concatenate([dreams, dreams]), strict=True)
    ]


def rounded() -> dict[str, list[Any]]:
    """Pixels float32 [3, 9, 10] and their frame: all that lie half-way, as near as float32 comes, and some others."""
    halves = (np.arange(255, dtype=np.float32) + np.float32(0.5)) / np.float32(255)
    others = np.array(
        [-1, -0.0, 0, 1, 1.5, 0.1, 0.7, 0.5, 1e-30, 254.4 / 255, 254.6 / 255, 3, 0.2, 0.3, 0.9], np.float32
    )
    pixels = np.concatenate([halves, others]).reshape(3, 9, 10)
    frame = to_frames(torch.from_numpy(pixels))
    return {"pixels": pixels.reshape(-1).tolist(), "frame": frame.reshape(-1).tolist()}


class Field(NamedTuple):
    """A state of one field."""

    it: torch.Tensor


TYPES = {
    "bool": torch.bool, "uint8": torch.uint8, "int32": torch.int32, "int64": torch.int64, "float32": torch.float32,
    "float64": torch.float64,
}  # fmt: skip
NUMBERS = (0, 1, 7, 255, 256, -1, 0.5, 123456.75, 1234567.5, 2.0**31, 2.0**63, 2.0**-20, 4e38, -1e300)
"""Those that float32 can hold it holds exactly."""


def changed() -> list[dict[str, Any]]:
    """Numbers that are put into fields of two, and why not."""

    def refusal(kind: torch.dtype, index: int, value: float) -> str | None:
        try:
            fields.changed(Field(torch.zeros(1, 2, dtype=kind)), "it", index, value)
        except UserError as error:
            return str(error)
        return None

    tried = [(0, value) for value in NUMBERS] + [(2, 1), (-1, 1)]
    return [
        {"type": name, "index": index, "value": value, "sentence": refusal(kind, index, value)}
        for name, kind in TYPES.items()
        for index, value in tried
    ]


def made() -> dict[str, Any]:
    """All examples."""
    return {
        "judged": [
            {"name": name, "palette": palette, "channels": channels, "pairs": judged(palette, channels)}
            for name, (palette, channels) in PALETTES.items()
        ],
        "rounded": rounded(),
        "changed": changed(),
    }


def test_the_stored_examples_are_what_python_counts() -> None:
    assert json.loads(STORED.read_text(encoding="utf-8")) == json.loads(json.dumps(made())), "see the top of this file"


def test_the_examples_tell_right_from_wrong() -> None:
    for each in made()["judged"]:
        assert {pair["wrong"] for pair in each["pairs"]} == {True, False}, each["name"]


if __name__ == "__main__" and "--renew" in sys.argv:
    STORED.write_text(json.dumps(made(), separators=(",", ":")) + "\n", encoding="utf-8")
