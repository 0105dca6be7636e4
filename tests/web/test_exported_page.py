"""The exported file in a real browser, from a disk, without a network: it plays what Python plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.export.conftest import learned
from tests.web.conftest import until
from tests.web.dreams import played_in_page, played_in_python

from tickworld.export.page import export_page
from tickworld.models.learned import Learned
from tickworld.recipes.shelf import known, open_playable

TICKS = 1000
EVIL = "</script><script>window.harmed = true</script><!--"


@pytest.fixture(scope="module")
def pong() -> Learned:
    return open_playable("cartridge:pong").world


@pytest.fixture(scope="module")
def made(pong: Learned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the shipped Pong. Not to be changed."""
    path = tmp_path_factory.mktemp("page") / "pong.html"
    export_page(pong, path, known("cartridge:pong").provenance)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a world that has learned nothing, whose game has an evil name, quickly made."""
    world = learned()
    world.spec = replace(world.spec, name=EVIL, players=(EVIL, "right"))
    path = tmp_path_factory.mktemp("page") / "small.html"
    export_page(world, path, {"origin": {"source": EVIL}})
    return path


@pytest.mark.slow
def test_it_plays_pong_as_python_does_to_the_last_bit(made: Path, pong: Learned, opened: Any) -> None:
    keys = np.random.default_rng(0).integers(3, size=(TICKS, 2))
    told = opened(made)
    frames = played_in_page(told.page, pong, 3, keys)
    wanted = played_in_python(pong, 3, keys)
    assert len(np.unique(wanted, axis=0)) > TICKS / 2, "hardly anything moves"
    assert np.flatnonzero((frames != wanted).any((1, 2, 3))).tolist() == []
    assert told.said == []
    assert [url for url in told.asked if not url.startswith("blob:null/")] == [made.as_uri()]


def test_it_is_played_with_keys_and_goes_back(small: Path, opened: Any) -> None:
    told = opened(small)
    page = told.page
    page.keyboard.down("w")
    page.keyboard.press(".")
    until(page, "tickworld.game.session.last === 1")
    page.keyboard.up("w")
    page.keyboard.press(".")
    until(page, "tickworld.game.session.last === 2")
    assert page.evaluate("tickworld.game.session.replay.actions") == [[1, 0], [0, 0]]
    page.keyboard.press(",")
    until(page, "tickworld.game.session.tick === 1")
    page.keyboard.press("Space")
    until(page, "tickworld.game.session.last > 20")
    page.keyboard.press("Space")
    assert page.text_content("#play") == "Play"
    assert told.said == []


def test_what_is_inside_can_be_changed(small: Path, opened: Any) -> None:
    told = opened(small)
    page = told.page
    before = page.evaluate("Array.from(tickworld.game.session.frames.dream)")
    page.click("#inspector summary")
    page.select_option("#field", "out")
    page.fill("#value", "40")
    until(page, "tickworld.game.session.changed")
    until(page, "document.getElementById('banner').textContent.includes('changed by hand')")
    assert page.evaluate("Array.from(tickworld.game.session.frames.dream)") != before
    assert told.said == []


def test_no_text_of_a_world_becomes_a_part_of_the_page(small: Path, opened: Any) -> None:
    told = opened(small)
    assert told.page.evaluate("window.harmed") is None
    assert told.page.title() == told.page.text_content("h1") == EVIL
    assert EVIL in told.page.text_content("#facts") and EVIL in told.page.text_content("#sides")
    assert told.page.evaluate("document.scripts.length") == 2, "the script, and the licences that nobody read yet"
    assert told.said == []


def test_its_policy_lets_nothing_else_run(small: Path, opened: Any) -> None:
    told = opened(small)
    told.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.harmed = true";
            document.body.append(script);
            fetch("https://example.com/").catch(() => undefined);
        }"""
    )
    assert told.page.evaluate("window.harmed") is None
    assert any("Content Security Policy" in line for line in told.said)
    assert all(url.startswith(("file:", "blob:")) for url in told.asked)


def test_controls_have_names(small: Path, opened: Any) -> None:
    nameless = opened(small).page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas")].filter((each) => !(
            each.textContent.trim() || each.labels?.length || each.ariaLabel)).map((each) => each.id)"""
    )
    assert nameless == []
