"""Operators that we write in ONNX ourselves are as exact as torch's, also far out."""

from __future__ import annotations

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from tickworld.export.onnx import _quiet
from tickworld.export.operators import translations
from tickworld.models.gaussians import gumbel


class Both(nn.Module):
    """The logarithms of the normal distribution function and of the logistic function, and what draws use one for."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return torch.special.log_ndtr(x), gumbel(x), nn.functional.logsigmoid(x)


@pytest.fixture(scope="module")
def both() -> onnxruntime.InferenceSession:
    with _quiet():
        made = torch.onnx.export(
            Both(), (torch.zeros(1001),), opset_version=20, custom_translation_table=translations(), verbose=False
        )
    assert made is not None
    return onnxruntime.InferenceSession(made.model_proto.SerializeToString())


@pytest.mark.parametrize("ends", [(-9.0, 9.0), (-1.0, 1.0), (1.0, 2.0), (-30.0, 0.0)])
def test_logarithms_of_distribution_functions(ends: tuple[float, float], both: onnxruntime.InferenceSession) -> None:
    x = torch.linspace(*ends, 1001)
    outputs = both.run(None, {both.get_inputs()[0].name: x.numpy()})
    logarithm, draws, logistic = (torch.from_numpy(each) for each in outputs)
    exact = torch.special.log_ndtr(x.double())
    torch.testing.assert_close(logarithm.double(), exact, rtol=2e-5, atol=0)
    torch.testing.assert_close(draws.double(), -(-exact).log(), rtol=3e-6, atol=3e-6)
    torch.testing.assert_close(logistic.double(), nn.functional.logsigmoid(x.double()), rtol=1e-5, atol=0)
