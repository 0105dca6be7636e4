"""One tick of a learned world as one ONNX file, to play it where there is no torch: in a browser, in a game engine.

    inputs     every field of the core's state under its own name, [B, ...]
               actions  uint8 [B, P], indices into the spec's actions
               noise    float32 [B, N], standard normal; only where the world draws its dreams; zeros: mean or mode
    outputs    every field of the state one tick later, <field>_out
               frame    float32 [B, C, H, W] in 0..1, what that state looks like

B is free. What comes out as <field>_out goes in as <field> at the next tick; the graph itself remembers nothing. It is
traced from the world that plays here, whose parts are written once.

Where a game begins is data: up to ``STARTS`` first states lie in the file's metadata. A second graph, from openings to
states, would serve only who brings openings of their own, and whoever just wants to play would have to bring some.

    tickworld     the version that wrote it              opset     of ONNX
    spec          name, frame size, palette, players, actions and params of the game, as JSON
    noise         N, 0 for a world that draws nothing    starts    how many first states there are, K
    start.<field>, start.frame    K rows of that input, and what they look like: little-endian numbers as base64
"""

from __future__ import annotations

import base64
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tickworld import __version__, files, seeds
from tickworld import config as configs
from tickworld.errors import UserError
from tickworld.export.operators import translations
from tickworld.models.learned import Drawn, Learned
from tickworld.simulator import Opening

SUFFIX = ".onnx"
OPSET = 20
"""Of ONNX; onnxruntime reads it since 1.17, onnxruntime-web since the same."""
STARTS = 8
"""First states that a file holds, at most."""
CLOSE = 1e-5
"""How far a tick in onnxruntime may be from the same one in torch, of 1 or of the number itself, whichever is larger."""
TICKS = 8
"""For how many ticks that is looked at before a file is written."""

Play = Callable[..., tuple[Tensor, ...]]
"""(state, actions, noise or None) -> the fields of the next state, then the frame."""


class Tick(nn.Module):
    """One tick of ``world`` as a function of tensors alone, a ``Play``."""

    def __init__(self, world: Learned) -> None:
        super().__init__()
        self.world = world.world
        self.noise = world.noise
        self.players, self.actions = len(world.spec.players), len(world.spec.actions)
        self.start = first_states(world)
        self.record = type(self.start)

    def forward(self, state: tuple[Tensor, ...], actions: Tensor, noise: Tensor | None = None) -> tuple[Tensor, ...]:
        """See the module docstring."""
        later = self.world.update(self.record(*state), actions, noise)
        return (*later, self.world.render(later))

    def keys(self, rows: int, tick: int) -> tuple[Tensor, Tensor | None]:
        """Some actions and noise, the same for the same ``tick``."""
        chance = seeds.generator(tick, "export")
        pressed = torch.from_numpy(chance.integers(self.actions, size=(rows, self.players), dtype=np.uint8))
        drawn = chance.standard_normal((rows, self.noise), np.float32)
        return pressed, torch.from_numpy(drawn) if self.noise else None


class Exported(NamedTuple):
    """What was written: ``inputs`` and ``outputs`` as (name, "type [axes]"), and by how much ``ticks`` ticks of it in
    onnxruntime differ from torch, at most."""

    inputs: list[tuple[str, str]]
    outputs: list[tuple[str, str]]
    ticks: int
    difference: float


def export(world: Learned, path: Path) -> Exported:
    """Writes one tick of ``world`` to the .onnx file ``path``, whole or not at all, once it has been played beside
    torch.

    Raises UserError for another suffix, when the packages of the extra ``export`` are not installed, for a world that
    plays differently in onnxruntime, and when the disk refuses.
    """
    if path.suffix.lower() != SUFFIX:
        raise UserError(_suffix_mistake(path))
    _check_installed()
    tick = Tick(world)
    program = traced(tick)
    content = translated(program, tick, metadata(world, tick))
    # the traced program and not the world: where a core leaves something open, the graph has settled it
    worst = difference(content, program.module(), tick)
    if not worst <= CLOSE:
        raise UserError(
            f"the exported world differs from the learned one by {worst:.1e} after {TICKS} ticks, expected at most "
            f"{CLOSE:g}; nothing was written; try another version of onnxruntime, and tell us about it"
        )
    files.write_bytes(path, content)
    return Exported(*_ports(content), TICKS, worst)


def first_states(world: Learned) -> Any:
    """The states, at most ``STARTS``, from which the world begins: after its own openings if it has some, else for
    params drawn as its game draws them. Raises UserError for a world that must be shown an opening and has none."""
    shown = None if world.starts is None else Opening(*(each[:STARTS] for each in world.starts))
    streams = seeds.rows(0, 0, STARTS if shown is None else len(shown.frames))
    state = world.init(world.spec.draw(streams), streams, shown)
    state = state.world if isinstance(state, Drawn) else state
    return type(state)(*(field.clone() for field in state))  # no longer tensors of inference mode, which has ended


def traced(tick: Tick) -> torch.export.ExportedProgram:
    """``tick`` as a graph of torch's operators, for any number of rows."""
    rows = torch.export.Dim("batch")
    state = tuple(torch.cat([field, field])[:2].contiguous() for field in tick.start)  # one row would be taken for all
    actions, noise = tick.keys(2, tick=0)
    inputs = (state, actions) if noise is None else (state, actions, noise)
    axes: tuple[Any, ...] = (tuple({0: rows} for _ in state), *({0: rows} for _ in inputs[1:]))
    with torch.no_grad(), _quiet():
        return torch.export.export(tick.eval(), inputs, dynamic_shapes=axes, strict=False)


def translated(program: torch.export.ExportedProgram, tick: Tick, told: Mapping[str, str]) -> bytes:
    """The content of the .onnx file for ``program``, with ``told`` as its metadata."""
    import onnx

    names = tick.record._fields
    with _quiet():
        made = torch.onnx.export(
            program,
            input_names=[*names, "actions", *(["noise"] if tick.noise else [])],
            output_names=[*(f"{name}_out" for name in names), "frame"],
            opset_version=OPSET,
            custom_translation_table=translations(),
            external_data=False,
            verbose=False,
        )
    assert made is not None
    model = made.model_proto
    _tidy(model)
    model.producer_name, model.producer_version = "tickworld", __version__
    onnx.helper.set_model_props(model, dict(told))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def metadata(world: Learned, tick: Tick) -> dict[str, str]:
    """What the file says about itself; see the module docstring."""
    with torch.no_grad():
        shown = {**tick.start._asdict(), "frame": world.world.render(tick.start)}
    return {
        "tickworld": __version__,
        "opset": str(OPSET),
        "spec": json.dumps(configs.plain(world.spec)),
        "noise": str(tick.noise),
        "starts": str(len(tick.start.out)),
    } | {f"start.{name}": _packed(field.numpy()) for name, field in shown.items()}


def read_starts(content: bytes) -> dict[str, NDArray[Any]]:
    """The first states in an .onnx file by input, and as ``frame`` what they look like; all of K rows."""
    import onnx

    model = onnx.load_from_string(content)
    told = {each.key: each.value for each in model.metadata_props}
    starts = {}
    for port in (*model.graph.input, *model.graph.output):
        if text := told.get(f"start.{port.name}"):
            kind = onnx.helper.tensor_dtype_to_np_dtype(port.type.tensor_type.elem_type)
            shape = [axis.dim_value for axis in port.type.tensor_type.shape.dim[1:]]
            starts[port.name] = np.frombuffer(base64.b64decode(text), kind.newbyteorder("<")).reshape(-1, *shape)
    return starts


def difference(content: bytes, play: Play, tick: Tick, rows: int | None = None, ticks: int = TICKS) -> float:
    """By how much the .onnx file and ``play`` differ at most, in any number of state or frame, while both go on from
    what they themselves put out: as a share of the number where that is above 1. From ``rows`` of the first states (by
    default all there are) under some actions and noise, for ``ticks`` ticks."""
    session = _session(content)
    count = len(tick.start.out)
    chosen = torch.arange(count if rows is None else rows) % count
    state = tuple(field[chosen] for field in tick.start)
    names, worst = tick.record._fields, 0.0
    feed = {name: field.numpy() for name, field in zip(names, state, strict=True)}
    with torch.no_grad():
        for number in range(ticks):
            actions, noise = tick.keys(len(chosen), number)
            put = feed | {"actions": actions.numpy()} | ({} if noise is None else {"noise": noise.numpy()})
            got = session.run(None, put)
            wanted = play(state, actions) if noise is None else play(state, actions, noise)
            worst = max([worst, *(_apart(*pair) for pair in zip(wanted, got, strict=True))], key=_as_bad)
            state, feed = wanted[:-1], dict(zip(names, got, strict=False))
    return worst


def _apart(wanted: Tensor, got: NDArray[Any]) -> float:
    one, other = wanted.numpy().astype(np.float64), got.astype(np.float64)
    if one.shape != other.shape:
        return float("inf")
    return float(np.max(np.abs(one - other) / np.maximum(np.abs(one), 1), initial=0))


def _as_bad(apart: float) -> float:
    """A number that compares: nothing is worse than what is none."""
    return apart if apart == apart else float("inf")


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # worlds are small: threads would wait for each other
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _ports(content: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Inputs and outputs for a person."""
    session = _session(content)
    inputs, outputs = (
        [(port.name, f"{port.type[7:-1]} [{', '.join(map(str, port.shape))}]") for port in ports]
        for ports in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs


def _tidy(model: Any) -> None:
    """Takes out what the exporter notes of its own work, paths of this machine among it, and names the free axis."""
    graph = model.graph
    del graph.value_info[:]
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *model.functions):
        part.doc_string = ""
        del part.metadata_props[:]
    for port in (*graph.input, *graph.output):
        port.type.tensor_type.shape.dim[0].dim_param = "batch"


def _packed(numbers: NDArray[Any]) -> str:
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()


def _check_installed() -> None:
    try:
        import onnx
        import onnxruntime
        import onnxscript
    except ImportError as error:
        raise UserError(
            f"export needs {error.name}, and it is not installed; install it with: pip install 'tickworld[export]'"
        ) from error


def _suffix_mistake(path: Path) -> str:
    if path.suffix.lower() in (".html", ".htm"):
        return f"a world cannot be exported as a page yet; got {path.name!r}; name it something{SUFFIX}"
    return f"export writes an ONNX file; got {path.name!r}; name it something{SUFFIX}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch tells of its own insides here, such as packages that it could use; nothing of it is of use to anyone."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
