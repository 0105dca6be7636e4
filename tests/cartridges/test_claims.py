"""The cartridges that ship are held to what they claim, on games that nobody has measured them on.

Right, for a game, means that no pixel is wrong up to a tick. The claim says how many games were right that long when
the cartridge was packed; here new games are played, and the share that goes wrong may be larger only as far as chance
explains it: by Fisher's exact test, one-sided, both counts must be those of one world with at least 1 % probability. It
allows for both samples being small, and asks nothing of how mistakes spread over time. The games are the same each
time, so a cartridge that passes once goes on passing until something changes.
"""

from __future__ import annotations

from math import comb

import pytest

import tickworld as tw
from tickworld.evaluation.evaluate import DREAM
from tickworld.games import game
from tickworld.models.learned import Learned
from tickworld.models.world import seeded_world
from tickworld.recipes import recipe
from tickworld.recipes.cartridge import load, read_label
from tickworld.recipes.label import Claim
from tickworld.recipes.playable import Playable, judge
from tickworld.recipes.shelf import shipped

NEW_GAMES = 64
TICKS = 500
"""At most; what 64 games of so many ticks take is well under a minute on one core."""
CHANCE = 0.01


def chance(wrong: int, games: int, claimed_wrong: int, claimed_games: int) -> float:
    """The probability that at least ``wrong`` of all that went wrong fall among the new ``games``, if all are alike."""
    both = wrong + claimed_wrong
    ways = [comb(games, here) * comb(claimed_games, both - here) for here in range(wrong, min(both, games) + 1)]
    return sum(ways) / comb(games + claimed_games, both)


def believed(playable: Playable, claim: Claim, games: int = NEW_GAMES) -> float:
    """The chance of what new games bring, if the claim is true."""
    ticks = max(tick for tick in claim.right_after if tick <= TICKS)
    new = {"rollouts": games, "frames": ticks, "seed": claim.seed + 1}
    pixel = judge(playable, claim.evaluation.model_copy(update=new)).scores[DREAM].pixel
    claimed = round((1 - claim.right_after[ticks]) * claim.rollouts)
    return chance(int((~pixel.alive).sum()), games, claimed, claim.rollouts)


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_first_mistakes_are_no_more_frequent_than_claimed(name: str) -> None:
    path = shipped()[name]
    assert believed(load(path), read_label(path).claim) >= CHANCE


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_cartridge_is_small_and_can_be_played(name: str) -> None:
    path = shipped()[name]
    label, world = read_label(path), tw.load(f"cartridge:{name}")
    assert path.stat().st_size < 1_000_000
    assert world.starts is not None or not world.spec.opening
    assert label.claim.rollouts >= 64 and max(label.claim.right_after) >= 500
    assert label.claim.players == "held_out" and label.origin.iterations > 0


def test_what_chance_explains() -> None:
    assert chance(0, 64, 0, 64) == chance(0, 64, 9, 64) == 1
    assert chance(3, 64, 3, 64) > 0.5
    assert chance(1, 1, 0, 1) == 0.5
    assert chance(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert chance(12, 64, 3, 64) < 0.02 < chance(8, 64, 3, 64)


def test_a_false_claim_is_found() -> None:
    """A world that has learned nothing claims to be right for ever."""
    config, pong = recipe("demo"), game("pong")
    world = Learned(seeded_world(config.world, pong.spec, 0), pong.spec)
    figures = {"median": 10.0, "p10": 10.0, "mean": 10.0, "survived": 1.0}
    claim = Claim.model_validate(
        {
            "rollouts": 64,
            "frames": 10,
            "players": "held_out",
            "seed": 0,
            "pixel_horizon": figures,
            "object_horizon": figures,
            "right_after": {1: 1.0, 3: 1.0},
        }
    )
    playable = Playable(world, pong, claim.evaluation, threads=1)
    assert believed(playable, claim, games=8) < CHANCE
    honest = claim.model_copy(update={"right_after": {3: 0.0}})
    assert believed(playable, honest, games=8) == 1
