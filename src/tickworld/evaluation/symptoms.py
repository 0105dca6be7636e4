"""What may be wrong with a learned world, in plain words with evidence: a check is one function, one line of the table.

A loss tells that something is wrong; these tell what. Truth and dream are played side by side once, and every check
looks at the same games.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.data.health import Symptom
from tickworld.data.player import Player
from tickworld.evaluation.beginning import Start, begin
from tickworld.evaluation.evaluate import DREAM, Evaluation, EvaluationConfig, evaluate
from tickworld.evaluation.rollout import rollout
from tickworld.frames import Frames, difference, snap, wrong_pixels
from tickworld.simulator import BallGame, Replayed, Simulator

ROLLOUTS, TICKS = 32, 64
"""Games that are looked at, and ticks of each."""
EARLY = 10
"""A thing that is lost by this tick was never learned."""
HELD = 16
"""Ticks that a key is held, or a changed param is waited for."""
BLURRED = 32
"""Levels of 255 by which a pixel misses every colour of the palette."""


@dataclass(frozen=True)
class Patient:
    """A world, its game, and both side by side: ``true`` and ``dreamt`` frames [T+1, N, H, W, C], of which those are
    judged that are ``playing`` [T+1, N]; ``scores`` is its evaluation over the same games."""

    truth: Simulator
    dream: Simulator
    player: Player
    true: Frames
    dreamt: Frames
    playing: NDArray[np.bool_]
    scores: Evaluation

    @property
    def start(self) -> Start:
        """Fewer games that begin as these do."""
        return Start(self.player, ROLLOUTS // 4, 1)


Check = Callable[[Patient], Symptom | None]


def examined(dream: Simulator, truth: Simulator, player: Player) -> Patient:
    """Truth and dream played side by side under ``player``."""
    config = EvaluationConfig(rollouts=ROLLOUTS, frames=TICKS, seed=1)
    ticks = list(rollout(truth, {DREAM: dream}, Start(player, ROLLOUTS, config.seed), TICKS))
    true, dreamt = np.stack([tick.truth for tick in ticks]), np.stack([tick.dreams[DREAM] for tick in ticks])
    playing = np.stack([tick.playing for tick in ticks])
    return Patient(truth, dream, player, true, dreamt, playing, evaluate(dream, truth, player, config))


def world_symptoms(patient: Patient) -> list[Symptom]:
    """What is wrong with a world; empty when nothing was found."""
    return [found for check in CHECKS.values() if (found := check(patient)) is not None]


def ball_vanishes(patient: Patient) -> Symptom | None:
    """The small thing that a loss hardly sees."""
    truth = patient.truth
    if not isinstance(truth, BallGame):
        return None
    lost = patient.scores.scores[DREAM].positions.lost[truth.ball]
    at = min(EARLY, len(lost) - 1)
    if (lost[at] or 0) < 0.5:
        return None
    floor = patient.scores.scores["no_ball"].means()["bce"]
    return Symptom(
        f"the {truth.ball} vanishes",
        f"the {truth.ball} is gone in {lost[at]:.0%} of the games by tick {at}; a frame that is right but for it costs "
        f"only {floor:.4f} nats a pixel",
        "train longer, with shorter windows at first (training.ticks.first), with a renderer for small things "
        "(profiles, sprites), or with a core of snapped frames where the game has a palette",
    )


def copies_the_last_frame(patient: Patient) -> Symptom | None:
    """A dream that stands still."""
    moves = [float((difference(side[1:], side[:-1]) > BLURRED).any(-1).sum((-1, -2))[patient.playing[1:]].mean())
             for side in (patient.true, patient.dreamt)]  # fmt: skip
    if moves[0] == 0 or moves[1] > 0.1 * moves[0]:
        return None
    return Symptom(
        "the dream stands still",
        f"{moves[1]:.2f} pixels change a tick in the dream, and {moves[0]:.2f} in truth: it copies the last frame",
        "judge what moves (training.objective.moving above 0) or train on longer windows, and look whether the actions "
        "of the recording fit its frames",
    )


def deaf_to_keys(patient: Patient) -> Symptom | None:
    """Keys that do something in truth and nothing in the dream. Of a recording it is not known what others would."""
    spec, deaf, heard = patient.truth.spec, [], 0
    if len(spec.actions) < 2 or isinstance(patient.truth, Replayed):
        return None
    rest = _held(patient, 0, 0)
    for player, who in enumerate(spec.players):
        for key in range(1, len(spec.actions)):
            true, dreamt = (_apart(one, other) for one, other in zip(rest, _held(patient, player, key), strict=True))
            if true.mean() >= 0.5:
                heard += 1
                deaf += [f"{who} {spec.actions[key]}"] if not dreamt.any() else []
    if not deaf:
        return None
    return Symptom(
        "actions have no effect",
        f"held for {HELD} ticks, {', '.join(deaf)} change{'s' if len(deaf) == 1 else ''} nothing in the dream; "
        f"{heard} such keys do in truth",
        "look whether the recording shows these keys pressed, and whether they fit its frames (tickworld doctor DATA)",
    )


def late(patient: Patient) -> Symptom | None:
    """A dream that is right but for a tick."""
    wrong = {lag: _wrong_at(patient, lag) for lag in (-1, 0, 1)}
    best = min(wrong, key=lambda lag: wrong[lag])
    if best == 0 or wrong[best] > 0.5 * wrong[0]:
        return None
    return Symptom(
        "one tick off",
        f"the dream shows the truth of the tick {'before' if best < 0 else 'after'}: {wrong[best]:.1f} pixels are "
        f"wrong against that, {wrong[0]:.1f} against its own",
        f"the actions of its recording are probably off by one: move them by {-best}",
    )


def deaf_to_params(patient: Patient) -> Symptom | None:
    """Params that change the truth and not a dream that begins with them."""
    spec, ignored = patient.truth.spec, []
    if patient.dream.spec.opening:
        return None  # it was shown what they did
    for column, param in enumerate(spec.params):
        ends = [_with_param(patient, column, value) for value in _ends(param)]
        true, dreamt = (_apart(one, other) for one, other in zip(*ends, strict=True))
        if param.drawn and true.mean() >= 0.5 and not dreamt.any():
            ignored.append(param.name)
    if not ignored:
        return None
    return Symptom(
        "params are not heard",
        f"from one end of its range to the other {', '.join(ignored)} changes the truth within {HELD} ticks and not "
        "the dream",
        "look whether the recording has different values of it, and train longer",
    )


def blurred(patient: Patient) -> Symptom | None:
    """Colours that are not in the palette."""
    palette = patient.truth.spec.palette
    if not palette:
        return None
    off = np.asarray((difference(patient.dreamt, snap(patient.dreamt, palette)) > BLURRED).any(-1))
    late_ones = off[patient.playing].mean((-1, -2))[patient.playing.sum() // 2 :]
    if late_ones.mean() < 0.01:
        return None
    return Symptom(
        "blurred",
        f"{late_ones.mean():.1%} of the pixels have no colour of the palette by tick {TICKS}: the world is unsure of "
        "what it shows",
        "a core that decides on colours (snapped) cannot blur; others blur what they cannot foresee",
    )


def flattered(patient: Patient) -> Symptom | None:
    """A loss that looks well beside a horizon that does not."""
    scores = patient.scores
    means, horizon = scores.scores[DREAM].means(), scores.object_horizon or scores.pixel_horizon
    floor = min(each.means()["bce"] for name, each in scores.scores.items() if name != DREAM)
    if means["bce"] > 1.2 * floor or horizon["median"] > EARLY:
        return None
    return Symptom(
        "the loss flatters",
        f"{means['bce']:.4f} nats a pixel is about as good as the best floor ({floor:.4f}), and yet the dream is right "
        f"for {horizon['median']:g} ticks only",
        "do not judge it by its loss: nearly all pixels are easy, and what the game is about is in the others",
    )


CHECKS: dict[str, Check] = {
    "the ball": ball_vanishes,
    "standing still": copies_the_last_frame,
    "actions": deaf_to_keys,
    "one tick off": late,
    "params": deaf_to_params,
    "colours": blurred,
    "loss and horizon": flattered,
}
"""What is looked for."""


def _held(patient: Patient, player: int, key: int) -> tuple[Frames, Frames]:
    """True and dreamt frames [N, H, W, C] after one player has held a key while the others rested."""
    truth, dream = patient.truth, patient.dream
    common = begin(truth, patient.start, dream.spec.opening)
    actions = np.zeros((len(common.seeds), len(truth.spec.players)), np.uint8)
    actions[:, player] = key
    states: list[Any] = [common.truth, common.dream(dream)]
    for _ in range(HELD):
        states = [side.update(state, actions) for side, state in zip((truth, dream), states, strict=True)]
    return truth.render(states[0]), dream.render(states[1])


def _with_param(patient: Patient, column: int, value: float) -> tuple[Frames, Frames]:
    """True and dreamt frames when one param has this value and nobody presses anything."""
    spec, rows = patient.truth.spec, seeds.rows(1, 0, ROLLOUTS // 4)
    params = spec.draw(rows)
    params[:, column] = value
    actions = np.zeros((len(rows), len(spec.players)), np.uint8)
    return _after(patient.truth, params, rows, actions), _after(patient.dream, params, rows, actions)


def _after(simulator: Simulator, params: NDArray[np.float64], rows: NDArray[np.uint64], actions: NDArray) -> Frames:
    state = simulator.init(params, rows)
    for _ in range(HELD):
        state = simulator.update(state, actions)
    return simulator.render(state)


def _ends(param: Any) -> tuple[float, float]:
    """Two values that are far apart; on a circle the ends are one place."""
    return param.low, (param.low + param.high) / 2 if param.kind == "angle" else param.high


def _apart(one: Frames, other: Frames) -> NDArray[np.bool_]:
    """Whether frames differ in any pixel that can be seen to differ, [N]."""
    return wrong_pixels(one, other, BLURRED) > 0


def _wrong_at(patient: Patient, lag: int) -> float:
    """Wrong pixels a frame when the dream is held against the truth of ``lag`` ticks later."""
    ticks = np.arange(2, len(patient.true) - 1)
    playing = patient.playing[ticks + max(lag, 0)]
    wrong = wrong_pixels(patient.true[ticks + lag], snap(patient.dreamt[ticks], patient.truth.spec.palette))
    return float(wrong[playing].mean()) if playing.any() else 0.0
