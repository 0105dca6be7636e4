"""The table of players: who presses the keys while a game is recorded or evaluated. They see frames, never the state.

``agent:PATH`` is a trained agent, see ``agents.trained``.

No game has both a ball to track and a goal to seek; mixtures leave out whoever cannot play.
``mixed`` is what worlds are trained on. ``held_out`` plays otherwise and is used in evaluation only: a world that is
right under it has learned the game, not the habits of its training players.
"""

from __future__ import annotations

from pathlib import Path

from tickworld.agents.mixture import Member, Mixture
from tickworld.agents.plain import Idle, Random, Sticky
from tickworld.agents.recorded import AsRecorded
from tickworld.agents.rhythm import Mashing, Patterns
from tickworld.agents.seeking import Seeking
from tickworld.agents.tracking import Tracking
from tickworld.data.player import Player
from tickworld.errors import UserError, choose
from tickworld.simulator import Replayed, Simulator

AGENT = "agent:"
"""Before the path of a trained agent."""

PlayerConfig = Idle | Random | Sticky | Mashing | Patterns | Tracking | Seeking | AsRecorded | Mixture

PLAYERS: dict[str, PlayerConfig] = {
    "idle": Idle(),
    "random": Random(),
    "sticky": Sticky(),
    "mashing": Mashing(),
    "patterns": Patterns(),
    "tracking": Tracking(),
    "noisy": Tracking(noise=(0.4, 0.4)),
    "seeking": Seeking(),
    "recorded": AsRecorded(),
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
    config = None if name.startswith(AGENT) else choose(PLAYERS, name, "player")
    if isinstance(game, Replayed) and not isinstance(config, AsRecorded):
        raise UserError(
            f"{game.spec.name} is a recording, which goes on only as it was played; got player {name!r}, which presses "
            "keys of its own; use the player recorded"
        )
    if config is None:
        from tickworld.agents.trained import read, seated  # it is played against players of this table

        return seated(read(Path(name.removeprefix(AGENT))), game, name)
    return config.build(game)


def able(game: Simulator) -> dict[str, Player]:
    """Every player of the table that can play ``game``, by name."""
    found = {}
    for name in PLAYERS:
        try:
            found[name] = player(name, game)
        except UserError:
            continue
    return found
