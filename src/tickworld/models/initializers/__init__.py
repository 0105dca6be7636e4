"""The table of initializers: one file and one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.initializers.history import HistoryConfig
from tickworld.models.initializers.params import ParamsConfig

InitializerConfig = Annotated[
    ParamsConfig | FramesConfig | HistoryConfig,
    Field(discriminator="kind"),
]
