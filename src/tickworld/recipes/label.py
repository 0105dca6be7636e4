"""What a cartridge says about itself: which game was learned, by which network, how well, and where it comes from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tickworld.config import Config
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.models.rewards import RewardModelConfig
from tickworld.models.world import WorldConfig
from tickworld.simulator import Spec

FORMAT = 1
"""Version of the layout that ``recipes.cartridge`` describes; a reader refuses newer ones."""
KIND: Literal["tickworld cartridge"] = "tickworld cartridge"


class HorizonFigures(Config):
    """For how many ticks games were right."""

    median: float = Field(ge=0)
    """ticks that half of the games were right for"""
    p10: float = Field(ge=0)
    """ticks that nine of ten games were right for"""
    mean: float = Field(ge=0)
    """ticks, on average"""
    survived: float = Field(ge=0, le=1)
    """share of games that were right to the end"""


class Claim(Config):
    """What was measured of the world before it was packed, open loop. Bounded: who opens the file plays it again."""

    rollouts: int = Field(gt=0, le=4096)
    """how many games were played"""
    frames: int = Field(gt=0, le=100_000)
    """ticks of each game"""
    players: str
    """who played them"""
    seed: int = Field(ge=0)
    """which games"""
    pixel_horizon: HorizonFigures
    """ticks until the first wrong pixel"""
    object_horizon: HorizonFigures | None
    """ticks until the first wrong object; None for a game whose frames cannot be read"""
    right_after: dict[int, float]
    """share of games that were right to the pixel for at least so many ticks"""

    @property
    def evaluation(self) -> EvaluationConfig:
        """How to measure the same again."""
        return EvaluationConfig(rollouts=self.rollouts, frames=self.frames, players=self.players, seed=self.seed)


class TrustLevel(Config):
    """Ticks that were trusted alike (see ``evaluation.trust``)."""

    below: float | None
    """they were trusted less than so many nats; None for the last level, of all that are left"""
    wrong_within_100: float = Field(ge=0, le=1)
    """share of them after which a dream went wrong within 100 ticks"""


class Calibration(Config):
    """What the world's trust in its own frames is worth."""

    least: float
    """nats of the least trusted frame that was seen: below, nothing was measured"""
    levels: tuple[TrustLevel, ...] = Field(max_length=64)
    """from the least trusted on"""


class Origin(Config):
    """Where the world comes from."""

    recipe: str
    """name of the recipe that it was trained by"""
    seed: int
    """seed of its training"""
    iterations: int
    """iterations of its training"""
    minutes: float
    """minutes that its training took"""
    source: str
    """what it learned from, in words"""
    versions: dict[str, str]
    """version of each package that had a part in it"""


class Label(Config):
    """What a cartridge says about itself."""

    kind: Literal["tickworld cartridge"] = KIND
    """tells our files from others"""
    format: int = Field(default=FORMAT, ge=1, le=FORMAT)
    """version of the layout"""
    spec: Spec
    """the game that was learned, with its params as they were fixed or drawn"""
    world: WorldConfig
    """the network"""
    claim: Claim
    """for how long it was right"""
    origin: Origin
    """where it comes from"""
    calibration: Calibration | None = None
    """what its trust in its own frames is worth; None where that was not measured"""
    rewards: RewardModelConfig | None = None
    """what tells rewards and ends of its frames; None where they were not learned"""
