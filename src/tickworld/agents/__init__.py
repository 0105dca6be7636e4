"""The table of players: who presses the keys while a game is recorded or evaluated. They see frames, never the state.

No game has both a ball to track and a goal to seek; mixtures leave out whoever cannot play.
``mixed`` is what worlds are trained on. ``held_out`` plays otherwise and is used in evaluation only: a world that is
right under it has learned the game, not the habits of its training players.
"""

from __future__ import annotations

from tickworld.agents.mixture import Member, Mixture
from tickworld.agents.plain import Idle, Random, Sticky
from tickworld.agents.rhythm import Mashing, Patterns
from tickworld.agents.seeking import Seeking
from tickworld.agents.tracking import Tracking
from tickworld.data.player import Player
from tickworld.errors import UserError, choose
from tickworld.simulator import Simulator

PlayerConfig = Idle | Random | Sticky | Mashing | Patterns | Tracking | Seeking | Mixture

PLAYERS: dict[str, PlayerConfig] = {
    "idle": Idle(),
    "random": Random(),
    "sticky": Sticky(),
    "mashing": Mashing(),
    "patterns": Patterns(),
    "tracking": Tracking(),
    "seeking": Seeking(),
    "mixed": Mixture(
        members=(
            Member(player=Tracking(noise=(0.0, 0.4)), share=0.7),
            Member(player=Seeking(noise=0.2), share=0.7),
            Member(player=Sticky(keep=0.85), share=0.15),
            Member(player=Random(), share=0.075),
            Member(player=Idle(), share=0.075),
        ),
        switch_ticks=120,
    ),
    "held_out": Mixture(
        members=(
            Member(player=Tracking(noise=(0.1, 0.25), spread=1.0, aim_ticks=20), share=0.45),
            Member(player=Seeking(noise=0.05), share=0.45),
            Member(player=Sticky(keep=0.95), share=0.35),
            Member(player=Random(), share=0.05),
            Member(player=Idle(), share=0.15),
        ),
        switch_ticks=50,
    ),
}


def player(name: str, game: Simulator) -> Player:
    """The player ``name`` for ``game``. Raises UserError for an unknown name, or when it cannot play this game.

    A dream is played by the player of its game: the probe that a tracking player sees with is the game's.
    """
    return choose(PLAYERS, name, "player").build(game)


def able(game: Simulator) -> dict[str, Player]:
    """Every player of the table that can play ``game``, by name."""
    found = {}
    for name, config in PLAYERS.items():
        try:
            found[name] = config.build(game)
        except UserError:
            continue
    return found
