"""The config of one complete run: what is played, recorded, learned and judged."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tickworld.config import Config
from tickworld.data.manifest import Plan
from tickworld.data.recorded import Recorded, folder_of, is_recorded
from tickworld.errors import UserError
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.games import game_of
from tickworld.games.families import Split, restrict
from tickworld.games.gym_config import GymConfig, changed
from tickworld.models.parts import Part
from tickworld.models.world import WorldConfig
from tickworld.places import Place
from tickworld.simulator import Simulator
from tickworld.training.fit import TrainingConfig
from tickworld.training.rewards import RewardsConfig


class GameConfig(Config):
    """Which game, and how its params are fixed or drawn."""

    name: str
    """a game of `tickworld games`, gym:ID for an environment of Gymnasium, data:FOLDER or data:URL for a recording"""
    params: dict[str, float | tuple[float, float]] = {}
    """params by name: a number fixes one, a (low, high) pair draws it anew for each episode"""
    split: Split | None = None
    """of a family, such as rally: play games of this split, another in each episode: seen, between, corner, strange"""
    games: int = Field(default=64, gt=0, le=4096)
    """how many games of the split"""
    gym: GymConfig = GymConfig()
    """how an environment of Gymnasium is shown and played"""

    def build(self) -> Simulator:
        """The game. Raises UserError for an unknown name or param, and for what is not for this kind of game."""
        if is_recorded(self.name):
            if self.params or self.split or changed(self.gym):
                raise UserError(f"{self.name} is a recording and has no params, split or options; leave them out")
            return Recorded(folder_of(self.name))
        game = game_of(self.name, self.params, changed(self.gym))
        return restrict(game, self.split, self.games) if self.split else game


class BeginConfig(Config):
    """What a run begins with instead of random weights."""

    run: Path | None = None
    """folder of a finished run whose weights this one begins with"""
    parts: tuple[Part, ...] = ("initializer", "core", "renderer")
    """which parts of its world; the others begin with random weights"""


class OutputConfig(Config):
    """What a run writes down while it trains."""

    log: int = Field(default=50, gt=0)
    """iterations between two lines of the log"""
    save: int = Field(default=500, gt=0)
    """iterations between two checkpoints"""
    picture: int = Field(default=500, gt=0)
    """iterations between two progress pictures"""


class RunConfig(Config):
    """Everything that decides what a run does: the same config and seed give the same run, bit for bit on one
    machine."""

    recipe: str
    """name of the recipe that this config began as"""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """of the first weights, the order of batches and all noise in training"""
    threads: int = Field(default=2, gt=0)
    """processor threads that torch may use; another number may change the last bits of the result"""
    data: Place | None = None
    """folder of a recording to learn from, or its URL (s3://BUCKET/NAME); without one the run records its own"""
    game: GameConfig
    """what is learned"""
    record: Plan = Plan(players="mixed")
    """what is recorded to learn from"""
    world: WorldConfig
    """the network"""
    begin: BeginConfig = BeginConfig()
    """the weights that it begins with"""
    training: TrainingConfig
    """how it is trained"""
    rewards: RewardsConfig = RewardsConfig()
    """how rewards and ends are learned, after the world"""
    evaluation: EvaluationConfig = EvaluationConfig()
    """how it is judged"""
    output: OutputConfig = OutputConfig()
    """what is written down meanwhile"""
