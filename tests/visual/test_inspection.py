from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tickworld.errors import UserError
from tickworld.visual.curves import png, svg
from tickworld.visual.inspection import Bars, Heat, Shown, plane, readable, tiles

FRAME = np.zeros((4, 6, 1), np.uint8)


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"))


def test_maps_stand_in_a_grid_with_their_names() -> None:
    heat = Heat(np.eye(4, 6), "next tick", "3 nats")
    figure = tiles([("frames", [Shown(FRAME), heat]), ("age", [heat])], 3)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["frames", "age"]
    assert [axes.get_title() for axes in shown] == ["", "next tick", "next tick"]
    assert [axes.get_xlabel() for axes in shown] == ["", "3 nats", "3 nats"]


def test_each_map_has_a_scale_of_its_own() -> None:
    """A field that moves little is still seen; one that moves nothing is dark, as is what was not tried."""
    figure = tiles([("", [Heat(np.full((2, 2), 1e-6)), Heat(np.zeros((2, 2))), Heat(np.array([[np.nan, 5.0]]))])], 3)
    assert [axes.images[0].get_clim()[1] for axes in figure.axes] == [1e-3, 1.0, 5.0**0.5]
    assert opened(png(figure, 50)).shape[1] == 400


def test_a_ring_marks_a_pixel() -> None:
    figure = tiles([("", [Heat(np.eye(4, 6), mark=(1, 5)), Heat(np.eye(4, 6))])], 2)
    assert [[np.asarray(line.get_xydata()).tolist() for line in axes.lines] for axes in figure.axes] == [[[[5, 1]]], []]


def test_a_grid_that_is_too_narrow_is_told() -> None:
    for rows in ([], [("a", [Shown(FRAME)] * 3)]):
        with pytest.raises(UserError, match="a grid of maps takes one row or more of up to 2 maps; got"):
            tiles(rows, 2)


def test_bars_are_as_long_as_what_is_read() -> None:
    bars = [Bars("ball x", [0.9, 0.0]), Bars("wait", [1.0, 0.25])]
    figure = readable(bars, ("state", "frame"))
    axes: Any = figure.axes[0]
    assert [round(patch.get_width(), 6) for patch in axes.patches] == [0.9, 1.0, 0.0, 0.25]
    state, frame = ([patch.get_y() for patch in part] for part in (axes.patches[:2], axes.patches[2:]))
    assert state[0] > frame[0] > state[1] > frame[1]
    drawing = svg(figure, "What is read")
    assert all(f">{name}</text>" in drawing for name in ("ball x", "wait", "state", "frame"))


def test_a_plane_is_drawn_once_for_each_colouring() -> None:
    places = np.random.default_rng(0).normal(size=(20, 2))
    values = np.where(np.arange(20) < 5, np.nan, np.arange(20))
    figure = plane(places, [(name, values) for name in "abcd"], ("one", "other"))
    titles = [axes.get_title() for axes in figure.axes]
    assert [title for title in titles if title] == list("abcd")
    drawn: Any = figure.axes[0].collections
    faint, known = drawn[:2]
    assert len(faint.get_offsets()) == 5 and len(known.get_offsets()) == 15
