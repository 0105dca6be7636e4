"""The table of cores: one file and one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.models.cores.bodies import BodiesConfig
from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.lstm import LstmConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.runtime import RuntimeConfig
from tickworld.models.cores.snapped import SnappedConfig

CoreConfig = Annotated[
    GruConfig | LstmConfig | SnappedConfig | CommitteeConfig | BodiesConfig | RuntimeConfig | MdnRnnConfig | RssmConfig,
    Field(discriminator="kind"),
]
