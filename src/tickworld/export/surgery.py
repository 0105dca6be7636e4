"""What is done to the content of an .onnx file: a part of its graph cut out, its weights stored as halves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LONG = 256
"""Shorter weights stay as they are: a conversion takes about as many bytes as it saves."""


def part(content: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """What leads from ``inputs`` to ``outputs`` and nothing else. Needs the package onnx."""
    import onnx

    cut = onnx.utils.Extractor(onnx.load_from_string(content)).extract_model(list(inputs), list(outputs))
    onnx.checker.check_model(cut)
    return cut.SerializeToString()


def halved(content: bytes) -> bytes:
    """The same graph with its float32 weights rounded to float16 and made float32 again as it is played: half as large.
    Needs the package onnx."""
    import onnx

    model = onnx.load_from_string(content)
    graph, casts = model.graph, []
    for weights in graph.initializer:
        if weights.data_type == onnx.TensorProto.FLOAT and np.prod(weights.dims) >= LONG:
            casts.append(_stored_half(weights))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def weights_size(content: bytes) -> int:
    """Bytes that ``halved`` would halve. Needs the package onnx."""
    import onnx

    tensors = onnx.load_from_string(content).graph.initializer
    sizes = (int(np.prod(each.dims)) for each in tensors if each.data_type == onnx.TensorProto.FLOAT)
    return 4 * sum(size for size in sizes if size >= LONG)


def _stored_half(weights: Any) -> Any:
    """Rounds ``weights`` in place, under another name; the operator that makes float32 of them under the old one."""
    import onnx

    name, numbers = weights.name, onnx.numpy_helper.to_array(weights)
    largest = np.finfo(np.float16).max
    half = onnx.numpy_helper.from_array(numbers.clip(-largest, largest).astype(np.float16), f"{name}.half")
    weights.CopyFrom(half)
    return onnx.helper.make_node("Cast", [half.name], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT)
