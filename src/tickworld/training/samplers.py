"""The table of samplers: one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.training.rare import RareConfig
from tickworld.training.sampling import HardConfig, UniformConfig
from tickworld.training.streamed import StreamedConfig

SamplerConfig = Annotated[UniformConfig | HardConfig | RareConfig | StreamedConfig, Field(discriminator="kind")]
