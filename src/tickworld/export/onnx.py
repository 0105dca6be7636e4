"""One tick of a learned world as one ONNX file, to play it where there is no torch: in a browser, in a game engine.

    inputs     every field of the core's state under its own name, [B, ...]
               actions  uint8 [B, P], indices into the actions of the spec
               noise    float32 [B, N], standard normal; only where the world draws its dreams; zeros: mean or mode
    outputs    every field of the state one tick later, <field>_out
               frame    float32 [B, C, H, W] in 0..1, what that state looks like

B is free. What comes out as <field>_out goes in as <field> at the next tick; the file itself remembers nothing. It is
traced from the parts that play here: no rule is written twice.

Where games begin is data: a few first states lie in the file's metadata (``tickworld.export.metadata``). A second
graph, from openings to states, would serve only those who bring openings of their own, and all who just want to play
would have to find some.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tickworld import __version__, files
from tickworld.errors import UserError, check_installed
from tickworld.export.metadata import OPSET, metadata
from tickworld.export.operators import translations
from tickworld.export.parity import CLOSE, TICKS, difference
from tickworld.export.tick import Tick, Traceable
from tickworld.models.learned import Learned
from tickworld.progress import Progress, Silent

SUFFIX = ".onnx"
NEEDED = ("onnx", "onnxscript", "onnxruntime")
"""What the extra ``export`` brings; loaded late, as little else needs it."""


class Exported(NamedTuple):
    """What was written: ``inputs`` and ``outputs`` by name as "type [axes]", from how many first ``starts`` it was
    played beside torch for how many ``ticks``, and by how much the two differed at most."""

    inputs: dict[str, str]
    outputs: dict[str, str]
    starts: int
    ticks: int
    difference: float


def export(world: Learned, path: Path, show: Progress | None = None) -> Exported:
    """Writes one tick of ``world`` to the .onnx file ``path``, whole or not at all, after it has been played beside
    torch.

    Raises UserError for another suffix, when the packages of the extra ``export`` are not installed, for a world that
    must be shown an opening and has none, for one that plays differently in onnxruntime, and when the disk refuses.
    """
    show = show or Silent()
    _check_suffix(path)
    check_installed(NEEDED, "export")
    tick = Tick(world)
    content, apart = played(tick, show)
    files.write_bytes(path, content)
    return Exported(*_ports(content), len(tick.start.out), TICKS, apart)


def played(tick: Tick, show: Progress) -> tuple[bytes, float]:
    """``tick`` as the content of an .onnx file, which was played beside torch, and by how much the two differed.

    Raises UserError when that is too much.
    """
    show.say(f"tracing one tick of {tick.spec.name} ...")
    program = traced(tick)
    content = translated(program, tick, metadata(tick))
    show.say(f"playing {len(tick.start.out)} games of {TICKS} ticks in onnxruntime and in torch ...")
    # the program and not the world: what a core leaves open, as which of equals is the first, it has settled
    apart = difference(content, program.module(), tick)
    if not apart <= CLOSE:
        raise UserError(
            f"the exported world is {apart:.1e} away from the learned one after {TICKS} ticks, expected at most "
            f"{CLOSE:g}; nothing was written; try other versions of onnx and onnxruntime, and report it"
        )
    return content, apart


def traced(graph: Traceable) -> torch.export.ExportedProgram:
    """``graph`` in torch's operators, for any number of rows."""
    rows, inputs = torch.export.Dim("batch"), graph.example()
    axes = tuple(tuple({0: rows} for _ in each) if isinstance(each, tuple) else {0: rows} for each in inputs)
    with torch.no_grad(), _quiet():
        return torch.export.export(graph.eval(), inputs, dynamic_shapes=axes, strict=False)


def translated(program: torch.export.ExportedProgram, graph: Traceable, told: Mapping[str, str] | None = None) -> bytes:
    """The content of the .onnx file of ``program``, which was traced from ``graph``; ``told`` is its metadata."""
    import onnx

    with _quiet():
        made = torch.onnx.export(
            program,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            opset_version=OPSET,
            custom_translation_table=translations(),
            verbose=False,
        )
    assert made is not None
    model = made.model_proto
    _tidy(model)
    model.producer_name, model.producer_version = "tickworld", __version__
    onnx.helper.set_model_props(model, dict(told or {}))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _tidy(model: Any) -> None:
    """Takes out what the exporter notes of its own work, paths on this machine among it, and names the free axis."""
    graph = model.graph
    del graph.value_info[:]
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *model.functions):
        part.doc_string = ""
        del part.metadata_props[:]
    for port in (*graph.input, *graph.output):
        port.type.tensor_type.shape.dim[0].dim_param = "batch"


def _ports(content: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """Inputs and outputs for a person."""
    import onnx

    def told(port: Any) -> str:
        kind = onnx.helper.tensor_dtype_to_np_dtype(port.type.tensor_type.elem_type)
        axes = (axis.dim_param or str(axis.dim_value) for axis in port.type.tensor_type.shape.dim)
        return f"{kind} [{', '.join(axes)}]"

    graph = onnx.load_from_string(content).graph
    inputs, outputs = ({port.name: told(port) for port in ports} for ports in (graph.input, graph.output))
    return inputs, outputs


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() != SUFFIX:
        raise UserError(f"this writes an ONNX file; got {path.name!r}; name it something{SUFFIX}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch's exporter tells of its insides, such as packages that it could do with; nothing there helps a user."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
