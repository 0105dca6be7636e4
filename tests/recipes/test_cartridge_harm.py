"""Cartridges as a stranger might send them: whatever is wrong with one is told in one sentence, and no code is run."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as unpacked
from safetensors.torch import save as packed
from torch import Tensor

from tickworld.errors import UserError
from tickworld.recipes.cartridge import LARGEST, LARGEST_HEADER, load
from tickworld.recipes.pack import pack
from tickworld.recipes.run import Run


@pytest.fixture(scope="module")
def good(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A cartridge that can be played."""
    path = tmp_path_factory.mktemp("good") / "x.cartridge"
    pack(finished, path)
    return path.read_bytes()


def remade(
    good: bytes,
    say: Callable[[dict[str, Any]], Any] = lambda label: None,
    hold: Callable[[dict[str, Tensor]], Any] = lambda tensors: None,
) -> bytes:
    """``good`` after ``say`` has changed its label and ``hold`` its tensors."""
    header = json.loads(good[8 : 8 + int.from_bytes(good[:8], "little")])
    label, tensors = json.loads(header["__metadata__"]["label"]), unpacked(good)
    say(label)
    hold(tensors)
    return packed(tensors, {"label": json.dumps(label)})


def refusal(content: bytes, folder: Path) -> str:
    """The one sentence that ``content`` is refused with."""
    (folder / "x.cartridge").write_bytes(content)
    with pytest.raises(UserError) as error:
        load(folder / "x.cartridge")
    said = str(error.value)
    assert said.startswith(str(folder / "x.cartridge")) and "\n" not in said and len(said) < 700
    return said


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Changes one entry of a label."""

    def change(label: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        node: Any = label
        for part in parents:
            node = node[int(part) if isinstance(node, list) else part]
        node[last] = value

    return change


SAYS: list[tuple[str, Any, str]] = [
    ("kind", "tickworld data", "is no cartridge"),
    ("format", 2, "has format 2; this tickworld reads formats up to 1; update tickworld"),
    ("format", 10**4000, "reads formats up to 1; update tickworld"),
    ("format", 0, "setting 'format'"),
    ("more", 1, "there is no setting 'more'; known: "),
    ("origin.sead", 1, "there is no setting 'origin.sead'; did you mean 'seed'"),
    ("world.core.widht", 9, "did you mean 'width'"),
    ("world.core.kind", "os.system", "setting 'world.core'"),
    ("world.core", None, "setting 'world.core'"),
    ("spec.name", "pogn", "cannot be played: there is no game 'pogn'; did you mean 'pong'"),
    ("spec.name", "../pong", "cannot be played: there is no game '../pong'"),
    ("spec.params.0.name", "self", "cannot be played: pong has no param 'self'"),
    ("spec.params.0.name", "name", "cannot be played: pong has no param 'name'"),
    ("spec.params.0.default", 99, "param paddle_length of pong takes a whole number"),
    ("spec.params.0.default", float("nan"), "setting 'spec.params.0.default': Input should be a finite number"),
    ("spec.more", 1, "setting 'spec.more': Unexpected keyword argument"),
    ("spec.height", 64, "it learned pong with height = 64, and here it has 32; use the tickworld that packed it"),
    ("spec.actions", ["up", "stay", "down"], "it learned pong with actions = ('up', 'stay', 'down'), and here"),
    ("spec.players", ["one"] * 9999, "it learned pong with players = ('one', 'one',"),
    ("world.core.width", 9, "its weights are of another network: 'core."),
    ("world.core.width", 4096, "its weights are of another network: 'core."),
    ("world.core.width", 10**9, "its network has a setting of 1000000000, expected up to 4096"),
    ("world.core.width", 10**4000, "its network has a setting of 1000"),
    ("world.core.radius", [4096, 10**12], "its network has a setting of 1000000000000, expected up to 4096"),
    ("world.core.frames", 4096, "its weights are of another network: 'core."),
    ("world.core", {"kind": "lstm", "layers": 10**7}, "its network has a setting of 10000000, expected up to 4096"),
    ("world.core", {"kind": "gru"}, "initializer history gives frames"),
    ("claim.rollouts", 10**9, "setting 'claim.rollouts': Input should be less than or equal to 4096"),
    ("claim.frames", 10**9, "setting 'claim.frames': Input should be less than or equal to 100000"),
    ("claim.pixel_horizon.median", float("nan"), "setting 'claim.pixel_horizon.median'"),
]


@pytest.mark.parametrize(("entry", "value", "complaint"), SAYS, ids=[f"{each[0]} {str(each[1])[:12]}" for each in SAYS])
def test_a_label_that_is_wrong_or_means_harm(
    entry: str, value: Any, complaint: str, good: bytes, tmp_path: Path
) -> None:
    started = time.perf_counter()
    assert complaint in refusal(remade(good, put(entry, value)), tmp_path)
    assert time.perf_counter() - started < 20  # it takes milliseconds, and not what it asks for


HOLDS: list[tuple[str, Tensor | None, str]] = [
    ("world/core.answer.bias", None, "its weights are of another network: it lacks 'core.answer.bias'"),
    ("world/core.more", torch.zeros(2), "it has 'core.more', which this world does not"),
    ("world/core.answer.bias", torch.zeros(5), "'core.answer.bias' has shape [5], expected [2]"),
    ("world/core.answer.bias", torch.zeros(2).half(), "'core.answer.bias' holds torch.float16, expected torch.float32"),
    ("world/core.answer.bias", torch.tensor([0, torch.nan]), "its weight 'core.answer.bias' has values that are not"),
    ("world/core.answer.bias", torch.tensor([0, torch.inf]), "its weight 'core.answer.bias' has values that are not"),
    ("starts/frames", None, "its openings are not 4 frames of pong"),
    ("starts/frames", torch.zeros(3, 4, 32, 32, 1), "its openings are not 4 frames of pong"),
    ("starts/frames", torch.zeros(3, 4, 32, 31, 1, dtype=torch.uint8), "its openings are not 4 frames of pong"),
    ("starts/frames", torch.zeros(0, 4, 32, 32, 1, dtype=torch.uint8), "its openings are not 4 frames of pong"),
    ("starts/frames", torch.tensor(7, dtype=torch.uint8), "its openings are not 4 frames of pong"),
    ("starts/actions", torch.full((16, 3, 2), 3, dtype=torch.uint8), "its openings are not 4 frames of pong"),
    ("starts/actions", torch.zeros(2, 3, 2, dtype=torch.uint8), "its openings are not 4 frames of pong"),
    ("starts/more", torch.zeros(2), "its openings are not 4 frames of pong"),
    ("../../etc/passwd", torch.zeros(2), "it holds '..', and a cartridge holds world, starts and rewards"),
    ("/etc/passwd", torch.zeros(2), "it holds '', and a cartridge holds world, starts and rewards"),
]


@pytest.mark.parametrize(("name", "tensor", "complaint"), HOLDS, ids=[f"{each[0]} {each[2][-9:]}" for each in HOLDS])
def test_tensors_that_are_wrong(name: str, tensor: Tensor | None, complaint: str, good: bytes, tmp_path: Path) -> None:
    def change(tensors: dict[str, Tensor]) -> None:
        tensors.pop(name, None)
        if tensor is not None:
            tensors[name] = tensor

    assert complaint in refusal(remade(good, hold=change), tmp_path)


def framed(header: bytes, rest: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + rest


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        b"\xff" * 4000,
        b"PK\x03\x04" + b"\x00" * 200,
        b"\x80\x04\x95cos\nsystem\n",
        framed(b"{}"),
        framed(b"[" * 100_000),
        framed(b'{"__metadata__": {"label": 3}}'),
        framed(b'{"__metadata__": {"label": "[1, 2]"}}'),
        framed(b'{"__metadata__": {"label": "' + b"[" * 100_000 + b'"}}'),
        framed(b'{"__metadata__": ["label"]}'),
        framed(b'{"__metadata__": {"label": "{}"}, "x": ' + b"9" * 5000 + b"}"),
        framed(b" " * (LARGEST_HEADER + 1)),
        (2**63).to_bytes(8, "little") + b"{}",
    ],
    ids=str,
)
def test_what_is_no_cartridge(content: bytes, tmp_path: Path) -> None:
    assert "is no cartridge, or a damaged one; check the path, or get it anew" in refusal(content, tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.cartridge").open("wb") as file:
        file.truncate(100 * 2**30)  # no more than a length on the disk
    with pytest.raises(UserError, match=f"is no cartridge: it has more than {LARGEST:,} bytes"):
        load(tmp_path / "x.cartridge")


def test_a_cut_or_longer_file_is_refused(good: bytes, tmp_path: Path) -> None:
    header = 8 + int.from_bytes(good[:8], "little")
    for length in (header, header + 1, (header + len(good)) // 2, len(good) - 1):
        assert "is damaged (" in refusal(good[:length], tmp_path)
    for length in (9, header // 2):
        assert "is no cartridge" in refusal(good[:length], tmp_path)
    assert "is damaged (" in refusal(good + b"more", tmp_path)


def test_offsets_that_lie_are_refused(good: bytes, tmp_path: Path) -> None:
    size = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + size])
    for offsets in ([0, 2**40], [-4, 4], [8, 0], [0, 0]):
        lying = header | {"world/core.answer.bias": header["world/core.answer.bias"] | {"data_offsets": offsets}}
        assert "is damaged (" in refusal(framed(json.dumps(lying).encode(), good[8 + size :]), tmp_path)
    for wrong in ({"dtype": "F8_E4M3"}, {"dtype": "PYTHON"}, {"shape": [2**62, 2**62]}, {"shape": [-2]}):
        lying = header | {"world/core.answer.bias": header["world/core.answer.bias"] | wrong}
        assert "is damaged (" in refusal(framed(json.dumps(lying).encode(), good[8 + size :]), tmp_path)


def test_whatever_is_flipped_it_plays_or_is_refused(good: bytes, tmp_path: Path) -> None:
    noise, header = random.Random(0), 8 + int.from_bytes(good[:8], "little")
    for _ in range(300):
        content = bytearray(good)
        for _ in range(noise.randint(1, 3)):
            content[noise.randrange(header if noise.random() < 0.9 else len(good))] ^= 1 << noise.randrange(8)
        (tmp_path / "x.cartridge").write_bytes(content)
        try:
            load(tmp_path / "x.cartridge")
        except UserError as error:
            assert "\n" not in str(error)
