"""One who plays: the states of its truth and dream by handle, and what can be asked of them.

A session knows nothing of sockets. It is asked by one thread at a time, and no two sessions have anything in common but
the scene, which nobody changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds as streams
from tickworld.errors import UserError, choose
from tickworld.frames import Frames
from tickworld.play import protocol, saving
from tickworld.play.keep import Keep, Kept
from tickworld.play.protocol import OpeningOf, Reply
from tickworld.play.scene import Scene, Sight, anchored, trust
from tickworld.simulator import Inspectable, Opening, Spec

MOST_VALUES = 4096
"""Numbers of a field that are sent; of a larger one only its name and shape are."""
TRUTH, DREAM = "truth", "dream"

log = logging.getLogger(__name__)


class Session:
    """See the module docstring."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.keep = Keep(scene.limits.state_bytes)

    def answer(self, text: str) -> bytes:
        """The message that answers a request. Never raises: whatever is wrong is told in it, and nothing is changed."""
        try:
            request: Any = protocol.read(text)
            return protocol.packed(request.id, _VERBS[request.do](self, request))
        except UserError as error:
            return protocol.refusal(protocol.identity(text), str(error))
        except Exception:  # ours, or that of a world which strange numbers were put into; the others play on
            log.exception("a request failed: %.200s", text)
            return protocol.refusal(
                protocol.identity(text), "the server could not do this; the reason is on its terminal; begin again"
            )

    def init(self, request: protocol.Init) -> Reply:
        """A first state of truth or dream."""
        simulator, seeds = self.scene.simulator(request.sim), _row(request.seed)
        params = simulator.spec.draw(seeds) if request.params is None else np.array([request.params], float)
        simulator.spec.check_params(params)
        opening = None if request.opening is None or request.sim == TRUTH else self._opening(request.opening)
        shown = self._show(Kept(request.sim, simulator.init(params, seeds, opening), params, seeds))
        return shown._replace(values={**shown.values, "params": params[0].tolist()})

    def update(self, request: protocol.Update) -> Reply:
        """The state one tick later."""
        kept = self.keep.get(request.state, TRUTH, DREAM)
        simulator = self.scene.simulator(kept.what)
        state = simulator.update(kept.state, _pressed([request.actions], simulator.spec))
        status = simulator.status(state)
        reward = status.reward[0].tolist()
        told = {"over": bool(status.over[0]), "reward": reward if np.isfinite(reward).all() else None}
        shown = self._show(kept._replace(state=state))
        return shown._replace(values={**shown.values, **told})

    def observe(self, request: protocol.Observe) -> Reply:
        """A dream set right by the truth."""
        dream, truth = self.keep.get(request.state, DREAM), self.keep.get(request.truth, TRUTH)
        assert truth.params is not None and truth.seeds is not None  # every game began somehow
        opening = None if request.opening is None else self._opening(request.opening)
        sight = Sight(truth.params, truth.seeds, self.scene.truth.render(truth.state), opening)
        return self._show(dream._replace(state=anchored(self.scene.simulator(DREAM), dream.state, sight)))

    def render(self, request: protocol.Render) -> Reply:
        """What a state looks like."""
        return Reply({}, self._frame(self.keep.get(request.state, TRUTH, DREAM)).tobytes())

    def act(self, request: protocol.Act) -> Reply:
        """What a player presses, who sees the frame and nothing else."""
        player = choose(self.scene.players, request.player[:40], "player for this game")
        frame, who = self._frame(self.keep.get(request.truth, TRUTH, DREAM)), f"memory of {request.player}"
        if request.memory is None:
            memory = player.init(streams.mix(_row(request.seed), "player"))  # as while a game is recorded
        else:
            memory = self.keep.get(request.memory, who).state
        actions, memory = player.act(memory, request.tick, frame)
        return Reply({"actions": actions[0].tolist(), "memory": self.keep.put(Kept(who, memory))})

    def fields(self, request: protocol.Fields) -> Reply:
        """The numbers of a state."""
        kept = self.keep.get(request.state, TRUTH, DREAM)
        rows = {name: numbers[0] for name, numbers in self._inspectable(kept).fields(kept.state).items()}
        values = {name: _plain(row) for name, row in rows.items() if row.size <= MOST_VALUES}
        return Reply({"fields": [_described(name, row) for name, row in rows.items()], "values": values})

    def change(self, request: protocol.Change) -> Reply:
        """A state with one number changed."""
        kept = self.keep.get(request.state, TRUTH, DREAM)
        state = self._inspectable(kept).change(kept.state, request.field[:40], request.index, request.value)
        return self._show(kept._replace(state=state))

    def forget(self, request: protocol.Forget) -> Reply:
        """States let go."""
        self.keep.forget(request.states)
        return Reply({})

    def save(self, request: protocol.Save) -> Reply:
        """The truth of a game, played again and saved as an episode."""
        saved = saving.save(self.scene, self._game(request))
        return Reply({"episode": saved.number, "folder": str(saved.folder)})

    def gif(self, request: protocol.Gif) -> Reply:
        """A game, played again and drawn, truth beside dream."""
        picture = saving.gif(self.scene, self._game(request), request.anchors)
        return Reply({"bytes": len(picture)}, picture)

    def _show(self, kept: Kept) -> Reply:
        """A new state: its handle, its trust and its frame."""
        frame = self._frame(kept)  # first, since it may fail
        nats = trust(self.scene.simulator(kept.what), kept.state)
        return Reply({"state": self.keep.put(kept), "trust": nats}, frame.tobytes())

    def _frame(self, kept: Kept) -> Frames:
        """[1, H, W, C]."""
        return self.scene.simulator(kept.what).render(kept.state)

    def _opening(self, asked: OpeningOf) -> Opening:
        """The frames of true states, and the actions between them."""
        wanted = self.scene.simulator(DREAM).spec.opening
        if len(asked.states) != wanted:  # before any is drawn
            raise UserError(f"this world is shown {wanted} frames; got {len(asked.states)} states; send as many")
        if len(asked.actions) != len(asked.states) - 1:
            raise UserError(
                f"an opening has one tick of actions less than it has states; got {len(asked.states)} states and "
                f"{len(asked.actions)}; send what was pressed between them"
            )
        frames = [self._frame(self.keep.get(handle, TRUTH))[0] for handle in asked.states]
        return Opening(np.stack(frames)[None], _pressed(asked.actions, self.scene.truth.spec)[None])

    def _game(self, request: protocol.Played) -> saving.Game:
        spec, params = self.scene.truth.spec, np.array([request.params], float)
        spec.check_params(params)
        return saving.Game(params, _row(request.seed), _pressed(request.actions, spec))

    def _inspectable(self, kept: Kept) -> Inspectable:
        simulator = self.scene.simulator(kept.what)
        if not isinstance(simulator, Inspectable):
            raise UserError(f"the state of the {kept.what} of {simulator.spec.name} cannot be looked into; ask a dream")
        return simulator


_VERBS: dict[str, Callable[[Session, Any], Reply]] = {
    "init": Session.init,
    "update": Session.update,
    "observe": Session.observe,
    "render": Session.render,
    "act": Session.act,
    "fields": Session.fields,
    "change": Session.change,
    "forget": Session.forget,
    "save": Session.save,
    "gif": Session.gif,
}


def _row(seed: int) -> NDArray[np.uint64]:
    """The seed of a single game."""
    return np.array([seed], np.uint64)


def _pressed(ticks: Sequence[Sequence[int]], spec: Spec) -> NDArray[np.uint8]:
    """Actions [T, P]. Raises UserError unless every player has a legal one at every tick."""
    players = len(spec.players)
    if odd := [len(keys) for keys in ticks if len(keys) != players]:
        raise UserError(
            f"every tick takes {players} actions, of {', '.join(spec.players)}; got {odd[0]}; send one for each player"
        )
    actions = np.array(ticks, np.uint8).reshape(-1, players)
    spec.check_actions(actions)
    return actions


def _described(name: str, row: NDArray[Any]) -> dict[str, Any]:
    """A field for a page: ``least`` and ``most`` are what a slider may offer, a guess from what is there."""
    if row.dtype == bool:
        return {"name": name, "shape": row.shape, "kind": "bool", "least": 0, "most": 1}
    whole = row.dtype.kind in "iu"
    finite = row[np.isfinite(row)]
    least, most = min(0 if whole else -1, finite.min(initial=0)), max(1, finite.max(initial=0))
    number = int if whole else float
    kind = "integer" if whole else "real"
    return {"name": name, "shape": row.shape, "kind": kind, "least": number(least), "most": number(most)}


def _plain(row: NDArray[Any]) -> list[float | int | None]:
    """The numbers of a row, read flat, for JSON, which has no word for NaN; of truths 0 and 1."""
    numbers = row.astype(np.uint8) if row.dtype == bool else row
    return [value if np.isfinite(value) else None for value in numbers.reshape(-1).tolist()]
