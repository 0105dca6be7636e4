from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tickworld.errors import UserError
from tickworld.visual.curves import POINTS, Series, errors, losses, png, survival, svg
from tickworld.visual.report_style import STYLE

FALLING = np.linspace(1, 0, 50)


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawing).iter() if element.tag.endswith("}text")]


def test_survival_names_its_lines_and_axes_in_text() -> None:
    drawing = svg(survival([Series("pixel horizon", FALLING), Series("copy", FALLING**2, floor=True)]), "Survival")
    assert {"pixel horizon", "copy", "ticks since the start", "rollouts still right (%)", "50", "100"} <= set(
        texts(drawing)
    )
    assert 'role="img" aria-label="Survival"' in drawing


def test_errors_draw_a_plot_for_each_measure_and_one_legend() -> None:
    lines = [Series("dream", FALLING), Series("no ball", FALLING * 2, floor=True)]
    sparse = [Series("dream", [0.9, 0.8], at=[0, 40])]
    drawing = svg(
        errors({"MSE": lines, "PSNR (dB)": [Series("dream", [np.inf, 30.0, np.nan])], "SSIM": sparse}), "Errors"
    )
    shown = texts(drawing)
    assert {"MSE", "PSNR (dB)", "SSIM"} <= set(shown)
    assert shown.count("dream") == shown.count("no ball") == 1


def test_a_dozen_lines_all_look_different() -> None:
    figure = survival([Series(str(number), FALLING) for number in range(12)])
    lines: list[Any] = [line for line in figure.axes[0].lines if str(line.get_label()).isdigit()]
    assert len({(line.get_color(), repr(line._dash_pattern)) for line in lines}) == 12


def test_losses_are_logarithmic_where_they_can_be() -> None:
    steps = np.arange(5000)
    drawing = svg(losses([Series("pixel", np.exp(-steps / 800), at=steps * 10)]), "Losses")
    assert {"0.1", "0.01", "1", "training iterations"} <= set(texts(drawing))
    drawing = svg(losses([Series("nats", np.linspace(3, -3, 100))]), "Losses")
    assert "\N{MINUS SIGN}2" in texts(drawing)


def test_a_narrow_range_still_has_numbers() -> None:
    assert {"0.5", "0.6"} <= set(texts(svg(losses([Series("pixel", np.linspace(0.65, 0.45, 90))]), "Losses")))


def test_a_long_curve_does_not_fatten_the_file() -> None:
    long, short = (
        svg(losses([Series("a", np.random.default_rng(0).random(n) + 1)]), "Losses") for n in (100_000, POINTS)
    )
    assert len(long) < 2.5 * len(short)


@pytest.mark.parametrize("values", [[], [1.0], [np.nan, np.nan], [np.inf, 2.0], [0.0, 0.0], [3.0, 3.0, 3.0]])
def test_odd_curves_draw_without_a_warning(values: list[float]) -> None:
    line = [Series("odd", values), Series("floor", values, floor=True)]
    shares = [Series("odd", np.clip(values, 0, 1))]
    for figure in (survival(shares), errors({"MSE": line}), losses(line)):
        assert svg(figure, "odd").startswith("<svg")


def test_nothing_to_draw_is_an_empty_plot() -> None:
    for figure in (survival([]), errors({}), losses([])):
        assert svg(figure, "empty").startswith("<svg")


def test_labels_are_text_whatever_they_say() -> None:
    hostile = '<script>"&$x_{1'
    drawing = svg(losses([Series(hostile, FALLING + 1)]), hostile)
    assert hostile in texts(drawing)
    assert "<script" not in drawing
    assert ElementTree.fromstring(drawing).get("aria-label") == hostile


def test_drawings_bring_no_styles_and_take_the_pages_colours() -> None:
    drawing = svg(survival([Series(str(n), FALLING) for n in range(6)]), "Colours")
    assert "style" not in drawing and "http" not in drawing.replace("http://www.w3.org/", "")
    for name in set(re.findall(r"var\((--chart-\w+)", drawing)):
        assert f"{name}:" in STYLE
    assert {f"--chart-{n}" for n in range(1, 7)} <= set(re.findall(r"--chart-\w+", drawing))


def test_the_same_plot_is_the_same_text_and_two_plots_share_no_names() -> None:
    one, same, other = (
        svg(survival([Series("a", FALLING)]), "One"),
        svg(survival([Series("a", FALLING)]), "One"),
        svg(survival([Series("a", FALLING)]), "Other"),
    )
    assert one == same
    names = [set(re.findall(r' id="([^"]*)"', drawing)) for drawing in (one, other)]
    assert names[0] and not names[0] & names[1]


def test_png_is_as_large_as_asked() -> None:
    with Image.open(io.BytesIO(png(survival([Series("a", FALLING)]), dpi=50))) as image:
        assert image.size == (400, 180)


def test_uneven_lines_get_one_sentence() -> None:
    with pytest.raises(UserError, match=r"line 'a' takes as many values as places; got shapes \[3\] and \[2\]"):
        survival([Series("a", [1, 2, 3], at=[0, 1])])
    with pytest.raises(UserError, match="line 'a'"):
        losses([Series("a", np.zeros((2, 2)))])


def test_percentages_as_shares_get_one_sentence() -> None:
    with pytest.raises(UserError, match=r"line 'a' takes shares of 0..1; got 0..100"):
        survival([Series("a", [100, 50, 0])])


def test_matplotlib_waits_until_it_is_needed_and_pyplot_never_comes() -> None:
    program = """
import sys
from tickworld.visual import curves, progress, report, split_screen, video
print("matplotlib" in sys.modules)
curves.svg(curves.survival([curves.Series("a", [1, 0])]), "a")
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
