"""What is shown wrong, for how long it is believed, and how that is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tickworld import seeds
from tickworld.agents import player
from tickworld.evaluation.evaluate import EvaluationConfig
from tickworld.evaluation.repair import FLIPS, STEADY, flipped, repairs
from tickworld.evaluation.setting import Setting
from tickworld.frames import Frames
from tickworld.games import game
from tickworld.simulator import Opening, Simulator

SMALL = EvaluationConfig(repair_rollouts=5, repair_ticks=60)


def judged(dream: Simulator, config: EvaluationConfig = SMALL) -> dict[str, dict[str, float | None]]:
    truth = game("pong")
    result = repairs(Setting(dream, truth, player("held_out", truth), config))
    assert result is not None and (result["rollouts"], result["ticks"]) == (5, config.repair_ticks)
    return result["shown"]


NEWEST = [f"newest frame, {flips} wrong" for flips in FLIPS]
OLDER = [f"older frame, {flips} wrong" for flips in FLIPS]
AT_ONCE = {"back": 1.0, "ticks_until_back": 0.0}


def test_a_dream_that_believes_no_frame_is_never_off_course(recalled: Any) -> None:
    rows = judged(recalled(opening=6))
    assert list(rows) == ["as it was", *NEWEST, *OLDER] and all(row == AT_ONCE for row in rows.values())


def test_a_single_opening_frame_has_no_older_one(recalled: Any) -> None:
    assert list(judged(recalled(opening=1))) == ["as it was", *NEWEST]


def believing(recalled: Any, ticks: int, frame: int) -> Simulator:
    """A dream that shows for ``ticks`` ticks what it was shown wrong in one of its opening frames."""

    class Believes(recalled):
        def init(self, params: Any, seeds: Any, opening: Opening | None = None) -> Any:
            assert opening is not None
            state = self.inner.init(params, seeds)
            true = [self.inner.render(state)]
            for actions in opening.actions.swapaxes(0, 1):
                state = self.inner.update(state, actions)
                true.append(self.inner.render(state))
            return state, opening.frames[:, frame] ^ true[frame], 0

        def update(self, state: Any, actions: NDArray[np.integer]) -> Any:
            return self.inner.update(state[0], actions), state[1], state[2] + 1

        def render(self, state: Any) -> Frames:
            frames = self.inner.render(state[0])
            return frames ^ state[1] if state[2] <= ticks else frames

    return Believes(opening=2)


def test_ticks_are_counted_until_the_last_that_is_wrong(recalled: Any) -> None:
    rows = judged(believing(recalled, ticks=7, frame=1))
    assert all(rows[name] == {"back": 1.0, "ticks_until_back": 7.0} for name in NEWEST)
    assert all(rows[name] == AT_ONCE for name in ["as it was", *OLDER])


def test_older_frames_are_shown_wrong_too(recalled: Any) -> None:
    rows = judged(believing(recalled, ticks=7, frame=0))
    assert all(rows[name] == {"back": 1.0, "ticks_until_back": 7.0} for name in OLDER)
    assert all(rows[name] == AT_ONCE for name in ["as it was", *NEWEST])


@pytest.mark.parametrize(("ticks", "back"), [(60 - STEADY, True), (60 - STEADY + 1, False)])
def test_the_last_ticks_must_all_be_right(recalled: Any, ticks: int, back: bool) -> None:
    row = judged(believing(recalled, ticks, frame=1))[NEWEST[0]]
    assert row == {"back": float(back), "ticks_until_back": float(ticks) if back else None}


def test_in_a_short_time_all_ticks_must_be_right(recalled: Any) -> None:
    config = SMALL.model_copy(update={"repair_ticks": STEADY // 2})
    rows = judged(believing(recalled, ticks=1, frame=1), config)
    assert rows["as it was"] == AT_ONCE and rows[NEWEST[0]] == {"back": 0.0, "ticks_until_back": None}


def test_a_world_that_is_shown_nothing_is_left_out() -> None:
    pong = game("pong")
    assert repairs(Setting(pong, pong, player("held_out", pong), SMALL)) is None


COLOURS = ((0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255))


@pytest.mark.parametrize("palette", [COLOURS, ()])
def test_just_as_many_pixels_are_flipped_to_other_colours(palette: tuple[tuple[int, ...], ...]) -> None:
    choice = seeds.generator(3, "frames")
    frames = np.array(COLOURS, np.uint8)[choice.integers(4, size=(200, 4, 5))]
    before = frames.copy()
    for flips in FLIPS:
        changed = flipped(frames, flips, palette, choice)
        differs = (changed != frames).any(-1)
        assert (differs.sum((1, 2)) == flips).all() and differs.any(0).all()
        colours = {tuple(map(int, pixel)) for pixel in changed[differs]}
        assert colours == set(COLOURS) if palette else all(set(colour) <= {127, 128} for colour in colours)
    assert (frames == before).all()
