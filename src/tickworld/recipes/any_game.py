"""A recipe for any game, made by looking at it: at what its spec says, and at a few games of it.

Few colours on a small frame can be learned to the last pixel: then the parts are those of ``demo``, a core of snapped
frames. All else gets a recurrent core that is shown a few frames, and a renderer that grows pictures.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.config import override
from tickworld.data.episode import Episodes, select
from tickworld.data.manifest import Plan
from tickworld.data.record import play_episodes
from tickworld.data.recorded import Recorded
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.cores.gru import GruConfig
from tickworld.models.initializers.frames import FramesConfig
from tickworld.models.renderers.deconv import DeconvConfig
from tickworld.models.world import WorldConfig
from tickworld.recipes.config import GameConfig, RunConfig
from tickworld.recipes.pong import demo
from tickworld.simulator import Simulator, Spec
from tickworld.training.curriculum import GrowthConfig, RateConfig
from tickworld.training.fit import TrainingConfig
from tickworld.training.objectives import RolloutConfig
from tickworld.training.rare import RareConfig
from tickworld.training.sampling import HardConfig

COLOURS, PIXELS = 16, 6400
"""Most colours and pixels of a frame that is learned to the last pixel."""
LARGE = 2304
"""Pixels of a frame, 48x48, above which a snapped core is trained on fewer and smaller batches, with a shorter history:
what demo does in six minutes would take hours."""
LOOKED = 8
"""Games that are looked at."""
TICKS = 128
"""Ticks of each of them, unless it is over sooner."""
BYTES = 2**29
"""Of raw frames in a recording: it lies in memory while it is learned from."""
EPISODES = 16, 4096
"""Fewest and most episodes of a recording."""
LONG = 512
"""Ticks of episodes that all begin alike: what comes late is only seen in long ones."""
OPENING = 4
"""Frames that a recurrent world is shown."""


class Made(NamedTuple):
    """A config, and why it is so, in a line."""

    config: RunConfig
    why: str


def any_game(wanted: GameConfig) -> Made:
    """The recipe for the game that ``wanted`` names, with its params and options. Raises UserError as the game does."""
    game = wanted.build()
    look = _looked(game)
    spec = game.spec
    pixels, colours = spec.height * spec.width, len(spec.palette)
    size = f"{spec.height}x{spec.width} pixels"
    if 2 <= colours <= COLOURS and pixels <= PIXELS:
        config = _snapped(wanted, look, spec)
        shown = f"{colours} colours on {size} can be right to the last one"
        return Made(config, f"{shown}: a core of snapped frames, as in recipe demo")
    if not colours:
        lacks = "there is no palette"
    else:
        lacks = (
            f"{colours} colours are more than {COLOURS}" if colours > COLOURS else f"{size} are more than {PIXELS:,}"
        )
    config = _recurrent(wanted, look, spec)
    return Made(config, f"{lacks}: a recurrent core that is shown {OPENING} frames, and a renderer that grows pictures")


class Look(NamedTuple):
    """What a few games have shown. ``alike``: they all begin with the same frame. ``lengths`` [N]: their ticks.
    ``lit``: most pixels that differed from the background in three frames on end."""

    alike: bool
    lengths: NDArray[np.int32]
    lit: int

    def ticks(self, usual: int) -> int:
        """Ticks of an episode: as many as usual, no more than games last, and many where games begin alike."""
        wanted = LONG if self.alike else usual
        longest = int(self.lengths.max())
        return wanted if longest >= TICKS else min(wanted, max(2 * longest, 32))


def _looked(game: Simulator) -> Look:
    if isinstance(game, Recorded):
        seen = select(game.episodes, slice(0, LOOKED))
    else:
        rows = seeds.rows(seeds.derive(0, "look"), 0, LOOKED)
        seen = play_episodes(game, player("mixed", game), rows, TICKS)
    return Look(bool((seen.frames[:, 0] == seen.frames[:1, 0]).all()), seen.lengths, _lit(seen, game.spec))


def _lit(seen: Episodes, spec: Spec) -> int:
    if not spec.palette:
        return 0
    other = (seen.frames != np.array(spec.palette[0], np.uint8)).any(-1)
    stirred = other[:, 2:] | other[:, 1:-1] | other[:, :-2]
    return int(stirred.sum((2, 3)).max())


def _snapped(wanted: GameConfig, look: Look, spec: Spec) -> RunConfig:
    """As ``demo``, for another game: as many stirred pixels as there are, a history no longer than games, and windows
    that fit into memory."""
    config = demo()
    plan = _plan(look, spec, config.record.ticks)
    large = spec.height * spec.width > LARGE
    ages = int(np.clip(np.median(look.lengths) // 2, 3, 8 if large else 16))
    pool = _fitting(ages + 1, spec, 256, 16_384)
    sampler = config.training.sampler if spec.branchable else HardConfig()  # one that goes back plays quickly
    changes: dict[str, Any] = {
        "recipe": wanted.name,
        "game": wanted.model_dump(),
        "record": plan.model_dump(),
        "world.core.reach": (2, 2),
        "world.core.ages": ages,
        "world.core.stirred": int(np.clip(32 * math.ceil(look.lit * 1.25 / 32), 96, 768)),
    }
    if isinstance(sampler, RareConfig):
        sampler = sampler.model_copy(update={"played": 2 * plan.episodes})
    sampler = sampler.model_copy(update={"pool": pool, "fresh": pool})
    if large:
        changes |= {"training.batch": 16, "training.iterations": 4000}
    return override(config, changes | {"training.sampler": sampler.model_dump()})


def _recurrent(wanted: GameConfig, look: Look, spec: Spec) -> RunConfig:
    return RunConfig(
        recipe=wanted.name,
        game=wanted,
        record=_plan(look, spec, TICKS),
        world=WorldConfig(
            initializer=FramesConfig(opening=OPENING, size=128),
            core=GruConfig(size=256, layers=1),
            renderer=DeconvConfig(),
        ),
        training=TrainingConfig(
            objective=RolloutConfig(moving=1.0),
            iterations=1500,
            batch=16,
            ticks=GrowthConfig(first=4, last=24),
            rate=RateConfig(peak=1e-3, warmup=100),
        ),
        evaluation=EvaluationConfig(rollouts=32, frames=100),
    )


def _plan(look: Look, spec: Spec, usual: int) -> Plan:
    """Episodes that fit into memory."""
    ticks = look.ticks(usual)
    return Plan(players="mixed", episodes=_fitting(ticks + 1, spec, *EPISODES), ticks=ticks)


def _fitting(frames: int, spec: Spec, fewest: int, most: int) -> int:
    """How many pieces of so many ``frames`` fit into ``BYTES``, within these bounds."""
    return int(np.clip(BYTES // (frames * math.prod(spec.frame_shape)), fewest, most))
