"""Names and options of games that come from Gymnasium. Nothing here loads Gymnasium.

    gym:ALE/Pong-v5                         a registered id
    gym:my_module:MyGame-v0                 an id that importing ``my_module`` registers
    gym:my_module:make                      what ``make()`` gives: a function or a class of ``my_module``
    gym:ALE/Pong-v5?skip=4&size=[64,64]     with options, as fields of ``GymConfig``

The full name, with every option that is not at its default, is the name in the game's spec: whoever has the spec, such
as a recording or a cartridge, can make the same game again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import quote, unquote

from pydantic import Field, JsonValue, field_validator

from tickworld import config as configs
from tickworld.config import Config
from tickworld.errors import UserError

PREFIX = "gym:"
TRUST = "TICKWORLD_TRUST"
"""Environment variable: modules, apart by commas, whose code may be run when a file that was loaded names them."""

LARGEST = 1024
"""Pixels of a side of a frame."""

Byte = Annotated[int, Field(ge=0, le=255)]
Cut = Annotated[int, Field(ge=0, le=4096)]


class GymConfig(Config):
    """How an environment of Gymnasium is shown and played."""

    source: Literal["auto", "render", "observation"] = "auto"
    """where frames come from; auto: from the observation where that is a picture, else from its rendering"""
    crop: tuple[Cut, Cut, Cut, Cut] = (0, 0, 0, 0)
    """pixels cut off before all else: at the top, at the bottom, on the left, on the right"""
    grey: bool = False
    """one channel of brightness in place of three of colour"""
    size: Literal["auto"] | tuple[int, int] = "auto"
    """height and width in pixels, or one number, 0: as it is; auto: up to 64, or what thin things need"""
    resize: Literal["auto", "nearest", "area"] = "auto"
    """nearest keeps colours, area thin things; auto: nearest where random play shows few colours"""
    palette: int = Field(default=16, ge=0, le=256)
    """most colours of a palette; there is none where random play shows more, or where resizing blurs"""
    skip: int = Field(default=1, ge=1, le=64)
    """steps of the environment in a tick, under one action; the last frame is shown, rewards are summed"""
    sticky: float = Field(default=0.0, ge=0, le=1)
    """chance that a tick presses the action of the tick before in place of its own"""
    noops: int = Field(default=0, ge=0, le=1000)
    """ticks under the first action before an episode begins: 1 up to so many, as its seed says; 0 for none"""
    limit: bool = True
    """whether the environment's own limit of steps ends an episode"""
    arguments: dict[str, JsonValue] = {}
    """arguments that the environment is made with, by name, e.g. full_action_space: true"""
    actions: dict[str, str] = {}
    """the only actions to be had, by new names, e.g. up: RIGHT; the first is the one to rest with; none: all"""
    objects: dict[str, tuple[Byte, ...]] = {}
    """things that a colour of the palette tells, by name, e.g. ball: [236,236,236]; player and ball can be tracked"""

    @field_validator("size", mode="before")
    @classmethod
    def _two_sides(cls, value: Any) -> Any:
        sides = (value, value) if isinstance(value, int) else value
        given = isinstance(sides, (list, tuple)) and [isinstance(each, int) and 0 <= each <= LARGEST for each in sides]
        if sides != "auto" and given != [True, True]:
            raise ValueError(
                f"expected auto, [height, width] or one number for both, each in 0..{LARGEST} pixels; got {value!r}"
            )
        return sides


class Address(NamedTuple):
    """What a name says: ``what`` stands between the prefix and the options."""

    what: str
    config: GymConfig

    @property
    def name(self) -> str:
        """The full name, with every option that is not at its default."""
        options = [f"{name}={quote(_typed(value), safe=_PLAIN)}" for name, value in changed(self.config).items()]
        return PREFIX + self.what + ("?" + "&".join(options) if options else "")

    @property
    def module(self) -> str | None:
        """The module that is imported for it, if there is one."""
        return self.what.rpartition(":")[0] or None


def is_gym(name: str) -> bool:
    """Whether ``name`` is that of a game from Gymnasium."""
    return name.startswith(PREFIX)


def parsed(name: str, options: Mapping[str, Any] | None = None) -> Address:
    """What ``name`` says, with more ``options`` by their (dotted) names. Raises UserError for an option that does not
    exist, with near matches, and for one that is written wrongly."""
    what, _, query = name.removeprefix(PREFIX).partition("?")
    if not _WHAT.fullmatch(what):
        raise UserError(
            f"a game from Gymnasium is called {PREFIX}ID, such as gym:CartPole-v1, or {PREFIX}MODULE:CALLABLE; "
            f"got {name!r}"
        )
    asked: dict[str, Any] = {}
    for option in query.split("&") if query else ():
        key, equals, value = option.partition("=")
        if not equals:
            raise UserError(f"options of a game are written {PREFIX}{what}?skip=4&grey=true; got {option!r}")
        asked[key] = unquote(value)
    try:
        return Address(what, configs.override(GymConfig(), asked | dict(options or {})))
    except UserError as error:
        raise UserError(f"{PREFIX}{what}: {error}") from error


def changed(config: GymConfig) -> dict[str, Any]:
    """The options that are not at their default, by their dotted names."""
    usual = dict(configs.leaves(GymConfig().model_dump(mode="json")))
    now = configs.leaves(config.model_dump(mode="json"))
    return {name: value for name, value in now if usual.get(name) != value}


def check_trusted(name: str, where: str) -> None:
    """Raises UserError when playing game ``name``, which the file ``where`` asks for, would run code of a module that
    nobody here has vouched for: who loads what a stranger sent runs no code of theirs."""
    module = parsed(name).module if is_gym(name) else None
    if module and module not in os.environ.get(TRUST, "").split(","):
        raise UserError(
            f"{where} plays {name}, which runs code of the module {module}; if you trust that code, set the "
            f"environment variable {TRUST}={module}"
        )


_WHAT = re.compile(r"(?:[A-Za-z_][\w.]*:)?[\w][\w./-]*")
_PLAIN = "[],:.-"


def _typed(value: Any) -> str:
    """A value as it is typed, without spaces."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
