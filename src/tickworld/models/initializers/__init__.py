"""The table of initializers: one file and one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.models.initializers.described import DescribedConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.inferred import InferredConfig
from tickworld.models.initializers.params import ParamsConfig
from tickworld.models.initializers.table import TableConfig

InitializerConfig = Annotated[
    ParamsConfig | FramesConfig | HistoryConfig | DescribedConfig | TableConfig | InferredConfig,
    Field(discriminator="kind"),
]
