"""Row and column profiles that are drawn by filters which the state itself predicts.

    logits(c, i, j) = b(c, i, j) + sum_r row(c, r, i) column(c, r, j)        (row, column) = W_0 s + b' + W(s) s

As ``profiles``, but the layer that gives the profiles has weights predicted from the same state: the seed's "runtime
feature detectors". Profiles that are linear in the state give logits of the second degree in it; here, with no hidden
layer, they are of the fourth, so where a thing is drawn may depend on a product of what the state holds (place times
side, say) and the core need not lay it out for the renderer. How weights are predicted: ``tickworld.models.filters``.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from tickworld.config import Config
from tickworld.models.filters import Filtered, Kind
from tickworld.models.renderers.profiles import Profiles
from tickworld.simulator import Spec


class RuntimeConfig(Config):
    """Row and column profiles by predicted filters."""

    kind: Literal["runtime"] = "runtime"
    shapes: int = Field(default=24, gt=0)
    """how many shapes add up to the frame"""
    filters: Kind = "product"
    """how the predicted weights are written: all of them, pairs of filters, or gains of fixed filters"""
    rank: int = Field(default=64, gt=0)
    """pairs or gains that are predicted; not used by full"""
    hidden: int = Field(default=0, ge=0)
    """units of the network that predicts; 0: none, so that profiles are polynomials of the state"""

    def build(self, spec: Spec, out_shape: tuple[int, ...]) -> Runtime:
        """The renderer for frames of ``spec``."""
        return Runtime(math.prod(out_shape), (spec.channels, spec.height, spec.width), self)


class Runtime(Profiles):
    """See the module docstring."""

    def __init__(self, size: int, frame: tuple[int, int, int], config: RuntimeConfig) -> None:
        super().__init__(size, frame, config.shapes)
        profiles = self.rows_and_columns.out_features
        self.rows_and_columns = Filtered(size, profiles, config.filters, config.rank, config.hidden)
