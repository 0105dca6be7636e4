"""What an exported file says about itself.

    tickworld     the version that wrote it
    opset         the version of ONNX's operators
    spec          name, frame size, palette, players, actions and params of the game, as JSON
    noise         how many numbers are drawn each tick, N; 0: none
    starts        how many first states there are, K
    start.<field>, start.frame    K rows of that input, and what they look like: little-endian numbers in base64

All of it are pairs of words in ``metadata_props``, which onnxruntime shows as ``custom_metadata_map``.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tickworld import __version__
from tickworld import config as configs
from tickworld.export.tick import Tick

OPSET = 20
"""Version of ONNX's operators: the newest that every onnxruntime since 1.17 reads, in a browser too."""
START = "start."


def metadata(tick: Tick) -> dict[str, str]:
    """What the file of ``tick`` says."""
    with torch.no_grad():
        shown = {**tick.start._asdict(), "frame": tick.world.render(tick.start)}
    return {
        "tickworld": __version__,
        "opset": str(OPSET),
        "spec": json.dumps(configs.plain(tick.spec)),
        "noise": str(tick.noise),
        "starts": str(len(tick.start.out)),
    } | {START + name: packed(field.numpy()) for name, field in shown.items()}


def read_metadata(content: bytes) -> dict[str, str]:
    """What an .onnx file says. Needs the package onnx."""
    import onnx

    return {each.key: each.value for each in onnx.load_from_string(content).metadata_props}


def read_starts(content: bytes) -> dict[str, NDArray[Any]]:
    """The first states in an .onnx file by input, and as ``frame`` what they look like; all of K rows."""
    import onnx

    graph, told, starts = onnx.load_from_string(content).graph, read_metadata(content), {}
    for port in (*graph.input, *graph.output):
        if text := told.get(START + port.name):
            kind = onnx.helper.tensor_dtype_to_np_dtype(port.type.tensor_type.elem_type)
            shape = [axis.dim_value for axis in port.type.tensor_type.shape.dim[1:]]
            starts[port.name] = np.frombuffer(base64.b64decode(text), kind.newbyteorder("<")).reshape(-1, *shape)
    return starts


def packed(numbers: NDArray[Any]) -> str:
    """Little-endian numbers in base64."""
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()
