"""The command that opens a page to play in."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from pydantic import Field

from tickworld.cli.command import Command
from tickworld.cli.console import Terminal
from tickworld.errors import UserError, check_installed, near_match
from tickworld.simulator import Replayed, Simulator

if TYPE_CHECKING:
    from tickworld.data.player import Player
    from tickworld.play.scene import Scene

LONGEST_NAME = 40
"""Letters of a player's name on the page."""

Place = Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="RUN|GAME|CARTRIDGE")]


class Play(Command):
    """A page in your browser to play in: the true game and the learned one beside it, under the same keys.

    What you play can be saved as episodes to learn from. Ctrl-C ends it. Needs pip install 'tickworld[play]'.
    """

    place: Place
    """a game alone (see `tickworld games`, or gym:ID), folder of a run, a .cartridge file, or cartridge:NAME"""
    agent: tuple[Path, ...] = ()
    """agents that `tickworld agent` trained, each at its own side"""
    host: str = "127.0.0.1"
    """address to listen at; with the usual one only this machine can play"""
    port: int = Field(default=8000, ge=0, le=65535)
    """port to listen at; 0: any that is free"""
    open: bool = True
    """open the page in the browser"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("runs/played")
    """folder of the recordings that what you save goes into"""

    def run(self) -> None:
        """Serves the page until it is interrupted."""
        from tickworld.play import server

        check_installed(server.NEEDED, "play")
        listening = server.listen(self.host, self.port)
        with listening:
            scene, address = self._scene(), server.address(listening)
            if not server.is_local(self.host):
                Terminal().say(
                    f"warning: whoever can reach this machine at {self.host} can play here and save episodes to "
                    f"{self.out}; nothing is encrypted and nobody is asked for a password"
                )
            print(f"play {scene.title} at {address} (Ctrl-C ends it)", flush=True)
            if self.open:
                threading.Thread(target=_open, args=(address,), daemon=True).start()
            with contextlib.suppress(KeyboardInterrupt):  # how it is meant to end
                server.serve(scene, listening, self.host)

    def _scene(self) -> Scene:
        """What there is to play. Raises UserError for a place where there is nothing."""
        from tickworld.agents import able
        from tickworld.games import GAMES, game
        from tickworld.games.gym_config import is_gym
        from tickworld.play.scene import Scene

        if self.place in GAMES or is_gym(self.place):
            truth = game(self.place)
            agents, own = self._agents(truth)
            return Scene(self.place, truth, players=able(truth) | agents, own=own, folder=self.out)
        path = Path(self.place)
        if path.name == self.place and ":" not in self.place and not path.suffix and not path.exists():
            raise UserError(
                f"there is no game {self.place!r}; {near_match(self.place, GAMES)}; a run or a cartridge is given by "
                "its path, a shipped one as cartridge:NAME"
            )
        from tickworld.recipes.shelf import known, open_playable  # loading torch takes seconds

        playable, told = open_playable(self.place), known(self.place)
        watched = isinstance(playable.game, Replayed)  # it cannot be played; its world is played alone
        truth = playable.world if watched else playable.game
        agents, own = self._agents(truth)
        return Scene(
            self.place,
            truth,
            None if watched else playable.world,
            players=able(truth) | agents,
            own=own,
            folder=None if watched else self.out,
            provenance=told.provenance,
            calibration=told.calibration,
        )

    def _agents(self, game: Simulator) -> tuple[dict[str, Player], dict[str, str]]:
        """The agents as players of ``game`` by the names of their files, and the side of each. Raises UserError."""
        from tickworld.agents.trained import read, seated

        players: dict[str, Player] = {}
        own: dict[str, str] = {}
        for number, path in enumerate(self.agent, 1):
            agent = read(path)
            name = f"agent {number}: {path.absolute().name}"[:LONGEST_NAME]
            players[name], own[name] = seated(agent, game, f"agent {path}"), agent.label.side
        return players, own


def _open(address: str) -> None:
    """Opens the page, unless the only browser here would take the terminal for itself."""
    with contextlib.suppress(webbrowser.Error):
        if type(webbrowser.get()) is not webbrowser.GenericBrowser:
            webbrowser.open(address)
