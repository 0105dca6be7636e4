"""From the name of a game to environments of Gymnasium, and what can go wrong on the way in one sentence each."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tickworld.errors import UserError, check_installed, near_match
from tickworld.games.gym_config import Address

Env = Any
"""A ``gymnasium.Env``."""

ALE = "ale_py.env:AtariEnv"
"""Entry point of the Atari environments."""
ALE_ARGUMENTS = {"frameskip": 1, "repeat_action_probability": 0.0, "full_action_space": False}
"""Every frame of the emulator is a step, every key counts: what is hidden or left to chance cannot be learned."""
SMALLEST = 8
"""Pixels of the shorter side of an observation that is a picture."""


class Maker(NamedTuple):
    """``make()`` gives a new environment; frames come from its observation (``seen``) or from its rendering."""

    make: Callable[[], Env]
    seen: bool


def maker(address: Address) -> Maker:
    """What makes the environments of a game.

    Raises UserError when Gymnasium is not installed or has no such environment (with near matches), when that needs a
    package that is missing, cannot be made with these arguments, or cannot be shown.
    """
    check_installed(["gymnasium"], "gym")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it greets on stdout, where results go
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # frames are drawn into memory: no screen is needed
    new = _found(address)

    def make(render_mode: str | None) -> Env:
        with told(address.name, "be made"):
            return new(render_mode)

    env = make(None)
    try:
        seen = _is_seen(address, env)
    finally:
        env.close()
    return Maker(lambda: make(None if seen else "rgb_array"), seen)


@contextlib.contextmanager
def told(name: str, what: str) -> Iterator[None]:
    """Turns what an environment raises into one sentence: ``name`` cannot ``what``."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or "no reason given"
        raise UserError(f"{name} cannot {what}: {type(error).__name__}: {reason}") from error


def picture(env: Env, observation: Any, maker: Maker, name: str) -> np.ndarray:
    """What the environment shows now, uint8 [h, w, 1 or 3]. Raises UserError when it shows nothing, or no picture."""
    with told(name, "be shown"):
        shown = np.asarray(observation if maker.seen else env.render())
    if shown.ndim == 2:
        shown = shown[..., None]
    if shown.dtype != np.uint8 or shown.ndim != 3 or shown.shape[2] not in (1, 3):
        raise UserError(
            f"{name} must show frames of uint8 [height, width, 3]; got {shown.dtype} {list(shown.shape)}; give it the "
            "render mode rgb_array"
        )
    return shown


def _found(address: Address) -> Callable[[str | None], Env]:
    """What makes an environment in a render mode."""
    import gymnasium

    with contextlib.suppress(ImportError):  # registers its environments
        import ale_py

        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # it greets too
    _, _, what = address.what.rpartition(":")
    module = _imported(address) if address.module else None
    if module is not None and not re.search(r"-v\d+$", what):
        return _by_call(address, module, what)
    if what not in gymnasium.registry:
        if what.startswith("ALE/"):
            check_installed(["ale_py"], "gym")
        raise UserError(f"Gymnasium has no environment {what!r}; {near_match(what, gymnasium.registry)}")
    arguments = address.config.arguments
    if gymnasium.spec(what).entry_point == ALE:
        arguments = {**ALE_ARGUMENTS, **arguments}
    steps = None if address.config.limit else -1

    def make(render_mode: str | None) -> Env:
        mode = {"render_mode": render_mode} if render_mode else {}
        return gymnasium.make(what, max_episode_steps=steps, disable_env_checker=True, **mode, **arguments)

    return make


def _imported(address: Address) -> Any:
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:  # the console script has only its own folder there
        sys.path.append(here)
    assert address.module is not None
    try:
        return importlib.import_module(address.module)
    except ImportError as error:
        raise UserError(
            f"{address.name} needs the module {error.name or address.module}, which cannot be imported "
            f"({' '.join(str(error).split())}); install it, or start in the folder that holds it"
        ) from error


def _by_call(address: Address, module: Any, what: str) -> Callable[[str | None], Env]:
    """What calls a function or class of ``module``, with a render mode if it takes one."""
    import gymnasium

    call = getattr(module, what, None)
    if not callable(call):
        known = [name for name, each in vars(module).items() if callable(each) and not name.startswith("_")]
        raise UserError(f"the module {address.module} has no callable {what!r}; {near_match(what, known)}")

    def make(render_mode: str | None) -> Env:
        with contextlib.suppress(ValueError):  # of some built-in ones nothing is known
            takes = inspect.signature(call).parameters.values()
            open_ended = any(each.kind is each.VAR_KEYWORD for each in takes)
            if not open_ended and "render_mode" not in {each.name for each in takes}:
                render_mode = None
        mode = {"render_mode": render_mode} if render_mode else {}
        env = call(**mode, **address.config.arguments)
        if not isinstance(env, gymnasium.Env):
            raise TypeError(f"it must give a gymnasium.Env; got {type(env).__name__}")
        return env

    return make


def _is_seen(address: Address, env: Env) -> bool:
    """Whether frames come from the observation. Raises UserError when the environment shows nothing at all."""
    wanted, seen = address.config.source, is_picture(env.observation_space)
    if seen and wanted != "render":
        return True
    if wanted == "observation":
        raise UserError(
            f"the observation of {address.name} is no picture, uint8 [height, width, 3], but {env.observation_space}; "
            "leave source at auto, or give render"
        )
    modes = env.metadata.get("render_modes") or []
    if "rgb_array" not in modes:
        raise UserError(
            f"{address.name} shows nothing to learn from: its observation is no picture and it cannot be rendered as "
            f"rgb_array (only as {', '.join(map(str, modes)) or 'nothing'}); add that render mode to the environment"
        )
    return False


def is_picture(space: Any) -> bool:
    """Whether an observation is uint8 [h, w], [h, w, 1] or [h, w, 3], and more than a few pixels."""
    shape = getattr(space, "shape", None) or ()
    flat = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    return flat and space.dtype == np.uint8 and min(shape[:2]) >= SMALLEST
