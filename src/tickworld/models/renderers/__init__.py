"""The table of renderers: one file and one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tickworld.models.renderers.deconv import DeconvConfig
from tickworld.models.renderers.dense import DenseConfig
from tickworld.models.renderers.diffusion import DiffusionConfig
from tickworld.models.renderers.palette import PaletteConfig
from tickworld.models.renderers.profiles import ProfilesConfig
from tickworld.models.renderers.runtime import RuntimeConfig
from tickworld.models.renderers.sprites import SpritesConfig
from tickworld.models.renderers.vae import VaeConfig

RendererConfig = Annotated[
    DenseConfig
    | DeconvConfig
    | ProfilesConfig
    | PaletteConfig
    | SpritesConfig
    | RuntimeConfig
    | VaeConfig
    | DiffusionConfig,
    Field(discriminator="kind"),
]
