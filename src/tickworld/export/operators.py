"""Operators of torch that the exporter has no ONNX for, or one that loses what matters, written in those of ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

ERFC = (
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806,
    0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
)  # fmt: skip
"""Coefficients of ln(erfc(z) / t) + z^2 in powers of t = 1 / (1 + z / 2), for z >= 0: Press et al., "Numerical Recipes
in C", 2nd edition, 6.2; erfc is right to 1.2e-7 of itself, however small it is."""
SERIES = tuple(1 / power for power in range(8, 0, -1))
"""Coefficients of -ln(1 - p) / p, from that of p^7 down."""
SMALL = 0.1
"""Below it that series is right to 1e-9; above it the logarithm itself is."""


def translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """What to give to ``torch.onnx.export`` as its ``custom_translation_table``. Needs onnxscript."""
    from onnxscript import opset20

    op: Any = opset20  # its own types know no floats

    def log_ndtr(x: Any) -> Any:
        """The logarithm of the standard normal distribution function. From ONNX's Erf it would lose all digits at both
        ends, where draws of rare components come from."""
        z = op.Mul(op.Abs(x), math.sqrt(0.5))
        t = op.Reciprocal(op.Add(1.0, op.Mul(z, 0.5)))
        tail = op.Add(op.Sub(op.Log(t), op.Mul(z, z)), _polynomial(op, ERFC[::-1], t))
        below = op.Sub(tail, math.log(2))  # ln Phi(-|x|)
        p = op.Exp(below)
        above = op.Where(op.Less(p, SMALL), op.Mul(p, _polynomial(op, SERIES, p)), op.Neg(op.Log(op.Sub(1.0, p))))
        return op.Where(op.Less(x, 0.0), below, op.Neg(above))

    def log_sigmoid(x: Any) -> Any:
        """The logarithm of the logistic function. Of ONNX's Sigmoid, which is 0 below -18, it would be infinite."""
        return op.Neg(op.Softplus(op.Neg(x)))

    def log_sigmoid_forward(x: Any) -> Any:
        """The same as torch's gradient wants it: a second value is only for that."""
        return log_sigmoid(x), x

    aten = torch.ops.aten
    return {
        aten.special_log_ndtr.default: log_ndtr,
        aten.log_sigmoid.default: log_sigmoid,
        aten.log_sigmoid_forward.default: log_sigmoid_forward,
    }


def _polynomial(op: Any, coefficients: tuple[float, ...], x: Any) -> Any:
    """Highest power first."""
    first, *others = coefficients
    total = op.Add(op.Mul(x, 0.0), first)
    for each in others:
        total = op.Add(op.Mul(total, x), each)
    return total
