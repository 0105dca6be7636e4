"""The map of games as a picture."""

from __future__ import annotations

import numpy as np
import pytest

from tickworld.visual import curves
from tickworld.visual.atlas import Arrow, Colouring, chart

PLACES = np.random.default_rng(0).normal(size=(20, 2)) * [3, 1]
LEVELS = np.arange(20.0)


@pytest.mark.parametrize("choice", [False, True])
@pytest.mark.parametrize("learned", [20, 12])
def test_points_and_arrows_are_drawn(choice: bool, learned: int) -> None:
    arrows = [Arrow("speed_up", 1, 0.1), Arrow("size", 0.9, 0.11), Arrow("faint", 0.001, 0), Arrow("back", -1, -1)]
    figure = chart(PLACES, (0.5, 0.25), Colouring("level", LEVELS % 4 if choice else LEVELS, choice), arrows, learned)
    (axes, _) = figure.axes
    assert [each.get_text() for each in axes.texts if each.get_text()] == ["back", "speed up", "size"]
    assert axes.get_xlabel() == "first principal component, 50% of the variance"
    assert sum(len(np.asarray(each.get_offsets())) for each in axes.collections) == 20
    assert len(axes.collections) == (1 if learned == 20 else 2)
    assert curves.png(figure)[:4] == b"\x89PNG"


def test_arrows_stay_within_the_points_and_names_apart() -> None:
    arrows = [Arrow(f"param {number}", 1, 0.001 * number) for number in range(6)]
    (axes, _) = chart(PLACES, (1, 0), Colouring("level", LEVELS, False), arrows, 20).axes
    heights = np.sort([each.xy[1] for each in axes.texts if each.get_text()])  # type: ignore[attr-defined]
    assert np.diff(heights).min() > 0.05 * np.abs(PLACES[:, 1]).max()
    ends = [each.xy for each in axes.texts if not each.get_text()]  # type: ignore[attr-defined]
    assert np.abs(ends).max() <= np.abs(PLACES).max()


def test_a_map_without_a_way_has_no_arrows() -> None:
    (axes, _) = chart(np.zeros((3, 2)), (0, 0), Colouring("level", LEVELS[:3], False), [Arrow("way", 0, 0)], 3).axes
    assert not axes.texts
