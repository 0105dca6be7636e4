"""The table of cores: one file and one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.models.cores.bodies import BodiesConfig
from tickworld.models.cores.cellular import CellularConfig
from tickworld.models.cores.committee import CommitteeConfig
from tickworld.models.cores.dilated import DilatedConfig
from tickworld.models.cores.dnc import DncConfig
from tickworld.models.cores.engine import EngineConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.cores.lstm import LstmConfig
from tickworld.models.cores.mdn_rnn import MdnRnnConfig
from tickworld.models.cores.mingru import MinGruConfig
from tickworld.models.cores.ntm import NtmConfig
from tickworld.models.cores.recall import RecallConfig
from tickworld.models.cores.rssm import RssmConfig
from tickworld.models.cores.runtime import RuntimeConfig
from tickworld.models.cores.snapped import SnappedConfig
from tickworld.models.cores.transformer import TransformerConfig
from tickworld.models.cores.transition import TransitionConfig
from tickworld.models.cores.unet import UnetConfig
from tickworld.models.cores.window import WindowConfig

CoreConfig = Annotated[
    GruConfig
    | LstmConfig
    | TransitionConfig
    | DilatedConfig
    | MinGruConfig
    | NtmConfig
    | DncConfig
    | WindowConfig
    | TransformerConfig
    | RuntimeConfig
    | MdnRnnConfig
    | RssmConfig
    | SnappedConfig
    | RecallConfig
    | CellularConfig
    | EngineConfig
    | UnetConfig
    | CommitteeConfig
    | BodiesConfig,
    Field(discriminator="kind"),
]
