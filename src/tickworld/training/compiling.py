"""``torch.compile`` where it pays on a CPU: cores whose tick is many small operations that no fused layer does at once.

What it is worth, and where it is not: ``benchmarks/cores.py --compile``.
"""

from __future__ import annotations

import os
import shutil
import warnings
from typing import Any

import torch

from tickworld.errors import UserError
from tickworld.models.parts import Core


def compile_tick(core: Core) -> None:
    """Has the core's ``_tick`` compiled wherever gradients are wanted: what is played on the way, such as pictures, has
    other shapes, each of which would take minutes.

    Raises UserError for a core that has none, and where there is no compiler.
    """
    plain: Any = getattr(core, "_tick", None)
    if plain is None:
        raise UserError(
            "this world's core has no tick of many small steps, and gains nothing by --compile; leave it out"
        )
    compiler = os.environ.get("CXX", "g++")
    if not shutil.which(compiler):
        raise UserError(f"--compile needs a C++ compiler, and there is no {compiler} here; install one or leave it out")
    fast = torch.compile(plain)
    warnings.filterwarnings("ignore", "The .grad attribute of a Tensor that is not a leaf")  # torch asks itself

    def tick(*values: Any) -> Any:
        return (fast if torch.is_grad_enabled() else plain)(*values)

    vars(core)["_tick"] = tick
